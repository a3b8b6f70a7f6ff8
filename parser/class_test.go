package parser

import (
	"bytes"
	"testing"
)

// The classes that are checked eight bytes at a time hold the same bytes as their table says, wherever
// the byte stands.
func TestTextClasses(t *testing.T) {
	for _, c := range []class{clsURL, clsToken, clsQuery} {
		it := &item{class: c}
		for n := 1; n < 20; n++ {
			for at := range n {
				for b := range 256 {
					text := bytes.Repeat([]byte{'a'}, n)
					text[at] = byte(b)
					if got := it.all(text); got != c.holds(byte(b)) {
						t.Fatalf("%v: byte %#x at %d of %d: %v", c, b, at, n, got)
					}
				}
			}
		}
	}
}
