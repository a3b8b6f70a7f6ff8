package parser

import (
	"encoding/binary"
)

// quick takes the steps from k on at the index i of the message b[:e], and returns the step and the index where
// it stopped. b has slack behind e.
func (p *Program) quick(b []byte, e int, x *index, v *[quickSlot]value, k, i int) (int, int) {
	steps := p.steps
	for k < len(steps) && i < e {
		s := &steps[k]
		end := i
		switch s.code {
		case stepWord:
			if end = x.blank(i); end == i || b[i] == '-' {
				return k, i
			}
			v[s.slot%quickSlot] = name(b, i, end, s.tilde)
		case stepPart:
			if end = x.slash(i); end == i || b[i] == '-' {
				return k, i
			}
			v[s.slot%quickSlot] = textAt(i, end)
		case stepName:
			if end = x.term(i, s.odd); end == i || b[i] == '-' || b[i] == '<' && s.slot == uint8(Method) {
				return k, i
			}
			v[s.slot%quickSlot] = name(b, i, end, s.tilde)
		case stepTarget:
			end = x.term(i, 0)
			if end >= e || quickTarget(b, x, i, x.quote(i), end, s.gives, v) < 0 {
				return k, i
			}
		case stepRest:
			if end = e; x.blank(i) < e || x.quote(i) < e || b[i] == '-' {
				return k, i
			}
			v[s.slot%quickSlot] = textAt(i, end)
		case stepInts:
			end = quickInts((*[maskSize]byte)(b[i:]), x.nonDigits(i), s.seq, v, i)
		case stepDate:
			if end = i + int(s.n); !dateAt(b, i, end) {
				return k, i
			}
			v[s.slot%quickSlot] = textAt(i, end)
		case stepState:
			if end = i + int(s.n); !stateAt(b, i, int(s.n)) {
				return k, i
			}
			v[s.slot%quickSlot] = textAt(i, end)
		case stepDash:
			if end = i + 1; b[i] != '-' {
				return k, i
			}
			v[s.slot%quickSlot] = value{}
		case stepAddr:
			if end = x.blank(i); !portBefore(b, i, end) {
				return k, i
			}
		case stepAddrTerm:
			if end = x.term(i, 0); !portBefore(b, i, end) {
				return k, i
			}
		case stepBare:
			if b[i] == '{' || i == 0 || b[i-1] != ' ' {
				return k, i
			}
		case stepRequest:
			end = quickRequest(b, e, x, i, s.gives, v)
		case stepUsual:
			if !s.usual.take(b, i, v) {
				return k, i
			}
			i += s.usual.len
			k += s.usual.steps
			continue
		default:
			return k, i
		}
		if end < 0 || end > e || binary.LittleEndian.Uint64(b[end:])&s.mask8 != s.lit8 {
			return k, i
		}
		i = end + int(s.lit)
		k++
	}
	return k, i
}

// textAt is the value of a text.
func textAt(i, end int) value { return value{off: uint32(i + 1), end: uint32(end + 1)} }

// name is textAt for a frontend's name, whose mark of TLS does not belong to it.
func name(b []byte, i, end int, tilde bool) value {
	if tilde && b[end-1] == '~' {
		end--
	}
	return textAt(i, end)
}

// take stores the values if the text at i is the usual one.
func (u *usual) take(b []byte, i int, v *[quickSlot]value) bool {
	if binary.LittleEndian.Uint64(b[i:])&u.mask[0] != u.text[0] || binary.LittleEndian.Uint64(b[i+8:])&u.mask[1] != u.text[1] {
		return false
	}
	for j := range u.values {
		f := &u.values[j]
		v[f.slot%quickSlot] = value{off: (uint32(i+1) + f.at) & f.present, end: (uint32(i+1) + f.at + f.len) & f.present}
	}
	return true
}

// quickRequest reads a request line whose target is a path, and returns its end, -1 when it is not so simple. See
// requestEnd.
func quickRequest(b []byte, e int, x *index, i int, g gives, v *[quickSlot]value) int {
	method := x.slash(i)
	target := method + 1
	if method == i || b[method] != ' ' || b[target] != '/' {
		return -1
	}
	stop := x.blank(target)
	if stop >= e {
		return -1
	}
	query := x.quote(i)
	end := query
	if end < stop {
		end = x.quote(stop)
	}
	if query < target || end >= e || b[end] != '"' || b[stop] != ' ' || binary.LittleEndian.Uint64(b[stop+1:])&0xffffffffff != http5 ||
		quickTarget(b, x, target, query, stop, g, v) < 0 {
		return -1
	}
	if g&givesMethod != 0 {
		v[Method] = textAt(i, method)
	}
	if g&givesProtocol != 0 {
		v[Protocol] = textAt(stop+1, end)
	}
	return end
}

// quickTarget stores the parts of a target that is a path and perhaps a query, b[i:stop], and returns stop; -1 when
// it is not so simple. query is the first question mark or quote from i on. See putTarget.
func quickTarget(b []byte, x *index, i, query, stop int, g gives, v *[quickSlot]value) int {
	if b[i] != '/' {
		return -1
	}
	for q := query; q < stop; q = x.quote(q + 1) {
		if b[q] == '"' {
			return -1
		}
	}
	query = min(query, stop)
	putPath(v, g, i, query, stop, x.slashes(i))
	return stop
}
