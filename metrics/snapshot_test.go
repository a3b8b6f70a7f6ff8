package metrics

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

func textOf(t testing.TB, c *Cut) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// openMetricsOf shows values and created timestamps, lines sorted: the order of birth may change.
func openMetricsOf(t testing.TB, c *Cut) []string {
	t.Helper()
	var b bytes.Buffer
	if err := (&Page{Cut: c, Created: true}).WriteOpenMetrics(&b); err != nil {
		t.Fatal(err)
	}
	l := strings.Split(b.String(), "\n")
	slices.Sort(l)
	return l
}

func snapshotOptions() Options {
	return Options{SLAs: []SLA{{Name: "high", Timeout: 1e9}}, ExtraHistograms: []string{"queue"}}
}

func fed(t testing.TB, opt Options) *fixture {
	t.Helper()
	lines, _ := corpus(t, "httplog-26")
	f := newFixture(t, routeSpec("high"), opt, "httplog", "tcplog").feed(lines...)
	f.table.Declare("", []string{"declared", "b", "c", "d", "e", "high"}, "be")
	return f
}

func TestSnapshotKeepsEverything(t *testing.T) {
	f := fed(t, snapshotOptions())
	before := f.cut()
	data := before.Marshal(nil)

	later := snapshotOptions()
	later.Now = func() time.Time { return clock().Add(time.Hour) }
	g := newFixture(t, routeSpec("high"), later, "httplog", "tcplog")
	admitted, err := f.table.Admission().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := g.table.Admission().UnmarshalBinary(admitted); err != nil {
		t.Fatal(err)
	}
	restarted, err := g.table.Restore(data)
	if err != nil || len(restarted) > 0 {
		t.Fatalf("restarted %v, error %v", restarted, err)
	}
	got, want := openMetricsOf(t, g.cut()), openMetricsOf(t, before)
	if !slices.Equal(got, want) {
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Fatalf("line %d of %d: %q, want %q", i, len(want), got[min(i, len(got)-1)], want[i])
			}
		}
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	// Native histograms, and counting goes on in the same series.
	lines, _ := corpus(t, "httplog-26")
	f.feed(lines...)
	g.feed(lines...)
	if a, b := protoText(t, f.cut()), protoText(t, g.cut()); a != b {
		x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
		for i := range x {
			if i >= len(y) || x[i] != y[i] {
				t.Fatalf("after more lines the restored table shows\n%s\nnot\n%s", y[min(i, len(y)-1)], x[i])
			}
		}
	}
}

// protoText is the sorted form of the protobuf messages.
func protoText(t testing.TB, c *Cut) string {
	t.Helper()
	var l []string
	for _, f := range c.Gather() {
		for _, m := range f.Metric {
			l = append(l, fmt.Sprint(f.GetName(), m.Label, m.Counter, m.Gauge, m.Histogram))
		}
	}
	slices.Sort(l)
	s := strings.ReplaceAll(strings.Join(l, "\n"), "  ", " ") // the message printer varies its blanks
	return regexp.MustCompile(`created_timestamp:\{[^}]*\}`).ReplaceAllString(s, "")
}

func TestSnapshotWithAnotherSchema(t *testing.T) {
	f := fed(t, snapshotOptions())
	before := f.cut()
	sum := func(c *Cut, name string) (n uint64) {
		c.eachValue(name, func(_ *series, v []uint64) {
			for _, x := range v {
				n += x
			}
		})
		return n
	}
	opt := snapshotOptions()
	opt.SLAs[0].Timeout = 2 * time.Second // another bucket
	g := newFixture(t, routeSpec("high"), opt, "httplog", "tcplog")
	restarted, err := g.table.Restore(before.Marshal(nil))
	if err != nil {
		t.Fatal(err)
	}
	after := g.cut()
	for _, fam := range before.families {
		gone := slices.Contains(restarted, fam.Name)
		if hist := fam.Type == catalogue.Histogram && fam.series.Len() > 0; gone != hist {
			t.Errorf("%s restarted: %v", fam.Name, gone)
		}
		want := sum(before, fam.Name)
		if gone {
			want = 0
		}
		if got := sum(after, fam.Name); got != want {
			t.Errorf("%s adds up to %d, want %d", fam.Name, got, want)
		}
	}
	s := NewSamples(g.table.Families())
	after.SelfSamples(s)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&Page{Cut: after, Samples: s}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	want := `haproxy_log_schema_restarts_total{family="haproxy_log_request_duration_seconds"} 1` + "\n"
	if !strings.Contains(b.String(), want) {
		t.Errorf("no line %s", want)
	}
	// A second restart with the same schema keeps that count and restarts nothing.
	h := newFixture(t, routeSpec("high"), opt, "httplog", "tcplog")
	if restarted, err := h.table.Restore(after.Marshal(nil)); err != nil || len(restarted) > 0 {
		t.Errorf("restarted %v, error %v", restarted, err)
	}
	if n := h.cut().restarts[catalogue.RequestDuration]; n != 1 {
		t.Errorf("%d restarts", n)
	}
}

