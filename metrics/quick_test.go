package metrics

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protojson"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

// mixedLines returns lines of all kinds that count differently: known and rare kinds, times of every size, aborts, late
// answers, lines that stand for many.
func mixedLines(rng *rand.Rand, n int) []string {
	ends := []string{"200 %d - - ----", "200 %d - - ----", "404 %d - - ----", "500 %d - - ----", "504 %d - - sH--", "503 %d - - SC--", "-1 %d - - CD--", "101 %d - - ----"}
	times := []int64{0, 1, 3, 90, 700, 2559, 2560, 9_000, 31_000, quickMS - 1, quickMS, 400_000, 20_000_000}
	var lines []string
	for range n {
		end := fmt.Sprintf(ends[rng.IntN(len(ends))], rng.IntN(5000))
		if rng.IntN(3) == 0 {
			end = fmt.Sprintf("%d %d - - %s--", 400+rng.IntN(40), rng.IntN(50), []string{"--", "PR", "SD", "CD"}[rng.IntN(4)])
		}
		ms, server, path := times[rng.IntN(len(times))], []string{"s1", "s2", "s3", "s4", "s5", "<NOSRV>"}[rng.IntN(6)], rng.IntN(3)
		backend := []string{"be0", "be1", "fe"}[rng.IntN(3)]
		plus := []string{"", "", "", "+"}[rng.IntN(4)]
		method := []string{"GET", "GET", "POST", "GETS", "CONNECT", "PROPFIND", "CHECKOUT"}[rng.IntN(7)]
		l := fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe %s/%s %d/0/%d/%d/%s%d %s 5/5/2/1/0 0/0 "%s /c/prod/b%d/prod/s/high/%d HTTP/1.1"`,
			backend, server, rng.IntN(5), rng.IntN(20), ms, plus, ms+int64(rng.IntN(3)), end, method, path, rng.IntN(9))
		switch rng.IntN(12) {
		case 0:
			l = fmt.Sprintf("Nov 21 04:49:59 host haproxy[1]: message repeated %d times: [ %s]", []int{2, 49, 700}[rng.IntN(3)], l)
		case 1:
			l = strings.Replace(l, "fe be", "fe be-1.", 1)
		}
		lines = append(lines, l)
	}
	return lines
}

// once returns the lines, those that stand for many as often as they say.
func once(lines []string) (out []string) {
	for _, l := range lines {
		_, rest, many := strings.Cut(l, "message repeated ")
		if !many {
			out = append(out, l)
			continue
		}
		n, rest, _ := strings.Cut(rest, " times: [ ")
		times, _ := strconv.Atoi(n)
		out = append(out, slices.Repeat([]string{strings.TrimSuffix(rest, "]")}, times)...)
	}
	return out
}

// gathered returns the protobuf families of a cut, native histograms and all, as text.
func gathered(t *testing.T, c *Cut) (out []string) {
	t.Helper()
	for _, f := range c.Gather() {
		if f.GetName() == catalogue.LinesTotal {
			continue // lines, not requests
		}
		for _, m := range f.Metric {
			b, err := protojson.Marshal(&dto.MetricFamily{Name: f.Name, Metric: []*dto.Metric{m}})
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, strings.ReplaceAll(string(b), " ", "")) // protojson puts blanks in at random
		}
	}
	slices.Sort(out)
	return out
}

// TestQuickCounts counts the same lines in cells, and in other ways: settled after every line, without kinds, without
// quick histograms, with room for few requests, and with lines that stand for many written out. All agree.
func TestQuickCounts(t *testing.T) {
	slas := []SLA{{Name: "high", Timeout: 10e9}}
	all := Options{SLAs: slas, ExtraHistograms: catalogue.Phases()}
	few := Options{SLAs: slas, Only: []spec.Text{text(catalogue.SLARequestsTotal), text(catalogue.FailuresTotal)}}
	many := all
	for i := range 40 {
		many.Buckets = append(many.Buckets, float64(i+1)/20)
	}
	mixed := mixedLines(rand.New(rand.NewPCG(8, 9)), 4000)
	count := func(opt Options, lines []string, change func(f *fixture), each func(f *fixture)) []string {
		f := newFixture(t, routeSpec("high"), opt, "httplog")
		change(f)
		for _, l := range lines {
			f.counted(l)
			each(f)
		}
		return gathered(t, f.cut())
	}
	nothing := func(*fixture) {}
	cells := func(f *fixture, change func(*Cell)) {
		for _, c := range f.shard.dirty {
			change(c)
		}
	}
	for name, opt := range map[string]Options{"defaults": {SLAs: slas}, "every histogram": all, "many buckets": many, "few families": few, "no room": {SLAs: slas, SampleLimit: 300}} {
		want := count(opt, mixed, nothing, nothing)
		if n := strings.Count(strings.Join(want, "\n"), `"schema"`); len(want) < 20 || (n == 0) != (name == "few families") {
			t.Fatalf("%s: %d metrics, %d native histograms", name, len(want), n)
		}
		for what, got := range map[string][]string{
			"settled after every line": count(opt, mixed, nothing, func(f *fixture) { f.shard.fold() }),
			"one by one":               count(opt, once(mixed), nothing, nothing),
			"without gists":            count(opt, mixed, func(f *fixture) { f.shard.gists.n = maxKinds }, nothing),
			"without kinds":            count(opt, mixed, func(f *fixture) { f.shard.kinds.n = maxKinds }, nothing),
			"without quick histograms": count(opt, mixed, func(f *fixture) {
				for i := range f.table.layout.histograms {
					f.table.layout.histograms[i].below = 0
				}
				f.table.layout.quick = 0
			}, nothing),
			"with little room": count(opt, mixed, nothing, func(f *fixture) {
				cells(f, func(c *Cell) { c.left = min(c.left, 3) })
			}),
		} {
			for i := range max(len(want), len(got)) {
				if i >= len(want) || i >= len(got) || want[i] != got[i] {
					t.Errorf("%s, %s:\n%s\nwant\n%s", name, what, got[min(i, len(got)-1)], want[min(i, len(want)-1)])
					break
				}
			}
		}
	}
}

// TestCellsDoNotOverflow counts more requests of one kind and time than a cell has room for.
func TestCellsDoNotOverflow(t *testing.T) {
	f := newFixture(t, routeSpec("high"), Options{SLAs: []SLA{{Name: "high", Timeout: 10e9}}}, "httplog")
	const single, repeated = 3*maxLeft + 1000, maxLeft + 7
	const n = single + repeated
	line := []byte(fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/%d/%d 200 7 - - ---- 5/5/2/1/0 0/0 "GET /c/prod/b/prod/s/high HTTP/1.1"`, quickMS-1, quickMS-1))
	res := f.reader.Line(line, &f.rec)
	for range single {
		f.shard.Record(&f.rec, res)
	}
	f.counted(fmt.Sprintf("Nov 21 04:49:59 host haproxy[1]: message repeated %d times: [ %s]", repeated, line))
	got := exposition(t, f.cut())
	route := `client="c",client_env="prod",partner="b",partner_env="prod",partner_service="s",sla="high",backend="be"`
	for sample, want := range map[string]string{
		`haproxy_log_request_duration_seconds_count{` + route + `}`:            fmt.Sprint(n),
		`haproxy_log_request_duration_seconds_sum{` + route + `}`:              strconv.FormatFloat(float64(n)*(quickMS-1)/1000, 'g', -1, 64),
		`haproxy_log_response_duration_seconds_bucket{` + route + `,le="300"}`: fmt.Sprint(n),
		`haproxy_log_frontend_requests_total{proxy="fe"}`:                      fmt.Sprint(n),
	} {
		if got[sample] != want {
			t.Errorf("%s is %q, want %s", sample, got[sample], want)
		}
	}
}

