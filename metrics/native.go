package metrics

import (
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
)

// zeroThreshold is the width of the zero bucket that client_golang uses by default: 2^-128.
const zeroThreshold = 2.938735877055719e-39

// nativeHistogram adds the native buckets of a series to its message. They are left out when they do not
// hold the same observations as the classic ones, which happens after an upgrade from a snapshot without them.
func (g *gatherer) nativeHistogram(h *dto.Histogram, f *cutFamily, s *series) {
	c := g.cut
	if g.native == nil {
		g.indexNative(f)
	}
	zeros := c.values[s.off+uint32(f.buckets.width())] // they follow the classic histogram
	total := zeros
	octaves := g.native[seriesKey(s)]
	for _, o := range octaves {
		for _, v := range c.values[o.off : o.off+nativePerOctave] {
			total += v
		}
	}
	if total != h.GetSampleCount() {
		return
	}
	schema, threshold := int32(nativeSchema), zeroThreshold
	h.Schema, h.ZeroThreshold, h.ZeroCount = &schema, &threshold, &zeros
	last, previous := 0, int64(0)
	var span *dto.BucketSpan
	for _, o := range octaves {
		for i, v := range c.values[o.off : o.off+nativePerOctave] {
			if v == 0 {
				continue
			}
			key := nativeFirstKey + o.octave*nativePerOctave + i
			gap := key - last
			if span == nil || gap > 2 { // a gap of up to two empty buckets costs less than a span
				offset, length := int32(gap), uint32(0)
				span = &dto.BucketSpan{Offset: &offset, Length: &length}
				h.PositiveSpan = append(h.PositiveSpan, span)
			} else {
				for ; gap > 0; gap-- {
					h.PositiveDelta = append(h.PositiveDelta, -previous)
					previous = 0
					*span.Length++
				}
			}
			h.PositiveDelta = append(h.PositiveDelta, int64(v)-previous)
			previous = int64(v)
			*span.Length++
			last = key + 1
		}
	}
	if len(h.PositiveSpan) == 0 && zeros == 0 {
		// A native histogram without observations is told from a classic one by an empty span.
		offset, length := int32(0), uint32(0)
		h.PositiveSpan = []*dto.BucketSpan{{Offset: &offset, Length: &length}}
	}
}

// seriesKey tells series of request_duration apart: each has values of its own.
func seriesKey(s *series) uint64 { return uint64(s.off) }

// indexNative finds the octaves of every series of request_duration; both are known by their prefix.
func (g *gatherer) indexNative(f *cutFamily) {
	classic := make(map[uint32]uint64, f.series.Len())
	for i := range f.series.Len() {
		s := f.series.At(uint32(i))
		classic[s.prefix] = seriesKey(s)
	}
	g.native = make(map[uint64][]nativeOctave, f.series.Len())
	for i := range g.cut.native.Len() {
		n := g.cut.native.At(uint32(i))
		k := classic[n.prefix]
		g.native[k] = append(g.native[k], nativeOctave{octave: strings.IndexByte(octaveMarks, g.cut.texts[n.suffix][0]), off: n.off})
	}
	for _, l := range g.native {
		slices.SortFunc(l, func(a, b nativeOctave) int { return a.octave - b.octave })
	}
}
