package parser

import "math/bits"

// Route finds what decides a request's labels as it stands in the line: names begins with the frontend's name and ends
// with the backend's, with up to two bytes between them; path is the first segments of the path, none for 0. ok is
// false when that is not as simple as it is in nearly all lines: names that stand elsewhere, repeated slashes, or
// segments beyond the 64th byte. The slices are parts of the line, and 64 bytes can be read from the first byte of each
// on.
func (r *Record) Route(segments int) (names []byte, frontend, backend int, path []byte, ok bool) {
	if len(r.v) < quickSlot || cap(r.buf)-len(r.buf) < slack {
		return nil, 0, 0, nil, false
	}
	v := (*[quickSlot]value)(r.v)
	f, b, p := &v[Frontend], &v[Backend], &v[Path]
	from, next := f.off&(vOffset|vScratch)-1, b.off&(vOffset|vScratch)-1
	if from >= vOffset || next >= vOffset || next+1-f.end > 2 {
		return nil, 0, 0, nil, false
	}
	at, n := p.off&(vOffset|vScratch)-1, uint32(0)
	switch {
	case segments == 0 || p.off&vOffset == 0:
		at = 0
	case at >= vOffset:
		return nil, 0, 0, nil, false
	default:
		if n, ok = prefix(uint64(p.num), p.end-1-at, segments); !ok {
			return nil, 0, 0, nil, false
		}
	}
	return r.buf[from : b.end-1], int(f.end - 1 - from), int(b.end - 1 - next), r.buf[at : at+n], true
}

// prefix returns how many bytes of a path of size bytes the first segments are. Bit k of slashes is set when byte k is
// a slash; bits beyond the end of the path mean nothing, and it is 0 when parsing did not find out. ok is false when that
// does not tell.
func prefix(slashes uint64, size uint32, segments int) (n uint32, ok bool) {
	if size < 64 {
		slashes &= 1<<size - 1
	}
	rest := slashes
	for range segments {
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
	return n, slashes != 0 && segments > 0 && repeated&(2<<n-1) == 0
}
