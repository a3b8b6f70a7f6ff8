package parser

import (
	"bytes"
	"strconv"
	"strings"
)

// A format that prints a JSON object is read as text first (see docs/decisions/0102): that is fast, and
// HAProxy's JSON is not always JSON. What another program has written again (other blanks, other order,
// more keys, other escapes) is read as JSON: each value is looked up by its key and put back into the
// text that HAProxy would have written, which the format's program then reads.

// object is the shape of the JSON that a format prints.
type object struct {
	root   node
	leaves int
	pieces []piece
}

// node is an object, an array or a value of the format.
type node struct {
	key   string // in its object, unescaped; the index in an array
	kids  []node
	array bool
	leaf  int // index of the value; -1 for objects and arrays
}

// piece is a part of the format's text: literal bytes, and then a value.
type piece struct {
	lit  string
	leaf int // -1 for none
	kind leafKind
	same string // of a constant: what the value has to be
}

// leafKind says how a value stands in the format's text.
type leafKind uint8

const (
	leafJSON    leafKind = iota // as JSON, with its quotes
	leafBare                    // without quotes: a number of a hand-written format
	leafRaw                     // inside quotes, without escapes
	leafEscaped                 // inside quotes, with JSON's escapes
	leafSame                    // a constant of the format
)

// mark stands for a field in the text from which the shape is read. A format that holds the byte has no shape.
const mark = '\x00'

// shape returns the JSON object that the program prints, nil when it prints something else.
func (p *Program) shape() *object {
	if len(p.items) < 3 || strings.IndexByte(p.text, mark) >= 0 || p.items[0].class != clsLiteral || len(p.items[0].lit) == 0 || p.items[0].lit[0] != '{' {
		return nil
	}
	var text []byte
	var at []int // of each mark: the item
	for k := range p.items {
		if p.items[k].class == clsLiteral {
			text = append(text, p.items[k].lit...)
			continue
		}
		text = append(text, mark)
		at = append(at, k)
	}
	s := &shaper{p: p, text: text, items: at, o: &object{}}
	end, ok := s.value(skipSpace(text, 0), &s.o.root)
	if !ok || skipSpace(text, end) != len(text) || s.o.leaves == 0 || len(at) != s.seen {
		return nil
	}
	s.o.pieces = append(s.o.pieces, piece{lit: string(text[s.done:]), leaf: -1})
	return s.o
}

// shaper reads the shape of a format's text.
type shaper struct {
	p     *Program
	text  []byte
	items []int
	o     *object
	seen  int // marks so far
	done  int // text that is in pieces
}

// value reads one value at text[i] into n and returns where it ends.
func (s *shaper) value(i int, n *node) (int, bool) {
	if i >= len(s.text) {
		return 0, false
	}
	n.leaf = -1
	switch c := s.text[i]; c {
	case '{', '[':
		n.array = c == '['
		return s.nested(i, n)
	case '"':
		end := scanString(s.text, i)
		if end > len(s.text) {
			return 0, false
		}
		s.add(n, i+1, end-1, true)
		return end, true
	}
	end := i
	for end < len(s.text) && bytes.IndexByte([]byte(" \t,}]"), s.text[end]) < 0 {
		end++
	}
	if end == i {
		return 0, false
	}
	s.add(n, i, end, false)
	return end, true
}

func (s *shaper) nested(i int, n *node) (int, bool) {
	end := byte('}')
	if n.array {
		end = ']'
	}
	i = skipSpace(s.text, i+1)
	for index := 0; ; index++ {
		kid := node{key: strconv.Itoa(index)}
		if !n.array {
			if i >= len(s.text) || s.text[i] != '"' {
				return 0, false
			}
			stop := scanString(s.text, i)
			if stop > len(s.text) || bytes.IndexByte(s.text[i:stop], mark) >= 0 {
				return 0, false
			}
			kid.key = string(appendUnescaped(nil, s.text[i+1:stop-1]))
			if i = skipSpace(s.text, stop); i >= len(s.text) || s.text[i] != ':' {
				return 0, false
			}
			i = skipSpace(s.text, i+1)
		}
		var ok bool
		if i, ok = s.value(i, &kid); !ok {
			return 0, false
		}
		n.kids = append(n.kids, kid)
		if i = skipSpace(s.text, i); i >= len(s.text) {
			return 0, false
		}
		if s.text[i] == end {
			return i + 1, true
		}
		if s.text[i] != ',' {
			return 0, false
		}
		i = skipSpace(s.text, i+1)
	}
}

// add makes text[off:end] a value.
func (s *shaper) add(n *node, off, end int, quoted bool) {
	marks := bytes.Count(s.text[off:end], []byte{mark})
	q := piece{lit: string(s.text[s.done:off]), leaf: s.o.leaves, kind: leafBare}
	n.leaf = s.o.leaves
	s.o.leaves++
	s.done = end
	if quoted {
		q.kind = leafRaw
	}
	for _, k := range s.items[s.seen : s.seen+marks] {
		switch it := &s.p.items[k]; {
		case it.class >= clsJSONNumber:
			q.kind = leafJSON
		case it.escaped && quoted:
			q.kind = leafEscaped
		}
	}
	if marks == 0 {
		q.kind, q.same = leafSame, string(appendUnescaped(nil, s.text[off:end]))
		s.done = off // the constant itself is printed as text
	}
	s.seen += marks
	s.o.pieces = append(s.o.pieces, q)
}
