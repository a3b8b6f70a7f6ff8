package parser

import "math/bits"

// mask tells of 64 bytes of a message where certain ones stand: bit k stands for byte k.
type mask struct {
	blank    uint64 // blanks and all bytes below
	slash    uint64
	nonDigit uint64
	quote    uint64 // double quotes and question marks
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
	x.masks[n%maxMasks] = mask{all, all, all, all}
	x.masks[(n+1)%maxMasks] = mask{all, all, all, all}
}

// blank returns the index of the first byte from i on that is a blank or below; i is within the message.
func (x *index) blank(i int) int {
	k := uint(i) / maskSize
	m := x.masks[k%maxMasks].blank >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x.masks[k%maxMasks].blank
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// slash returns the same for a slash, a blank or a byte below it.
func (x *index) slash(i int) int {
	k := uint(i) / maskSize
	m := (x.masks[k%maxMasks].blank | x.masks[k%maxMasks].slash) >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x.masks[k%maxMasks].blank | x.masks[k%maxMasks].slash
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// term returns the same for the separator, a blank or a byte below it, or a byte of odd under the mask.
func (x *index) term(i int, odd uint64) int {
	k := uint(i) / maskSize
	m := (x.masks[k%maxMasks].blank | x.terms[k%maxMasks].term | x.terms[k%maxMasks].odd&odd) >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x.masks[k%maxMasks].blank | x.terms[k%maxMasks].term | x.terms[k%maxMasks].odd&odd
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// quote returns the same for a double quote or a question mark.
func (x *index) quote(i int) int {
	k := uint(i) / maskSize
	m := x.masks[k%maxMasks].quote >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x.masks[k%maxMasks].quote
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// nonDigits returns a bit for each of the 64 bytes from i on that is no digit, the lowest for the first.
func (x *index) nonDigits(i int) uint64 {
	k, by := uint(i)/maskSize, uint(i)%maskSize
	return x.masks[k%maxMasks].nonDigit>>by | x.masks[(k+1)%maxMasks].nonDigit<<1<<(maskSize-1-by)
}

// slashes returns a bit for each of the 64 bytes from i on that is a slash, the lowest for the first.
func (x *index) slashes(i int) uint64 {
	k, by := uint(i)/maskSize, uint(i)%maskSize
	return x.masks[k%maxMasks].slash>>by | x.masks[(k+1)%maxMasks].slash<<1<<(maskSize-1-by)
}
