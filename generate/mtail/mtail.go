// Package mtail writes a program for google/mtail that counts what this exporter counts from the same
// log-format and labels, as far as mtail's language can say it. It is a way out for a site that has mtail
// already, and an independent check of the exporter in tests.
//
// The traps of mtail 3.0.0-rc50 (Debian 12) that the program avoids: a pattern begins with a regular
// expression, blocks stand on lines of their own, no constant is unused, a histogram's first bound is
// negative (an observation of 0 would enter no bucket), and no negative value is observed.
package mtail

import (
	"fmt"
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// Options say what the program is written for.
type Options struct {
	Formats []parser.Format
	Labels  spec.Spec
	Buckets []float64 // upper bounds of the histograms, in seconds, ascending
}

// mostRegexp is the longest expression that mtail accepts unless told otherwise.
const mostRegexp = 1024

// Program writes the program. The error is a diag.List with everything that mtail cannot express.
func Program(opt Options) (string, error) {
	g := &generator{opt: opt, names: opt.Labels.Names()}
	for _, f := range opt.Formats {
		p, err := compile(f)
		if err != nil {
			g.problems = append(g.problems, diag.All(f.Name, err)...)
			continue
		}
		g.format(f, p)
	}
	for _, r := range opt.Labels.Rules {
		if r.Map != nil {
			g.problems.Add(r.From.Problem("labels from a map cannot be written as an mtail program", "leave the map out, or log its value"))
		}
	}
	if len(opt.Labels.Vocabularies) > 0 {
		g.notes = append(g.notes, "Vocabularies and limits are not part of it: every value is a label value of its own.")
	}
	if err := g.problems.Err(); err != nil {
		return "", err
	}
	return g.text(), nil
}

func compile(f parser.Format) (*parser.Program, error) {
	text := f.Text
	if preset, ok := parser.Preset(text); ok {
		text = preset
	}
	return parser.Compile(text)
}

type generator struct {
	opt      Options
	names    []string
	problems diag.List
	notes    []string
	body     strings.Builder
	longest  int
}

// capture is a field that the program needs, with the name of its group.
type capture struct {
	group string
	field parser.Field
}

// captures lists the groups of a format's expression, in the order of preference.
func captures() []capture {
	return []capture{
		{"frontend", parser.Frontend}, {"backend", parser.Backend}, {"server", parser.Server}, {"status", parser.Status},
		{"ta", parser.TimeActive}, {"tr", parser.TimeResponse}, {"bytes", parser.BytesSent}, {"retries", parser.Retries},
		{"ts", parser.TerminationState}, {"method", parser.Method}, {"path", parser.Path}, {"path", parser.Target}, {"request", parser.RequestLine},
		{"host", parser.Host}, {"src", parser.ClientAddr},
	}
}

const (
	authority = `(?:[a-zA-Z][\w+.-]*:\/\/[^\/ "?]*)?`
	path      = `(?P<path>[^ "?]*)(?:\?[^ "]*)?`
	request   = `(?:<BADREQ>|(?P<method>[^ "\/]+) ` + authority + path + `(?: HTTP\/[\d.]+)?)`
)

// format writes the block for the lines of one format.
func (g *generator) format(f parser.Format, p *parser.Program) {
	re, have := g.expression(f, p)
	for _, r := range g.opt.Labels.Rules {
		if _, ok := source(r, have); !ok && p.HTTP() {
			g.problems.Add(r.From.Problem("the log-format has no field for the labels from "+r.From.Value, "log-format "+p.Text()))
		}
	}
	g.longest = max(g.longest, len(re))
	fmt.Fprintf(&g.body, "\n# log-format %s\n/%s/ {\n", strings.ReplaceAll(p.Text(), "\n", " "), re)
	if p.HTTP() {
		g.requests(have)
	} else {
		g.sessions(have)
	}
	g.body.WriteString("  stop\n}\n")
}

// expression turns a format into a regular expression with a group for each field that is needed.
func (g *generator) expression(f parser.Format, p *parser.Program) (string, map[string]bool) {
	var b strings.Builder
	b.WriteString(`(?:^|[ >])`) // behind the header of syslog, if any
	have := map[string]bool{}
	parts := p.Parts()
	for i := 0; i < len(parts); i++ {
		part := parts[i]
		if part.Name == "" {
			literal := part.Literal
			if i+1 == len(parts) {
				literal = strings.TrimRight(literal, ` "`) // a cut line has lost it
			}
			b.WriteString(parser.QuoteLiteral(literal))
			continue
		}
		if part.JSON {
			g.problems.Add(diag.Problem{Source: f.Name, Text: p.Text(), Msg: "JSON cannot be read by an mtail program: " + part.Name, Hint: "keep the exporter for this format"})
			return "", have
		}
		text := g.group(part, have)
		switch next := i+1 < len(parts) && strings.HasPrefix(parts[i+1].Literal, " "); {
		case part.Vanishes && text == "" && next && part.Swallows:
			parts[i+1].Literal = parts[i+1].Literal[1:]
		case part.Vanishes && next && part.Swallows:
			text = "(?:" + text + " )?"
			parts[i+1].Literal = parts[i+1].Literal[1:]
		case part.Vanishes && next:
			text = "(?:" + text + ")? ?"
			parts[i+1].Literal = parts[i+1].Literal[1:]
		case part.Vanishes:
			text = "(?:" + text + ")?"
		}
		b.WriteString(text)
	}
	return b.String(), have
}

// group is the expression of a field, within a named group when the program needs it.
func (g *generator) group(part parser.Part, have map[string]bool) string {
	i := slices.IndexFunc(captures(), func(c capture) bool { return c.field == part.Field })
	if i < 0 || part.Field == parser.FieldNone {
		return part.Pattern
	}
	name := captures()[i].group
	if have[name] || name == "request" && (have["method"] || have["path"]) {
		return part.Pattern
	}
	switch name {
	case "request":
		have["method"], have["path"] = true, true
		return request
	case "path":
		have["path"] = true
		return `(?:<BADREQ>|` + authority + path + `)`
	case "method":
		have["method"] = true
		return `(?:<BADREQ>|(?P<method>[^ "\/]+))`
	case "frontend":
		have[name] = true
		return `(?P<frontend>[^ "~\/|,]+)~?`
	case "ts":
		have[name] = true
		if part.Pattern == `[-\w]{4}` {
			return `(?P<ts>[-\w]{2})[-\w]{2}`
		}
		return `(?P<ts>` + part.Pattern + `)`
	case "ta", "bytes", "retries":
		have[name] = true
		return `(?P<` + name + `_plus>\+?)(?P<` + name + `>-?\d+)`
	}
	have[name] = true
	return `(?P<` + name + `>` + part.Pattern + `)`
}
