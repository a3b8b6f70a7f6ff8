package list_test

import (
	"testing"
	"unsafe"

	"haproxy_log_exporter/internal/list"
)

func TestList(t *testing.T) {
	type lines [9 * 64]byte
	var l list.Of[lines]
	var seen []*lines
	var early list.Of[lines]
	for i := range 1000 {
		if i == 300 {
			early = l
		}
		p := l.Add(lines{byte(i), byte(i >> 8)})
		if uintptr(unsafe.Pointer(p))%64 != 0 {
			t.Fatalf("element %d begins within a cache line", i)
		}
		seen = append(seen, p)
	}
	if l.Len() != 1000 || early.Len() != 300 {
		t.Errorf("%d and %d elements, want 1000 and 300", l.Len(), early.Len())
	}
	for i, p := range seen {
		if at := l.At(uint32(i)); at != p || *at != (lines{byte(i), byte(i >> 8)}) {
			t.Fatalf("element %d moved or changed", i)
		}
		if i < 300 && early.At(uint32(i)) != p {
			t.Fatalf("element %d of the copy is another", i)
		}
	}
}