// TestSameNamesAreAnotherKind: requests that no backend was found for are not the partner's failures, though they look
// like those of a backend without servers.
func TestSameNamesAreAnotherKind(t *testing.T) {
	line := func(backend string) string {
		return fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe %s/<NOSRV> 0/-1/-1/-1/0 503 7 - - SC-- 5/5/2/1/0 0/0 "GET /c/prod/b/prod/s/high HTTP/1.1"`, backend)
	}
	for _, backends := range [][]string{{"be", "fe", "be", "fe"}, {"fe", "be", "fe", "be"}} {
		f := newFixture(t, routeSpec(), Options{Only: []spec.Text{text(catalogue.SLARequestsTotal)}}, "httplog")
		for _, b := range backends {
			f.counted(line(b))
		}
		failed := 0
		for sample, v := range exposition(t, f.cut()) {
			if strings.Contains(sample, `outcome="failed"`) && v == "2" {
				failed++
			} else if strings.HasPrefix(sample, catalogue.SLARequestsTotal) && v != "0" {
				t.Errorf("%v: %s is %s", backends, sample, v)
			}
		}
		if failed != 1 {
			t.Errorf("%v: the two requests of the backend without servers failed in %d series, want 1", backends, failed)
		}
	}
}

// TestOneOfTwoTotalTimes: a format may print %Ta or %Tt, and either stands for the other when that is missing.
func TestOneOfTwoTotalTimes(t *testing.T) {
	for _, total := range []string{"%Ta", "%Tt"} {
		f := newFixture(t, routeSpec(), Options{}, "%ft %b/%s %TR/%Tw/%Tc/%Tr/"+total+" %ST %tsc %{+Q}r")
		f.counted(`fe be/s 0/0/1/2/250 200 ---- "GET /c/prod/b/prod/s/high HTTP/1.1"`, `fe be/s 0/0/1/2/70 101 ---- "GET /c/prod/b/prod/s/high HTTP/1.1"`)
		sums := map[string]string{}
		for sample, v := range exposition(t, f.cut()) {
			if name, _, _ := strings.Cut(sample, "{"); v != "0" && strings.HasSuffix(name, "_seconds_sum") {
				sums[name] = v
			}
		}
		if sums["haproxy_log_request_duration_seconds_sum"] != "0.25" || sums["haproxy_log_session_duration_seconds_sum"] != "0.07" {
			t.Errorf("%s: %v", total, sums)
		}
	}
}
