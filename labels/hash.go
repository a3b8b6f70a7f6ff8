package labels

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Bytes are looked at eight at a time. The hash is of the multiply-and-fold kind: a 64 by 64 bit product
// whose halves are folded, sixteen bytes for each product. The resolver's random seed goes into every
// product, so that a client cannot make keys collide.

const (
	ones   = 0x0101010101010101
	lows   = 0x7f7f7f7f7f7f7f7f
	slash8 = ones * '/'
)

// mix folds the product of a and b.
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xa0761d6478bd642f, b^0xe7037ed1a0b428db)
	return hi ^ lo
}

func le64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// keySeed is what hashKey starts with: two states and the key of its rounds.
type keySeed [6]uint64

func newKeySeed() (s keySeed) {
	for i := range s {
		s[i] = rand.Uint64()
	}
	return s
}

// hashBytes returns the hash of b.
func hashBytes(seed uint64, b []byte) uint64 {
	h := seed ^ uint64(len(b))
	switch {
	case len(b) > 16:
		last := b[len(b)-16:] // some of them are hashed twice
		for len(b) > 16 {
			h = mix(binary.LittleEndian.Uint64(b)^seed, binary.LittleEndian.Uint64(b[8:])^h)
			b = b[16:]
		}
		return mix(binary.LittleEndian.Uint64(last)^seed, binary.LittleEndian.Uint64(last[8:])^h)
	case len(b) >= 8:
		return mix(le64(b, 0)^seed, le64(b, len(b)-8)^h)
	}
	return mix(seed, short(b)^h)
}

// short returns up to seven bytes as a word.
func short(b []byte) uint64 {
	n := len(b)
	switch {
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	case n > 0:
		return uint64(b[0]) | uint64(b[n>>1])<<8 | uint64(b[n-1])<<16
	}
	return 0
}

// slashes returns a word with the high bit set in each byte of w that is a slash, and no other bit.
func slashes(w uint64) uint64 {
	x := w ^ slash8
	return ^(((x & lows) + lows) | x | lows)
}

// decisive returns how many bytes the first segments segments of path are. whole is true when all of the
// path is taken because its segments are not what they seem: it does not begin with a slash, or has
// repeated ones.
func decisive(path []byte, segments int) (n int, whole bool) {
	if len(path) == 0 || segments == 0 {
		return 0, false
	}
	if path[0] != '/' {
		return len(path), true
	}
	left := segments + 1 // the slash that ends the decisive part
	carry := uint64(0)   // the last byte of the word before was a slash
	i := 0
	for ; i+8 <= len(path); i += 8 {
		m := slashes(le64(path, i))
		if m&(m<<8|carry) != 0 {
			return len(path), true
		}
		carry = m >> 56
		c := bits.OnesCount64(m)
		if c < left {
			left -= c
			continue
		}
		for ; left > 1; left-- {
			m &= m - 1
		}
		return i + bits.TrailingZeros64(m)>>3, false
	}
	for after := carry != 0; i < len(path); i++ {
		is := path[i] == '/'
		if is && after {
			return len(path), true
		}
		if is {
			if left--; left == 0 {
				return i, false
			}
		}
		after = is
	}
	return len(path), false
}
