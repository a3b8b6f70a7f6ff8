package parser

import "math/bits"

// mask tells of 64 bytes of a message where certain ones stand: bit k stands for byte k.
type mask struct {
	blank    uint64 // blanks and all bytes below
	slash    uint64
	nonDigit uint64
	quote    uint64 // double quotes and question marks
}

const (
	maskSize = 64
	maxMasks = 64                        // a power of two
	maxQuick = (maxMasks - 2) * maskSize // bytes of the longest message that is indexed
)

// index is what the quick steps know of a message. Beyond its end stand the bits of what follows it, and then
// at least one mask with all bits.
type index [maxMasks]mask

// of makes the masks of b[:e]; b has slack behind e, which is at most maxQuick.
func (x *index) of(b []byte, e int) {
	n := uint(e+maskSize-1) / maskSize
	if n > 0 {
		indexBlocks(&b[:n*maskSize][0], &x[0], int(n))
	}
	all := ^uint64(0)
	x[n%maxMasks] = mask{all, all, all, all}
	x[(n+1)%maxMasks] = mask{all, all, all, all}
}

// blank returns the index of the first byte from i on that is a blank or below; i is within the message.
func (x *index) blank(i int) int {
	k := uint(i) / maskSize
	m := x[k%maxMasks].blank >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x[k%maxMasks].blank
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// slash returns the same for a slash, a blank or a byte below it.
func (x *index) slash(i int) int {
	k := uint(i) / maskSize
	m := (x[k%maxMasks].blank | x[k%maxMasks].slash) >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x[k%maxMasks].blank | x[k%maxMasks].slash
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// quote returns the same for a double quote or a question mark.
func (x *index) quote(i int) int {
	k := uint(i) / maskSize
	m := x[k%maxMasks].quote >> (uint(i) % maskSize) << (uint(i) % maskSize)
	for m == 0 {
		k++
		m = x[k%maxMasks].quote
	}
	return int(k*maskSize) + bits.TrailingZeros64(m)
}

// nonDigits returns a bit for each of the 64 bytes from i on that is no digit, the lowest for the first.
func (x *index) nonDigits(i int) uint64 {
	k, by := uint(i)/maskSize, uint(i)%maskSize
	return x[k%maxMasks].nonDigit>>by | x[(k+1)%maxMasks].nonDigit<<1<<(maskSize-1-by)
}

// slashes returns a bit for each of the 64 bytes from i on that is a slash, the lowest for the first.
func (x *index) slashes(i int) uint64 {
	k, by := uint(i)/maskSize, uint(i)%maskSize
	return x[k%maxMasks].slash>>by | x[(k+1)%maxMasks].slash<<1<<(maskSize-1-by)
}
