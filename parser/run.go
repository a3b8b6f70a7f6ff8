package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

const (
	lo8 = 0x0101010101010101
	hi8 = 0x8080808080808080
)

// run executes the flat program. It is false when the line does not follow the format in one
// pass; the Record is then in no defined state.
func (p *Program) run(msg []byte, rec *Record) bool {
	b, e := msg, len(msg)
	if cap(b)-e >= slack {
		b = b[:e+slack]
	} else {
		rec.padded = append(rec.padded[:0], msg...)
		rec.padded = append(rec.padded, make([]byte, slack)...)
		b = rec.padded
	}
	if rec.filled != p || len(rec.v) < p.slots {
		rec.begin(p, msg)
	} else {
		rec.buf, rec.scratch = msg, rec.scratch[:0]
		rec.cut, rec.badReq, rec.cookie = false, false, false
	}
	v := rec.v
	i := 0
	for k := range p.ops {
		o := &p.ops[k]
		if i >= e && o.code != opBraces && o.code != opList && o.code != opQuery {
			return false
		}
		var end int
		switch o.code {
		case opLiteral:
			end = i
		case opInts:
			if end = ints(b, e, i, o.seq, v); end < 0 {
				return false
			}
		case opDate:
			end = i + o.n
			if end > e || b[i+2] != '/' || b[i+6] != '/' || b[i+11] != ':' || b[i+17] != ':' || !isDigit(b[end-1]) || !isDigit(b[i]) {
				return false
			}
			if o.n == 24 && b[i+20] != '.' || o.n == 26 && b[i+20] != ' ' {
				return false
			}
			if o.slot != FieldNone {
				v[o.slot] = value{off: uint32(i + 1), end: uint32(end + 1)}
			}
		case opFixed:
			if end = i + o.n; end > e || !fixed(b[i:end], o) {
				return false
			}
			if o.slot != FieldNone && !o.put {
				v[o.slot] = value{off: uint32(i + 1), end: uint32(end + 1)}
			}
		case opToken:
			if end = tokenEnd(b, e, i, o); end < 0 {
				return false
			}
			if o.slot != FieldNone && !o.put {
				v[o.slot] = text(b, i, end, o.item.tilde)
			}
		case opNumber:
			if end = jsonNumber(b, e, i, o, v); end < 0 {
				return false
			}
		case opString:
			if end = p.str(b, e, i, o, rec); end < 0 {
				return false
			}
		case opAddrPort:
			if end = addrPort(b, e, i, o, rec); end < 0 {
				return false
			}
		default:
			var ok bool
			var next int
			if end, next, ok = p.rare(b, e, i, o, rec); !ok {
				return false
			}
			if next >= 0 { // the literal was swallowed, in part or whole
				i = next
				continue
			}
		}
		if o.put && o.code != opAddrPort && o.code != opString {
			rec.forget(o.item)
			if end > i {
				p.put(rec, o.item, i, end)
			}
		}
		i = end
		if o.mask8 != 0 {
			if binary.LittleEndian.Uint64(b[i:])&o.mask8 != o.lit8 {
				return false
			}
			if n := len(o.lit); n > 8 {
				if i+n > e || string(b[i+8:i+n]) != o.lit[8:] {
					return false
				}
			}
			i += len(o.lit)
		}
	}
	return i == e
}

// ints reads numbers with one byte between them; the byte after the last one is the literal's.
func ints(b []byte, e, i int, seq []intStep, v []value) int {
	for k := range seq {
		s := &seq[k]
		if k > 0 {
			if b[i] != seq[k-1].sep {
				return -1
			}
			i++
		}
		if i >= e {
			return -1
		}
		start, flags := i, vNumber
		c := b[i] - '0'
		neg := false
		if c > 9 {
			switch {
			case b[i] == '-' && s.minus:
				neg = true
			case b[i] == '+' && s.plus:
				flags |= vPlus
			case b[i] == '-' && s.dash:
				v[s.slot] = value{}
				i++
				continue
			default:
				return -1
			}
			i++
			if c = b[i] - '0'; c > 9 {
				return -1
			}
		}
		n := int64(c)
		for i++; ; i++ {
			if c = b[i] - '0'; c > 9 {
				break
			}
			n = n*10 + int64(c)
			if i-start > 18 {
				return -1
			}
		}
		if neg {
			n = -n
		}
		v[s.slot] = value{off: uint32(start+1) | flags, end: uint32(i + 1), num: n}
	}
	return i
}

// text is the value of a token: absent when it is "-".
func text(b []byte, i, end int, tilde bool) value {
	if end-i == 1 && b[i] == '-' {
		return value{}
	}
	if tilde && b[end-1] == '~' {
		end--
	}
	return value{off: uint32(i + 1), end: uint32(end + 1)}
}

func fixed(t []byte, o *op) bool {
	if o.item.class == clsMs {
		return digits(t)
	}
	return fitsState(t)
}

// tokenEnd finds the first byte of the literal; a blank or control byte before it ends the search.
func tokenEnd(b []byte, e, i int, o *op) int {
	end := e
	if !o.last {
		end = stopAt(b, e, i, o.term)
	} else if bytes.IndexByte(b[i:e], ' ') >= 0 {
		return -1
	}
	if end > e || end == i && !o.item.emptyOK {
		return -1
	}
	if o.exact && !o.item.all(b[i:end]) {
		return -1
	}
	switch it := o.item; it.class {
	case clsAddr, clsOptInt, clsHex:
		if !it.fits(b[i:end]) {
			return -1
		}
	case clsURL, clsToken:
		if bytes.IndexByte(b[i:end], '"') >= 0 {
			return -1
		}
	}
	return end
}

// stopAt returns the index of the first byte from i on that is c or not above a blank; the caller
// checks which. b has slack behind e.
func stopAt(b []byte, e, i int, c byte) int {
	x := uint64(c) * lo8
	for i < e {
		w := binary.LittleEndian.Uint64(b[i:])
		y := w ^ x
		// The lowest set bit of each term is exact: borrows only run upwards.
		m := (y-lo8)&^y&hi8 | (w-0x21*lo8)&^w&hi8
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
	return e + 1
}

// addrPort skips address:port, or stores the two; IPv6 addresses have no brackets, so the last
// colon counts.
func addrPort(b []byte, e, i int, o *op, rec *Record) int {
	end := stopAt(b, e, i, o.term)
	if end >= e || end-i < 3 {
		return -1
	}
	colon := end - 1
	for colon > i && (isDigit(b[colon]) || b[colon] == '-') {
		colon--
	}
	if b[colon] != ':' || colon == i || colon == end-1 || b[colon+1] == '-' && colon+2 != end || end-colon > 19 {
		return -1
	}
	if !o.put {
		if c := b[i]; !isAlnum(c) && c != ':' && c != '-' {
			return -1
		}
		return end
	}
	if !fitsAddr(b[i:colon]) {
		return -1
	}
	if o.slot != FieldNone {
		rec.v[o.slot] = text(b, i, colon, false)
	}
	ints(b, e, colon+1, o.seq, rec.v)
	return end
}
