package metrics

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

func only(names ...string) []spec.Text { return listedAs("metrics: {only: ", names) }

// listedAs returns names as a file has them, each behind that text.
func listedAs(before string, names []string) []spec.Text {
	var l []spec.Text
	for _, n := range names {
		l = append(l, spec.Text{Value: n, Place: diag.Place{Source: "test.yml", Text: before + n + "}", Line: 1, Col: len(before) + 1}})
	}
	return l
}

// mistake returns what a table says of its options, which has to be drawn under the text at a column of the file.
func mistake(t *testing.T, opt Options, col int) string {
	t.Helper()
	set, err := parser.NewSet(formats("httplog"), parser.SetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := labels.Compile(routeSpec(), set)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewTable(opt, schema)
	if err == nil {
		return ""
	}
	if s := err.Error(); !strings.Contains(s, fmt.Sprintf("test.yml:1:%d", col)) || !strings.Contains(s, "^^^") {
		t.Errorf("not drawn: %s", s)
	}
	return err.Error()
}

// mixed is traffic of every kind: routes, aborts, retries, tunnels, requests that HAProxy answered, other formats.
func mixed(f *fixture) {
	rng := rand.New(rand.NewPCG(3, 3))
	for k := range 300 {
		f.counted(trafficLine(rng, k%40))
	}
	for _, end := range []string{"0/0/-1/-1/7 503 0 - - SC--", "0/-1/-1/-1/7 503 0 - - CQ--", "0/0/1/2/9 101 77 - - ----", "0/0/1/2/+9 200 +77 - - ----"} {
		f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 ` + end + ` 1/1/0/0/0 0/0 "GET /a/prod/p/prod/api/high/x HTTP/1.1"`)
	}
	f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/<NOSRV> -1/-1/-1/-1/0 400 10 - - PR-- 1/1/0/0/0 0/0 "<BADREQ>"`,
		`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe fe/<NOSRV> 0/-1/-1/-1/0 503 10 - - SC-- 1/1/0/0/+2 0/0 "GET /x HTTP/1.1"`,
		`10.0.0.1:9 [21/Nov/2026:04:49:59.036] tcp be/s1 1/2/3 10 -- 1/1/0/0/0 0/0`)
}

// TestOnlyEachFamily counts the same lines for each family alone: it has the values that it has among all, and
// nothing else of the log is exposed.
func TestOnlyEachFamily(t *testing.T) {
	opt := benchOptions()
	opt.ExtraHistograms = []string{"queue", "data"}
	all := newFixture(t, routeSpec("high", "medium", "low"), opt, "httplog", "tcplog")
	mixed(all)
	want := exposition(t, all.cut())
	selectable := map[string]bool{}
	for _, n := range Selectable() {
		selectable[n] = true
	}
	of := func(sample string) string {
		name, _, _ := strings.Cut(sample, "{")
		for _, end := range []string{"", "_bucket", "_sum", "_count"} {
			if base, ok := strings.CutSuffix(name, end); ok && selectable[base] {
				return base
			}
		}
		return ""
	}
	for _, name := range Selectable() {
		if p := all.table.phaseOf(name); p >= 0 && !slices.Contains(opt.ExtraHistograms, catalogue.Phases()[p]) {
			continue
		}
		one := opt
		one.Only = only(name)
		f := newFixture(t, routeSpec("high", "medium", "low"), one, "httplog", "tcplog")
		mixed(f)
		got, n := exposition(t, f.cut()), 0
		for s, v := range want {
			if of(s) == name || of(s) == "" {
				n++
				if got[s] != v {
					t.Errorf("%s: %s is %q, want %q", name, s, got[s], v)
				}
			}
		}
		if len(got) != n {
			t.Errorf("%s: %d samples, want %d", name, len(got), n)
		}
		for _, x := range Selectable() {
			if f.table.Counted(x) != (x == name) {
				t.Errorf("only %s: %s is counted: %v", name, x, f.table.Counted(x))
			}
		}
	}
}

// TestOnlyChangesKeepsOthers restores a snapshot with other families chosen, and the first choice again.
func TestOnlyChangesKeepsOthers(t *testing.T) {
	opt := benchOptions()
	f := newFixture(t, routeSpec("high", "medium", "low"), opt, "httplog", "tcplog")
	mixed(f)
	before := f.cut()
	next := opt
	next.Only = only(catalogue.RequestDuration, catalogue.AbortsTotal, catalogue.PhaseSecondsTotal)
	g := newFixture(t, routeSpec("high", "medium", "low"), next, "httplog", "tcplog")
	restarted, err := g.table.Restore(before.Marshal(nil))
	if err != nil || len(restarted) > 0 {
		t.Fatal(restarted, err)
	}
	mixed(g)
	back := newFixture(t, routeSpec("high", "medium", "low"), opt, "httplog", "tcplog")
	if restarted, err = back.table.Restore(g.cut().Marshal(nil)); err != nil || len(restarted) > 0 {
		t.Fatal(restarted, err)
	}
	for _, name := range []string{catalogue.RequestDuration, catalogue.AbortsTotal, catalogue.PhaseSecondsTotal, catalogue.LinesTotal} {
		if got, want := total(back.cut(), name), 2*total(before, name); got != want || want == 0 {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	for _, name := range []string{catalogue.RequestsTotal, catalogue.PhaseObservationsTotal, catalogue.SLARequestsTotal} {
		if got := total(back.cut(), name); got != 0 {
			t.Errorf("%s: %d after it was left out", name, got)
		}
	}
}

func TestOnlyMistakes(t *testing.T) {
	opt := Options{Counters: []spec.Counter{{Name: text("odd")}}}
	for name, want := range map[string]string{
		"haproxy_log_request_total":                "did you mean haproxy_log_requests_total?",
		"haproxy_log_queue_phase_duration_seconds": "histograms: {phases: [queue]}",
		"haproxy_frontend_http_requests_total":     "not counted from lines",
		"haproxy_log_odd_total":                    "because it is configured",
		"haproxy_log_series":                       "always there",
		"haproxy_log_retries_total haproxy_log_x":  "there is no family",
	} {
		opt.Only = only(name)
		if got := mistake(t, opt, 17); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", name, got, want)
		}
	}
	opt.Only = only(catalogue.RetriesTotal, catalogue.RetriesTotal)
	if got := mistake(t, opt, 17); !strings.Contains(got, "twice") {
		t.Error(got)
	}
}
