package metrics

import (
	"slices"

	"haproxy_log_exporter/labels"
)

// methodTable numbers the values of the label method: the registered methods (labels.Methods; those seen
// most first), one number for all others and one for none. A client may send any word as a method.
type methodTable struct {
	names []string         // by number
	long  map[string]uint8 // numbers of all registered methods
}

// The first numbers are fixed, so that the switch in id can name them.
const (
	methodIsNone uint8 = iota
	methodIsOther
	methodGET
	methodPOST
	methodPUT
	methodHEAD
	methodDELETE
	methodPATCH
	methodOPTIONS
	methodCONNECT
)

func newMethodTable() *methodTable {
	names := []string{"", labels.Other, "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT"}
	t := &methodTable{names: names, long: map[string]uint8{}}
	for _, m := range labels.Methods() {
		if !slices.Contains(t.names, m) {
			t.names = append(t.names, m)
		}
	}
	for i, n := range t.names[2:] {
		t.long[n] = uint8(i + 2)
	}
	return t
}

func (t *methodTable) id(m []byte) uint8 {
	switch string(m) { // compiled to a few comparisons
	case "GET":
		return methodGET
	case "POST":
		return methodPOST
	case "PUT":
		return methodPUT
	case "HEAD":
		return methodHEAD
	case "DELETE":
		return methodDELETE
	case "PATCH":
		return methodPATCH
	case "OPTIONS":
		return methodOPTIONS
	case "":
		return methodIsNone
	}
	if id, ok := t.long[string(m)]; ok {
		return id
	}
	return methodIsOther
}
