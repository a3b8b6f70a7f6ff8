package metrics

import (
	"math/rand/v2"
	"testing"

	"haproxy_log_exporter/parser"
)

// TestShortTimes compares shortTimes with countShort.
func TestShortTimes(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	direct := &newBuckets(nil, nil).direct
	var quick [quickHistograms]histogramAt
	var a, b Cell
	counted, left := 0, 0
	for range 20000 {
		n := 1 + rng.IntN(quickHistograms)
		for i := range n {
			quick[i] = histogramAt{time: rng.IntN(parser.NumTimers), sum: uint32(i), first: uint32(firstKinds + rng.IntN(quickBuckets-20))}
		}
		var times parser.Timers
		for i := range times {
			times[i].MS = []int64{-2, -1, 0, 1, directMS - 1, directMS, 1 << 40, rng.Int64N(directMS)}[rng.IntN(8)]
		}
		want := b.countShort(&times, quick[:n], direct)
		if got := shortTimes(&a, &times, &quick[0], n, direct); got != want {
			t.Fatalf("%v of %v: %b, want %b", quick[:n], times, got, want)
		}
		for i := range n {
			ms := times[quick[i].time].MS
			if long := want>>i&1 != 0; long != (ms < 0 || ms >= directMS) {
				t.Fatalf("%d ms: left %v", ms, long)
			} else if long {
				left++
			} else {
				counted++
			}
		}
		if want>>n != 0 {
			t.Fatalf("%b for %d", want, n)
		}
	}
	if a != b {
		t.Error("the cells differ")
	}
	if counted < 1000 || left < 1000 {
		t.Errorf("%d were counted, %d were left", counted, left)
	}
}
