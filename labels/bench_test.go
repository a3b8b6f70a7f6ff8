package labels

import (
	"fmt"
	"testing"

	"haproxy_log_exporter/parser"
)

// records returns n records of distinct egress routes whose lines stand in one buffer, as in a block.
func records(b *testing.B, f *fixture, n int, q func(i int) req) []parser.Record {
	b.Helper()
	var buf []byte
	ends := make([]int, 0, n)
	for i := range n {
		buf = append(buf, q(i).line()...)
		ends = append(ends, len(buf))
		buf = append(buf, '\n')
	}
	buf = append(buf, make([]byte, 64)...)
	recs := make([]parser.Record, n)
	start := 0
	for i, end := range ends {
		if res := f.reader.Line(buf[start:end], &recs[i]); res != parser.ResultHTTP {
			b.Fatalf("%q is %v", buf[start:end], res)
		}
		start = end + 1
	}
	return recs
}

func egressRoute(i int) req {
	env := []string{"prod", "uat", "test"}[i%3]
	sla := []string{"high", "medium", "low"}[i/3%3]
	partner, service := fmt.Sprintf("partner-%d", i%97), fmt.Sprintf("svc%d", i%13)
	return req{path: fmt.Sprintf("/client-%d/%s/%s/%s/%s/%s/helloworld/%d?b=ok&ms=1", i%40, env, partner, env, service, sla, i),
		backend: fmt.Sprintf("%s:%s:%s:%s", partner, env, service, sla)}
}

// BenchmarkResolve is the cost of a line's labels with 2,000 live routes, as it is met in a block: one
// Record, just filled. What remains of parsing it is in "parse only"; the difference is the resolver's.
func BenchmarkResolve(b *testing.B) {
	var buf []byte
	var ends []int
	for i := range 2000 {
		buf = append(buf, egressRoute(i).line()...)
		ends = append(ends, len(buf))
		buf = append(buf, '\n')
	}
	buf = append(buf, make([]byte, 64)...)
	for _, c := range []struct {
		name string
		s    Spec
	}{
		{"parse only", rules("path", egressPath, "backend", egressBackend)},
		{"egress", rules("path", egressPath, "backend", egressBackend)},
		{"backend", rules("backend", egressBackend)},
		{"none", Spec{}},
		{"map", Spec{Rules: append(rules("path", egressPath).Rules, mapRule("src", "{net}", "cidr", "10.0.0.0/8 ten"))}},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := newFixture(b, c.s, Limits{})
			resolve := c.name != "parse only"
			b.ReportAllocs()
			i, start := 0, 0
			for b.Loop() {
				if f.reader.Line(buf[start:ends[i]], &f.rec) != parser.ResultHTTP {
					b.Fatal("refused")
				}
				if resolve {
					f.res.Resolve(&f.rec)
				}
				start = ends[i] + 1
				if i++; i == len(ends) {
					i, start = 0, 0
				}
			}
		})
	}
}

// BenchmarkResolveOnly leaves parsing out: 32 records that stay in the cache, of 2,000 live routes.
func BenchmarkResolveOnly(b *testing.B) {
	for name, s := range map[string]Spec{"egress": rules("path", egressPath, "backend", egressBackend), "none": {}} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, s, Limits{})
			recs := records(b, f, 2000, egressRoute)
			for i := range recs {
				f.res.Resolve(&recs[i])
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f.res.Resolve(&recs[i*61])
				i = (i + 1) & 31
			}
		})
	}
}

// BenchmarkResolveOther is the cost of lines whose values are not admitted: again and again the same
// ones, and a scan in which no line repeats.
func BenchmarkResolveOther(b *testing.B) {
	for name, n := range map[string]int{"repeated": 500, "scan": 50_000} {
		b.Run(name, func(b *testing.B) {
			f := newFixture(b, rules("path", egressPath), Limits{})
			recs := records(b, f, n, func(i int) req { return noServer(fmt.Sprintf("/scan/%d/b/c/d/e", i)) })
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				f.res.Resolve(&recs[i])
				if i++; i == len(recs) {
					i = 0
				}
			}
		})
	}
}

// BenchmarkFirstSight is the cost of a new route: extraction, sanitising, admission.
func BenchmarkFirstSight(b *testing.B) {
	f := newFixture(b, rules("path", egressPath, "backend", egressBackend), Limits{})
	recs := records(b, f, 2000, egressRoute)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i%2000 == 0 {
			f.res = NewResolver[int](f.schema, f.adm)
		}
		f.res.Resolve(&recs[i%2000])
		i++
	}
}

func BenchmarkSnapshot(b *testing.B) {
	f := newFixture(b, rules("path", egressPath), Limits{})
	recs := records(b, f, 2000, egressRoute)
	for i := range recs {
		f.res.Resolve(&recs[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.adm.MarshalBinary(); err != nil {
			b.Fatal(err)
		}
	}
}
