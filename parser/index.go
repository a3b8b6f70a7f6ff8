package parser

// mask tells of 64 bytes of a message where certain ones stand: bit k stands for byte k.
type mask struct {
	blank uint64 // blanks and all bytes below
	slash uint64
}

// A termMask tells more for formats with a separator of their own.
type termMask struct {
	term uint64 // the separator
	odd  uint64 // what no name holds, see clsName
}

const (
	maskSize = 64
	maxMasks = 64                        // a power of two
	maxQuick = (maxMasks - 2) * maskSize // bytes of the longest message that is indexed
)

// index is what the quick steps know of a message. Beyond its end stand the bits of what follows it, and then
// at least one mask with all bits.
type index struct {
	masks [maxMasks]mask
	terms [maxMasks]termMask
}

// of makes the masks of b[:e]; b has slack behind e, which is at most maxQuick. term is the format's separator, 0
// for none.
func (x *index) of(b []byte, e int, term byte) {
	n := uint(e+maskSize-1) / maskSize
	if n > 0 {
		indexBlocks(&b[:n*maskSize][0], &x.masks[0], int(n))
		if term != 0 {
			termBlocks(&b[0], &x.terms[0], int(n), term)
		}
	}
	all := ^uint64(0)
	x.masks[n%maxMasks] = mask{all, all}
	x.masks[(n+1)%maxMasks] = mask{all, all}
}
