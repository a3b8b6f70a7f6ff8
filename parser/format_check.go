package parser

import (
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// encode gives the item the class of its JSON value ({+json}, HAProxy 3.0 and later).
func (it *item) encode() {
	if it.class >= clsJSONNumber {
		return
	}
	switch it.class {
	case clsInt, clsUint, clsHex, clsMs, clsPort, clsPortQ:
		it.class = clsJSONNumber
	case clsList:
		it.class = clsJSONList
	default:
		it.class = clsJSONText
	}
	if it.alias == "" {
		it.class = clsJSONAny
	}
	switch it.typ {
	case "str":
		it.class = clsJSONText
		if it.field == Status {
			it.class = clsJSONAny
		}
	case "sint":
		it.class = clsJSONAny
	case "bool":
		it.class = clsJSONBool
	}
	it.vanish, it.emptyOK, it.quoted, it.escaped, it.hexNum = false, false, false, false, false
}

// encodeJSON lays the named fields out as HAProxy does when %o carries +json: literal text and
// fields without a name are dropped.
func (p *formatParser) encodeJSON() {
	var out []item
	sep := "{"
	for _, it := range p.items {
		if it.class == clsLiteral || it.label == "" {
			continue
		}
		it.encode()
		out = append(out, item{class: clsLiteral, lit: sep + `"` + it.label + `": `, col: it.col, len: it.len}, it)
		sep = ", "
	}
	if len(out) == 0 {
		p.fail(1, len(p.src), "a JSON format without named fields prints no values", "name each field: %(status)ST")
		return
	}
	p.items = append(out, item{class: clsLiteral, lit: "}", col: len(p.src), len: 1})
}

// labelItems names fields after the JSON key or the word= that stands before them.
func (p *formatParser) labelItems() {
	isJSON := len(p.items) > 0 && strings.HasPrefix(p.items[0].lit, "{")
	var keys keyScanner
	for i := range p.items {
		it := &p.items[i]
		if it.class == clsLiteral {
			keys.text(it.lit)
			continue
		}
		switch {
		case it.label != "":
		case isJSON:
			it.label = keys.path()
		case i > 0:
			it.label = wordBefore(p.items[i-1].lit)
		}
		if isJSON && it.class == clsText && it.escaped && i+1 < len(p.items) && strings.HasPrefix(p.items[i+1].lit, `"`) {
			it.class = clsEscaped // json() escapes the quote that would end it
		}
	}
}

// wordBefore returns word for a literal that ends in word=, word=" or word:".
func wordBefore(lit string) string {
	lit = strings.TrimRight(lit, `"'`)
	end := len(lit) - 1
	if end < 1 || lit[end] != '=' && lit[end] != ':' {
		return ""
	}
	start := end
	for start > 0 && (isAlnum(lit[start-1]) || strings.IndexByte("_.-", lit[start-1]) >= 0) {
		start--
	}
	return lit[start:end]
}

// keyScanner follows the keys of a hand-written JSON format through its literals.
type keyScanner struct {
	stack  []string
	key    string
	last   []byte
	inside bool // in a string
}

func (k *keyScanner) text(s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if k.inside {
			switch c {
			case '"':
				k.inside = false
			case '\\':
				i++
			default:
				k.last = append(k.last, c)
			}
			continue
		}
		switch c {
		case '"':
			k.inside, k.last = true, k.last[:0]
		case ':':
			k.key, k.last = string(k.last), k.last[:0]
		case '{':
			k.stack, k.key, k.last = append(k.stack, k.key), "", k.last[:0]
		case '}':
			if len(k.stack) > 0 {
				k.stack = k.stack[:len(k.stack)-1]
			}
			k.key, k.last = "", k.last[:0]
		case ',':
			k.key, k.last = "", k.last[:0]
		case ' ', '[', ']':
		default:
			k.last = append(k.last, c) // a key without quotes
		}
	}
}

// path is the key of the value that comes next, with the keys of the objects around it.
func (k *keyScanner) path() string {
	if k.key == "" {
		return ""
	}
	var parts []string
	for _, s := range k.stack {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(append(parts, k.key), ".")
}

// check finds what makes a format unreadable as a whole.
func (p *formatParser) check() {
	fields := 0
	for i := range p.items {
		it := &p.items[i]
		if it.class == clsLiteral {
			continue
		}
		fields++
		if i+1 < len(p.items) && p.items[i+1].class != clsLiteral {
			next := &p.items[i+1]
			if !separable(p.items, i) {
				p.fail(it.col, next.col+next.len-it.col, it.name+" and "+next.name+" stand side by side, and nothing tells where the first ends",
					"put a character between them that neither can hold, such as a blank or |")
			}
		}
	}
	if fields == 0 {
		p.fail(1, max(1, len(p.src)), "the format has no fields", "at least one field such as %ST is needed to read a line")
	}
}

// separable reports whether the end of items[i] can be told from the field right after it.
func separable(items []item, i int) bool {
	a, b := &items[i], &items[i+1]
	if a.fixedWidth() > 0 || a.class.delimited() || b.class == clsJSONList {
		return true
	}
	if b.fixedWidth() > 0 && (i+2 == len(items) || items[i+2].class == clsLiteral) {
		return true
	}
	for c := range 256 {
		if a.class.holds(byte(c)) && b.begins(byte(c)) {
			return false
		}
	}
	return true
}

func (it *item) fixedWidth() int {
	if it.quoted || it.emptyOK {
		return 0
	}
	return it.class.width()
}

// begins reports whether a text of the item can begin with c.
func (it *item) begins(c byte) bool {
	switch it.class {
	case clsBraces:
		return c == '{' || it.quoted && c == '"'
	case clsList:
		return !it.quoted || c == '"'
	case clsQuery:
		return c == '?' || c == '<'
	case clsJSONText:
		return c == '"' || c == 'n'
	}
	return it.class.holds(c)
}

// Unsupported lists the fields of the format that an HAProxy branch ("2.6") does not know, or no
// longer knows; empty when it knows all.
func (p *Program) Unsupported(branch string) diag.List {
	var l diag.List
	for i := range p.items {
		it := &p.items[i]
		since, retired, ok := Versions(strings.TrimPrefix(it.name, "%"))
		if !ok {
			if it.label != "" && p.encoded && branchLess(branch, "3.0") {
				since, ok = "3.0", true
			} else {
				continue
			}
		}
		add := func(msg, hint string) {
			l.Add(diag.Problem{Source: "log-format", Col: it.col, Len: it.len, Text: p.text, Msg: msg, Hint: hint})
		}
		switch {
		case branchLess(branch, since):
			add(it.name+" is known since HAProxy "+since+", this is "+branch, "")
		case retired != "" && !branchLess(branch, retired):
			add(it.name+" was retired in HAProxy "+retired+", this is "+branch, "write %"+it.alias)
		}
	}
	return l
}

// branchLess compares branches such as "2.6" and "3.1".
func branchLess(a, b string) bool {
	am, an := splitBranch(a)
	bm, bn := splitBranch(b)
	return am < bm || am == bm && an < bn
}

func splitBranch(s string) (major, minor int) {
	n := &major
	for i := range len(s) {
		switch {
		case s[i] == '.' && n == &major:
			n = &minor
		case isDigit(s[i]):
			*n = *n*10 + int(s[i]-'0')
		default:
			return major, minor
		}
	}
	return major, minor
}
