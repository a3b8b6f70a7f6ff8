package parser

import "encoding/binary"

// noBlankOrQuote is what these classes ask for, for eight bytes at a time.
func noBlankOrQuote(t []byte) bool {
	for ; len(t) >= 8; t = t[8:] {
		w := binary.LittleEndian.Uint64(t)
		y := w ^ '"'*lo8
		if (y-lo8)&^y&hi8|(w-0x21*lo8)&^w&hi8 != 0 {
			return false
		}
	}
	for _, c := range t {
		if c <= ' ' || c == '"' {
			return false
		}
	}
	return true
}
