package metrics

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

func without(labels ...string) []spec.Text { return listedAs("metrics: {without: ", labels) }

// crossed is traffic of few routes through several frontends and backends, some of it answered by HAProxy itself.
func crossed() []string {
	rng := rand.New(rand.NewPCG(5, 6))
	ends := []string{"be%d/s1 0/0/1/%d/%d 200 10 - - ----", "be%d/s1 0/0/1/%d/%d 504 10 - - sH--", "be%d/<NOSRV> 0/%d/-1/-1/%d 503 10 - - SC--", "fe%d/<NOSRV> 0/%d/-1/-1/%d 503 10 - - SC--", "be%d/s1 0/0/1/%d/%d 101 10 - - ----"}
	var lines []string
	for range 2000 {
		fe, ms := rng.IntN(3), rng.IntN(90)
		end := ends[min(rng.IntN(12), len(ends)-1)]
		be := rng.IntN(3)
		if strings.HasPrefix(end, "fe") {
			be = fe
		}
		lines = append(lines, fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe%d `+end+` 1/1/0/0/0 0/0 "GET /a/prod/p%d/prod/api/high/x HTTP/1.1"`, fe, be, ms, ms+2, rng.IntN(4)))
	}
	return lines
}

// TestWithoutSumsUp leaves labels out: the series that are left are the sums of those that differed in nothing else.
func TestWithoutSumsUp(t *testing.T) {
	few := only(catalogue.RequestsTotal, catalogue.RequestDuration, catalogue.SLARequestsTotal)
	leaves := regexp.MustCompile(`^haproxy_log_((sla_)?requests_total|re(quest|sponse)_duration_seconds_(bucket|sum|count))$`)
	for _, families := range [][]spec.Text{nil, few} {
		for _, left := range [][]string{{}, {"frontend"}, {"backend"}, {"frontend", "backend"}} {
			opt := benchOptions()
			opt.Only = families
			f := newFixture(t, routeSpec("high"), opt, "httplog")
			f.counted(crossed()...)
			sums := map[string]uint64{}
			cut := func(sample string) string {
				if name, _, _ := strings.Cut(sample, "{"); leaves.MatchString(name) {
					for _, l := range left {
						sample = regexp.MustCompile(`,`+l+`="[^"]*"`).ReplaceAllString(sample, "")
					}
				}
				return sample
			}
			for sample, v := range exposition(t, f.cut()) {
				sums[cut(sample)] += milli(t, v)
			}
			opt.Without = without(left...)
			g := newFixture(t, routeSpec("high"), opt, "httplog")
			g.counted(crossed()...)
			got := map[string]uint64{}
			for sample, v := range exposition(t, g.cut()) {
				got[sample] = milli(t, v)
			}
			delete(sums, catalogue.Series)
			delete(got, catalogue.Series)
			if !maps.Equal(got, sums) {
				for s, v := range sums {
					if got[s] != v {
						t.Errorf("without %v: %s is %d, want %d", left, s, got[s], v)
					}
				}
				t.Errorf("without %v: %d samples, want %d", left, len(got), len(sums))
			}
			// A cell for each route and fate: reached, chosen, neither.
			if n := g.shard.nextID; n <= 4*3 != (families != nil && len(left) == 2) {
				t.Errorf("without %v of %d families: %d cells", left, len(families), n)
			}
		}
	}
}

// milli returns a value in thousandths.
func milli(t *testing.T, v string) uint64 {
	t.Helper()
	x, err := strconv.ParseFloat(v, 64)
	if err != nil {
		t.Fatal(err)
	}
	return uint64(x*1000 + 0.5)
}

// TestWithoutLeavesNames: names are needed wherever a family has them.
func TestWithoutLeavesNames(t *testing.T) {
	for _, c := range []struct {
		only, without     []string
		frontend, backend bool
	}{
		{nil, []string{"frontend", "backend"}, false, false},
		{[]string{catalogue.RequestsTotal}, nil, false, false},
		{[]string{catalogue.RequestsTotal}, []string{"frontend", "backend"}, true, true},
		{[]string{catalogue.RequestsTotal}, []string{"backend"}, false, true},
		{[]string{catalogue.RequestDuration}, nil, true, false},
		{[]string{catalogue.RetriesTotal}, nil, true, true},
		{[]string{catalogue.RetriesTotal, catalogue.UnservedTotal}, []string{"frontend"}, false, true},
		{[]string{catalogue.RetriesTotal, catalogue.FrontendRequestsTotal}, nil, false, true},
		{[]string{catalogue.RetriesTotal, catalogue.ServerRequestsTotal}, nil, true, false},
		{[]string{catalogue.RetriesTotal, catalogue.BackendRouteInfo}, nil, true, false},
		{[]string{catalogue.RetriesTotal, catalogue.SessionsTotal}, []string{"frontend", "backend"}, false, false},
	} {
		opt := Options{Only: only(c.only...), Without: without(c.without...)}
		if f, b := newFixture(t, routeSpec(), opt, "httplog").table.leftNames(); f != c.frontend || b != c.backend {
			t.Errorf("only %v without %v: %v %v are left", c.only, c.without, f, b)
		}
	}
	opt := Options{Only: only(catalogue.RetriesTotal), Counters: []spec.Counter{{Name: text("x"), Labels: []spec.Text{text("backend")}}}}
	if f, b := newFixture(t, routeSpec(), opt, "httplog").table.leftNames(); !f || b {
		t.Errorf("a counter by backend: %v %v are left", f, b)
	}
}

func TestWithoutMistakes(t *testing.T) {
	for name, want := range map[string]string{"client": "is a label of the route", "method": "cannot be left out", "backend backend": "twice"} {
		if got := mistake(t, Options{Without: without(strings.Fields(name)...)}, 20); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", name, got, want)
		}
	}
}
