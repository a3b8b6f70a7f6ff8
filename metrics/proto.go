package metrics

import (
	"math"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"haproxy_log_exporter/metrics/catalogue"
)

func newGatherer(c *Cut) *gatherer {
	g := &gatherer{cut: c, bounds: map[*buckets][]*float64{}}
	if c != nil {
		g.prefixes, g.suffixes = make([][]*dto.LabelPair, c.prefixes.Len()), make([][]*dto.LabelPair, len(c.texts))
	}
	return g
}

// Gather returns the page's families as protobuf messages, with created timestamps and native histograms.
// Messages may share parts, and those of Extra are the page's own: they must not be changed.
func (p *Page) Gather() []*dto.MetricFamily {
	var all []*dto.MetricFamily
	p.eachMessage(func(f *dto.MetricFamily) { all = append(all, f) })
	return all
}

// eachMessage is Gather one family at a time, so that a large page is never in memory as a whole.
func (p *Page) eachMessage(fn func(*dto.MetricFamily)) {
	g := newGatherer(p.Cut)
	p.each(func(f *cutFamily) {
		if f.visible() {
			fn(g.family(f))
		}
	}, func(s *sampleSet) { fn(sampleFamily(s)) })
	for _, f := range p.Extra {
		fn(f)
	}
}

// gatherer builds messages from a cut. Messages of one kind are allocated in bulk, and what many share is made
// once: a large page has tens of thousands of metrics with hundreds of thousands of label pairs.
type gatherer struct {
	cut      *Cut
	prefixes [][]*dto.LabelPair      // label pairs of the prefixes
	suffixes [][]*dto.LabelPair      // of the texts
	bounds   map[*buckets][]*float64 // upper bounds, +Inf last
	stamp    *timestamppb.Timestamp  // of the series before: series are born in groups
	stampMS  int64
	native   map[uint64][]nativeOctave
}

type nativeOctave struct {
	octave int
	off    uint32
}

func familyType(t catalogue.Type) *dto.MetricType {
	switch t {
	case catalogue.Counter:
		return dto.MetricType_COUNTER.Enum()
	case catalogue.Gauge:
		return dto.MetricType_GAUGE.Enum()
	default:
		return dto.MetricType_HISTOGRAM.Enum()
	}
}

func newFamilyMessage(f *Family, n int) *dto.MetricFamily {
	name, help := f.Name, f.Help
	return &dto.MetricFamily{Name: &name, Help: &help, Type: familyType(f.Type), Metric: make([]*dto.Metric, 0, n)}
}

func sampleFamily(s *sampleSet) *dto.MetricFamily {
	mf := newFamilyMessage(s.family, len(s.samples))
	for i := range s.samples {
		m := &dto.Metric{Label: labelPairs(nil, s.samples[i].labels)}
		v := s.samples[i].value
		if s.family.Type == catalogue.Counter {
			m.Counter = &dto.Counter{Value: &v}
		} else {
			m.Gauge = &dto.Gauge{Value: &v}
		}
		mf.Metric = append(mf.Metric, m)
	}
	return mf
}

func (g *gatherer) family(f *cutFamily) *dto.MetricFamily {
	c := g.cut
	mf := newFamilyMessage(f.Family, f.series.Len())
	metrics := make([]dto.Metric, f.series.Len())
	put := g.counters(f)
	switch f.Type {
	case catalogue.Histogram:
		put = g.histograms(f)
	case catalogue.Gauge:
		put = g.gauges(f)
	}
	for i, ex := range f.shown(c.exemplars) {
		s := f.series.At(uint32(i))
		metrics[i].Label = g.labels(s)
		put(&metrics[i], i, ex)
		mf.Metric = append(mf.Metric, &metrics[i])
	}
	return mf
}

// counters returns a function that fills the metric of the series with an index; ex are the exemplars from
// that series on.
func (g *gatherer) counters(f *cutFamily) func(*dto.Metric, int, []exemplar) {
	c := g.cut
	values, counters := make([]float64, f.series.Len()), make([]dto.Counter, f.series.Len())
	return func(m *dto.Metric, i int, ex []exemplar) {
		s := f.series.At(uint32(i))
		values[i] = c.value(f, s)
		m.Counter = &counters[i]
		m.Counter.Value, m.Counter.CreatedTimestamp = &values[i], g.created(s)
		if len(ex) > 0 && ex[0].off == s.off && f.width > 0 {
			m.Counter.Exemplar = c.exemplarMessage(&ex[0])
		}
	}
}

func (g *gatherer) gauges(f *cutFamily) func(*dto.Metric, int, []exemplar) {
	values, gauges := make([]float64, f.series.Len()), make([]dto.Gauge, f.series.Len())
	return func(m *dto.Metric, i int, _ []exemplar) {
		values[i] = g.cut.value(f, f.series.At(uint32(i)))
		m.Gauge = &gauges[i]
		m.Gauge.Value = &values[i]
	}
}

