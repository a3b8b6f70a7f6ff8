package parser

import (
	"encoding/binary"
	"math/bits"
)

// ints reads numbers with one byte between them; the byte after the last one is the literal's. Where
// numbers end is found for many of them at once, so that the processor need not guess their lengths.
func ints(b []byte, e, i int, seq []intStep, v []value) int {
	base, m := i, nonDigits((*[32]byte)(b[i:]))
	for k := range seq {
		s := &seq[k]
		if m == 0 {
			if i >= e {
				return -1
			}
			if base, m = i, nonDigits((*[32]byte)(b[i:])); m == 0 {
				return -1
			}
		}
		end := base + bits.TrailingZeros32(m)
		m &= m - 1
		n := end - i
		if uint(n-1) < 8 {
			if s.slot != FieldNone {
				v[s.slot] = value{off: uint32(i+1) | vNumber, end: uint32(end + 1),
					num: int64(digits8(binary.LittleEndian.Uint64(b[i:]) << (64 - 8*uint(n))))}
			}
		} else {
			if end = oneInt(b, i, s, &v[s.slot]); end < 0 {
				return -1
			}
			m = 0
		}
		if k == len(seq)-1 {
			return end
		}
		if b[end] != s.sep {
			return -1
		}
		i = end + 1
	}
	return -1
}

// oneInt reads a number that has a sign or more digits than most, or - alone.
func oneInt(b []byte, i int, s *intStep, v *value) int {
	start, flags, neg := i, vNumber, false
	switch c := b[i]; {
	case c == '-' && s.dash && !(s.minus && isDigit(b[i+1])):
		*v = value{}
		return i + 1
	case c == '-' && s.minus:
		neg = true
		i++
	case c == '+' && s.plus:
		flags |= vPlus
		i++
	}
	n, first := int64(0), i
	for ; isDigit(b[i]); i++ {
		if i-first == maxDigits {
			return -1
		}
		n = n*10 + int64(b[i]-'0')
	}
	if i == first {
		return -1
	}
	if neg {
		n = -n
	}
	*v = value{off: uint32(start+1) | flags, end: uint32(i + 1), num: n}
	return i
}

// nonDigits returns a bit for each byte that is no digit, the lowest for the first.
func nonDigits(b *[32]byte) (m uint32) {
	for k := range 4 {
		x := binary.LittleEndian.Uint64(b[8*k:]) ^ 0x30*lo8
		// The sum cannot carry into the next byte; the product gathers the high bits.
		x = ((x&^hi8 + 0x76*lo8) | x) & hi8
		m |= uint32(x*0x0002040810204081>>56) << (8 * k)
	}
	return m
}

// digits8 returns the number that the last digits of w stand for; bytes before them are zero. It adds up
// neighbours: bytes to pairs, pairs to fours, fours to the number.
func digits8(w uint64) uint64 {
	w &= digits8a
	w = w * (10<<8 + 1) >> 8 & digits8b
	w = w * (100<<16 + 1) >> 16 & digits8c
	return w * digits8d >> 32
}

const (
	digits8a = 0x0f * lo8
	digits8b = 0x00ff00ff00ff00ff
	digits8c = 0x0000ffff0000ffff
	digits8d = 10000<<32 + 1
)
