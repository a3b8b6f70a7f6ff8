// Package diag draws problems of anything a user wrote (configuration, templates, log-format strings,
// map files) under the text they are about, all of them at once.
//
// It is a leaf: it imports nothing of the project, so every package can return its List as an error.
package diag

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Problem is one mistake at one place.
type Problem struct {
	// Source names the text: a file, a flag, or what the text is ("log-format").
	Source string
	// Line is the 1-based line in Source; 0 when Source is a single string or unknown.
	Line int
	// Col is the 1-based column in bytes within Text; 0 when the whole line or source is meant.
	Col int
	// Len is the number of bytes to underline; at least one caret is drawn when Col is set.
	Len int
	// Text is the source line that is drawn; empty draws nothing.
	Text string
	// Msg says what is wrong: lower case, without full stop.
	Msg string
	// Hint says what to do instead; may be empty.
	Hint string
}

// Error draws the problem: place and message, the text with carets under it, the hint.
func (p Problem) Error() string {
	var b strings.Builder
	p.draw(&b)
	return b.String()
}

// indent stands before the drawn text and the hint, so that several problems stay readable as blocks.
const indent = "    "

func (p Problem) draw(b *strings.Builder) {
	if place := p.place(); place != "" {
		b.WriteString(place)
		b.WriteString(": ")
	}
	b.WriteString(Printable(p.Msg))
	if p.Text != "" {
		line, carets := p.picture()
		b.WriteString("\n" + indent + line)
		if carets != "" {
			b.WriteString("\n" + indent + carets)
		}
	}
	if p.Hint != "" {
		b.WriteString("\n" + indent + "hint: " + Printable(p.Hint))
	}
}

// place is "source:line:col", as editors and terminals link it; a single string has only a column.
func (p Problem) place() string {
	switch {
	case p.Line > 0 && p.Col > 0:
		return fmt.Sprintf("%s:%d:%d", p.Source, p.Line, p.Col)
	case p.Line > 0:
		return fmt.Sprintf("%s:%d", p.Source, p.Line)
	case p.Col > 0 && p.Source != "":
		return fmt.Sprintf("%s, column %d", p.Source, p.Col)
	case p.Col > 0:
		return fmt.Sprintf("column %d", p.Col)
	}
	return p.Source
}

// window is the number of characters drawn of a long text; the problem stands within it.
const window = 140

// picture returns the text as it can be shown on a terminal and the line of carets under it.
// Control characters and invalid UTF-8 are shown as one character each, so that carets stay aligned
// and a hostile log line cannot move the cursor. Tabs become one blank for the same reason.
func (p Problem) picture() (line, carets string) {
	text := p.Text
	if i := strings.IndexByte(text, '\n'); i >= 0 && p.Col <= i+1 {
		text = text[:i]
	}
	shown := []rune(Printable(text))
	if p.Col <= 0 {
		if len(shown) > window {
			return string(shown[:window]) + "…", ""
		}
		return string(shown), ""
	}
	at := min(p.Col-1, len(text))
	start := runes(text[:at])
	n := max(1, runes(text[at:min(len(text), at+max(p.Len, 0))]))
	before, after := "", ""
	if len(shown) > window {
		from := max(0, min(start-window/3, len(shown)-window))
		to := min(len(shown), from+window)
		if from > 0 {
			before = "…"
		}
		if to < len(shown) {
			after = "…"
		}
		shown = shown[from:to]
		start = start - from + len([]rune(before))
		n = min(n, window-start+1)
	}
	return before + string(shown) + after, strings.Repeat(" ", start) + strings.Repeat("^", max(1, n))
}

// runes counts as Printable does: an invalid byte is one character.
func runes(s string) int { return utf8.RuneCountInString(s) }

// Printable returns s with every control character, line break and invalid byte replaced by one
// visible character, so that it can stand in one line of a message.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			return '·'
		}
		return r
	}, s)
}

// List is every problem found at once. It is an error when it is not empty; use Err.
type List []Problem

// Error draws all problems in order, one block each.
func (l List) Error() string {
	var b strings.Builder
	for i, p := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		p.draw(&b)
	}
	return b.String()
}

// Add appends a problem.
func (l *List) Add(p Problem) { *l = append(*l, p) }

// Addf appends a problem that concerns a source as a whole.
func (l *List) Addf(source, format string, args ...any) {
	l.Add(Problem{Source: source, Msg: fmt.Sprintf(format, args...)})
}

// Append takes over the problems of err: those of a List or Problem as they are, any other error as
// one problem of source. A nil err adds nothing.
func (l *List) Append(source string, err error) {
	if err == nil {
		return
	}
	*l = append(*l, All(source, err)...)
}

// Err returns the list, sorted, as an error, or nil when it is empty.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	l.Sort()
	return l
}

// Sort orders by source, line and column; problems of one place keep their order. Identical problems
// are not removed.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

// All returns the problems inside err, wrapped ones included. An error that holds none becomes one
// problem of source with the error's text.
func All(source string, err error) List {
	if err == nil {
		return nil
	}
	var l List
	var p Problem
	switch {
	case errors.As(err, &l):
		return slices.Clone(l)
	case errors.As(err, &p):
		return List{p}
	}
	return List{{Source: source, Msg: err.Error()}}
}
