package parser

import "math/bits"

// Route finds what decides a request's labels as it stands in the line: n bytes from names on begin with the frontend's
// name and end with the backend's, with up to two bytes between the two; m bytes from path on are the first segments of
// the path, none for 0. ok is false when that is not as simple as it is in nearly all lines: names that stand elsewhere,
// repeated slashes, or segments beyond the 64th byte. 64 bytes can be read from names and from path on.
func (r *Record) Route(segments int) (names *byte, n, frontend, backend int, path *byte, m int, ok bool) {
	if len(r.v) < quickSlot || cap(r.buf)-len(r.buf) < slack {
		return nil, 0, 0, 0, nil, 0, false
	}
	v := (*[quickSlot]value)(r.v)
	f, b, p := &v[Frontend], &v[Backend], &v[Path]
	from, next := f.off&(vOffset|vScratch)-1, b.off&(vOffset|vScratch)-1
	if from >= vOffset || next >= vOffset || next+1-f.end > 2 {
		return nil, 0, 0, 0, nil, 0, false
	}
	at, size := p.off&(vOffset|vScratch)-1, uint32(0)
	switch {
	case segments == 0 || p.off&vOffset == 0:
		at = 0
	case at >= vOffset:
		return nil, 0, 0, 0, nil, 0, false
	default:
		mask := uint64(p.num)
		if mask == 0 && r.index != nil { // not read by a quick step
			mask = slashMask(&r.buf[at])
		}
		if size, ok = prefix(mask, p.end-1-at, segments); !ok {
			return nil, 0, 0, 0, nil, 0, false
		}
	}
	return &r.buf[from], int(b.end - 1 - from), int(f.end - 1 - from), int(b.end - 1 - next), &r.buf[at], int(size), true
}

// prefix returns how many bytes of a path of size bytes the first segments are. Bit k of slashes is set when byte k is
// a slash; bits beyond the end of the path mean nothing. ok is false when that does not tell: nobody found out, or the path
// does not begin with a slash.
func prefix(slashes uint64, size uint32, segments int) (n uint32, ok bool) {
	if size < 64 {
		slashes &= 1<<size - 1
	}
	rest := slashes
	for i := segments; i > 0; i-- {
		rest &= rest - 1
	}
	switch {
	case rest != 0:
		n = uint32(bits.TrailingZeros64(rest))
	case size <= 64:
		n = size
	default:
		return 0, false
	}
	repeated := slashes & (slashes << 1)
	return n, slashes&1 != 0 && segments > 0 && repeated&(2<<n-1) == 0
}
