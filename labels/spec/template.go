package spec

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// Kind says what a template is matched against.
type Kind uint8

const (
	// Plain templates describe a whole value: a backend's name, a header, a map's value.
	Plain Kind = iota
	// Path templates describe the beginning of a URL's path: a name stays within one segment, and
	// anything may follow after a slash.
	Path
)

// Template is a compiled template. It is immutable and safe for concurrent use.
//
// The grammar:
//
//	text            stands for itself; a backslash takes { } [ ] and itself literally
//	{name}          at least one byte, as few as possible; in a path never beyond a slash
//	{}              the same, without becoming a label
//	{name:regexp}   what the regular expression (RE2) matches; slashes in a path only if it says so
//	{:regexp}       the same, without becoming a label
//	[optional]      taken when it fits, left out otherwise; may be nested
//	{rest...}       anything, also nothing; only at the end
//
// Matching goes from left to right with the shortest match for each name.
type Template struct {
	text     string
	kind     Kind
	parts    []part
	names    []string
	segments int
	plain    []part // see plainSegments
	shortest *regexp.Regexp
	longest  *regexp.Regexp
	groups   []int // submatch index of each name in both expressions
}

type partKind uint8

const (
	partLiteral partKind = iota
	partName             // {name}, {name:re}, {}
	partRest
	partOpen
	partClose
)

type part struct {
	kind partKind
	text string // literal text, or the regular expression of a name
	name string // "" for {}
	col  int    // 1-based, where it begins
	end  int    // 1-based, after it
}

// String returns the template as written.
func (t *Template) String() string { return t.text }

// Kind returns what the template is matched against.
func (t *Template) Kind() Kind { return t.kind }

// Names returns the labels of the template in the order in which they stand. The caller must not change it.
func (t *Template) Names() []string { return t.names }

// Segments returns how many leading segments of a path decide what the template gives, or -1 when the
// whole path does. It is meaningful for path templates only.
func (t *Template) Segments() int { return t.segments }

// ParseTemplate compiles a template. The error is a diag.List with every problem, drawn under the text.
func ParseTemplate(kind Kind, text string) (*Template, error) {
	p := &templateParser{text: text, kind: kind}
	p.scan()
	p.check()
	if err := p.problems.Err(); err != nil {
		return nil, err
	}
	t := &Template{text: text, kind: kind, parts: p.parts}
	for _, x := range t.parts {
		if x.kind == partName && x.name != "" {
			t.names = append(t.names, x.name)
		}
	}
	t.countSegments()
	t.plain = plainSegments(kind, t.parts)
	var err error
	if t.shortest, t.groups, err = compile(t.parts, kind, true, true); err == nil {
		t.longest, _, err = compile(t.parts, kind, false, true)
	}
	if err != nil { // the parts are valid on their own; together they can only be too large
		p.add(1, len(text), "template is too large: "+err.Error(), "")
		return nil, p.problems.Err()
	}
	return t, nil
}

// countSegments is the number of slashes that matching can consume before the part that is thrown away.
func (t *Template) countSegments() {
	for _, x := range t.parts {
		switch {
		case x.kind == partLiteral:
			t.segments += strings.Count(x.text, "/")
		case x.kind == partName && x.text != "" && spansSegments(x.text):
			t.segments = -1
			return
		}
	}
}

// spansSegments reports whether the expression can match a slash or looks at what follows it.
func spansSegments(expr string) bool {
	re, err := syntax.Parse(expr, syntax.Perl)
	return err != nil || anyNode(re, func(re *syntax.Regexp) bool {
		switch re.Op {
		case syntax.OpAnyChar, syntax.OpAnyCharNotNL, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
			return true
		case syntax.OpLiteral:
			return strings.ContainsRune(string(re.Rune), '/')
		case syntax.OpCharClass:
			for i := 0; i+1 < len(re.Rune); i += 2 {
				if re.Rune[i] <= '/' && '/' <= re.Rune[i+1] {
					return true
				}
			}
		}
		return false
	})
}

func anchored(re *syntax.Regexp) bool {
	return anyNode(re, func(re *syntax.Regexp) bool {
		switch re.Op {
		case syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText, syntax.OpEndText:
			return true
		}
		return false
	})
}

func anyNode(re *syntax.Regexp, f func(*syntax.Regexp) bool) bool {
	if f(re) {
		return true
	}
	for _, s := range re.Sub {
		if anyNode(s, f) {
			return true
		}
	}
	return false
}

// compile turns parts into one regular expression. RE2 guarantees linear time, whatever a client sends.
// whole adds the end: nothing may follow, or in a path a slash and anything.
func compile(parts []part, kind Kind, shortest, whole bool) (*regexp.Regexp, []int, error) {
	var b strings.Builder
	var groups []int
	next := 1
	value := `(?s:.)+`
	if kind == Path {
		value = `[^/]+`
	}
	if shortest {
		value += "?"
	}
	b.WriteString(`\A`)
	for i, x := range parts {
		switch x.kind {
		case partLiteral:
			text := x.text
			if whole && kind == Path && endsHere(parts[i+1:]) {
				text = strings.TrimSuffix(text, "/") // the end of a path template covers it
			}
			b.WriteString(regexp.QuoteMeta(text))
		case partOpen:
			b.WriteString("(?:")
		case partClose:
			b.WriteString(")?")
		case partRest:
			if kind != Path || i == 0 || !strings.HasSuffix(parts[i-1].text, "/") {
				b.WriteString(`(?s:.*)`)
			}
		case partName:
			expr := value
			if x.text != "" {
				expr = x.text
			}
			if x.name == "" {
				b.WriteString("(?:" + expr + ")")
			} else {
				groups = append(groups, next)
				next++
				b.WriteString("(" + expr + ")")
			}
			if x.text != "" {
				if re, err := regexp.Compile(x.text); err == nil {
					next += re.NumSubexp()
				}
			}
		}
	}
	if whole && kind == Path {
		b.WriteString(`(?:/(?s:.*))?`)
	}
	if whole {
		b.WriteString(`\z`)
	}
	re, err := regexp.Compile(b.String())
	return re, groups, err
}

// endsHere reports whether nothing but {rest...} follows.
func endsHere(parts []part) bool {
	return len(parts) == 0 || len(parts) == 1 && parts[0].kind == partRest
}

func (p *templateParser) add(col, n int, msg, hint string) {
	p.problems.Add(diag.Problem{Source: "template", Col: col, Len: n, Text: p.text, Msg: msg, Hint: hint})
}
