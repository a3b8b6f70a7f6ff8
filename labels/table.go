package labels

import (
	"encoding/binary"
	"slices"
)

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

// keySlot is half a cache line. The key's parts stand behind each other in the arena: path, names, other inputs
// (length-prefixed).
type keySlot struct {
	hash  uint64 // 0 is free
	sizes uint64 // see keySizes
	off   uint32
	entry uint32 // index in Resolver.entries
	odd   uint32 // index in Resolver.odds; only in the table of odd lines
	rest  uint16
	flags uint8
}

// slotShift is the binary logarithm of the size of a keySlot.
const slotShift = 5

// keySlack is how many bytes from any place of a key on can be read.
const keySlack = 64

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
	*s = keySlot{hash: h, sizes: l.sizes, off: uint32(len(t.arena)), rest: uint16(len(rest)), flags: l.flags}
	t.arena = slices.Grow(append(append(append(t.arena, l.path[:l.n]...), l.names...), rest...), keySlack)
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
	if s.sizes != l.sizes || s.flags != l.flags {
		return false
	}
	key := t.arena[s.off:]
	a := l.n
	b := a + len(l.names)
	return string(key[:a]) == string(l.path[:a]) && string(key[a:b]) == string(l.names) &&
		(s.rest == 0 || l.sameRest(key[b:b+int(s.rest)]))
}

// line is what decides the labels of the record at hand. It lives on the stack of one Resolve.
type line struct {
	path        []byte
	names       []byte // frontend and backend, with what stands between them
	n           int    // decisive bytes of path
	front, back int    // bytes of the names
	sizes       uint64 // see keySizes
	whole       bool   // all of path is decisive, because its segments are not what they seem
	flags       uint8
	rest        *others
}

// keySizes returns line.sizes: the decisive bytes of the path, those of the names, and those of frontend and backend
// among them. No key in a table has those of a line that is too long for one.
func keySizes(path, names, front, back int) uint64 {
	if path+names > maxKey {
		return ^uint64(0)
	}
	return uint64(path) | uint64(names)<<16 | uint64(front)<<32 | uint64(back)<<48
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
