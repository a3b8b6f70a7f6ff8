package metrics

// slot is one combination of method, code, termination state and the like within a cell: which series of
// requests_total it moves, and what the outcome rules say.
type slot struct {
	cell     uint32 // Cell.id, 0 for an empty slot
	key      uint32 // facts.key
	requests uint32
	verdict  Verdict
	flags    uint8
}

const (
	slotTimed uint8 = 1 << iota // the verdict may become late
	slotExtra                   // slotTable.extras has more
)

// extra holds what few slots have besides.
type extra struct {
	unserved uint32 // 0 unless HAProxy answered itself
	overflow uint32 // overflow_total{label="series"}, when the limit of samples moved the slot to other
}

// combination is what every cell's slot with the same key has in common.
type combination struct {
	rule *Rule
	text uint32 // labels of requests_total after the prefix
}

// maxCombinations bounds Shard.combinations, a cache.
const maxCombinations = 1 << 14

// slotTable finds slots by cell and key: open addressing, four slots to a cache line. It is a cache like Cell.
type slotTable struct {
	slots  []slot
	used   int
	extras map[uint64]extra // by cell and key
}

// maxSlots bounds the table; it starts again when it is full.
const maxSlots = 1 << 22

func newSlotTable() slotTable { return slotTable{slots: make([]slot, 256), extras: map[uint64]extra{}} }

func slotHash(cell, key uint32) uint64 {
	return ((uint64(cell)<<32 | uint64(key)) * 0x9e3779b97f4a7c15) >> 32
}

// find returns the slot, nil when it is not open. The result is valid until the next insert.
func (t *slotTable) find(cell, key uint32) *slot {
	mask := uint64(len(t.slots) - 1)
	for i := slotHash(cell, key); ; i++ {
		s := &t.slots[i&mask]
		if s.key == key && s.cell == cell {
			return s
		}
		if s.cell == 0 {
			return nil
		}
	}
}

// extra returns what else belongs to a slot.
func (t *slotTable) extra(s *slot) extra { return t.extras[uint64(s.cell)<<32|uint64(s.key)] }

func (t *slotTable) insert(s slot, x extra) *slot {
	if 4*(t.used+1) > 3*len(t.slots) {
		t.enlarge()
	}
	if s.flags&slotExtra != 0 {
		t.extras[uint64(s.cell)<<32|uint64(s.key)] = x
	}
	return t.put(s)
}

func (t *slotTable) enlarge() {
	old := t.slots
	if len(old) >= maxSlots { // forget all: what is in use comes back
		*t = newSlotTable()
		return
	}
	t.slots, t.used = make([]slot, 2*len(old)), 0
	for i := range old {
		if old[i].cell != 0 {
			t.put(old[i])
		}
	}
}

func (t *slotTable) put(s slot) *slot {
	mask := uint64(len(t.slots) - 1)
	i := slotHash(s.cell, s.key) & mask
	for t.slots[i].cell != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
	t.used++
	return &t.slots[i]
}
