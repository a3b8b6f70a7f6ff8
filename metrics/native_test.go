package metrics

import (
	"bytes"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"

	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// TestNativeHistogramEqualsClientGolang observes the same times in both.
func TestNativeHistogramEqualsClientGolang(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	for _, spread := range []int64{1, 10, 3000, 400_000, 5_000_000} {
		f := newFixture(t, routeSpec(), Options{}, "httplog")
		f.counted(request("c", "0/0/0/1/0 200 10"))
		ref := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", NativeHistogramBucketFactor: 1.1, Buckets: bucketSeconds(f.table.buckets)})
		ref.Observe(0)
		e := f.shard.main.resolver.Resolve(&f.rec)
		for range 2000 {
			ms := rng.Int64N(spread) * rng.Int64N(3)
			f.shard.main.f.n = 1
			times := &f.shard.main.f.own
			f.shard.main.f.times = times
			for i := range times {
				times[i].MS = parser.NoTimer
			}
			times[timeActive].MS = ms
			if e.Data.left--; e.Data.left == 0 {
				e.Data.settle(f.shard, 1)
			}
			f.shard.main.times(&e.Data)
			ref.Observe(float64(ms) / 1000)
		}
		var want dto.Metric
		if err := ref.Write(&want); err != nil {
			t.Fatal(err)
		}
		var got *dto.Histogram
		for _, fam := range f.cut().Gather() {
			if fam.GetName() == catalogue.RequestDuration {
				got = fam.Metric[0].Histogram
			}
		}
		got.Bucket = got.Bucket[:len(got.Bucket)-1] // client_golang leaves +Inf out
		got.CreatedTimestamp, want.Histogram.CreatedTimestamp = nil, nil
		if d := got.GetSampleSum() - want.Histogram.GetSampleSum(); d > 1e-3 || d < -1e-3 {
			t.Errorf("sum differs by %v", d)
		}
		got.SampleSum = want.Histogram.SampleSum
		if d := cmp.Diff(want.Histogram, got, protocmp.Transform()); d != "" {
			t.Fatalf("spread %d: %s", spread, d)
		}
	}
}

func bucketSeconds(b *buckets) []float64 {
	var l []float64
	for _, ms := range b.bounds {
		l = append(l, float64(ms)/1000)
	}
	return l
}

func TestBuckets(t *testing.T) {
	b := newBuckets([]float64{0.5, 3, 0.002}, []SLA{{Name: "a", Timeout: 3e9}, {Name: "b", Timeout: 10e9}, {Name: "c"}})
	if want := []int64{2, 500, 3000, 3150, 10000, 10500}; !cmp.Equal(b.bounds, want) {
		t.Fatalf("bounds %v", b.bounds)
	}
	v := make([]uint64, b.width())
	for ms := range int64(12000) {
		clear(v)
		b.observe(v, ms, 3)
		for i := range b.bounds {
			in := ms <= b.bounds[i] && (i == 0 || ms > b.bounds[i-1])
			if (v[1+i] == 3) != in {
				t.Fatalf("%d ms: %v", ms, v)
			}
		}
		if v[0] != uint64(3*ms) || (v[len(v)-1] == 3) != (ms > 10500) || v[1+b.search(ms, 0)] != 3 {
			t.Fatalf("%d ms: %v", ms, v)
		}
	}
}

// TestNativeHistogramIsWholeOrAbsent restores a table that kept none.
func TestNativeHistogramIsWholeOrAbsent(t *testing.T) {
	old := newFixture(t, routeSpec(), Options{NoNative: true}, "httplog").counted(request("c", "0/0/0/1/20 200 10"))
	data := old.cut().Marshal(nil)
	f := newFixture(t, routeSpec(), Options{}, "httplog")
	if restarted, err := f.table.Restore(data); err != nil || len(restarted) > 0 {
		t.Fatal(restarted, err)
	}
	f.counted(request("c", "0/0/0/1/20 200 10"), request("d", "0/0/0/1/20 200 10"))
	for _, fam := range f.cut().Gather() {
		if fam.GetName() != catalogue.RequestDuration {
			continue
		}
		for _, m := range fam.Metric {
			native := m.Histogram.Schema != nil
			if first := m.Label[0].GetValue(); native != (first == "d") {
				t.Errorf("client %s: native %v", first, native)
			}
		}
	}
}

func TestExemplarsAreOnTheirSamples(t *testing.T) {
	const r = `client="c",client_env="prod",partner="p",partner_env="prod",partner_service="api",sla="high",backend="be"`
	bad, late := `{request="bad"} 0.04 1.7000000005e+09`, `{request="late"} 2.01 1.7000000005e+09`
	duration := map[string]string{
		`haproxy_log_request_duration_seconds_bucket{` + r + `,le="0.05"}`: bad, `haproxy_log_request_duration_seconds_bucket{` + r + `,le="2.5"}`: late,
	}
	outcomes := map[string]string{
		`haproxy_log_sla_requests_total{` + r + `,outcome="failed"}`: bad, `haproxy_log_sla_requests_total{` + r + `,outcome="late"}`: late,
	}
	all := maps.Clone(duration)
	maps.Copy(all, outcomes)
	opt := Options{ExemplarField: "ID", ExemplarLabel: "request", SLAs: []SLA{{Name: "high", Timeout: 1e9}}}
	compare(t, exemplarsOf(t, opt), all)
	opt.Only = only(catalogue.RequestDuration)
	compare(t, exemplarsOf(t, opt), duration)
	opt.Only = only(catalogue.SLARequestsTotal)
	compare(t, exemplarsOf(t, opt), outcomes)
}

// exemplarsOf returns the exemplars by sample.
func exemplarsOf(t *testing.T, opt Options) map[string]string {
	t.Helper()
	f := newFixture(t, routeSpec("high"), opt, `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ID %{+Q}r`)
	f.shard.SetTime(1700000000500)
	line := func(end, id string) string {
		return `10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 ` + end + ` ` + id + ` "GET /c/prod/p/prod/api/high/x HTTP/1.1"`
	}
	f.counted(line("0/0/0/1/20 200 10 ----", "good"), line("0/0/0/1/40 500 10 ----", "bad"), line("0/0/0/2000/2010 200 10 ----", "late"),
		line("0/0/0/1/41 500 10 ----", strings.Repeat("x", 125)), line("0/0/0/1/42 500 10 ----", "-"))
	var b bytes.Buffer
	if err := f.cut().WriteOpenMetrics(&b); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for l := range strings.Lines(b.String()) {
		if sample, ex, ok := strings.Cut(l, " # "); ok && !strings.HasPrefix(l, "#") {
			got[sample[:strings.LastIndexByte(sample, ' ')]] = strings.TrimSpace(ex)
		}
	}
	return got
}

func TestDataPhase(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{ExtraHistograms: []string{"data"}}, `%ci:%cp [%tr] %ft %b/%s %Th/%Ti/%TR/%Tw/%Tc/%Tr/%Td/%Ta %ST %B %tsc %{+Q}r`)
	for _, end := range []string{"1/2/3/4/5/6/70/91 200 9 ----", "0/0/0/0/0/0/50/+50 200 +9 ----", "0/0/0/0/0/0/30/30 101 9 ----", "0/0/0/-1/-1/-1/-1/3 503 9 SC--"} {
		f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 ` + end + ` "GET /c/prod/p/prod/api/high/x HTTP/1.1"`)
	}
	c := f.cut()
	compareCounts(t, "ms", project(c, catalogue.PhaseSecondsTotal, "phase"),
		map[string]uint64{"handshake": 1, "idle": 2, "request": 3, "queue": 4, "connect": 5, "response": 6, "data": 70})
	compareCounts(t, "observations", project(c, catalogue.PhaseObservationsTotal, "phase"),
		map[string]uint64{"handshake": 4, "idle": 4, "request": 4, "queue": 3, "connect": 3, "response": 3, "data": 1})
	compareCounts(t, "aborts", project(c, catalogue.AbortsTotal, "phase"), map[string]uint64{"queue": 1})
	c.eachValue(catalogue.PhaseDuration("data"), func(_ *series, v []uint64) {
		if n := v[0]; n != 70 {
			t.Errorf("the histogram's sum is %d", n)
		}
	})
}
