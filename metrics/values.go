package metrics

import (
	"encoding/binary"
	"slices"

	"haproxy_log_exporter/labels"
)

// methodTable numbers the values of the label method: the registered methods (labels.Methods; those seen
// most first), one number for all others and one for none. A client may send any word as a method.
type methodTable struct {
	names []string         // by number
	long  map[string]uint8 // numbers of all registered methods
	short [1 << methodBits]shortMethod
}

// shortMethod is a method of less than eight bytes.
type shortMethod struct {
	word uint64 // its bytes
	n    uint8  // how many these are, 0 in an empty place
	id   uint8
}

// methodBits is the binary logarithm of the places in methodTable.short: many enough for all that clients usually send.
const methodBits = 6

// The first numbers, which the code names.
const (
	methodIsNone uint8 = iota
	methodIsOther
	methodCONNECT
)

func newMethodTable() *methodTable {
	names := []string{"", labels.Other, "CONNECT", "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"}
	t := &methodTable{names: names, long: map[string]uint8{}}
	for _, m := range labels.Methods() {
		if !slices.Contains(t.names, m) {
			t.names = append(t.names, m)
		}
	}
	for i, n := range t.names[2:] {
		id := uint8(i + 2)
		t.long[n] = id
		if len(n) < 8 {
			w := wordOf(n)
			if s := &t.short[methodHash(w)]; s.id == methodIsNone { // the usual ones come first
				*s = shortMethod{word: w, n: uint8(len(n)), id: id}
			}
		}
	}
	return t
}

// id returns the number of a method. Which method comes next cannot be guessed, so the usual ones are not told apart by
// branches.
func (t *methodTable) id(m []byte) uint8 {
	if n := len(m); n > 0 && n < 8 && cap(m) >= 8 { // what stands behind it is not looked at
		w := binary.LittleEndian.Uint64(m[:8]) & (1<<(8*n) - 1)
		if s := &t.short[methodHash(w)]; s.word == w && int(s.n) == n {
			return s.id
		}
	}
	return t.rare(m)
}

// wordOf returns up to eight bytes as a number.
func wordOf(s string) uint64 {
	return binary.LittleEndian.Uint64(append([]byte(s), make([]byte, 8)...))
}

func methodHash(w uint64) uint64 { return w * 0x9e3779b97f4a7c15 >> (64 - methodBits) }

// rare is id for methods that are not in short.
func (t *methodTable) rare(m []byte) uint8 {
	if id, ok := t.long[string(m)]; ok {
		return id
	}
	if len(m) == 0 {
		return methodIsNone
	}
	return methodIsOther
}
