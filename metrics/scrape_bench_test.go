package metrics

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"haproxy_log_exporter/metrics/catalogue"
)

// large is a source with about so many samples: histograms are three quarters of them.
func large(tb testing.TB, samples int) *fixture {
	tb.Helper()
	f := newFixture(tb, routeSpec("high", "medium", "low"), benchOptions(), "httplog")
	rng := rand.New(rand.NewPCG(7, 7))
	for k := 0; f.cut().Samples() < samples; k++ {
		for range 8 {
			f.counted(trafficLine(rng, k))
		}
	}
	return f
}

// mirror is the same series in client_golang, as plain vectors.
func mirror(tb testing.TB, c *Cut) *prometheus.Registry {
	tb.Helper()
	reg := prometheus.NewRegistry()
	for i := range c.families {
		f := &c.families[i]
		if f.series.Len() == 0 {
			continue
		}
		names := f.Names
		values := func(s *series) []string {
			var l []string
			for _, p := range labelPairs(nil, c.labelText(s)) {
				l = append(l, p.GetValue())
			}
			return l
		}
		if f.Type == catalogue.Histogram {
			v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: f.Name, Help: f.Help, Buckets: bucketSeconds(f.buckets)}, names)
			reg.MustRegister(v)
			for k := range f.series.Len() {
				s := f.series.At(uint32(k))
				h := v.WithLabelValues(values(s)...)
				for b, ms := range f.buckets.bounds {
					for range c.values[s.off+1+uint32(b)] {
						h.Observe(float64(ms) / 1000)
					}
				}
			}
			continue
		}
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: f.Name, Help: f.Help}, names)
		reg.MustRegister(v)
		for k := range f.series.Len() {
			v.WithLabelValues(values(f.series.At(uint32(k)))...).Add(c.value(f, f.series.At(uint32(k))))
		}
	}
	return reg
}

// sink swallows a response.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(int)             {}

// BenchmarkScrape compares a whole scrape with promhttp's over the same series: cut, merge and writing.
func BenchmarkScrape(b *testing.B) {
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for _, n := range []int{2000, 20_000, 200_000} {
		setup := sync.OnceValues(func() (http.Handler, http.Handler) {
			f := large(b, n)
			var part Part
			own := NewHandler(ProviderFunc(func(context.Context) (*Page, error) {
				f.shard.Copy(&part)
				return &Page{Cut: f.table.Merge(&part)}, nil
			}), HandlerOptions{})
			return own, promhttp.HandlerFor(mirror(b, f.cut()), promhttp.HandlerOpts{})
		})
		for _, form := range []struct{ name, accept, encoding string }{
			{"text", "text/plain;version=0.0.4", ""}, {"gzip", "text/plain;version=0.0.4", "gzip"}, {"protobuf", protobuf, ""},
		} {
			for _, who := range []string{"own", "promhttp"} {
				b.Run(fmt.Sprintf("samples=%d/%s/%s", n, form.name, who), func(b *testing.B) {
					own, ref := setup()
					h := own
					if who == "promhttp" {
						h = ref
					}
					r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
					r.Header.Set("Accept", form.accept)
					r.Header.Set("Accept-Encoding", form.encoding)
					b.ReportAllocs()
					b.ResetTimer()
					for range b.N {
						h.ServeHTTP(&sink{http.Header{}}, r)
					}
				})
			}
		}
	}
}

// BenchmarkSnapshot measures the parts of saving and of starting again, by number of series.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{1000, 20_000, 200_000} {
		f := newFixture(b, routeSpec("high", "medium", "low"), benchOptions(), "httplog")
		rng := rand.New(rand.NewPCG(7, 7))
		count := func(c *Cut) (n int) {
			for i := range c.families {
				n += c.families[i].series.Len()
			}
			return n
		}
		for k := 0; count(f.cut()) < n; k++ {
			for range 8 {
				f.counted(trafficLine(rng, k))
			}
		}
		var part Part
		f.shard.Copy(&part)
		cut := f.table.Merge(&part)
		data := cut.Marshal(nil)
		b.Run(fmt.Sprintf("series=%d/copy", n), func(b *testing.B) {
			for range b.N {
				f.shard.Copy(&part)
			}
		})
		b.Run(fmt.Sprintf("series=%d/merge", n), func(b *testing.B) {
			for range b.N {
				f.table.Merge(&part).Release()
			}
		})
		b.Run(fmt.Sprintf("series=%d/marshal", n), func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			buf := data
			for range b.N {
				buf = cut.Marshal(buf[:0])
			}
		})
		b.Run(fmt.Sprintf("series=%d/restore", n), func(b *testing.B) {
			for range b.N {
				t, err := NewTable(benchOptions(), f.schema)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := t.Restore(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestMirrorHoldsTheSameSeries shows that the benchmark compares like with like: the mirror of client_golang
// has as many samples.
func TestMirrorHoldsTheSameSeries(t *testing.T) {
	f := large(t, 2000)
	c := f.cut()
	families, err := mirror(t, c).Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, mf := range families {
		for _, m := range mf.Metric {
			n++
			if m.Histogram != nil {
				n += len(m.Histogram.Bucket) + 2
			}
		}
	}
	var b bytes.Buffer
	if err := c.WriteText(io.Writer(&b)); err != nil {
		t.Fatal(err)
	}
	if got := len(exposition(t, c)); got != n {
		t.Errorf("%d samples, the mirror has %d", got, n)
	}
}

// BenchmarkMemory prints what series cost: heap of a source with its registry, values, cells and label texts, by
// series and by exposed sample.
func BenchmarkMemory(b *testing.B) {
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // the first one leaves what pools hold
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, samples := range []int{20_000, 200_000} {
		b.Run(fmt.Sprintf("samples=%d", samples), func(b *testing.B) {
			for range b.N {
				before := heap()
				f := large(b, samples)
				series, native := 0, 0
				if f.table.fam.native != nil {
					native = f.table.fam.native.series.Len()
				}
				for _, fam := range f.table.reg.families {
					series += fam.series.Len()
				}
				used := float64(heap() - before)
				b.ReportMetric(used/float64(series), "B/series")
				b.ReportMetric(used/float64(f.cut().Samples()), "B/sample")
				b.ReportMetric(float64(series), "series")
				b.ReportMetric(float64(native), "native-octaves")
				runtime.KeepAlive(f)
			}
		})
	}
}
