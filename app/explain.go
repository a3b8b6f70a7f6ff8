package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/parser"
)

// ExplainOptions are the flags of explain.
type ExplainOptions struct {
	Log  string
	JSON bool
}

// explained is one line, taken apart. It is also the JSON form.
type explained struct {
	Line     string              `json:"line"`
	Result   string              `json:"result"`
	Repeat   uint64              `json:"repeat"`
	Envelope string              `json:"envelope"`
	Tag      string              `json:"tag,omitempty"`
	Format   string              `json:"format,omitempty"`
	Problem  string              `json:"problem,omitempty"`
	Fields   []explainedField    `json:"fields,omitempty"`
	Parts    []explainedField    `json:"parts,omitempty"`
	Labels   *labels.Explanation `json:"labels,omitempty"`
	Rule     string              `json:"rule,omitempty"` // the outcome rule that decided
	When     string              `json:"when,omitempty"` // its condition
	Series   []explainedSeries   `json:"series"`         // what the line moves
}

type explainedField struct {
	Name   string `json:"name"`
	Text   string `json:"text"`
	Class  string `json:"class"`
	Number *int64 `json:"number,omitempty"`
	Absent bool   `json:"absent,omitempty"`
}

type explainedSeries struct {
	Name  string  `json:"name"`
	Delta float64 `json:"delta"`
}

// explainer takes lines apart with a table of its own, so that what a line moves is what changes.
type explainer struct {
	plan  *plan
	in    *ingest
	shard *metrics.Shard
	last  *metrics.Cut
}

// Explain prints every field, label and series of each line.
func Explain(ctx context.Context, o Options, eo ExplainOptions, std Streams) error {
	path := eo.Log
	if path == "" {
		path = "-"
	}
	p, err := planOf(o, []string{path}, true)
	if err != nil {
		return err
	}
	e := &explainer{plan: p, shard: p.newShard(0)}
	if e.in, err = p.newIngest(0, e.shard); err != nil {
		return err
	}
	e.last = e.cut()
	f, err := openLog(path, std.In)
	if err != nil {
		return err
	}
	defer f.Close()
	var failed error
	err = blocks(newProgress(io.Discard, 0).reader(ctx, f), func(b []byte) {
		for line := range strings.Lines(string(b)) {
			if failed == nil {
				failed = e.print(std.Out, strings.TrimSuffix(line, "\n"), eo.JSON)
			}
		}
	}, func() {})
	if failed != nil {
		return failed
	}
	return err
}

func (e *explainer) cut() *metrics.Cut {
	var part metrics.Part
	e.shard.Copy(&part)
	return e.plan.table.Merge(&part)
}

func (e *explainer) print(w io.Writer, line string, asJSON bool) error {
	x := e.line(line)
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(x)
	}
	return x.text(w)
}

// line counts the line and tells what that did.
func (e *explainer) line(line string) *explained {
	raw := append([]byte(line), make([]byte, slack)...)[:len(line)]
	ex := e.in.reader.Explain(raw)
	x := &explained{Line: line, Result: ex.Result.String(), Repeat: ex.Repeat, Envelope: ex.Envelope, Tag: ex.Tag, Format: ex.Format,
		Fields: fieldTexts(ex.Fields), Parts: fieldTexts(ex.Parts), Series: []explainedSeries{}}
	if ex.Problem != nil {
		x.Problem = strings.TrimRight(diag.List{*ex.Problem}.Error(), "\n")
	}
	e.in.each = func(rec *parser.Record, res parser.Result) {
		if res.Counted() {
			l := e.plan.schemas[0].Explain(rec, nil)
			x.Labels = &l
		}
		if res == parser.ResultHTTP {
			r := e.in.counter.Rule(rec)
			x.Rule, x.When = r.Name, r.When
		}
	}
	e.in.line(raw)
	now := e.cut()
	for _, c := range now.Changes(e.last) {
		x.Series = append(x.Series, explainedSeries{c.Name + "{" + c.Labels + "}", c.Delta})
	}
	e.last = now
	return x
}

func fieldTexts(in []parser.FieldText) []explainedField {
	var out []explainedField
	for _, f := range in {
		name := f.Name
		if f.Label != "" {
			name = f.Label + " " + name
		}
		e := explainedField{Name: name, Text: f.Text, Class: f.Class, Absent: f.Absent}
		if f.HasNumber {
			e.Number = &f.Number
		}
		out = append(out, e)
	}
	return out
}

// text prints the explanation for people.
func (x *explained) text(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", labels.Sanitise([]byte(x.Line)))
	fmt.Fprintf(w, "  result\t%s", x.Result)
	if x.Repeat > 1 {
		fmt.Fprintf(w, ", stands for %d lines", x.Repeat)
	}
	fmt.Fprintf(w, "\n  envelope\t%s %s\n", x.Envelope, x.Tag)
	if x.Format != "" {
		fmt.Fprintf(w, "  format\t%s\n", x.Format)
	}
	if x.Problem != "" {
		fmt.Fprintf(w, "  problem\n%s\n", indent(x.Problem))
	}
	for _, f := range append(x.Fields, x.Parts...) {
		value := labels.Sanitise([]byte(f.Text))
		if f.Absent {
			value += " (no value)"
		}
		fmt.Fprintf(w, "  field\t%s\t%s\t%s\n", f.Name, f.Class, value)
	}
	if x.Labels != nil {
		for _, l := range x.Labels.Labels {
			fmt.Fprintf(w, "  label\t%s\t%q\t%s %s\n", l.Name, l.Value, l.From, l.Why)
		}
		for _, r := range x.Labels.Rules {
			if !r.Fits {
				fmt.Fprintf(w, "  no fit\t%s %s\t%s\n", r.From, r.Template, r.Why)
			}
		}
		fmt.Fprintf(w, "  server\t%s\n", x.Labels.Why)
	}
	if x.Rule != "" {
		fmt.Fprintf(w, "  outcome\t%s\t%s\n", x.Rule, x.When)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range x.Series {
		if _, err := fmt.Fprintf(out, "  +%g %s\n", s.Delta, s.Name); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out)
	return err
}

func indent(s string) string { return "    " + strings.ReplaceAll(s, "\n", "\n    ") }
