package labels

import (
	"encoding/binary"
	"slices"
)

// keyTable is an open-addressing hash table from the raw bytes that decide a line's labels to the number
// of an entry. Slots hold no pointers and keys stand in one arena, each from the begin of a cache line, so that a
// look-up touches little memory and the garbage collector has nothing to follow.
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

// keySlot is a quarter of a cache line. The key's parts stand behind each other in the arena: path, names, and where the
// schema has other inputs their size and they themselves (length-prefixed).
type keySlot struct {
	mark  uint64 // of the line's sizes and its hash, see markOf; 0 is free
	off   uint32 // in the arena
	entry uint32 // index in Resolver.entries, in the table of odd lines in Resolver.odds
}

// slotShift is the binary logarithm of the size of a keySlot.
const slotShift = 4

// markOf returns what stands for a key in its slot: its sizes, and as many bits of its hash as a table needs to choose the
// slot.
func markOf(h, sizes uint64) uint64 { return h>>sizeBits<<sizeBits | sizes }

// cacheLine is where keys begin in the arena: at a multiple of it.
const cacheLine = 64

// keySlack is how many bytes from any place of a key on can be read.
const keySlack = 64

func newKeyTable(size, keys, bytes int) *keyTable {
	return &keyTable{slots: make([]keySlot, size), keys: keys, bytes: bytes}
}

// full reports whether a key of n bytes needs the table to be cleared first.
func (t *keyTable) full(n int) bool { return t.n >= t.keys || len(t.arena)+cacheLine+n > t.bytes }

// insert puts the line's key into the table, which is not full, and returns its slot.
func (t *keyTable) insert(h uint64, l *line, rest []byte) *keySlot {
	if 2*(t.n+1) > len(t.slots) {
		t.grow()
	}
	t.n++
	t.arena = append(t.arena, make([]byte, -len(t.arena)&(cacheLine-1))...)
	s := t.put(keySlot{mark: markOf(h, l.sizes), off: uint32(len(t.arena))})
	t.arena = append(append(t.arena, l.path[:l.n]...), l.names...)
	if l.rest != nil {
		t.arena = append(binary.LittleEndian.AppendUint16(t.arena, uint16(len(rest))), rest...)
	}
	t.arena = slices.Grow(t.arena, keySlack)
	return s
}

func (t *keyTable) put(s keySlot) *keySlot {
	mask := uint64(len(t.slots) - 1)
	i := s.mark >> sizeBits & mask
	for t.slots[i].mark != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
	return &t.slots[i]
}

func (t *keyTable) grow() {
	old := t.slots
	t.slots = make([]keySlot, 2*len(old))
	for _, s := range old {
		if s.mark != 0 {
			t.put(s)
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
	mask, mark := uint64(len(t.slots)-1), markOf(h, l.sizes)
	for i := mark >> sizeBits & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.mark == mark && t.same(s, l) {
			return s
		}
		if s.mark == 0 {
			return nil
		}
	}
}

func (t *keyTable) same(s *keySlot, l *line) bool {
	key := t.arena[s.off:]
	a := l.n
	b := a + len(l.names)
	if string(key[:a]) != string(l.path[:a]) || string(key[a:b]) != string(l.names) {
		return false
	}
	if l.rest == nil {
		return true
	}
	n := int(binary.LittleEndian.Uint16(key[b:]))
	return l.sameRest(key[b+2 : b+2+n])
}

// line is what decides the labels of the record at hand. It lives on the stack of one Resolve.
type line struct {
	path        []byte
	names       []byte // frontend and backend, with what stands between them
	n           int    // decisive bytes of path
	front, back int    // bytes of the names
	sizes       uint64 // see keySizes
	whole       bool   // all of path is decisive, because its segments are not what they seem
	flags       Fate
	rest        *others
}

// sizeBits is how many bits keySizes fills. The others are for hashes: as many as the largest table has slots, by logarithm.
const (
	sizeBits = 47
	sizeOf   = 11 // bits of each size; no key in a table is longer than maxKey
)

var _ [1 << (64 - sizeBits)]byte = [2 * hotKeys]byte{}

// keySizes returns line.sizes, never 0: the decisive bytes of the path, those of the names, those of frontend and backend
// among them, and the flags. No key in a table has those of a line that is too long for one.
func keySizes(path, names, front, back int, flags Fate) uint64 {
	fixed := uint64(flags)<<(4*sizeOf) | 1<<(sizeBits-1)
	if path+names > maxKey {
		return fixed | 1<<sizeOf - 1
	}
	return fixed | uint64(path) | uint64(names)<<sizeOf | uint64(front)<<(2*sizeOf) | uint64(back)<<(3*sizeOf)
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
