package parser

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unsafe"
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
		b = rec.pad(msg)
	}
	if rec.filled != p {
		rec.begin(p, msg)
	}
	if p.steps == nil || e > maxQuick {
		rec.start(msg)
		return p.rest(b, e, rec, 0, 0, false)
	}
	rec.index.make(b, e)
	return p.quick(b[:e], rec)
}

// start makes rec, which begin has made ready for the Program before, ready for another message.
func (r *Record) start(msg []byte) {
	r.buf, r.scratch = msg, r.scratch[:0]
	r.cut, r.badReq, r.cookie, r.plain = false, false, false, false
}

// quick executes the flat program on a message whose index is made and that has slack behind it, by quick steps as far
// as they go.
func (p *Program) quick(msg []byte, rec *Record) bool {
	rec.start(msg)
	e := len(msg)
	if p.term != 0 && e > 0 {
		rec.index.separate(msg, e, p.term)
	}
	k, i := quickSteps(rec.index, &p.steps[0], 0, unsafe.SliceData(msg), e, 0, (*[quickSlot]value)(rec.v))
	if k < len(p.ops) {
		return p.rest(msg[:e+slack], e, rec, k, i, true)
	}
	rec.plain = true // quick steps read no sign but that of -1
	return i == e
}

// pad returns a copy of the message with slack behind it.
func (r *Record) pad(msg []byte) []byte {
	r.padded = append(append(r.padded[:0], msg...), make([]byte, slack)...)
	return r.padded
}

// rest executes the ops from k on at i of the message b[:e], or where quick is set the quick steps behind each of them.
func (p *Program) rest(b []byte, e int, rec *Record, k, i int, quick bool) bool {
	v, plain := rec.v, quick
	for again := false; k < len(p.ops); k, again = k+1, quick {
		if again && p.steps[k].code != stepNone {
			if k, i = quickSteps(rec.index, &p.steps[0], k, &b[0], e, i, (*[quickSlot]value)(v)); k == len(p.ops) {
				break
			}
		}
		o := &p.ops[k]
		if i >= e && o.code < opBraces {
			return false
		}
		plain = plain && !o.signed
		end := i
		switch o.code {
		case opName:
			if end = stopAt(b, e, i, o.term); end == i || end > e {
				return false
			}
			v[o.slot] = text(b, i, end, o.tilde)
		case opInts:
			if end = ints(b, e, i, o.seq, v); end < 0 {
				return false
			}
		case opDate:
			if end = i + o.n; end > e || !dateAt(b, i, end) {
				return false
			}
			v[o.slot] = value{off: uint32(i + 1), end: uint32(end + 1)}
			if o.put {
				p.general(rec, o, i, end)
			}
		case opState:
			if end = i + o.n; end > e || !stateAt(b, i, o.n) {
				return false
			}
			v[o.slot] = value{off: uint32(i + 1), end: uint32(end + 1)}
		case opNone: // nearly always nothing was captured
			if end = i + 1; b[i] == '-' && b[end] == o.term {
				v[o.slot] = value{}
				break
			}
			var ok bool
			if end, _, ok = cookieEnd(b, e, i, o, rec); !ok {
				return false
			}
		case opRequest:
			if end = p.requestEnd(b, e, i, o, rec); end < 0 {
				return false
			}
		case opAddrPort:
			if end = addrPort(b, e, i, o, rec); end < 0 {
				return false
			}
		case opLiteral:
		case opNumber:
			if end = jsonNumber(b, e, i, o, v); end < 0 {
				return false
			}
			if o.put {
				p.general(rec, o, i, end)
			}
		case opString:
			if end = p.str(b, e, i, o, rec); end < 0 {
				return false
			}
		case opFixed:
			if end = i + o.n; end > e || !fixed(b[i:end], o) {
				return false
			}
			if o.put {
				p.general(rec, o, i, end)
			}
		case opToken:
			if end = tokenEnd(b, e, i, o); end < 0 {
				return false
			}
			if o.slot != FieldNone && !o.put {
				v[o.slot] = text(b, i, end, o.tilde)
			}
			if o.put {
				p.general(rec, o, i, end)
			}
		case opBraces:
			if o.bare && i > 0 && b[i-1] == ' ' && i < e && b[i] != '{' { // nothing was captured
				if binary.LittleEndian.Uint64(b[i:])&(o.mask8>>8) != o.lit8>>8 {
					return false
				}
				i += len(o.lit) - 1
				continue
			}
			fallthrough
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
			if o.put {
				p.general(rec, o, i, end)
			}
		}
		if binary.LittleEndian.Uint64(b[end:])&o.mask8 != o.lit8 {
			return false
		}
		i = end + len(o.lit)
		if o.long && (i > e || string(b[end+8:i]) != o.lit[8:]) {
			return false
		}
	}
	rec.plain = plain
	return i == e
}

