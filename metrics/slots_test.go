package metrics

import (
	"fmt"
	"maps"
	"testing"
	"unsafe"

	"haproxy_log_exporter/labels"
)

// TestSlotsAreOnlyACache drops what the shard remembers of slots between rounds of the same lines: the counts are
// those of a shard that kept it.
func TestSlotsAreOnlyACache(t *testing.T) {
	var lines []string
	for code := 400; code < 470; code++ { // more than there are kinds
		lines = append(lines, fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe fe/<NOSRV> 0/-1/-1/-1/0 %d 10 - - PR-- 1/1/0/0/0 0/0 "GET /a/prod/b/prod/s/high HTTP/1.1"`, code),
			fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/2/3 %d 10 - - ---- 1/1/0/0/0 0/0 "GET /a/prod/b/prod/s/high HTTP/1.1"`, code))
	}
	const rounds = 4
	run := func(opt Options, between func(s *Shard)) map[string]string {
		f := newFixture(t, routeSpec(), opt, "httplog")
		for i := range rounds {
			f.counted(lines...)
			between(f.shard)
			f.counted(fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/2/3 200 10 - - ---- 1/1/0/0/0 0/0 "GET /c%d/prod/b/prod/s/high HTTP/1.1"`, i))
		}
		return exposition(t, f.cut())
	}
	for name, opt := range map[string]Options{"room": {}, "no room": {SampleLimit: 40}} {
		want := run(opt, func(*Shard) {})
		for what, drop := range map[string]func(s *Shard){
			"extras": func(s *Shard) { clear(s.slots.extras) },
			"all, because of many cells": func(s *Shard) {
				s.nextID = maxCells*(s.nextID/maxCells+1) - 1 // the next cell is one too many
			},
		} {
			if got := run(opt, drop); !maps.Equal(got, want) {
				for k := range want {
					if got[k] != want[k] {
						t.Errorf("%s, %s dropped: %s is %q, want %q", name, what, k, got[k], want[k])
					}
				}
			}
		}
	}
}

// TestCellsFillCacheLines: what every request needs of a cell is in its first cache line, and its times begin the next.
func TestCellsFillCacheLines(t *testing.T) {
	var c Cell
	for what, n := range map[string]uintptr{"an entry": unsafe.Sizeof(labels.Entry[Cell]{}), "the native histogram of a cell": unsafe.Sizeof(cellNative{})} {
		if n%128 != 64 {
			t.Errorf("%s has %d bytes, want an odd number of cache lines", what, n)
		}
	}
	if n := unsafe.Offsetof(c.counts); n+firstKinds != 64 || n+firstKinds+quickBuckets < 128 || unsafe.Offsetof(c.serverKeys) != 192 {
		t.Errorf("counts are at %d, servers at %d", n, unsafe.Offsetof(c.serverKeys))
	}
}

func TestExtrasAreBounded(t *testing.T) {
	table := newSlotTable()
	for i := range uint32(3 * maxExtras) {
		table.more(&slot{cell: i + 1, key: 1, state: slotExtra}, extra{unserved: 1})
	}
	if n := len(table.extras); n > maxExtras {
		t.Errorf("%d extras are kept, %d are allowed", n, maxExtras)
	}
}

// TestSlotsAreOpenedOnce: requests that no cell counts find their slot again.
func TestSlotsAreOpenedOnce(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{}, "httplog")
	denied := `10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe fe/<NOSRV> 0/-1/-1/-1/0 403 10 - - PR-- 1/1/0/0/0 0/0 "GET /a/prod/b/prod/s/high HTTP/1.1"`
	f.counted(denied)
	used := f.shard.slots.used
	if f.counted(denied, denied); used != 1 || f.shard.slots.used != used {
		t.Errorf("%d slots for one request, %d for three of the same", used, f.shard.slots.used)
	}
}
