package diag

import (
	"slices"
	"strings"
)

// Place is where a value stands in a larger text, such as a template in the configuration file.
// The zero Place means that the value is a text of its own (a flag).
type Place struct {
	Source string
	Line   int    // 1-based
	Col    int    // 1-based, in bytes within Text: where the value or its opening quote begins
	Text   string // the whole source line
}

// Problem returns a problem at the place that underlines n bytes.
func (p Place) Problem(n int, msg, hint string) Problem {
	return Problem{Source: p.Source, Line: p.Line, Col: p.Col, Len: n, Text: p.Text, Msg: msg, Hint: hint}
}

// Wrap moves the problems of err, which were found in value by itself, to where value stands.
//
// When the source line holds value as it is, columns are shifted and the source line is drawn. When it
// does not (escapes, a folded YAML text), value is drawn and only the place in the source is named.
func (p Place) Wrap(value string, err error) List {
	if err == nil {
		return nil
	}
	l := slices.Clone(All(p.Source, err))
	if p.Source == "" && p.Line == 0 {
		return l
	}
	shift := -1
	if p.Col > 0 && p.Col <= len(p.Text) && value != "" {
		if i := strings.Index(p.Text[p.Col-1:], value); i >= 0 && i <= 1 { // 1: an opening quote
			shift = p.Col - 1 + i
		}
	}
	for i := range l {
		q := &l[i]
		if q.Line > 0 { // already placed in a file
			continue
		}
		switch {
		case shift >= 0 && q.Col > 0:
			q.Source, q.Line, q.Col, q.Text = p.Source, p.Line, q.Col+shift, p.Text
		case shift >= 0:
			q.Source, q.Line, q.Col, q.Len, q.Text = p.Source, p.Line, shift+1, len(value), p.Text
		default:
			q.Source = Problem{Source: p.Source, Line: p.Line, Col: p.Col}.place()
			if q.Text == "" {
				q.Text = value
			}
		}
	}
	return l
}

// Nearest returns the candidate that word was probably meant to be, or "" when none is near.
// Near means an edit distance (a swap of neighbours counts one) of at most a third of the word.
func Nearest(word string, candidates []string) string {
	best, limit := "", len([]rune(word))/3+1
	for _, c := range candidates {
		if strings.EqualFold(word, c) {
			return c
		}
		if d := distance(strings.ToLower(word), strings.ToLower(c)); d < limit || (d == limit && best == "" && d <= 2) {
			best, limit = c, d
		}
	}
	return best
}

// DidYouMean is the hint for an unknown word: the nearest candidate, or all of them when they are few.
func DidYouMean(word string, candidates []string) string {
	if c := Nearest(word, candidates); c != "" {
		return "did you mean " + c + "?"
	}
	if len(candidates) == 0 || len(candidates) > 30 {
		return ""
	}
	return "known here: " + strings.Join(candidates, ", ")
}

// distance is the optimal string alignment distance.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := range x {
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
