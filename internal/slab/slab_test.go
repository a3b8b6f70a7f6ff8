package slab_test

import (
	"testing"
	"unsafe"

	"haproxy_log_exporter/internal/slab"
)

func TestSlab(t *testing.T) {
	type lines [3 * 64]byte
	var s slab.Of[lines]
	seen := map[*lines]bool{}
	for i := range 1000 {
		x := s.New()
		if *x != (lines{}) || seen[x] {
			t.Fatalf("value %d is not new", i)
		}
		if uintptr(unsafe.Pointer(x))%64 != 0 {
			t.Fatalf("value %d begins within a cache line", i)
		}
		seen[x] = true
		x[0] = 1
	}
	var none slab.Of[struct{}]
	if none.New() == nil {
		t.Error("no value of no size")
	}
}
