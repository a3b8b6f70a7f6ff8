package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// rare reads the fields that take more than a scan. next is where the line goes on when the
// literal after a field that printed nothing was swallowed, else -1.
func (p *Program) rare(b []byte, e, i int, o *op, rec *Record) (end, next int, ok bool) {
	switch o.code {
	case opText:
		end, ok = textEnd(b, e, i, o)
		if ok && !o.put && o.slot != FieldNone {
			if rec.v[o.slot] = (value{}); end > i {
				rec.v[o.slot] = text(b, i, end, false)
			}
		}
		return end, -1, ok
	case opCookie:
		return cookieEnd(b, e, i, o, rec)
	case opBraces:
		if i < e && b[i] == '{' && !o.item.never {
			n := bytes.IndexByte(b[i:e], '}')
			if n < 0 || !o.item.fits(b[i:i+n+1]) {
				return 0, -1, false
			}
			return i + n + 1, -1, true
		}
	case opList:
		if i < e && b[i] == '"' && !o.item.never {
			end, ok = listEnd(b, e, i, o.n)
			return end, -1, ok
		}
	case opQuery:
		if i < e && (b[i] == '?' || b[i] == '<') {
			if end, ok = textEnd(b, e, i, o); !ok || !o.item.fits(b[i:end]) {
				return 0, -1, false
			}
			return end, -1, true
		}
	case opEscaped:
		return escapedEnd(b, e, i, o, rec)
	case opValue:
		end = scanValue(b[:e], i, 0)
		return end, -1, end > i && end <= e && o.item.fits(b[i:end])
	}
	if o.code == opQuery && (!o.item.vanish || i == 0 || b[i-1] != ' ' || o.term != ' ' || i < e && b[i] == ' ') {
		return i, -1, o.item.emptyOK // nothing printed, both blanks kept (2.9 and earlier)
	}
	return vanished(b, e, i, o, rec)
}

// vanished goes on after a field that printed nothing: after a blank, the next blank is swallowed.
func vanished(b []byte, e, i int, o *op, rec *Record) (end, next int, ok bool) {
	rec.forget(o.item)
	lit := o.lit
	if lit != "" && lit[0] == ' ' && (i == 0 || b[i-1] == ' ') {
		lit = lit[1:]
	}
	if i+len(lit) > e || string(b[i:i+len(lit)]) != lit {
		return 0, -1, false
	}
	return i, i + len(lit), true
}

// textEnd finds the literal after a text; an empty text is left to its item.
func textEnd(b []byte, e, i int, o *op) (int, bool) {
	if o.last {
		return e, o.item.fits(b[i:e])
	}
	from := i
	if !o.item.emptyOK || o.item.vanish {
		from++
	}
	for {
		n := bytes.IndexByte(b[from:e], o.term)
		if n < 0 {
			return 0, false
		}
		from += n
		if from+len(o.lit) <= e && string(b[from:from+len(o.lit)]) == o.lit {
			return from, from == i || o.item.class == clsText || o.item.fits(b[i:from])
		}
		from++
	}
}

func cookieEnd(b []byte, e, i int, o *op, rec *Record) (int, int, bool) {
	end := i + 1
	switch {
	case b[i] == '-' && (o.last && end == e || !o.last && b[end] == o.term):
	case b[i] == o.term && o.item.emptyOK:
		end = i
	default:
		var ok bool
		if end, ok = textEnd(b, e, i, o); !ok {
			return 0, -1, false
		}
		rec.cookie = true
	}
	if o.slot != FieldNone && !o.put {
		if rec.v[o.slot] = (value{}); end > i {
			rec.v[o.slot] = text(b, i, end, false)
		}
	}
	return end, -1, true
}

// requestEnd takes a quoted request line apart and returns its end, -1 when it is none. No quote stands
// inside one.
func (p *Program) requestEnd(b []byte, e, i int, o *op, rec *Record) int {
	n := bytes.IndexByte(b[i:e], '"')
	if n <= 0 {
		if n == 0 && o.item.emptyOK {
			return i
		}
		return -1
	}
	end := i + n
	if o.slot != FieldNone {
		rec.v[o.slot] = value{off: uint32(i + 1), end: uint32(end + 1)}
	}
	if b[i] == '<' && end-i == len(badReq) && string(b[i:end]) == badReq {
		rec.forgetParts(o.item.gives)
		rec.badReq = true
		return end
	}
	method, target, stop := requestParts(b, i, end)
	if target == 0 {
		return -1
	}
	stop += i
	if stop < end && (end-stop < 6 || binary.LittleEndian.Uint64(b[stop+1:])&0xffffffffff != http5) && (stop == end-1 || !o.item.fits(b[i:end])) {
		return -1
	}
	rec.putRequestParts(b, o.item.gives, i, method, target+i, stop, end)
	return end
}

