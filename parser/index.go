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

// separate makes the termMasks of b[:e], e above 0, for the separator term; b has slack behind e, which is at most
// maxQuick.
func (x *index) separate(b []byte, e int, term byte) {
	termBlocks(&b[0], &x.terms[0], (e+maskSize-1)/maskSize, term)
}