func TestSnapshotWithOtherRouteLabels(t *testing.T) {
	data := fed(t, snapshotOptions()).cut().Marshal(nil)
	sp := routeSpec("high")
	sp.Rules = sp.Rules[:0]
	g := newFixture(t, sp, snapshotOptions(), "httplog", "tcplog")
	restarted, err := g.table.Restore(data)
	if err != nil || !slices.Contains(restarted, catalogue.RequestsTotal) || slices.Contains(restarted, catalogue.ServerRequestsTotal) {
		t.Errorf("restarted %v, error %v", restarted, err)
	}
	if m := project(g.cut(), catalogue.ServerRequestsTotal); len(m) == 0 {
		t.Error("server_requests_total was lost")
	}
}

func TestSnapshotDamaged(t *testing.T) {
	data := fed(t, snapshotOptions()).cut().Marshal(nil)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 300 {
		bad := slices.Clone(data[:len(data)-1-rng.IntN(len(data)-1)])
		if i%3 == 0 {
			bad = slices.Clone(data)
			for range 1 + rng.IntN(4) {
				bad[rng.IntN(len(bad))] ^= byte(1 + rng.IntN(255))
			}
		}
		g := newFixture(t, routeSpec("high"), snapshotOptions(), "httplog", "tcplog")
		empty := textOf(t, g.cut())
		if _, err := g.table.Restore(bad); err != nil && textOf(t, g.cut()) != empty {
			t.Fatal("a refused snapshot left something behind")
		} else if err == nil && i%3 != 0 {
			t.Fatalf("%d of %d bytes were accepted", len(bad), len(data))
		}
	}
	for _, bad := range [][]byte{nil, {}, {0}, {9, 9}, append(slices.Clone(data), 0)} {
		if _, err := newFixture(t, routeSpec(), Options{}, "httplog").table.Restore(bad); err == nil {
			t.Errorf("%d bytes were accepted", len(bad))
		}
	}
}

func FuzzRestore(f *testing.F) {
	fx := newFixture(f, routeSpec("high"), snapshotOptions(), "httplog")
	fx.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/0/9 200 1 - - ---- 1/1/0/0/0 0/0 "GET /a/b/c/d/e/high/x HTTP/1.1"`)
	f.Add(fx.cut().Marshal(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		g := newFixture(t, routeSpec("high"), snapshotOptions(), "httplog")
		if _, err := g.table.Restore(data); err == nil {
			c := g.cut()
			if err := c.WriteText(new(bytes.Buffer)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestRemovedSourceStaysAndReturns(t *testing.T) {
	lines, _ := corpus(t, "httplog-26")
	f := newFixture(t, routeSpec(), Options{}, "httplog", "tcplog").feed(lines...)
	before := textOf(t, f.cut())
	f.table.Remove(f.shard)
	if got := textOf(t, f.table.Merge()); got != before {
		t.Error("a removed source took something with it")
	}
	f.shard = f.newShard("test.log", "")
	if got := textOf(t, f.cut()); got != before {
		t.Error("a source that came back changed something")
	}
	f.feed(lines...)
	c := f.cut()
	if a, b := project(c, catalogue.LinesTotal, "source")["test.log"], uint64(2*len(lines)); a != b {
		t.Errorf("%d lines, want %d", a, b)
	}
}
