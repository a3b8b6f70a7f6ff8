package parser

const (
	maskSize = 64
	maxMasks = 64                        // a power of two
	maxQuick = (maxMasks - 2) * maskSize // bytes of the longest message that is indexed
)

// index is what the quick steps know of a message: bit k of word i stands for byte 64i+k. Beyond its end stand the bits of
// what follows it, and then two words of these three with all bits.
type index struct {
	blank [maxMasks]uint64 // blanks and all bytes below
	slash [maxMasks]uint64
	other [maxMasks]uint64 // all but digits
	term  [maxMasks]uint64 // the separator of formats that have one of their own
	odd   [maxMasks]uint64 // … what no name holds, see clsName
}

// make makes blank, slash and other of b[:e]; b has slack behind e, which is at most maxQuick.
func (x *index) make(b []byte, e int) { firstBlocks(&b[0], x, (e+maskSize-1)/maskSize) }

// separate makes term and odd of b[:e], e above 0, for the separator term; b has slack behind e, which is at most
// maxQuick.
func (x *index) separate(b []byte, e int, term byte) {
	termBlocks(&b[0], x, (e+maskSize-1)/maskSize, term)
}
