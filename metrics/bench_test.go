package metrics

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"haproxy_log_exporter/parser"
)

// traffic returns parsed requests of so many routes: mostly good ones, some errors, Zipf over routes.
func traffic(tb testing.TB, f *fixture, routes, n int) []*parser.Record {
	tb.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	zipf := rand.NewZipf(rng, 1.1, 8, uint64(routes-1))
	out := make([]*parser.Record, n)
	for i := range out {
		k := int(zipf.Uint64())
		if i < routes {
			k = i // every route is there
		}
		line := trafficLine(rng, k)
		res := f.reader.Line([]byte(line), &f.rec)
		if res != parser.ResultHTTP {
			tb.Fatalf("%s: %s", res, line)
		}
		out[i] = f.rec.Clone()
	}
	return out
}

// trafficLine returns a request of route k.
func trafficLine(rng *rand.Rand, k int) string {
	methods := []string{"GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"}
	ends := []string{"200 %d - - ----", "200 %d - - ----", "200 %d - - ----", "200 %d - - ----", "204 %d - - ----", "404 %d - - ----", "500 %d - - ----", "504 %d - - sH--"}
	sla := []string{"high", "medium", "low"}[k%3]
	partner := fmt.Sprintf("partner%d", k/20)
	end := fmt.Sprintf(ends[min(rng.IntN(30), len(ends)-1)], rng.IntN(5000))
	if rng.IntN(10) > 0 {
		end = fmt.Sprintf(ends[0], rng.IntN(5000))
	}
	tr := rng.IntN(20) * rng.IntN(60)
	return fmt.Sprintf(`10.0.0.%d:%d [21/Nov/2026:04:49:59.036] fe_egress %s_prod_api_%s/s%d 0/0/1/%d/%d %s 5/5/2/1/0 0/0 "%s /client%d/prod/%s/prod/api/%s/item/%d?b=%d HTTP/1.1"`,
		k%250, 1024+rng.IntN(60000), partner, sla, rng.IntN(2), tr, tr+rng.IntN(5)+1, end, methods[rng.IntN(len(methods))], k%97, partner, sla, rng.IntN(1000), rng.IntN(9))
}

func benchOptions() Options {
	return Options{SLAs: []SLA{{Name: "high", Timeout: 10e9}, {Name: "medium", Timeout: 30e9}, {Name: "low", Timeout: 300e9}}, SampleLimit: 2e6}
}

// BenchmarkRecord measures what a line costs once it is parsed: labels, outcome and every family.
func BenchmarkRecord(b *testing.B) {
	for _, routes := range []int{20, 2000} {
		b.Run(fmt.Sprintf("routes=%d", routes), func(b *testing.B) {
			f := newFixture(b, routeSpec("high", "medium", "low"), benchOptions(), "httplog")
			recs := traffic(b, f, routes, 32768)
			for _, r := range recs {
				f.shard.Record(r, parser.ResultHTTP)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				f.shard.Record(recs[i&32767], parser.ResultHTTP)
			}
		})
	}
}

// BenchmarkLine measures the whole way of a line from bytes to values, as sources do it.
func BenchmarkLine(b *testing.B) {
	for _, counting := range []bool{false, true} {
		b.Run(map[bool]string{false: "parse", true: "parse+record"}[counting], func(b *testing.B) {
			f := newFixture(b, routeSpec("high", "medium", "low"), benchOptions(), "httplog")
			rng := rand.New(rand.NewPCG(7, 7))
			zipf := rand.NewZipf(rng, 1.1, 8, 1999)
			var block []byte
			for range 40000 {
				block = append(block, "2026-11-21T04:49:59.036000+00:00 host haproxy[1234]: "...)
				block = append(block, trafficLine(rng, int(zipf.Uint64()))...)
				block = append(block, '\n')
			}
			lines := bytes.Split(block, []byte("\n"))
			lines = lines[:len(lines)-1]
			run := func(l []byte) {
				res := f.reader.Line(l, &f.rec)
				if res != parser.ResultHTTP {
					b.Fatal(res)
				}
				if counting {
					f.shard.Record(&f.rec, res)
				}
			}
			for _, l := range lines {
				run(l)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				run(lines[i%len(lines)])
			}
		})
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	opt := benchOptions()
	opt.ExemplarField, opt.Counters = "status", nil
	f := newFixture(t, routeSpec("high", "medium", "low"), opt, "httplog")
	recs := traffic(t, f, 200, 4096)
	all := func() {
		for _, r := range recs {
			f.shard.Record(r, parser.ResultHTTP)
		}
	}
	all()
	if n := testing.AllocsPerRun(5, all); n > 0 {
		t.Errorf("%v allocations for %d lines", n, len(recs))
	}
}
