package metrics

import (
	"encoding/binary"
	"io"
	"math"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protowire"

	"haproxy_log_exporter/metrics/catalogue"
)

// protoWriter writes families of a cut as delimited protobuf messages of io.prometheus.client.MetricFamily, the
// same that gatherer builds and expfmt would encode, straight from the values. Label pairs are encoded once for
// each prefix and suffix, fields stand in the order of their numbers.
type protoWriter struct {
	g        *gatherer // finds native buckets
	prefixes [][]byte  // encoded label pairs, nil when not needed yet
	suffixes [][]byte
	arena    []byte
	family   []byte // the message at hand, and parts of it
	metric   []byte
	value    []byte
	part     []byte
	native   dto.Histogram
}

func newProtoWriter(c *Cut) *protoWriter {
	w := &protoWriter{g: newGatherer(c)}
	if c != nil {
		w.prefixes, w.suffixes = make([][]byte, c.prefixes.Len()), make([][]byte, len(c.texts))
	}
	return w
}

// Field numbers of io/prometheus/client/metrics.proto.
const (
	familyName, familyHelp, familyKind, familyMetric                     = 1, 2, 3, 4
	metricLabel, metricGauge, metricCounter, metricHistogram             = 1, 2, 3, 7
	pairName, pairValue                                                  = 1, 2
	counterValue, counterExemplar, counterCreated, gaugeValue            = 1, 2, 3, 1
	histCount, histSum, histBucket, histSchema, histThreshold, histZeros = 1, 2, 3, 5, 6, 7
	histSpan, histDelta, histCreated                                     = 12, 13, 15
	bucketCount, bucketBound, bucketExemplar                             = 1, 2, 3
	spanOffset, spanLength                                               = 1, 2
	exemplarLabel, exemplarValue, exemplarTime, stampSeconds, stampNanos = 1, 2, 3, 1, 2
)

func appendVarint(b []byte, field protowire.Number, v uint64) []byte {
	return binary.AppendUvarint(protowire.AppendTag(b, field, protowire.VarintType), v)
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return binary.LittleEndian.AppendUint64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

func appendMessage[T []byte | string](b []byte, field protowire.Number, m T) []byte {
	b = binary.AppendUvarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(len(m)))
	return append(b, m...)
}

// write writes one family with its length before it.
func (w *protoWriter) write(out io.Writer, f *cutFamily) error {
	c := w.g.cut
	kind := familyType(f.Type)
	b := appendMessage(w.family[:0], familyName, f.Name)
	b = appendMessage(b, familyHelp, f.Help)
	b = appendVarint(b, familyKind, uint64(*kind))
	for i, ex := range f.shown(c.exemplars) {
		s := f.series.At(uint32(i))
		m := append(w.metric[:0], w.labels(w.prefixes, s.prefix, c.prefixes.At(s.prefix).text)...)
		m = append(m, w.labels(w.suffixes, s.suffix, c.texts[s.suffix])...)
		switch f.Type {
		case catalogue.Histogram:
			m = appendMessage(m, metricHistogram, w.histogram(f, s, ex))
		case catalogue.Gauge:
			m = appendMessage(m, metricGauge, appendDouble(w.value[:0], gaugeValue, c.value(f, s)))
		default:
			m = appendMessage(m, metricCounter, w.counter(f, s, ex))
		}
		w.metric = m
		b = appendMessage(b, familyMetric, m)
	}
	w.family = b
	var length [binary.MaxVarintLen64]byte
	if _, err := out.Write(binary.AppendUvarint(length[:0], uint64(len(b)))); err != nil {
		return err
	}
	_, err := out.Write(b)
	return err
}

// labels returns the encoded label pairs of a text, which cache holds by its number.
func (w *protoWriter) labels(cache [][]byte, id uint32, text string) []byte {
	if l := cache[id]; l != nil {
		return l
	}
	if len(w.arena)+2*len(text) > cap(w.arena) {
		w.arena = make([]byte, 0, max(64<<10, 4*len(text)))
	}
	from := len(w.arena)
	for text != "" {
		eq := strings.IndexByte(text, '=')
		end, escaped := closingQuote(text, eq+2)
		name, value := text[:eq], text[eq+2:end]
		if escaped {
			value = unescape(value)
		}
		w.part = appendMessage(appendMessage(w.part[:0], pairName, name), pairValue, value)
		w.arena = appendMessage(w.arena, metricLabel, w.part)
		text = strings.TrimPrefix(text[end+1:], ",")
	}
	cache[id] = w.arena[from:len(w.arena):len(w.arena)]
	return cache[id]
}

