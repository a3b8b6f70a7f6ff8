package parser

import (
	"math/bits"
	"unsafe"
)

// Place finds what decides a request's labels as it stands in the line: n bytes from names on begin with the frontend's
// name and end with the backend's, with up to two bytes between the two; the path is size bytes from path on, none for 0,
// and bit k of slashes is set when its byte k is a slash: bits beyond its end mean nothing, and no bit means that nobody
// found out. ok is false when that is not as simple as it is in nearly all lines: names that stand elsewhere, or texts that
// had to be unescaped. 64 bytes can be read from names and from path on.
func (r *Record) Place() (names *byte, n, frontend, backend int, path *byte, size int, slashes uint64, ok bool) {
	path, size, slashes, ok = r.PathPlace()
	if !ok {
		return nil, 0, 0, 0, nil, 0, 0, false
	}
	v := (*[quickSlot]value)(r.v)
	f, b := &v[Frontend], &v[Backend]
	from, next := f.off&(vOffset|vScratch)-1, b.off&(vOffset|vScratch)-1
	if from >= vOffset || next >= vOffset || next+1-f.end > 2 {
		return nil, 0, 0, 0, nil, 0, 0, false
	}
	return &r.buf[from], int(b.end - 1 - from), int(f.end - 1 - from), int(b.end - 1 - next), path, size, slashes, true
}

// PathPlace is Place for the path alone.
func (r *Record) PathPlace() (path *byte, size int, slashes uint64, ok bool) {
	if len(r.v) < quickSlot || cap(r.buf)-len(r.buf) < slack {
		return nil, 0, 0, false
	}
	p := &(*[quickSlot]value)(r.v)[Path]
	at := p.off & (vOffset | vScratch)
	if at > vOffset {
		return nil, 0, 0, false
	}
	if at != 0 {
		at--
		size, slashes = int(p.end-1-at), uint64(p.num)
	}
	return (*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(r.buf)), at)), size, slashes, true
}

// Route is Place for the first segments of the path, which are m bytes from path on. ok is also false when the path has
// repeated slashes among them, or goes on beyond the 64th byte with them.
func (r *Record) Route(segments int) (names *byte, n, frontend, backend int, path *byte, m int, ok bool) {
	names, n, frontend, backend, path, size, slashes, ok := r.Place()
	if !ok || segments == 0 || size == 0 {
		return names, n, frontend, backend, path, 0, ok
	}
	if slashes == 0 && r.index != nil { // not read by a quick step
		slashes = slashMask(path)
	}
	part, ok := prefix(slashes, uint32(size), segments)
	return names, n, frontend, backend, path, int(part), ok
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
