package metrics

import (
	"io"

	"haproxy_log_exporter/metrics/catalogue"
)

// textWriter writes the text formats: Prometheus' 0.0.4 and OpenMetrics 1.0.0. Label text is escaped once,
// when a series is born, and numbers are printed from integers; the bytes equal expfmt's for the same
// families, which a test compares.
type textWriter struct {
	w       io.Writer
	om      bool
	created bool // _created lines, in OpenMetrics
	b       []byte
	head    []byte
	err     error
}

// flushAt is how much is collected before it is written out: whole pages, because a file that is written in other pieces
// costs half as much again.
const flushAt = 128 << 10

// some writes out what is collected, when that is enough.
func (w *textWriter) some() {
	if len(w.b) >= flushAt {
		w.write(len(w.b) / flushAt * flushAt)
	}
}

// flush writes out all that is collected.
func (w *textWriter) flush() { w.write(len(w.b)) }

func (w *textWriter) write(n int) {
	if w.err == nil && n > 0 {
		_, w.err = w.w.Write(w.b[:n])
	}
	w.b = append(w.b[:0], w.b[n:]...)
}

// header writes HELP and TYPE and returns the name that samples have.
func (w *textWriter) header(f *catalogue.Family) string {
	name, typ := f.Name, f.Type.String()
	if w.om && f.Type == catalogue.Counter {
		if base, ok := cutTotal(name); ok {
			name = base
		} else {
			typ = "unknown" // HAProxy names some counters without _total
		}
	}
	w.b = append(w.b, "# HELP "...)
	w.b = append(w.b, name...)
	w.b = append(w.b, ' ')
	w.b = appendEscaped(w.b, f.Help, w.om)
	w.b = append(w.b, "\n# TYPE "...)
	w.b = append(w.b, name...)
	w.b = append(w.b, ' ')
	w.b = append(w.b, typ...)
	w.b = append(w.b, '\n')
	return f.Name
}

func cutTotal(name string) (string, bool) {
	const suffix = "_total"
	if len(name) > len(suffix) && name[len(name)-len(suffix):] == suffix {
		return name[:len(name)-len(suffix)], true
	}
	return name, false
}

// set writes a family of Samples.
func (w *textWriter) set(s *sampleSet) {
	name := w.header(&s.family.Family)
	for i := range s.samples {
		w.b = append(w.b, name...)
		if l := s.samples[i].labels; l != "" {
			w.b = append(w.b, '{')
			w.b = append(w.b, l...)
			w.b = append(w.b, '}')
		}
		w.b = append(w.b, ' ')
		w.b = appendFloat(w.b, s.samples[i].value, w.om)
		w.b = append(w.b, '\n')
		w.some()
	}
}

// family writes a family of a cut.
func (w *textWriter) family(c *Cut, f *cutFamily) {
	if !f.visible() {
		return
	}
	name := w.header(&f.Family.Family)
	for i, ex := range f.shown(c.exemplars) {
		s := f.series.At(uint32(i))
		if f.Type == catalogue.Histogram {
			w.histogram(c, f, s, name, ex)
		} else {
			w.single(c, f, s, name, ex)
		}
		w.some()
	}
}

// labels appends the label text of a series to b, without braces.
func (c *Cut) labels(b []byte, s *series) []byte {
	b = append(b, c.prefixes.At(s.prefix).text...)
	if s.suffix != 0 {
		if len(c.prefixes.At(s.prefix).text) > 0 {
			b = append(b, ',')
		}
		b = append(b, c.texts[s.suffix]...)
	}
	return b
}

func (c *Cut) unlabelled(s *series) bool { return s.suffix == 0 && c.prefixes.At(s.prefix).text == "" }

func (w *textWriter) sample(c *Cut, s *series, name, suffix string) {
	w.b = append(w.b, name...)
	w.b = append(w.b, suffix...)
	if !c.unlabelled(s) {
		w.b = append(w.b, '{')
		w.b = c.labels(w.b, s)
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ' ')
}

func (w *textWriter) single(c *Cut, f *cutFamily, s *series, name string, ex []exemplar) {
	w.sample(c, s, name, "")
	switch {
	case f.width == 0:
		w.b = appendCount(w.b, 1, w.om)
	case f.Milliseconds:
		w.b = appendSeconds(w.b, c.values[s.off], w.om)
	default:
		w.b = appendCount(w.b, c.values[s.off], w.om)
	}
	if w.om && len(ex) > 0 && ex[0].off == s.off && f.Type == catalogue.Counter {
		w.exemplar(c, &ex[0])
	}
	w.b = append(w.b, '\n')
	if f.Type == catalogue.Counter {
		base, _ := cutTotal(name)
		w.createdLine(c, s, base)
	}
}

func (w *textWriter) histogram(c *Cut, f *cutFamily, s *series, name string, ex []exemplar) {
	w.head = append(w.head[:0], name...)
	w.head = append(w.head, "_bucket{"...)
	w.head = c.labels(w.head, s)
	if !c.unlabelled(s) {
		w.head = append(w.head, ',')
	}
	le := f.buckets.le
	if w.om {
		le = f.buckets.leOM
	}
	values := c.values[s.off+1 : s.off+uint32(f.buckets.width())]
	count := uint64(0)
	for i, l := range le {
		count += values[i]
		w.b = append(w.b, w.head...)
		w.b = append(w.b, l...)
		w.b = append(w.b, '}', ' ')
		w.b = w.count(count)
		if off := s.off + 1 + uint32(i); w.om {
			for len(ex) > 0 && ex[0].off < off {
				ex = ex[1:]
			}
			if len(ex) > 0 && ex[0].off == off {
				w.exemplar(c, &ex[0])
			}
		}
		w.b = append(w.b, '\n')
	}
	w.sample(c, s, name, "_sum")
	w.b = appendSeconds(w.b, c.values[s.off], w.om)
	w.b = append(w.b, '\n')
	w.sample(c, s, name, "_count")
	w.b = w.count(count)
	w.b = append(w.b, '\n')
	w.createdLine(c, s, name)
}

// count appends the count of a bucket or histogram: a float in the classic format, an integer in OpenMetrics.
func (w *textWriter) count(n uint64) []byte {
	if w.om {
		return appendUint(w.b, n)
	}
	return appendCount(w.b, n, false)
}

func (w *textWriter) createdLine(c *Cut, s *series, base string) {
	if !w.om || !w.created {
		return
	}
	w.sample(c, s, base, "_created")
	w.b = appendFloat(w.b, float64(s.created*1e6)/1e9, true)
	w.b = append(w.b, '\n')
}

// exemplar appends the exemplar of the sample just written.
func (w *textWriter) exemplar(c *Cut, x *exemplar) {
	w.b = append(w.b, " # {"...)
	w.b = append(w.b, c.table.opt.ExemplarLabel...)
	w.b = append(w.b, '=', '"')
	w.b = appendEscaped(w.b, string(x.id()), true)
	w.b = append(w.b, '"', '}', ' ')
	w.b = appendFloat(w.b, float64(x.ms)/1000, true)
	w.b = append(w.b, ' ')
	w.b = appendFloat(w.b, float64(x.at*1e6)/1e9, true)
}

// visible reports whether the family has anything to show.
func (f *cutFamily) visible() bool {
	if f.hidden == nil {
		return f.series.Len() > 0
	}
	for _, h := range f.hidden {
		if !h {
			return true
		}
	}
	return false
}