const http5 = 'H' | 'T'<<8 | 'T'<<16 | 'P'<<24 | '/'<<32

// requestParts is splitRequest for the request line b[i:end] with slack behind it.
func requestParts(b []byte, i, end int) (method, target, stop int) {
	w := binary.LittleEndian.Uint64(b[i:])
	y := w ^ '/'*lo8
	// The lowest set bit is exact, see stopAt; methods of eight bytes and more are rare.
	m := (y-lo8)&^y&hi8 | (w-0x21*lo8)&^w&hi8
	method = bits.TrailingZeros64(m) >> 3
	if method == 0 || i+method+1 >= end || method > 7 || b[i+method] != ' ' || b[i+method+1] == ' ' {
		return splitRequest(b[i:end])
	}
	target = method + 1
	if n := bytes.IndexByte(b[i+target:end], ' '); n >= 0 {
		return method, target, target + n
	}
	return method, target, end - i
}

// putRequestParts stores the parts of a request line, all of them afresh.
func (r *Record) putRequestParts(b []byte, g gives, i, method, off, stop, end int) {
	v := (*[quickSlot]value)(r.v)
	if g&givesMethod != 0 {
		v[Method] = textAt(i, i+method)
	}
	if g&givesProtocol != 0 {
		if v[Protocol] = (value{}); stop < end {
			v[Protocol] = textAt(stop+1, end)
		}
	}
	if b[off] != '/' {
		r.forgetParts(g &^ (givesMethod | givesProtocol))
		r.putTarget(g, b, off, stop, 0)
		return
	}
	query := stop
	if n := bytes.IndexByte(b[off:stop], '?'); n >= 0 {
		query = off + n
	}
	putPath(v, g, off, query, stop, 0)
}

// textAt is the value of a text.
func textAt(i, end int) value { return value{off: uint32(i + 1), end: uint32(end + 1)} }

// putPath stores the parts of a target that is a path and perhaps a query: the path begins at off and ends at query,
// the target at stop. slashes is for Record.Route.
func putPath(v *[quickSlot]value, g gives, off, query, stop int, slashes uint64) {
	if g&givesTarget != 0 {
		v[Target] = textAt(off, stop)
	}
	if g&givesPath != 0 {
		v[Path] = textAt(off, query)
		v[Path].num = int64(slashes)
	}
	if g&givesQuery != 0 {
		if v[Query] = (value{}); query+1 < stop {
			v[Query] = textAt(query+1, stop)
		}
	}
	if g&givesHost != 0 {
		v[Host] = value{}
	}
}

func listEnd(b []byte, e, i, count int) (int, bool) {
	for n := 1; ; n++ {
		q := bytes.IndexByte(b[i+1:e], '"')
		if q < 0 {
			return 0, false
		}
		i += q + 2
		if n == count || i+1 >= e || b[i] != ' ' || b[i+1] != '"' {
			return i, count == 0 || n == count
		}
		i++
	}
}

func escapedEnd(b []byte, e, i int, o *op, rec *Record) (int, int, bool) {
	for from := i; ; {
		n := bytes.IndexByte(b[from:e], '"')
		if n < 0 {
			return 0, -1, false
		}
		end := from + n
		slashes := 0
		for end-slashes > i && b[end-slashes-1] == '\\' {
			slashes++
		}
		if slashes&1 == 0 {
			if o.slot != FieldNone && !o.put {
				if rec.v[o.slot] = (value{}); end > i {
					rec.v[o.slot] = text(b, i, end, false)
				}
			}
			return end, -1, true
		}
		from = end + 1
	}
}

// forget makes everything that the item fills absent.
func (r *Record) forget(it *item) {
	r.v[it.slot] = value{}
	for _, f := range it.more {
		r.v[f] = value{}
	}
	for _, c := range it.caps {
		r.v[c.slot] = value{}
	}
	if it.gives != 0 {
		r.forgetParts(it.gives)
	}
}

func (r *Record) forgetParts(g gives) {
	for k, f := range partFields() {
		if g>>k&1 != 0 {
			r.v[f] = value{}
		}
	}
}
