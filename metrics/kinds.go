package metrics

// kinds numbers the combinations of method, code, termination state and the like (gist.key) that a shard meets first:
// nearly all requests are of few kinds. A cell counts requests by these numbers.
type kinds struct {
	keys   [kindSlots]uint32 // open addressing, 0 is free
	ids    [kindSlots]uint8
	n      uint32
	states [maxKinds][2]slotState // by Cell.noBackend, once a cell counts it
}

const (
	firstKinds = 28 // as many as fill a Cell's first cache line
	moreKinds  = 35 // … and its third
	maxKinds   = firstKinds + moreKinds
	kindSlots  = 256      // a power of two; sparse, so that one probe is enough
	noKind     = maxKinds // no bit of Cell.opened
)

// kindAt returns where in Cell.counts the requests of a kind are.
func kindAt(kind uint32) uint32 {
	if kind >= firstKinds {
		kind += quickBuckets
	}
	return kind
}

// find returns the number of the combination, noKind when it has none.
func (x *kinds) find(k uint32) uint32 {
	for i := k * 0x9e3779b1 >> 24; ; i = (i + 1) % kindSlots {
		switch x.keys[i] {
		case k:
			return uint32(x.ids[i])
		case 0:
			return noKind
		}
	}
}

// number is find, but numbers the combination when there is room.
func (x *kinds) number(k uint32) uint32 {
	if n := x.find(k); n != noKind || x.n == maxKinds {
		return n
	}
	i := k * 0x9e3779b1 >> 24
	for x.keys[i] != 0 {
		i = (i + 1) % kindSlots
	}
	x.keys[i], x.ids[i] = k, uint8(x.n)
	x.n++
	return x.n - 1
}
