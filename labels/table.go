package labels

import "encoding/binary"

// keyTable is an open-addressing hash table from the raw bytes that decide a line's labels to the number
// of an entry. Slots hold no pointers and keys stand in one arena, so that a look-up touches little memory
// and the garbage collector has nothing to follow.
//
// It is bounded in keys and in bytes. When it is full it starts again empty: simpler and cheaper than
// choosing what to evict, and what it loses is found again at the cost of one slow look-up each.
type keyTable struct {
	slots []keySlot
	arena []byte
	n     int
	keys  int // limit
	bytes int // limit of the arena
}

// keySlot is half a cache line. The key's parts stand behind each other in the arena: path, frontend,
// backend, other inputs (length-prefixed).
type keySlot struct {
	hash              uint64 // 0 is free
	off               uint32
	entry             uint32 // index in Resolver.entries
	path, front, back uint16
	rest              uint16
	odd               uint32 // index in Resolver.odds; only in the table of odd lines
	flags             uint8
}

func newKeyTable(size, keys, bytes int) *keyTable {
	return &keyTable{slots: make([]keySlot, size), keys: keys, bytes: bytes}
}

// full reports whether a key of n bytes needs the table to be cleared first.
func (t *keyTable) full(n int) bool { return t.n >= t.keys || len(t.arena)+n > t.bytes }

// insert puts the line's key into the table, which is not full, and returns its slot.
func (t *keyTable) insert(h uint64, l *line, rest []byte) *keySlot {
	if 2*(t.n+1) > len(t.slots) {
		t.grow()
	}
	t.n++
	s := t.free(h)
	*s = keySlot{hash: h, off: uint32(len(t.arena)), flags: l.flags,
		path: uint16(l.n), front: uint16(len(l.front)), back: uint16(len(l.back)), rest: uint16(len(rest))}
	t.arena = append(append(append(append(t.arena, l.path[:l.n]...), l.front...), l.back...), rest...)
	return s
}

func (t *keyTable) free(h uint64) *keySlot {
	mask := uint64(len(t.slots) - 1)
	i := h & mask
	for t.slots[i].hash != 0 {
		i = (i + 1) & mask
	}
	return &t.slots[i]
}

func (t *keyTable) grow() {
	old := t.slots
	t.slots = make([]keySlot, 2*len(old))
	for i := range old {
		if h := old[i].hash; h != 0 {
			*t.free(h) = old[i]
		}
	}
}

func (t *keyTable) clear() {
	clear(t.slots)
	t.arena = t.arena[:0]
	t.n = 0
}

// find returns the slot of the line's key, or nil.
func (t *keyTable) find(h uint64, l *line) *keySlot {
	mask := uint64(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.hash == h && t.same(s, l) {
			return s
		}
		if s.hash == 0 {
			return nil
		}
	}
}

func (t *keyTable) same(s *keySlot, l *line) bool {
	if int(s.path) != l.n || int(s.front) != len(l.front) || int(s.back) != len(l.back) || s.flags != l.flags {
		return false
	}
	key := t.arena[s.off:]
	a := int(s.path)
	b := a + int(s.front)
	c := b + int(s.back)
	return string(key[:a]) == string(l.path[:a]) && string(key[a:b]) == string(l.front) && string(key[b:c]) == string(l.back) &&
		(s.rest == 0 || l.sameRest(key[c:c+int(s.rest)]))
}

// line is what decides the labels of the record at hand. It lives on the stack of one Resolve.
type line struct {
	path, front, back []byte
	n                 int  // decisive bytes of path
	whole             bool // all of path is, because its segments are not what they seem
	flags             uint8
	rest              *others
}

// others are the inputs beside path, frontend and backend, for schemas that have some.
type others struct {
	values [][]byte // nil for an input with a map
	ids    []uint32 // the map's answer; 0 for an input without a map
}

// sameRest compares the other inputs with their part of a key.
func (l *line) sameRest(key []byte) bool {
	for i, v := range l.rest.values {
		if len(key) < 4 {
			return false
		}
		n := binary.LittleEndian.Uint32(key)
		key = key[4:]
		if v == nil {
			if n != l.rest.ids[i] {
				return false
			}
			continue
		}
		if int(n) != len(v) || len(key) < len(v) || string(key[:len(v)]) != string(v) {
			return false
		}
		key = key[len(v):]
	}
	return len(key) == 0
}

// appendRest writes the other inputs as sameRest reads them.
func (l *line) appendRest(dst []byte) []byte {
	if l.rest == nil {
		return dst
	}
	for i, v := range l.rest.values {
		if v == nil {
			dst = binary.LittleEndian.AppendUint32(dst, l.rest.ids[i])
			continue
		}
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
		dst = append(dst, v...)
	}
	return dst
}