// value returns the value of a counter or gauge as it is exposed.
func (c *Cut) value(f *cutFamily, s *series) float64 {
	switch {
	case f.width == 0:
		return 1
	case f.Milliseconds:
		return float64(c.values[s.off]) / 1000
	default:
		return float64(c.values[s.off])
	}
}

func (g *gatherer) created(s *series) *timestamppb.Timestamp {
	if g.stamp == nil || g.stampMS != s.created {
		g.stamp = &timestamppb.Timestamp{Seconds: s.created / 1000, Nanos: int32(s.created % 1000 * 1e6)}
		g.stampMS = s.created
	}
	return g.stamp
}

func (c *Cut) exemplarMessage(x *exemplar) *dto.Exemplar {
	name, id, v := c.table.opt.ExemplarLabel, string(x.id()), float64(x.ms)/1000
	return &dto.Exemplar{
		Label: []*dto.LabelPair{{Name: &name, Value: &id}}, Value: &v,
		Timestamp: &timestamppb.Timestamp{Seconds: x.at / 1000, Nanos: int32(x.at % 1000 * 1e6)},
	}
}

func (g *gatherer) histograms(f *cutFamily) func(*dto.Metric, int, []exemplar) {
	c := g.cut
	n := len(f.buckets.bounds) + 1
	bounds := g.upperBounds(f.buckets)
	histograms, sums := make([]dto.Histogram, f.series.Len()), make([]float64, f.series.Len())
	return func(m *dto.Metric, i int, ex []exemplar) {
		s := f.series.At(uint32(i))
		h := &histograms[i]
		m.Histogram = h
		values := c.values[s.off+1 : s.off+1+uint32(n)]
		buckets, counts := make([]dto.Bucket, n), make([]uint64, n)
		h.Bucket = make([]*dto.Bucket, n)
		count := uint64(0)
		for k := range buckets {
			b := &buckets[k]
			count += values[k]
			counts[k] = count
			b.CumulativeCount, b.UpperBound = &counts[k], bounds[k]
			off := s.off + 1 + uint32(k)
			for len(ex) > 0 && ex[0].off < off {
				ex = ex[1:]
			}
			if len(ex) > 0 && ex[0].off == off {
				b.Exemplar = c.exemplarMessage(&ex[0])
			}
			h.Bucket[k] = b
		}
		sums[i] = float64(c.values[s.off]) / 1000
		h.SampleSum, h.SampleCount, h.CreatedTimestamp = &sums[i], &counts[n-1], g.created(s)
		if f.width > f.buckets.width() {
			g.nativeHistogram(h, f, s)
		}
	}
}

func (g *gatherer) upperBounds(b *buckets) []*float64 {
	if l := g.bounds[b]; l != nil {
		return l
	}
	var l []*float64
	for _, ms := range b.bounds {
		l = append(l, new(float64(ms)/1000))
	}
	l = append(l, new(math.Inf(1)))
	g.bounds[b] = l
	return l
}

// labels returns the label pairs of a series; they are shared with others.
func (g *gatherer) labels(s *series) []*dto.LabelPair {
	p := g.prefixes[s.prefix]
	if p == nil {
		p = labelPairs([]*dto.LabelPair{}, g.cut.prefixes.At(s.prefix).text)
		g.prefixes[s.prefix] = p
	}
	if s.suffix == 0 {
		return p
	}
	q := g.suffixes[s.suffix]
	if q == nil {
		q = labelPairs(nil, g.cut.texts[s.suffix])
		g.suffixes[s.suffix] = q
	}
	return append(append(make([]*dto.LabelPair, 0, len(p)+len(q)), p...), q...)
}

// labelPairs appends the pairs of an escaped label text, as appendLabel writes it, to l.
func labelPairs(l []*dto.LabelPair, text string) []*dto.LabelPair {
	for text != "" {
		eq := strings.IndexByte(text, '=')
		name := text[:eq]
		end, escaped := closingQuote(text, eq+2)
		value := text[eq+2 : end]
		if escaped {
			value = unescape(value)
		}
		l = append(l, &dto.LabelPair{Name: &name, Value: &value})
		text = strings.TrimPrefix(text[end+1:], ",")
	}
	return l
}

// closingQuote returns where the quoted value that begins at from ends, and whether something in it is escaped.
func closingQuote(text string, from int) (end int, escaped bool) {
	for end = from; text[end] != '"'; end++ {
		if text[end] == '\\' {
			escaped = true
			end++
		}
	}
	return end, escaped
}

func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			if i++; s[i] == 'n' {
				b.WriteByte('\n')
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
