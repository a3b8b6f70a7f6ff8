package labels

// table is an open-addressing hash table from raw bytes to entries, with a bounded number of keys. When
// it is full it starts again empty: cheaper and simpler than choosing what to evict, and the entries it
// loses are found again at the cost of one slow look-up each.
type table[T any] struct {
	hashes []uint64 // 0 is free
	slots  []slot[T]
	n      int
	limit  int
}

// slot is a key and its entry. The key's parts stand behind each other; the lengths of the first three
// tell them apart, the rest (other inputs) is length-prefixed by itself.
type slot[T any] struct {
	entry   *Entry[T]
	key     string
	path    int32
	front   int32
	back    int32
	flags   uint8
	version uint64    // of the Admission when the entry was decided; only looked at when refused
	lines   uint32    // hits since the offenders were told
	refused []refusal // nil for entries without "other"
}

func newTable[T any](size, limit int) *table[T] {
	return &table[T]{hashes: make([]uint64, size), slots: make([]slot[T], size), limit: limit}
}

// place returns the index for a new key with that hash, growing or clearing the table first.
func (t *table[T]) place(h uint64, full func()) int {
	if t.n >= t.limit {
		full()
		clear(t.hashes)
		clear(t.slots)
		t.n = 0
	}
	if 2*(t.n+1) > len(t.hashes) {
		t.grow()
	}
	t.n++
	i := t.free(h)
	t.hashes[i] = h
	return i
}

func (t *table[T]) free(h uint64) int {
	mask := uint64(len(t.hashes) - 1)
	i := h & mask
	for t.hashes[i] != 0 {
		i = (i + 1) & mask
	}
	return int(i)
}

func (t *table[T]) grow() {
	hashes, slots := t.hashes, t.slots
	t.hashes, t.slots = make([]uint64, 2*len(hashes)), make([]slot[T], 2*len(slots))
	for i, h := range hashes {
		if h != 0 {
			j := t.free(h)
			t.hashes[j], t.slots[j] = h, slots[i]
		}
	}
}

func (t *table[T]) reset() {
	clear(t.hashes)
	clear(t.slots)
	t.n = 0
}
