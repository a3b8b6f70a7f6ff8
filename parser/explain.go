package parser

import (
	"haproxy_log_exporter/internal/diag"
)

// Explanation tells how a line was read. It shares no memory with the line.
type Explanation struct {
	Result   Result
	Envelope string // kind of envelope, "" when only a message was given
	Tag      string // syslog tag, when the envelope has one
	Message  string
	Repeat   uint64
	Format   string // the format's name, or its text
	Cut      bool   // the line ended before the format did
	Fields   []FieldText
	Parts    []FieldText   // method, path … as taken from the fields
	Problem  *diag.Problem // where the line first differs from the format; nil when it does not
}

// FieldText is one field of a line.
type FieldText struct {
	Name   string // as in the format: "%TR", "%[src]"
	Label  string // JSON key, word or name in the format, "" when it has none
	Class  string // lexical class
	Text   string // as logged
	Col    int    // 1-based place in the message
	Absent bool   // nothing printed, or "-" or ""
	Number int64  // when HasNumber
	// HasNumber is set for numeric fields; Plus for a + in front.
	HasNumber, Plus bool
}

// Explain reads a message like Parse and tells each field, and where a refused message first
// differs. It is slow and meant for people.
func (p *Program) Explain(msg []byte) Explanation {
	var rec Record
	ex := Explanation{Result: p.Parse(msg, &rec), Message: string(msg), Repeat: 1, Format: p.Name(), Cut: rec.cut}
	m := &rec.m
	_, ok := p.search(msg, &rec)
	spans := m.spans
	if !ok {
		spans = m.cut
		if m.cutItem < 0 || m.failItem > m.cutItem {
			spans = p.reached(msg, m)
		}
	}
	for k := range p.items {
		if it := &p.items[k]; it.class != clsLiteral && (ok || spans[k].off >= 0) {
			ex.Fields = append(ex.Fields, p.fieldText(msg, it, spans[k]))
		}
	}
	var full Record
	p.Parse(msg, &full)
	for _, f := range []Field{Method, Target, Path, Query, Protocol, Host} {
		if b := full.Bytes(f); b != nil {
			ex.Parts = append(ex.Parts, FieldText{Name: f.String(), Text: string(b), Class: clsURL.String()})
		}
	}
	if ex.Result.Refused() || ex.Cut {
		ex.Problem = p.problem(msg, m, ok)
	}
	return ex
}

// Name returns the name of the Format the program was compiled from, or its text.
func (p *Program) Name() string {
	if p.name != "" {
		return p.name
	}
	return p.text
}

// reached returns the spans of the fields before the one that did not fit.
func (p *Program) reached(msg []byte, m *matcher) []span {
	short := *p
	short.items = p.items[:max(m.failItem, 0)]
	spans := make([]span, len(p.items))
	for k := range spans {
		spans[k] = span{-1, -1}
	}
	if len(short.items) == 0 {
		return spans
	}
	// The fields before are read again, up to where the failing one began.
	short.loose, short.need, short.fixed = p.loose[:len(short.items)], p.need[:len(short.items)], p.fixed[:len(short.items)]
	var again matcher
	for end := m.failPos; end >= 0; end-- {
		again.reset(&short, msg[:end])
		again.prune = false
		if again.match(0, 0, false) {
			copy(spans, again.spans)
			break
		}
	}
	return spans
}

func (p *Program) fieldText(msg []byte, it *item, s span) FieldText {
	t := FieldText{Name: it.name, Label: it.label, Class: it.class.String(), Absent: true}
	if s.off < 0 {
		return t
	}
	b := msg[s.off:s.end]
	t.Text, t.Col = string(b), int(s.off)+1
	t.Absent = len(b) == 0 || string(b) == "-" || string(b) == "null" || string(b) == `""`
	if t.Absent {
		return t
	}
	n, flags, ok := number(it, b)
	t.Number, t.HasNumber, t.Plus = n, ok, flags&vPlus != 0
	return t
}

// problem says where and why the message does not follow the format.
func (p *Program) problem(msg []byte, m *matcher, ambiguous bool) *diag.Problem {
	q := &diag.Problem{Source: "line", Text: string(msg), Col: 1, Len: 1}
	k, at, cut := m.failItem, m.failPos, false
	if m.cutItem >= 0 && m.cutItem >= k {
		k, at, cut = m.cutItem, m.cutPos, true
	}
	switch {
	case ambiguous && m.failItem == 0 && m.failValue:
		q.Msg = "the line can be read in more than one way, with different values"
		q.Hint = "a text that a client sent holds the separators of the format; print it last, or with {+Q,+E}"
		return q
	case k < 0 || k >= len(p.items):
		q.Col, q.Msg = at+1, "the line goes on after the end of the format"
		return q
	}
	it := &p.items[k]
	q.Col = at + 1
	switch {
	case cut:
		q.Msg, q.Len = "the line ends inside "+it.described(), len(msg)-at
		q.Hint = "raise the length of the log target: log … len 8192"
	case it.class == clsLiteral:
		q.Msg = "the format has " + it.described() + " here"
	case m.failValue:
		q.Msg = "no " + it.class.String() + ": " + it.name + " does not fit"
	default:
		q.Msg = "the line differs at " + it.described()
	}
	return q
}

func (it *item) described() string {
	if it.class == clsLiteral {
		return "the text " + `"` + it.lit + `"`
	}
	return it.name + " (" + it.class.String() + ")"
}

// Explain reads a line like Line and tells how. The Reader learns nothing from it but the envelope.
func (r *Reader) Explain(line []byte) Explanation {
	var rec Record
	last := r.last
	res := r.Line(line, &rec)
	p, msg := r.last, rec.buf
	r.last = last
	if !res.Counted() {
		p = r.nearest(msg)
	}
	var ex Explanation
	if len(msg) > 0 && (res.Counted() || res.Refused() || res == ResultLogStep) {
		ex = p.Explain(msg)
	}
	ex.Result, ex.Repeat, ex.Message = res, rec.Repeat(), string(msg)
	ex.Envelope, ex.Tag = r.Envelope(), string(r.Tag())
	return ex
}

// nearest returns the program that gets furthest in a refused message.
func (r *Reader) nearest(msg []byte) *Program {
	best, depth := r.last, -1
	for _, p := range r.programs {
		var rec Record
		if _, ok := p.search(msg, &rec); ok {
			return p
		}
		if d := rec.m.reached(); d > depth {
			best, depth = p, d
		}
	}
	return best
}
