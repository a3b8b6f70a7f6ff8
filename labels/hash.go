package labels

import (
	"encoding/binary"
	"math/bits"
)

// Eight bytes are looked at together. The loads may go up to seven bytes beyond the field, into the rest
// of the line's buffer; those bytes are masked out before they count, so that a field has the same hash
// wherever it stands.

const (
	ones   = 0x0101010101010101
	highs  = 0x8080808080808080
	lows   = 0x7f7f7f7f7f7f7f7f
	slash8 = ones * '/'
)

// mix folds a word into the hash. The multiplication's two halves make every input bit count; the
// resolver's random start value makes collisions unpredictable for a client.
func mix(h, w uint64) uint64 {
	hi, lo := bits.Mul64(h^w, 0xa0761d6478bd642f)
	return hi ^ lo
}

// tail returns the n bytes (0 to 7) of b that begin at i as a word.
func tail(b []byte, i, n int) uint64 {
	if n == 0 {
		return 0
	}
	if cap(b)-i >= 8 {
		return binary.LittleEndian.Uint64(b[i:i+8:cap(b)]) & (1<<(8*uint(n)) - 1)
	}
	var w uint64
	for k := n - 1; k >= 0; k-- {
		w = w<<8 | uint64(b[i+k])
	}
	return w
}

// hashBytes folds b and its length into the hash.
func hashBytes(h uint64, b []byte) uint64 {
	n := len(b)
	i := 0
	for ; i+8 <= n; i += 8 {
		h = mix(h, binary.LittleEndian.Uint64(b[i:]))
	}
	return mix(h, tail(b, i, n-i)|uint64(n)<<56)
}

// slashes returns a word with the high bit set in each byte of w that is a slash, and no other bit.
func slashes(w uint64) uint64 {
	x := w ^ slash8
	return ^(((x & lows) + lows) | x | lows)
}

// hashPath folds the first segments segments of path into the hash and returns how many bytes they are.
// whole is true when all of the path was taken because its segments are not what they seem: it does not
// begin with a slash, or has repeated ones.
func hashPath(h uint64, path []byte, segments int) (sum uint64, n int, whole bool) {
	if len(path) == 0 || segments == 0 {
		return mix(h, 0), 0, false
	}
	if path[0] != '/' {
		return hashBytes(h, path), len(path), true
	}
	start := h
	left := segments + 1 // the slash that ends the decisive part
	carry := uint64(0)   // the last byte of the word before was a slash
	for i := 0; i < len(path); i += 8 {
		var w uint64
		k := len(path) - i
		if k >= 8 {
			w = binary.LittleEndian.Uint64(path[i:])
		} else {
			w = tail(path, i, k)
		}
		m := slashes(w)
		if m&(m<<8|carry) != 0 {
			return hashBytes(start, path), len(path), true
		}
		carry = m >> 56
		c := bits.OnesCount64(m)
		if c < left {
			left -= c
			h = mix(h, w)
			continue
		}
		for ; left > 1; left-- {
			m &= m - 1
		}
		b := bits.TrailingZeros64(m) &^ 7
		n = i + b>>3
		return mix(h, w&(1<<uint(b)-1)|uint64(n)<<56), n, false
	}
	return mix(h, uint64(len(path))<<56), len(path), false
}