func (w *protoWriter) counter(f *cutFamily, s *series, ex []exemplar) []byte {
	v := appendDouble(w.value[:0], counterValue, w.g.cut.value(f, s))
	if len(ex) > 0 && ex[0].off == s.off && f.width > 0 {
		v = appendMessage(v, counterExemplar, w.exemplar(&ex[0]))
	}
	v = w.stamp(v, counterCreated, s.created)
	w.value = v
	return v
}

// stamp appends a google.protobuf.Timestamp, whose numbers are left out when they are 0.
func (w *protoWriter) stamp(b []byte, field protowire.Number, ms int64) []byte {
	var buf [24]byte
	p := buf[:0]
	if s := ms / 1000; s != 0 {
		p = appendVarint(p, stampSeconds, uint64(s))
	}
	if n := ms % 1000 * 1e6; n != 0 {
		p = appendVarint(p, stampNanos, uint64(n))
	}
	return appendMessage(b, field, p)
}

func (w *protoWriter) exemplar(x *exemplar) []byte {
	pair := appendMessage(appendMessage(nil, pairName, w.g.cut.table.opt.ExemplarLabel), pairValue, x.id())
	w.part = appendMessage(w.part[:0], exemplarLabel, pair)
	w.part = appendDouble(w.part, exemplarValue, float64(x.ms)/1000)
	w.part = w.stamp(w.part, exemplarTime, x.at)
	return w.part
}

func (w *protoWriter) histogram(f *cutFamily, s *series, ex []exemplar) []byte {
	c := w.g.cut
	n := uint32(len(f.buckets.bounds)) + 1
	values := c.values[s.off+1 : s.off+1+n]
	total := uint64(0)
	for _, v := range values {
		total += v
	}
	b := appendVarint(w.value[:0], histCount, total)
	b = appendDouble(b, histSum, float64(c.values[s.off])/1000)
	count := uint64(0)
	for i, v := range values {
		count += v
		bound := math.Inf(1)
		if i < len(f.buckets.bounds) {
			bound = float64(f.buckets.bounds[i]) / 1000
		}
		off := s.off + 1 + uint32(i)
		for len(ex) > 0 && ex[0].off < off {
			ex = ex[1:]
		}
		if len(ex) > 0 && ex[0].off == off {
			e := w.exemplar(&ex[0])
			p := appendDouble(appendVarint(nil, bucketCount, count), bucketBound, bound)
			b = appendMessage(b, histBucket, appendMessage(p, bucketExemplar, e))
			continue
		}
		b = protowire.AppendTag(b, histBucket, protowire.BytesType)
		b = append(b, byte(1+protowire.SizeVarint(count)+9))
		b = appendDouble(appendVarint(b, bucketCount, count), bucketBound, bound)
	}
	if f.width > f.buckets.width() {
		b = w.nativeParts(b, f, s, total)
	}
	b = w.stamp(b, histCreated, s.created)
	w.value = b
	return b
}

// nativeParts appends the fields of the native histogram.
func (w *protoWriter) nativeParts(b []byte, f *cutFamily, s *series, total uint64) []byte {
	h := &w.native
	h.Reset()
	h.SampleCount = &total
	w.g.nativeHistogram(h, f, s)
	if h.Schema == nil {
		return b
	}
	b = appendVarint(b, histSchema, protowire.EncodeZigZag(int64(h.GetSchema())))
	b = appendDouble(b, histThreshold, h.GetZeroThreshold())
	b = appendVarint(b, histZeros, h.GetZeroCount())
	for _, span := range h.PositiveSpan {
		w.part = appendVarint(w.part[:0], spanOffset, protowire.EncodeZigZag(int64(span.GetOffset())))
		w.part = appendVarint(w.part, spanLength, uint64(span.GetLength()))
		b = appendMessage(b, histSpan, w.part)
	}
	for _, d := range h.PositiveDelta {
		b = appendVarint(b, histDelta, protowire.EncodeZigZag(d))
	}
	return b
}
