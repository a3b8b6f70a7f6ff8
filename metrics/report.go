package metrics

import (
	"math"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// RouteReport sums up one route.
type RouteReport struct {
	HAProxy  string   // set when there are several
	Labels   []string // values of the route labels, in the order of Table.RouteLabels
	Requests uint64
	Errors   uint64 // failed by the outcome rules
	Unserved uint64 // answered by HAProxy itself
	// P50, P95 and P99 are interpolated in the buckets of request_duration, in seconds; NaN without requests.
	P50, P95, P99 float64
	Met           uint64
	Judged        uint64 // met, late and failed: those that the objective is about
}

// SLA returns the share of judged requests that were met, NaN when none was judged.
func (r *RouteReport) SLA() float64 { return float64(r.Met) / float64(r.Judged) }

// RouteLabels returns the names of the route labels in the order of their values.
func (t *Table) RouteLabels() []string { return t.opt.RouteLabels }

// Report sums up every route that has requests, in the order in which routes were first seen.
func (c *Cut) Report() []RouteReport {
	rows := make([]*RouteReport, c.prefixes.Len())
	hist := make([][]uint64, c.prefixes.Len())
	row := func(p uint32) *RouteReport {
		p = c.prefixes.At(p).route
		if rows[p] == nil {
			rows[p] = &RouteReport{HAProxy: c.prefixes.At(p).haproxy, Labels: c.prefixes.At(p).values}
		}
		return rows[p]
	}
	c.eachValue(catalogue.RequestsTotal, func(s *series, v []uint64) { row(s.prefix).Requests += v[0] })
	c.eachValue(catalogue.FailuresTotal, func(s *series, v []uint64) { row(s.prefix).Errors += v[0] })
	c.eachValue(catalogue.UnservedTotal, func(s *series, v []uint64) { row(s.prefix).Unserved += v[0] })
	outcomes := catalogue.Outcomes()
	c.eachValue(catalogue.SLARequestsTotal, func(s *series, v []uint64) {
		r := row(s.prefix)
		for _, o := range []Outcome{OutcomeMet, OutcomeLate, OutcomeFailed} {
			if c.texts[s.suffix] == label("outcome", outcomes[o-1]) {
				r.Judged += v[0]
				if o == OutcomeMet {
					r.Met += v[0]
				}
			}
		}
	})
	c.eachValue(catalogue.RequestDuration, func(s *series, v []uint64) {
		p := c.prefixes.At(s.prefix).route
		hist[p] = addValues(hist[p], v[1:c.table.buckets.width()])
	})
	var out []RouteReport
	for p, r := range rows {
		if r == nil || r.Requests == 0 {
			continue
		}
		r.P50, r.P95, r.P99 = c.quantile(hist[p], 0.5), c.quantile(hist[p], 0.95), c.quantile(hist[p], 0.99)
		out = append(out, *r)
	}
	return out
}

// eachValue calls fn with the values of every series of a family.
func (c *Cut) eachValue(name string, fn func(s *series, v []uint64)) {
	for i := range c.families {
		f := &c.families[i]
		if f.Name != name {
			continue
		}
		for k := range f.series.Len() {
			s := f.series.At(uint32(k))
			fn(s, c.values[s.off:s.off+uint32(f.width)])
		}
	}
}

// quantile interpolates within a bucket as Prometheus' histogram_quantile does: linearly, from 0 in the
// first bucket; what lies in +Inf is taken for the largest bound.
func (c *Cut) quantile(counts []uint64, q float64) float64 {
	total := uint64(0)
	for _, n := range counts {
		total += n
	}
	if total == 0 {
		return math.NaN()
	}
	bounds := c.table.buckets.bounds
	rank, seen := q*float64(total), 0.0
	for i, n := range counts {
		if seen+float64(n) < rank || n == 0 {
			seen += float64(n)
			continue
		}
		if i == len(bounds) {
			break
		}
		low := 0.0
		if i > 0 {
			low = float64(bounds[i-1])
		}
		return (low + (float64(bounds[i])-low)*(rank-seen)/float64(n)) / 1000
	}
	if len(bounds) == 0 {
		return math.NaN()
	}
	return float64(bounds[len(bounds)-1]) / 1000
}

// FrontendRequests returns the request lines by frontend of one HAProxy (of all lines when there is only
// one), for the comparison with HAProxy's own counters.
func (c *Cut) FrontendRequests(haproxy string) map[string]uint64 {
	m := map[string]uint64{}
	c.eachValue(catalogue.FrontendRequestsTotal, func(s *series, v []uint64) {
		if c.table.multi && c.prefixes.At(s.prefix).haproxy != haproxy {
			return
		}
		m[labelPairs(nil, c.prefixes.At(s.prefix).extra)[0].GetValue()] += v[0]
	})
	return m
}

// Change is a sample that differs between two cuts.
type Change struct {
	Name   string // of the sample, with _bucket, _sum or _count
	Labels string // label text without braces
	Delta  float64
}

// Changes lists what moved since an earlier cut of the same table, in the order of exposition. Of a
// histogram the bucket that holds the observation is named. Explain uses it with a table of its own.
func (c *Cut) Changes(before *Cut) []Change {
	var l []Change
	for i := range c.families {
		f := &c.families[i]
		for k := range f.series.Len() {
			s := f.series.At(uint32(k))
			text := c.labelText(s)
			for v := range f.width {
				at := int(s.off) + v
				d := c.values[at]
				if at < len(before.values) {
					d -= before.values[at]
				}
				if d != 0 {
					l = appendChange(l, f, text, v, d)
				}
			}
		}
	}
	return l
}

func appendChange(l []Change, f *cutFamily, text string, v int, d uint64) []Change {
	delta := float64(d)
	if f.buckets == nil {
		if f.Milliseconds {
			delta /= 1000
		}
		return append(l, Change{f.Name, text, delta})
	}
	switch n := f.buckets.width(); {
	case v == 0:
		return append(l, Change{f.Name + "_sum", text, delta / 1000})
	case v < n:
		return append(l, Change{f.Name + "_bucket", strings.TrimPrefix(text+","+f.buckets.le[v-1], ","), delta})
	}
	return l // the native histogram's zeros
}
