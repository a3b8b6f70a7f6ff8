package metrics

// hashIndex finds places in a list by a hash of what stands there: open addressing. It keeps the hashes, so that it
// hardly ever has to look at the list, which is large, for anything but what is sought.
type hashIndex struct {
	slots []indexSlot
	n     int
}

type indexSlot struct {
	hash  uint32
	place uint32 // the place plus one, 0 when the slot is free
}

// find returns the place with that hash that is the one sought.
func (x *hashIndex) find(h uint32, is func(place uint32) bool) (uint32, bool) {
	if x.n == 0 {
		return 0, false
	}
	mask := uint32(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch s := x.slots[i]; {
		case s.place == 0:
			return 0, false
		case s.hash == h && is(s.place-1):
			return s.place - 1, true
		}
	}
}

// add adds a place that find did not find.
func (x *hashIndex) add(h, place uint32) {
	if 4*(x.n+1) > 3*len(x.slots) {
		old := x.slots
		x.slots = make([]indexSlot, max(16, 2*len(old)))
		for _, s := range old {
			if s.place != 0 {
				x.put(s)
			}
		}
	}
	x.n++
	x.put(indexSlot{hash: h, place: place + 1})
}

func (x *hashIndex) put(s indexSlot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].place != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}
