package metrics

import (
	"io"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"haproxy_log_exporter/metrics/catalogue"
)

// Page is all that one scrape shows. Its parts do not change while it is written, so concurrent scrapes can
// share one page. Families come in the order of the catalogue and are never split; those of Extra are last.
type Page struct {
	Cut *Cut // nil: nothing counted from lines is shown at all
	// HideLog leaves out what is counted from requests, while a backlog is read; what Cut knows about
	// lines and limits is shown.
	HideLog bool
	Samples *Samples            // nil for none
	Extra   []*dto.MetricFamily // such as those of the Go runtime; names must not be in the catalogue
	Created bool                // _created lines in OpenMetrics text
}

// each calls one of the functions for every family of the page, in order.
func (p *Page) each(fromCut func(*cutFamily), fromSamples func(*sampleSet)) {
	next := 0
	for i := 0; ; i++ {
		var f *cutFamily
		if p.Cut != nil && next < len(p.Cut.families) && p.Cut.families[next].order == i {
			f = &p.Cut.families[next]
			next++
		}
		switch {
		case f != nil && (!p.HideLog || f.Group == catalogue.Self):
			fromCut(f)
		case p.Samples != nil && i < len(p.Samples.sets) && p.Samples.sets[i] != nil:
			fromSamples(p.Samples.sets[i])
		}
		if (p.Samples == nil || i >= len(p.Samples.sets)) && (p.Cut == nil || next == len(p.Cut.families)) {
			return
		}
	}
}

// WriteText writes the page in the text format 0.0.4.
func (p *Page) WriteText(out io.Writer) error { return p.write(out, false) }

// WriteOpenMetrics writes the page in OpenMetrics text 1.0.0, with its final # EOF.
func (p *Page) WriteOpenMetrics(out io.Writer) error { return p.write(out, true) }

// WriteProtobuf writes the page as delimited protobuf messages, with created timestamps and native histograms.
func (p *Page) WriteProtobuf(out io.Writer) error {
	enc := expfmt.NewEncoder(out, expfmt.NewFormat(expfmt.TypeProtoDelim))
	w := newProtoWriter(p.Cut)
	var err error
	message := func(f *dto.MetricFamily) {
		if err == nil {
			err = enc.Encode(f)
		}
	}
	p.each(func(f *cutFamily) {
		if err == nil && f.visible() {
			err = w.write(out, f)
		}
	}, func(s *sampleSet) { message(sampleFamily(s)) })
	for _, f := range p.Extra {
		message(f)
	}
	return err
}

func (p *Page) write(out io.Writer, om bool) error {
	w := &textWriter{w: out, om: om, created: p.Created, b: make([]byte, 0, flushAt+16<<10)}
	p.each(func(f *cutFamily) { w.family(p.Cut, f) }, w.set)
	w.flush()
	for _, f := range p.Extra {
		if w.err != nil {
			return w.err
		}
		if om {
			_, w.err = expfmt.MetricFamilyToOpenMetrics(out, f, p.encoderOptions()...)
		} else {
			_, w.err = expfmt.MetricFamilyToText(out, f)
		}
	}
	if om && w.err == nil {
		_, w.err = expfmt.FinalizeOpenMetrics(out)
	}
	return w.err
}

func (p *Page) encoderOptions() []expfmt.EncoderOption {
	if p.Created {
		return []expfmt.EncoderOption{expfmt.WithCreatedLines()}
	}
	return nil
}

// WriteText writes only what is counted from lines; see Page.
func (c *Cut) WriteText(out io.Writer) error { return (&Page{Cut: c}).WriteText(out) }

// WriteOpenMetrics writes only what is counted from lines; see Page.
func (c *Cut) WriteOpenMetrics(out io.Writer) error { return (&Page{Cut: c}).WriteOpenMetrics(out) }

// Gather returns only what is counted from lines; see Page.
func (c *Cut) Gather() []*dto.MetricFamily { return (&Page{Cut: c}).Gather() }
