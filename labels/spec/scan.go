package spec

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

type templateParser struct {
	text     string
	kind     Kind
	parts    []part
	problems diag.List
}

// scan splits the text into parts. It goes on after a mistake, so that all are reported.
func (p *templateParser) scan() {
	var lit strings.Builder
	litCol := 0
	flush := func(end int) {
		if lit.Len() > 0 {
			p.parts = append(p.parts, part{kind: partLiteral, text: lit.String(), col: litCol, end: end + 1})
			lit.Reset()
		}
	}
	for i := 0; i < len(p.text); {
		c := p.text[i]
		if !strings.ContainsRune(`{}[]`, rune(c)) || c >= 0x80 {
			if lit.Len() == 0 {
				litCol = i + 1
			}
			if c == '\\' && i+1 < len(p.text) && strings.IndexByte(`{}[]\`, p.text[i+1]) >= 0 {
				i++
			}
			lit.WriteByte(p.text[i])
			i++
			continue
		}
		flush(i)
		switch c {
		case '{':
			i = p.braces(i)
			continue
		case '}':
			p.add(i+1, 1, "} without {", `write \} for a literal brace`)
		case '[':
			p.parts = append(p.parts, part{kind: partOpen, col: i + 1, end: i + 2})
		case ']':
			p.parts = append(p.parts, part{kind: partClose, col: i + 1, end: i + 2})
		}
		i++
	}
	flush(len(p.text))
}

// braces scans {…} that begins at i and returns the index after it.
func (p *templateParser) braces(i int) int {
	end := closing(p.text, i)
	if end < 0 {
		p.add(i+1, len(p.text)-i, "{ is never closed", `write \{ for a literal brace`)
		return len(p.text)
	}
	inner, x := p.text[i+1:end], part{kind: partName, col: i + 1, end: end + 2}
	name, expr, has := strings.Cut(inner, ":")
	switch {
	case inner == "rest...":
		x.kind = partRest
	case strings.HasSuffix(inner, "..."):
		p.add(i+1, end+1-i, inner+" would take the rest of the value, which a client can fill without bound", "only {rest...} takes the rest, and it is not a label")
		return end + 1
	case has && expr == "":
		p.add(i+1, end+1-i, "no regular expression after the colon", "{"+name+"} alone takes any value")
		return end + 1
	}
	x.name, x.text = name, expr
	if x.kind == partRest {
		x.name, x.text = "", ""
	}
	if x.name != "" {
		if q := CheckName(x.name); q != nil {
			p.add(i+2, len(x.name), q.Msg, q.Hint)
		}
	}
	if x.text != "" {
		p.checkExpr(x)
	}
	p.parts = append(p.parts, x)
	return end + 1
}

func (p *templateParser) checkExpr(x part) {
	col := x.end - 1 - len(x.text)
	re, err := syntax.Parse(x.text, syntax.Perl)
	if err == nil {
		_, err = regexp.Compile(x.text)
	}
	switch {
	case err != nil:
		p.add(col, len(x.text), "bad regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2")
	case anchored(re):
		p.add(col, len(x.text), "the regular expression is anchored", "remove ^ and $: it always covers the whole value of the name")
	}
}

// closing returns the index of the } that closes the { at i, or -1. Braces of a regular expression
// ({2,3}, \}, [}]) do not close it.
func closing(s string, i int) int {
	depth, class := 0, false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[' && depth > 0:
			class = true
			if i+1 < len(s) && s[i+1] == '^' {
				i++
			}
			if i+1 < len(s) && s[i+1] == ']' { // a ] right after the opening is a member
				i++
			}
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// check finds what is wrong between the parts.
func (p *templateParser) check() {
	if p.text == "" {
		p.add(1, 0, "empty template", "for example /{client}/{partner}/{sla}")
		return
	}
	if p.kind == Path {
		p.checkPath()
	}
	var names []string
	var open []part
	for i, x := range p.parts {
		switch x.kind {
		case partOpen:
			open = append(open, x)
			if i+1 < len(p.parts) && p.parts[i+1].kind == partClose {
				p.add(x.col, 2, "empty [optional] part", `write \[ for a literal bracket`)
			}
		case partClose:
			if len(open) == 0 {
				p.add(x.col, 1, "] without [", `write \] for a literal bracket`)
			} else {
				open = open[:len(open)-1]
			}
		case partRest:
			if slices.ContainsFunc(p.parts[i+1:], func(y part) bool { return y.kind != partClose }) {
				p.add(x.col, x.end-x.col, "{rest...} takes everything: nothing can follow it", "move it to the end, or use {} to skip one segment")
			}
			p.checkNeighbour(i)
		case partName:
			if x.name != "" && slices.Contains(names, x.name) {
				p.add(x.col, x.end-x.col, "second {"+x.name+"} in one template", "a template gives each label once; {} skips a segment")
			} else if x.name != "" {
				names = append(names, x.name)
			}
			p.checkNeighbour(i)
		}
	}
	for _, x := range open {
		p.add(x.col, 1, "[ is never closed", `write \[ for a literal bracket`)
	}
	if len(names) == 0 && len(p.problems) == 0 {
		p.add(1, len(p.text), "the template gives no label", "name a part of it, for example {client}")
	}
}

// checkNeighbour refuses two values with nothing between them: the shortest match would always give
// one byte to the first. A regular expression on the left says where it ends.
func (p *templateParser) checkNeighbour(i int) {
	x := p.parts[i]
	for j := i - 1; j >= 0; j-- {
		y := p.parts[j]
		switch {
		case y.kind == partOpen || y.kind == partClose:
			continue
		case y.kind == partName && y.text == "":
			p.add(y.col, x.end-y.col, "nothing stands between two values", "put text between them, or say what the first looks like: {name:[a-z]+}")
		}
		return
	}
}

func (p *templateParser) checkPath() {
	if p.text[0] != '/' && p.text[0] != '[' {
		p.add(1, 1, "a path template begins with /", "for example /{client}/{partner}")
	}
	if i := strings.Index(p.text, "//"); i >= 0 {
		p.add(i+1, 2, "// never occurs: repeated slashes of a path are read as one", "{} skips a segment")
	}
	for _, x := range p.parts {
		if x.kind != partLiteral {
			continue
		}
		if i := strings.IndexByte(x.text, '?'); i >= 0 {
			p.add(x.col+i, 1, "the query string is not part of the path", `use {from: query, template: …} for it`)
		}
	}
}
