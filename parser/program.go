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

// analyse finds out which fields have more than one possible end, and whether a line can have
// more than one reading.
//
// Given its start, a field has one end when the text after it begins with a byte it cannot hold.
// Given its end, it has one start when the text before it ends with such a byte. So everything
// before the first loose field is fixed from the left, and everything after the last one, as far
// as the second rule goes, from the right: numbers there cannot be forged by what a client sends.
// Typed fields between two loose ones are not fixed. For them a byte is sought that separates all
// fields: a line that holds it exactly as often as the format has one reading; other lines are
// read in every possible way, and refused when a typed field could stand at two places.
func (p *Program) analyse() {
	n := len(p.items)
	p.loose, p.fixed = make([]int, n), make([]bool, n)
	p.tail = n
	for p.tail > 0 {
		if it := &p.items[p.tail-1]; it.vanish || it.class == clsLiteral && it.lit == " " {
			p.tail--
			continue
		}
		break
	}
	typed := 0
	for k := range p.items {
		it := &p.items[k]
		p.loose[k] = -1
		if it.class == clsLiteral {
			continue
		}
		if !p.oneEnd(k, -1) {
			p.loose[k] = p.looseItems
			p.looseItems++
		}
		if !it.class.loose() {
			p.fixed[k] = true
			typed++
		}
		if it.http || it.field == Status || it.field == Method {
			p.http = true
		}
	}
	p.weak, p.rank, p.strict = typed == 0, typed, typed > 0
	for k := range p.items {
		if c := p.items[k].class; c == clsText || c == clsList {
			p.strict = false
		}
	}
	p.countNeeds()
	if p.proven(-1, false) {
		return
	}
	p.check = true
	p.cookies = p.proven(-1, true)
	for c := 255; c >= ' '; c-- {
		if p.proven(c, false) && !p.vanishing(c) {
			n := 0
			for k := range p.items {
				n += bytes.Count([]byte(p.items[k].lit), []byte{byte(c)})
			}
			if n > 0 {
				p.guard, p.guardCount = byte(c), n
				return
			}
		}
	}
}

// oneEnd reports whether field k has one possible end, given its start; without is a byte that
// fields are known not to hold, or -1.
func (p *Program) oneEnd(k, without int) bool {
	it := &p.items[k]
	if _, own := it.ownEnd(nil, 0); own && !it.vanish || p.addrShape(k) {
		return true
	}
	if k+1 == len(p.items) {
		return !it.vanish
	}
	next := &p.items[k+1]
	if it.vanish {
		return it.class == clsBraces && next.class == clsLiteral
	}
	if next.class != clsLiteral {
		for c := range 256 {
			if c != without && it.class.holds(byte(c)) && next.begins(byte(c)) {
				return false
			}
		}
		return !next.vanish
	}
	return int(next.lit[0]) == without || !it.class.holds(next.lit[0])
}

// oneStart reports whether item k has one possible start, given its end.
func (p *Program) oneStart(k, without int) bool {
	it := &p.items[k]
	switch {
	case it.class == clsLiteral || it.fixedWidth() > 0 || it.class == clsBraces || k == 0:
		return true
	case it.vanish || it.class >= clsJSONText:
		return false
	}
	prev := &p.items[k-1]
	if prev.class != clsLiteral {
		return false
	}
	c := prev.lit[len(prev.lit)-1]
	if it.class == clsEscaped && c == '"' {
		return true // every quote inside stands after a backslash, this one does not
	}
	return int(c) == without || !it.class.holds(c)
}

// countNeeds lets the matcher give up early: a field cannot end where too few separators follow.
func (p *Program) countNeeds() {
	p.need = make([]int, len(p.items))
	for k := range p.items {
		if k+1 == len(p.items) || p.items[k].class == clsLiteral || p.items[k+1].class != clsLiteral {
			continue
		}
		c := p.items[k+1].lit[0]
		for _, it := range p.items[k+1:] {
			p.need[k] += strings.Count(it.lit, string(rune(c)))
			if c >= 0x80 || it.vanish && c == ' ' {
				p.need[k] = 0
				break
			}
		}
		if p.tail < len(p.items) && c == ' ' {
			p.need[k] = 0
		}
	}
}

// proven reports whether no typed field can stand at two places, given that fields do not hold the
// byte without (-1: any), and that no cookie was captured if noCookie is set: "-" has one end.
func (p *Program) proven(without int, noCookie bool) bool {
	first, last := 0, len(p.items)-1
	for first < len(p.items) && (p.items[first].class == clsLiteral || noCookie && p.items[first].class == clsCookie || p.oneEnd(first, without)) {
		first++
	}
	for last >= 0 && p.oneStart(last, without) {
		last--
	}
	for k := first; k <= last; k++ {
		if p.fixed[k] {
			return false
		}
	}
	return true
}

// vanishing reports whether a field could take the byte c with it when it prints nothing.
func (p *Program) vanishing(c int) bool {
	for k := range p.items {
		if p.items[k].vanish && c == ' ' {
			return true
		}
	}
	return false
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
	if p.ops != nil && p.run(msg, rec) && (!p.check || p.cookies && !rec.cookie || p.guarded(msg)) {
		return p.result(rec), true
	}
	return ResultLiteral, false
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
