package parser

import (
	"bytes"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// Program is a compiled log-format. It is immutable and may be shared by goroutines.
type Program struct {
	name    string // of its Format
	text    string
	items   []item
	encoded bool    // {+json} holds for the whole line
	http    bool    // lines are requests; else sessions
	errFmt  bool    // an error-log-format
	guessed bool    // … by its fields; nobody has called it one
	weak    bool    // no field would refuse a notice
	strict  bool    // takes no line of another format for its own
	direct  bool    // may be tried before more specific formats of its Set
	rank    int     // how specific: the number of typed fields
	slots   int     // slots of the Record that the program may use
	shaped  *object // the JSON it prints, nil when it prints something else

	// What the matcher needs to know, see analyse.
	tail       int    // from this item on only what may be missing follows
	loose      []int  // per item: its index among those with more than one possible end, or -1
	looseItems int    //
	fixed      []bool // per item: must stand at one place only
	check      bool   // uniqueness cannot be proven from the format: look at each line
	guard      byte   // … unless this byte occurs as often as in the format
	guardCount int    // -1: no such byte
	cookies    bool   // … and only lines with a captured cookie
	need       []int  // per item: how often the first byte of the next literal must still come

	ops   []op
	steps []step // the quick form of each op; nil when there is none
	term  byte   // the separator of the quick steps, see separator
}

// Compile compiles a log-format string of any HAProxy version from 1.5 to 3.5. The error is a
// diag.List with every problem and its place in the string. Names of presets are resolved by
// Preset, not here; ${HAPROXY_HTTP_LOG_FMT} and its sisters are.
func Compile(format string) (*Program, error) {
	p, err := compile(Format{Text: format}, true)
	if err != nil {
		return nil, err
	}
	w := wants{all: true}
	return p.bind(&w, &Format{}), nil
}

// compile compiles a Format. Without expand ${HAPROXY_…_LOG_FMT} is literal text, which is what
// HAProxy before 2.8 prints for it when the quotes around the format are single ones.
func compile(f Format, expand bool) (*Program, error) {
	items, encoded, problems := parseFormat(f.Text, expand)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if len(items) > maxItems {
		return nil, diag.List{{Source: "log-format", Text: f.Text, Msg: "the format has too many fields"}}
	}
	p := &Program{name: f.Name, text: f.Text, items: items, encoded: encoded, errFmt: f.ErrorFormat, guardCount: -1}
	if !p.errFmt {
		p.errFmt = p.onlyErrors()
		p.guessed = p.errFmt
	}
	p.captures(&f)
	p.provide()
	p.analyse()
	p.shaped = p.shape()
	return p, nil
}

// onlyErrors recognises an error-log-format that nobody has called one: it prints what went wrong on the
// frontend's connection, and nothing about a request or how a session ended.
func (p *Program) onlyErrors() bool {
	found := false
	for k := range p.items {
		switch it := &p.items[k]; {
		case it.field == Status || it.field == BytesSent || it.field == TerminationState || it.field == RequestLine || it.field == Method:
			return false
		case it.field == FrontendError || strings.HasPrefix(it.expr, "fc_err"):
			found = true
		}
	}
	return found
}

// maxItems bounds recursion and memory; the longest format seen in the wild has 160 fields.
const maxItems = 2000

// Text returns the log-format string.
func (p *Program) Text() string { return p.text }

// HTTP reports whether lines of the format are requests; else they are TCP sessions.
func (p *Program) HTTP() bool { return p.http }

// captures tells the fields of captured headers how many there are.
func (p *Program) captures(f *Format) {
	known := len(f.Captures)+len(f.ResponseCaptures) > 0
	for i := range p.items {
		it := &p.items[i]
		n := -1
		switch it.alias {
		case "hr", "hrl":
			n = len(f.Captures)
		case "hs", "hsl":
			n = len(f.ResponseCaptures)
		}
		if known && n >= 0 {
			it.count, it.never = n, n == 0
		}
	}
}

// Parse parses one message, without its envelope, into rec. Slices of rec point into msg.
func (p *Program) Parse(msg []byte, rec *Record) Result {
	if len(msg) == 0 {
		rec.begin(p, msg)
		return ResultEmpty
	}
	if len(msg) > MaxLine {
		rec.begin(p, nil)
		return ResultTooLong
	}
	if res, ok := p.parse(msg, rec); ok {
		return res
	}
	if p.shaped != nil {
		if res, ok := p.object(msg, rec); ok {
			return res
		}
		p.search(msg, rec) // again, for how far it goes
	}
	return p.partial(msg, rec)
}

// parse reads a complete message; ok is false when it does not follow the format to its end.
func (p *Program) parse(msg []byte, rec *Record) (Result, bool) {
	if res, ok := p.flat(msg, rec); ok {
		return res, true
	}
	return p.search(msg, rec)
}

// flat reads a complete message in one pass when that is certain to be the only reading.
func (p *Program) flat(msg []byte, rec *Record) (Result, bool) {
	if p.ops != nil && p.run(msg, rec) && p.sure(msg, rec) {
		return p.result(rec), true
	}
	return ResultLiteral, false
}

// sure reports whether the reading of a message in one pass is the only one.
func (p *Program) sure(msg []byte, rec *Record) bool {
	return !p.check || p.cookies && !rec.cookie || p.guarded(msg)
}

// cookieIn reports whether the matcher found a captured cookie.
func (p *Program) cookieIn(m *matcher) bool {
	for k := range p.items {
		if s := m.spans[k]; p.items[k].class == clsCookie && s.end-s.off > 1 {
			return true
		}
	}
	return false
}

// guarded reports whether the message has one reading for sure.
func (p *Program) guarded(msg []byte) bool {
	return p.guardCount >= 0 && bytes.Count(msg, []byte{p.guard}) == p.guardCount
}

// search reads a message that the flat program gave up, or that needs a second look.
func (p *Program) search(msg []byte, rec *Record) (Result, bool) {
	m := &rec.m
	m.reset(p, msg)
	every := p.check && !p.guarded(msg)
	if every && !m.every() || !every && !m.match(0, 0, false) {
		m.reset(p, msg)
		m.prune = false // again, to see how far it goes
		if !m.match(0, 0, false) {
			return ResultLiteral, false
		}
	}
	rec.begin(p, msg)
	if m.ambiguous && (!p.cookies || p.cookieIn(m)) {
		m.failItem, m.failPos, m.failValue, m.cutItem = 0, 0, true, -1
		return ResultValue, true
	}
	p.fill(rec, m.spans)
	return p.result(rec), true
}

// partial says why the message was refused, or counts it when it was only cut and everything
// that matters stands before the cut.
func (p *Program) partial(msg []byte, rec *Record) Result {
	m := &rec.m
	rec.begin(p, msg)
	typed := 0
	for k := range max(m.cutItem, 0) {
		if p.fixed[k] && m.cut[k].off >= 0 {
			typed++
		}
	}
	if m.cutItem < m.failItem || typed < 2 {
		switch {
		case p.encoded:
			return ResultJSON
		case m.failValue:
			return ResultValue
		}
		return ResultLiteral
	}
	rec.cut = true
	for k := m.cutItem; k < len(p.items); k++ {
		if p.items[k].needed() {
			return ResultCut
		}
	}
	p.fill(rec, m.cut)
	if k := m.cutItem; p.items[k].gives != 0 {
		p.putCut(rec, &p.items[k], m.cutPos)
	}
	return p.result(rec)
}

// needed reports whether a cut before the end of this field leaves too little to count the line.
func (it *item) needed() bool {
	switch it.field {
	case Frontend, Backend, Server, Status, BytesSent, BytesReceived, TerminationState, Retries,
		TimeHandshake, TimeIdle, TimeRequest, TimeTq, TimeQueue, TimeConnect, TimeResponse, TimeData, TimeActive, TimeTotal, TimeUser:
		return true
	}
	return false
}

// result says what the line is, from what it holds.
func (p *Program) result(rec *Record) Result {
	if p.http && rec.plain {
		if v := (*[quickSlot]value)(rec.v); v[Status].num > 0 && v[Origin].off == 0 {
			return ResultHTTP
		}
	}
	return p.otherResult(rec)
}

func (p *Program) otherResult(rec *Record) Result {
	if o := rec.Bytes(Origin); o != nil {
		switch string(o) {
		case "txn_close", "unspec":
		case "sess_error", "sess_killed":
			if status, _ := rec.Int(Status); status == 0 {
				return ResultHandshakeError
			}
		default:
			return ResultLogStep // another line of the same request follows, or came before
		}
	}
	if !p.http {
		if e, ok := rec.Int(FrontendError); p.errFmt && !(p.guessed && ok && e == 0) {
			return ResultHandshakeError
		}
		return ResultTCP
	}
	if status, ok := rec.Int(Status); ok {
		if status != 0 || rec.Has(Method) {
			return ResultHTTP
		}
		if p.errFmt {
			return ResultHandshakeError
		}
		return ResultTCP // no transaction: the format is shared by a TCP frontend
	}
	if p.errFmt {
		if e, ok := rec.Int(FrontendError); !ok || e != 0 {
			return ResultHandshakeError
		}
	}
	return ResultHTTP
}
