// Package hashindex finds things in a list by a hash of them.
package hashindex

import "hash/maphash"

// Texts returns a hash of texts, and of what first tells besides. Where one text ends and the next begins matters.
func Texts(seed maphash.Seed, first uint64, texts ...string) uint32 {
	h := first
	for _, t := range texts {
		h = (h ^ maphash.String(seed, t)) * 0x9e3779b97f4a7c15
		h ^= h >> 32
	}
	return uint32(h)
}

// Index finds places in a list by a hash of what stands there: open addressing. It keeps the hashes, so that it
// hardly ever has to look at the list, which is large, for anything but what is sought. The zero value is empty. It is
// for one goroutine at a time.
type Index struct {
	slots []slot
	n     int
}

type slot struct {
	hash uint32
	next uint32 // the place plus one, 0 when the slot is free
}

// Find returns the place with that hash of which is says that it is the one sought.
func (x *Index) Find(h uint32, is func(place uint32) bool) (uint32, bool) {
	if x.n == 0 {
		return 0, false
	}
	mask := uint32(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s := x.slots[i]; {
		case s.next == 0:
			return 0, false
		case s.hash == h && is(s.next-1):
			return s.next - 1, true
		}
	}
}

// Add adds a place that Find did not find.
func (x *Index) Add(h, place uint32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		old := x.slots
		x.slots = make([]slot, max(16, 2*len(old)))
		for _, s := range old {
			if s.next != 0 {
				x.put(s)
			}
		}
	}
	x.n++
	x.put(slot{hash: h, next: place + 1})
}

// Len returns how many places were added.
func (x *Index) Len() int { return x.n }

// Clear empties the index and gives its memory back.
func (x *Index) Clear() { *x = Index{} }

func (x *Index) put(s slot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].next != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}
