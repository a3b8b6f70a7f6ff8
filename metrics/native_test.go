package metrics

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/testing/protocmp"

	"haproxy_log_exporter/metrics/catalogue"
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
			f.shard.main.f.n, f.shard.main.f.active = 1, ms
			f.shard.main.f.phase = [numPhases]int64{absent, absent, absent, absent, absent, absent, absent}
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
		if v[0] != uint64(3*ms) || (v[len(v)-1] == 3) != (ms > 10500) || v[1+b.bucket(ms)] != 3 {
			t.Fatalf("%d ms: %v", ms, v)
		}
	}
}