// general stores a field that takes the general way into the Record.
func (p *Program) general(rec *Record, o *op, i, end int) {
	rec.forget(o.item)
	if end > i {
		p.put(rec, o.item, i, end)
	}
}

// dateAt reports whether b[i:end] looks like a date: 21/Nov/2026:04:49:59, then .036 or +0000 after a blank.
func dateAt(b []byte, i, end int) bool {
	d := b[i:end]
	if len(d) < 24 || d[2] != '/' || d[6] != '/' || d[11] != ':' || d[17] != ':' || !isDigit(d[len(d)-1]) || !isDigit(d[0]) {
		return false
	}
	if len(d) == 24 {
		return d[20] == '.'
	}
	return d[20] == ' '
}

// stateAt reports whether a termination state of n bytes, 2 or 4, stands at i.
func stateAt(b []byte, i, n int) bool {
	d := (*[4]byte)(b[i:])
	ok := stateBytes[d[0]] & stateBytes[d[1]] & 1
	if n == 4 {
		ok &= stateBytes[d[2]] & stateBytes[d[3]] >> 1
	}
	return ok != 0
}

// stateBytes says where in a termination state a byte may stand: 1 in the first two places, 2 in the others;
// never written to.
var stateBytes = func() (t [256]uint8) {
	for c := range t {
		if fitsState([]byte{byte(c)}) {
			t[c] = 1
		}
		if fitsState([]byte{'-', '-', byte(c)}) {
			t[c] |= 2
		}
	}
	return t
}()

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
		if bytes.IndexByte(b[i:end], '"') >= 0 || it.field == Method && bytes.IndexByte(b[i:end], '/') >= 0 {
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

// portBefore reports whether an address and a port of some digits stand in b[i:end]; when it does not, addrPort may
// still find one.
func portBefore(b []byte, i, end int) bool {
	if end-i < 9 {
		return false
	}
	// The port has up to five digits: the last byte of the eight before end that is no digit is the colon.
	w := binary.LittleEndian.Uint64(b[end-8:]) ^ 0x30*lo8
	m := ((w&^hi8 + 0x76*lo8) | w) & hi8
	colon := end - 1 - bits.LeadingZeros64(m)>>3
	return m != 0 && b[colon] == ':' && colon < end-1 && startsAddr(b[i])
}

// startsAddr reports whether an address or the - of none can begin with c.
func startsAddr(c byte) bool { return isAlnum(c) || c == ':' || c == '-' }

// addrPort skips address:port, or stores the two; IPv6 addresses have no brackets, so the last
// colon counts.
func addrPort(b []byte, e, i int, o *op, rec *Record) int {
	end := stopAt(b, e, i, o.term)
	if end >= e || end-i < 3 {
		return -1
	}
	if !o.put && portBefore(b, i, end) {
		return end
	}
	colon := end - 1
	for colon > i && (isDigit(b[colon]) || b[colon] == '-') {
		colon--
	}
	if b[colon] != ':' || colon == i || colon == end-1 || b[colon+1] == '-' && colon+2 != end || end-colon > 19 {
		return -1
	}
	if !o.put {
		if !startsAddr(b[i]) {
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
