package metrics

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
)

func gistLine(method, state string, status int) string {
	return fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/2/3 %d 10 - - %s-- 1/1/0/0/0 0/0 "%s /c/prod/p/prod/s/high/x HTTP/1.1"`, status, state, method)
}

// TestGists: requests that differ in one thing are told apart, also when what they say is known.
func TestGists(t *testing.T) {
	f := newFixture(t, routeSpec("high"), Options{}, "httplog")
	rng := rand.New(rand.NewPCG(3, 5))
	want := map[string]uint64{}
	for range 3000 {
		method := []string{"GET", "PUT", "POST", "HEAD", "GETS", "OPTIONS", "PROPFIND"}[rng.IntN(7)]
		state := []string{"--", "sH", "SH"}[rng.IntN(3)]
		status := []int{200, 504}[rng.IntN(2)]
		f.counted(gistLine(method, state, status))
		if method == "GETS" {
			method = labels.Other
		}
		want[fmt.Sprintf("%s|%d|%s", method, status, state)]++
	}
	compareCounts(t, "requests", project(f.cut(), catalogue.RequestsTotal, "method", "code", "termination_state"), want)
	known := 0
	for i := range f.shard.gists.slots {
		if s := &f.shard.gists.slots[i]; s.end != 0 {
			known++
			if s.gist.kind == noKind {
				t.Errorf("%+v has no kind", s)
			}
		}
	}
	if _, _, usual := f.rec.Brief(); usual && known != 6*3*2 {
		t.Errorf("%d gists are known, want %d", known, 6*3*2)
	}
}

// TestGistsAreBounded: clients may send any word as a method.
func TestGistsAreBounded(t *testing.T) {
	f := newFixture(t, routeSpec("high"), Options{}, "httplog")
	for range 3 {
		for i := range 600 {
			f.counted(gistLine(fmt.Sprintf("A%d", i), "--", 200))
		}
	}
	if n := f.shard.gists.n; n > maxKinds {
		t.Errorf("%d gists are known", n)
	}
	compareCounts(t, "requests", project(f.cut(), catalogue.RequestsTotal, "method"), map[string]uint64{labels.Other: 1800})
}

// TestGistSlots: gists whose places are the same are told apart.
func TestGistSlots(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 1))
	for range 50 {
		var x gists
		var methods, ends []uint64
		for i := range maxKinds {
			method, end := rng.Uint64(), uint64(4) // many that differ in one of the two
			if i%2 == 0 {
				method, end = 4, rng.Uint64()
			}
			if s := x.slot(method, end); s.end == 0 {
				x.add(s, method, end, gist{key: uint32(i)})
			}
			methods, ends = append(methods, method), append(ends, end)
		}
		for i := range methods {
			if s := x.slot(methods[i], ends[i]); s.end == 0 || s.gist.key != uint32(i) {
				t.Fatalf("gist %d is %d", i, s.gist.key)
			}
		}
		if s := x.slot(5, 5); s.end != 0 {
			t.Fatalf("%+v is known", s)
		}
	}
}
