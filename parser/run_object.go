package parser

import (
	"bytes"
	"strconv"
)

// finder looks the values of an object up in a message.
type finder struct {
	msg   []byte
	spans []span // by leaf; off -1 when not seen
	twice bool   // a key of the format stands there twice: which one counts is not for us to say
	key   []byte // unescaped key
}

// object reads a message as JSON; false when it is none, or lacks a key of the format. What the message
// says is then found in rec.rendered, in HAProxy's own form.
func (p *Program) object(msg []byte, rec *Record) (Result, bool) {
	o := p.shaped
	if o == nil || len(msg) == 0 || msg[0] != '{' || len(msg) > MaxLine/2 {
		return ResultLiteral, false
	}
	f := &rec.f
	f.msg, f.twice, f.spans = msg, false, f.spans[:0]
	for range o.leaves {
		f.spans = append(f.spans, span{-1, -1})
	}
	end := f.value(0, &o.root, 0)
	if end < 0 || f.twice || skipSpace(msg, end) != len(msg) || !o.render(f, rec) {
		return ResultLiteral, false
	}
	if res, ok := p.flat(rec.rendered, rec); ok {
		return res, true
	}
	return p.search(rec.rendered, rec)
}

// value reads the value at msg[i] against n and returns where it ends, -1 when it is no JSON.
func (f *finder) value(i int, n *node, depth int) int {
	if i >= len(f.msg) || depth > maxDepth {
		return -1
	}
	if n != nil && n.leaf < 0 && (f.msg[i] == '{' && !n.array || f.msg[i] == '[' && n.array) {
		return f.nested(i, n, depth)
	}
	end := scanValue(f.msg, i, depth)
	if end > len(f.msg) {
		return -1
	}
	if n != nil && n.leaf >= 0 && end > 0 {
		if f.spans[n.leaf].off >= 0 {
			f.twice = true
		}
		f.spans[n.leaf] = span{int32(i), int32(end)}
	}
	return end
}

func (f *finder) nested(i int, n *node, depth int) int {
	msg := f.msg
	end := byte('}')
	if n.array {
		end = ']'
	}
	if i = skipSpace(msg, i+1); i < len(msg) && msg[i] == end {
		return i + 1
	}
	for next := 0; ; next++ {
		var kid *node
		if n.array {
			if next < len(n.kids) {
				kid = &n.kids[next]
			}
		} else {
			if i >= len(msg) || msg[i] != '"' {
				return -1
			}
			stop := scanString(msg, i)
			if stop > len(msg) {
				return -1
			}
			kid = n.kid(f.unescaped(msg[i+1:stop-1]), next)
			if i = skipSpace(msg, stop); i >= len(msg) || msg[i] != ':' {
				return -1
			}
			i = skipSpace(msg, i+1)
		}
		if i = f.value(i, kid, depth+1); i < 0 {
			return -1
		}
		if i = skipSpace(msg, i); i >= len(msg) {
			return -1
		}
		switch msg[i] {
		case end:
			return i + 1
		case ',':
			i = skipSpace(msg, i+1)
		default:
			return -1
		}
	}
}

func (f *finder) unescaped(key []byte) []byte {
	if bytes.IndexByte(key, '\\') < 0 {
		return key
	}
	f.key = appendUnescaped(f.key[:0], key)
	return f.key
}

// kid finds a key; next is where it stands when the order is that of the format.
func (n *node) kid(key []byte, next int) *node {
	if next < len(n.kids) && n.kids[next].key == string(key) {
		return &n.kids[next]
	}
	for i := range n.kids {
		if n.kids[i].key == string(key) {
			return &n.kids[i]
		}
	}
	return nil
}

// render writes what HAProxy would have written; false when a value of the format is missing.
func (o *object) render(f *finder, rec *Record) bool {
	b := rec.rendered[:0]
	for i := range o.pieces {
		q := &o.pieces[i]
		b = append(b, q.lit...)
		if q.leaf < 0 {
			continue
		}
		s := f.spans[q.leaf]
		if s.off < 0 {
			return false
		}
		var ok bool
		if b, ok = q.appendValue(b, f.msg[s.off:s.end], f); !ok {
			return false
		}
	}
	for range slack {
		b = append(b, 0)
	}
	rec.rendered = b[:len(b)-slack]
	return len(rec.rendered) <= MaxLine
}

// appendValue appends a JSON value in the form of the format's text.
func (q *piece) appendValue(b, v []byte, f *finder) ([]byte, bool) {
	if q.kind == leafJSON {
		return append(b, v...), true
	}
	if v[0] == '{' || v[0] == '[' {
		return b, false
	}
	switch {
	case v[0] == '"':
		v = f.unescaped(v[1 : len(v)-1])
	case string(v) == "null" && q.kind != leafSame:
		return append(b, '-'), true // what HAProxy prints for nothing
	}
	switch q.kind {
	case leafSame:
		return b, string(v) == q.same
	case leafEscaped:
		return appendEscaped(b, v), true
	}
	return append(b, v...), true
}

// appendEscaped appends a text as json(utf8s) prints it, as far as appendUnescaped needs it.
func appendEscaped(b, s []byte) []byte {
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, `\u00`...)
			if c < 0x10 {
				b = append(b, '0')
			}
			b = strconv.AppendUint(b, uint64(c), 16)
		default:
			b = append(b, c)
		}
	}
	return b
}
