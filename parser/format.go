package parser

import (
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// item is one piece of a compiled format: literal text, or a field.
type item struct {
	lit   string // text of a literal
	class class
	name  string    // as the user knows it: "%TR", "%[src]"
	alias string    // alias without the percent sign, "" for an expression
	expr  string    // expression, blanks at its ends removed
	label string    // the %(name), or the JSON key or word= before the field
	typ   string    // the type of %(name:type)
	field Field     // canonical meaning, FieldNone when there is none
	slot  Field     // where the Record keeps it, 0 when nobody wants it
	more  []Field   // further slots that hold the same
	caps  []capSlot // slots of single captured headers
	gives gives     // the parts of a request that are taken from this field

	col, len int // place in the source string, 1-based bytes

	width   int  // least number of digits of clsHex
	count   int  // number of captures, 0 when unknown
	plus    bool // a + may stand before the number
	quoted  bool // {+Q} around the whole field (captures; other texts get literal quotes)
	escaped bool // backslash escapes to be undone
	emptyOK bool // an empty text is a value, or none
	vanish  bool // may print nothing and then swallow the blank after it
	never   bool // vanish: no capture is declared, so it always prints nothing
	swallow bool // vanish: the blank goes for sure (captures), else only in 3.0 and later (%HQ)
	tilde   bool // %ft: ~ at the end marks TLS
	scheme  bool // %HP: keeps scheme and authority
	http    bool // only an HTTP transaction has it
	hexNum  bool // a number printed in hexadecimal
}

// capSlot is where one of several captured headers goes.
type capSlot struct {
	index int
	slot  Field
}

// optFlags are the flags of an item, or the defaults that %o sets.
type optFlags uint8

const (
	flagQ optFlags = 1 << iota
	flagX
	flagE
	flagM
	flagJSON
	flagCBOR
	flagBin
)

func flagOf(name string) optFlags {
	switch name {
	case "Q":
		return flagQ
	case "X":
		return flagX
	case "E":
		return flagE
	case "M":
		return flagM
	case "json":
		return flagJSON
	case "cbor":
		return flagCBOR
	case "bin":
		return flagBin
	}
	return 0
}

// formatParser turns a log-format string into items. It follows the grammar of section 8.2.6,
// and goes on after a problem so that all are reported at once.
type formatParser struct {
	aliases  []alias
	src      string
	pos      int
	problems diag.List
	items    []item
	defaults optFlags
	whole    optFlags // encodings asked for by a %o: they hold for the line
	wholeCol int
	text     []byte // literal under construction
	textCol  int
	blank    bool // the last thing was a blank
	expand   bool // ${HAPROXY_…_LOG_FMT} stands for the preset
	pinned   int  // while a preset's text is read: the place of its variable in src
	pinLen   int
}

func (p *formatParser) fail(col, n int, msg, hint string) {
	if p.pinned > 0 {
		col, n = p.pinned, p.pinLen
	}
	p.problems.Add(diag.Problem{Source: "log-format", Col: col, Len: n, Text: p.src, Msg: msg, Hint: hint})
}

// parseFormat returns the items of a log-format string with literals merged and blanks collapsed.
func parseFormat(src string, expand bool) ([]item, bool, diag.List) {
	p := &formatParser{aliases: aliases(), src: src, blank: true, expand: expand} // a leading blank is not printed
	p.run(src)
	p.flush()
	isJSON := p.whole&flagJSON != 0
	if isJSON {
		p.encodeJSON()
	} else {
		p.labelItems()
	}
	if len(p.problems) == 0 {
		p.check()
	}
	p.problems.Sort()
	return p.items, isJSON, p.problems
}

func (p *formatParser) run(s string) {
	for i := 0; i < len(s); {
		switch {
		case s[i] == ' ':
			if !p.blank {
				p.addText(' ', i)
				p.blank = true
			}
			i++
		case s[i] == '%':
			i = p.percent(s, i)
		case s[i] == '$' && p.expand && p.pinned == 0 && strings.HasPrefix(s[i:], "${"):
			i = p.variable(s, i)
		default:
			p.addText(s[i], i)
			p.blank = false
			i++
		}
	}
}

func (p *formatParser) addText(c byte, at int) {
	if len(p.text) == 0 {
		p.textCol = at + 1
	}
	p.text = append(p.text, c)
}

func (p *formatParser) flush() {
	if len(p.text) > 0 {
		p.items = append(p.items, item{class: clsLiteral, lit: string(p.text), col: p.textCol, len: len(p.text)})
		p.text = p.text[:0]
	}
}

// variable expands ${HAPROXY_HTTP_LOG_FMT} and its sisters; other text is left as it is.
func (p *formatParser) variable(s string, i int) int {
	end := strings.IndexByte(s[i:], '}')
	if end < 0 {
		p.addText(s[i], i)
		p.blank = false
		return i + 1
	}
	name, _, _ := strings.Cut(s[i+2:i+end], "-")
	text, ok := presetOfEnv(name)
	if !ok {
		p.fail(i+1, end+1, "unknown environment variable "+name+" in a log-format",
			"only HAProxy's own formats are known here; write the variable's value instead")
		return i + end + 1
	}
	p.pinned, p.pinLen = i+1, end+1
	p.run(text)
	p.pinned = 0
	return i + end + 1
}

// percent reads one item that begins with a percent sign at i and returns the index after it.
func (p *formatParser) percent(s string, i int) int {
	start := i
	i++
	if i == len(s) {
		p.fail(start+1, 1, "a percent sign at the end names no field", "write %% for a percent sign")
		return i
	}
	switch c := s[i]; {
	case c == '%':
		p.addText('%', start)
		p.blank = false
		return i + 1
	case c == ' ' || isDigit(c):
		p.fail(start+1, 2, "a percent sign must be followed by a field", "write %% for a percent sign")
		return i + 1
	case c != '(' && c != '{' && c != '[' && !isAlpha(c):
		return i // HAProxy drops the percent sign and keeps the character
	}
	raw := rawItem{start: start, flags: p.defaults}
	var ok bool
	if s[i] == '(' {
		if i, ok = p.nameAndType(s, i, &raw); !ok {
			return len(s)
		}
	}
	if i < len(s) && s[i] == '{' {
		if i, ok = p.args(s, i, &raw); !ok {
			return len(s)
		}
	}
	switch {
	case i < len(s) && s[i] == '[':
		end := exprEnd(s, i+1)
		if end < 0 {
			p.fail(start+1, len(s)-start, "the expression has no closing bracket", "close it with ] after its last argument list")
			return len(s)
		}
		raw.expr, raw.isExpr = strings.TrimSpace(s[i+1:end]), true
		i = end + 1
	case i < len(s) && isAlpha(s[i]):
		j := i
		for j < len(s) && isAlnum(s[j]) {
			j++
		}
		raw.alias = s[i:j]
		i = j
	default:
		p.fail(start+1, i-start, "a name or flags without a field after them", "an alias such as ci, or an expression in brackets, must follow")
		return max(i, start+1)
	}
	raw.len = i - start
	p.add(raw)
	return i
}

// rawItem is an item as written, before its alias is looked up.
type rawItem struct {
	start, len       int
	flags            optFlags
	alias, expr      string
	label, typ       string
	isExpr, hasLabel bool
	explicit         optFlags // flags set on this very item
}

func (p *formatParser) nameAndType(s string, i int, raw *rawItem) (int, bool) {
	end := strings.IndexByte(s[i:], ')')
	if end < 0 {
		p.fail(i+1, len(s)-i, "the name has no closing parenthesis", "write %(name)alias or %(name:type)alias")
		return 0, false
	}
	name, typ, typed := strings.Cut(s[i+1:i+end], ":")
	for _, c := range []byte(name) {
		if !isAlnum(c) && c != '_' && c != '-' {
			p.fail(i+2, len(name), "a field's name may hold letters, digits, _ and - only", "")
			break
		}
	}
	if typed {
		switch typ {
		case "str", "sint", "bool", "raw":
		default:
			p.fail(i+2+len(name)+1, len(typ), "unknown type "+typ+" of a field", "str, sint, bool or raw")
		}
	}
	raw.label, raw.typ, raw.hasLabel = name, typ, name != ""
	return i + end + 1, true
}

// args reads {+Q,-X}. What HAProxy ignores silently (unknown flags, no sign) is ignored here too.
func (p *formatParser) args(s string, i int, raw *rawItem) (int, bool) {
	end := strings.IndexByte(s[i:], '}')
	if end < 0 {
		p.fail(i+1, len(s)-i, "the flags have no closing brace", "write %{+Q}r")
		return 0, false
	}
	for arg := range strings.SplitSeq(s[i+1:i+end], ",") {
		if len(arg) < 2 {
			continue
		}
		f := flagOf(arg[1:])
		switch arg[0] {
		case '+':
			raw.flags |= f
			raw.explicit |= f
		case '-':
			raw.flags &^= f
		}
	}
	return i + end + 1, true
}

// add turns a raw item into items.
func (p *formatParser) add(raw rawItem) {
	col := raw.start + 1
	if raw.alias == "o" {
		p.defaults = raw.flags
		p.whole |= raw.explicit & (flagJSON | flagCBOR)
		if raw.explicit&flagCBOR != 0 && raw.explicit&flagJSON == 0 {
			p.fail(col, raw.len, "CBOR lines cannot be read", "use %{+json}o: the same names and values as JSON text")
		}
		return
	}
	it, ok := p.resolve(&raw)
	if !ok {
		return
	}
	it.col, it.len = col, raw.len
	if p.pinned > 0 {
		it.col, it.len = p.pinned, p.pinLen
	}
	if raw.hasLabel {
		it.label, it.typ = raw.label, raw.typ
	}
	if raw.flags&flagCBOR != 0 && p.whole&flagCBOR == 0 {
		p.fail(col, raw.len, "CBOR values cannot be read", "remove the flag cbor")
		return
	}
	if raw.flags&flagJSON != 0 {
		it.encode()
		p.flush()
		p.items = append(p.items, it)
		p.blank = false
		return
	}
	p.addPlain(it, &raw)
}

// addPlain applies quoting and escaping to a field and appends it with its literal quotes.
func (p *formatParser) addPlain(it item, raw *rawItem) {
	a, _ := aliasIn(p.aliases, raw.alias)
	quotes := raw.flags&flagQ != 0 && (raw.isExpr || a.flags&aliasQuote != 0)
	if raw.flags&flagX != 0 && !raw.isExpr && a.flags&aliasHex != 0 {
		quotes = false
		it.hexNum = it.class != clsAddr
		it.width = 4
		switch it.class {
		case clsAddr:
			it.width = 8
		case clsMs:
			it.width = 2
		}
		it.class = clsHex
	}
	if raw.flags&flagQ != 0 && it.class == clsPort {
		it.class = clsPortQ
	}
	if raw.flags&flagE != 0 {
		switch it.class {
		case clsText, clsCookie, clsWord, clsToken, clsList, clsBraces, clsURL, clsQuery, clsRequest:
			it.escaped = true
		}
	}
	if it.class == clsBraces || it.class == clsList {
		it.quoted, quotes = quotes, false
	}
	if quotes {
		if it.escaped && (it.class == clsText || it.class == clsCookie) {
			it.class = clsEscaped
		}
		it.emptyOK, it.vanish = true, false
		p.addText('"', raw.start)
	}
	p.flush()
	p.items = append(p.items, it)
	if quotes {
		p.addText('"', raw.start+raw.len-1)
	}
	p.blank = false
}
