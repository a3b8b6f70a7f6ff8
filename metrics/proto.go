package metrics

import (
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"haproxy_log_exporter/metrics/catalogue"
)

// Gather returns the page's families as protobuf messages, with created timestamps and native histograms.
// They are fresh, but for those of Extra.
func (p *Page) Gather() []*dto.MetricFamily {
	var all []*dto.MetricFamily
	g := &gatherer{cut: p.Cut}
	p.each(func(f *cutFamily) {
		if f.visible() {
			all = append(all, g.family(f))
		}
	}, func(s *sampleSet) { all = append(all, sampleFamily(s)) })
	return append(all, p.Extra...)
}

// gatherer builds messages from a cut. Messages of one kind are allocated in bulk: a large page has tens of
// thousands of them.
type gatherer struct {
	cut      *Cut
	prefixes [][]*dto.LabelPair // label pairs of the prefixes, made once
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
	mf := newFamilyMessage(f.Family, len(f.series))
	metrics := make([]dto.Metric, len(f.series))
	ex := c.exemplars
	for i := range f.series {
		if f.hidden != nil && f.hidden[i] {
			continue
		}
		s := &f.series[i]
		m := &metrics[i]
		m.Label = g.labels(s)
		for len(ex) > 0 && ex[0].off < s.off {
			ex = ex[1:]
		}
		switch f.Type {
		case catalogue.Histogram:
			m.Histogram = g.histogram(f, s, ex)
		case catalogue.Counter:
			v := c.value(f, s)
			m.Counter = &dto.Counter{Value: &v, CreatedTimestamp: created(s)}
			if len(ex) > 0 && ex[0].off == s.off {
				m.Counter.Exemplar = c.exemplarMessage(&ex[0])
			}
		default:
			v := c.value(f, s)
			m.Gauge = &dto.Gauge{Value: &v}
		}
		mf.Metric = append(mf.Metric, m)
	}
	return mf
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

func created(s *series) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: s.created / 1000, Nanos: int32(s.created % 1000 * 1e6)}
}

func (c *Cut) exemplarMessage(x *exemplar) *dto.Exemplar {
	name, id, v := c.table.opt.ExemplarLabel, string(x.id()), float64(x.ms)/1000
	return &dto.Exemplar{
		Label: []*dto.LabelPair{{Name: &name, Value: &id}}, Value: &v,
		Timestamp: &timestamppb.Timestamp{Seconds: x.at / 1000, Nanos: int32(x.at % 1000 * 1e6)},
	}
}

func (g *gatherer) histogram(f *cutFamily, s *series, ex []exemplar) *dto.Histogram {
	c := g.cut
	values := c.values[s.off+1 : s.off+uint32(f.buckets.width())]
	bounds := f.buckets.bounds
	h := &dto.Histogram{CreatedTimestamp: created(s), Bucket: make([]*dto.Bucket, len(bounds)+1)}
	type counted struct {
		bucket dto.Bucket
		bound  float64
		count  uint64
	}
	buckets := make([]counted, len(bounds)+1)
	count := uint64(0)
	for i := range buckets {
		b := &buckets[i]
		count += values[i]
		b.count, b.bound = count, inf()
		if i < len(bounds) {
			b.bound = float64(bounds[i]) / 1000
		}
		b.bucket.CumulativeCount, b.bucket.UpperBound = &b.count, &b.bound
		for len(ex) > 0 && ex[0].off < s.off+1+uint32(i) {
			ex = ex[1:]
		}
		if len(ex) > 0 && ex[0].off == s.off+1+uint32(i) {
			b.bucket.Exemplar = c.exemplarMessage(&ex[0])
		}
		h.Bucket[i] = &b.bucket
	}
	sum := float64(c.values[s.off]) / 1000
	h.SampleSum, h.SampleCount = &sum, &count
	if f.width > f.buckets.width() {
		g.nativeHistogram(h, f, s)
	}
	return h
}

// labels returns the label pairs of a series; those of the prefix are shared.
func (g *gatherer) labels(s *series) []*dto.LabelPair {
	if g.prefixes == nil {
		g.prefixes = make([][]*dto.LabelPair, len(g.cut.prefixes))
	}
	p := g.prefixes[s.prefix]
	if p == nil {
		p = labelPairs([]*dto.LabelPair{}, g.cut.prefixes[s.prefix].text)
		g.prefixes[s.prefix] = p
	}
	if s.suffix == "" {
		return p
	}
	return labelPairs(append(make([]*dto.LabelPair, 0, len(p)+5), p...), s.suffix)
}

// labelPairs appends the pairs of an escaped label text, as appendLabel writes it, to l.
func labelPairs(l []*dto.LabelPair, text string) []*dto.LabelPair {
	for text != "" {
		eq := strings.IndexByte(text, '=')
		name := text[:eq]
		end := eq + 2
		escaped := false
		for text[end] != '"' {
			if text[end] == '\\' {
				escaped = true
				end++
			}
			end++
		}
		value := text[eq+2 : end]
		if escaped {
			value = unescape(value)
		}
		l = append(l, &dto.LabelPair{Name: &name, Value: &value})
		text = strings.TrimPrefix(text[end+1:], ",")
	}
	return l
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
