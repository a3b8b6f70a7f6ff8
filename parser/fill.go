package parser

import "bytes"

// begin makes rec ready for a message: every field absent.
func (r *Record) begin(p *Program, msg []byte) {
	if len(r.v) < p.slots {
		r.v = make([]value, p.slots)
	} else {
		clear(r.v)
	}
	for f := TimeHandshake; f <= TimeTotal; f++ {
		r.v[f].num = NoTimer
	}
	r.buf, r.scratch = msg, r.scratch[:0]
	r.filled = p
	r.cut, r.badReq, r.cookie, r.plain = false, false, false, false
	if r.index == nil && p.steps != nil {
		r.index = new(index)
	}
}

func (r *Record) set(f Field, off, end int, flags uint32) {
	if f != FieldNone {
		r.v[f] = value{off: uint32(off+1) | flags, end: uint32(end + 1)}
	}
}

// fill stores what the matcher found.
func (p *Program) fill(rec *Record, spans []span) {
	for k := range p.items {
		if s := spans[k]; s.off >= 0 && p.items[k].class != clsLiteral {
			p.put(rec, &p.items[k], int(s.off), int(s.end))
		}
	}
}

// put stores one field: b[off:end] of the message.
func (p *Program) put(rec *Record, it *item, off, end int) {
	if it.slot == FieldNone && it.gives == 0 && len(it.more) == 0 && len(it.caps) == 0 {
		return
	}
	b, flags := rec.buf, uint32(0)
	if it.class >= clsJSONNumber {
		if string(b[off:end]) == "null" {
			return
		}
		if b[off] == '"' {
			off, end = off+1, end-1
			if bytes.IndexByte(b[off:end], '\\') >= 0 {
				off, end, flags = rec.unescape(off, end)
			}
		}
	} else if it.escaped && bytes.IndexByte(b[off:end], '\\') >= 0 {
		off, end, flags = rec.unescape(off, end)
	}
	if flags&vScratch != 0 {
		b = rec.scratch
	}
	if off == end || end-off == 1 && b[off] == '-' || it.class == clsPortQ && b[off] == '"' {
		return // no value
	}
	v := value{off: uint32(off+1) | flags, end: uint32(end + 1)}
	if n, nf, ok := number(it, b[off:end]); ok {
		v.num, v.off = n, v.off|nf
	}
	if it.tilde && b[end-1] == '~' {
		v.end--
	}
	if it.slot != FieldNone {
		rec.v[it.slot] = v
	}
	for _, f := range it.more {
		rec.v[f] = v
	}
	if len(it.caps) > 0 {
		putCaptures(rec, it, b, off, end, flags)
	}
	if it.gives != 0 {
		p.putParts(rec, it, b, off, end, flags)
	}
}

func (r *Record) unescape(off, end int) (int, int, uint32) {
	at := len(r.scratch)
	r.scratch = appendUnescaped(r.scratch, r.buf[off:end])
	return at, len(r.scratch), vScratch
}

// number reads the value of a numeric field. Texts become numbers only where the whole text is
// one and its class or meaning says so.
func number(it *item, t []byte) (int64, uint32, bool) {
	switch it.class {
	case clsInt, clsUint, clsMs, clsPort, clsPortQ, clsOptInt, clsJSONNumber, clsJSONAny:
	case clsHex:
		if it.hexNum && len(t) <= 15 {
			return hexNumber(t), vNumber, true
		}
		return 0, 0, false
	default:
		if it.field < Status || it.field > BackendQueue || it.field == TerminationState {
			return 0, 0, false
		}
	}
	if !fitsInt(t) {
		return 0, 0, false
	}
	flags, neg := vNumber, false
	switch t[0] {
	case '+':
		flags, t = flags|vPlus, t[1:]
	case '-':
		neg, t = true, t[1:]
	}
	var n int64
	for _, c := range t {
		n = n*10 + int64(c-'0')
	}
	if neg {
		n = -n
	}
	return n, flags, true
}

func hexNumber(t []byte) int64 {
	var n int64
	for _, c := range t {
		d, _ := hexDigit(c)
		n = n<<4 | int64(d)
	}
	return n
}

// putParts takes a request line or a target apart.
func (p *Program) putParts(rec *Record, it *item, b []byte, off, end int, flags uint32) {
	if end-off == len(badReq) && string(b[off:end]) == badReq {
		rec.badReq = true
		return
	}
	switch it.field {
	case RequestLine:
		p.putRequest(rec, it, b, off, end, flags)
	case Target, Path:
		rec.putTarget(it.gives, b, off, end, flags)
	case Method:
		rec.set(Method, off, end, flags)
	case Query:
		if b[off] == '?' {
			off++
		}
		if off < end {
			rec.set(Query, off, end, flags)
		}
	case Protocol:
		rec.set(Protocol, off, end, flags)
	case Host:
		rec.set(Host, off, end, flags)
	}
}

// putRequest takes a request line apart. Targets hold no blanks; the version may be missing when
// the URI was cut by tune.http.logurilen or the request was HTTP/0.9.
func (p *Program) putRequest(rec *Record, it *item, b []byte, off, end int, flags uint32) {
	method, target, stop := splitRequest(b[off:end])
	if target == 0 {
		return
	}
	if it.gives&givesMethod != 0 {
		rec.set(Method, off, off+method, flags)
	}
	if it.gives&givesProtocol != 0 && off+stop < end {
		rec.set(Protocol, off+stop+1, end, flags)
	}
	rec.putTarget(it.gives, b, off+target, off+stop, flags)
}

// putTarget takes a target apart: scheme and authority of an absolute one are no part of the path.
func (r *Record) putTarget(g gives, b []byte, off, end int, flags uint32) {
	if off == end {
		return
	}
	if g&givesTarget != 0 {
		r.set(Target, off, end, flags)
	}
	start := pathStart(b[off:end])
	if start > 0 && g&givesHost != 0 {
		if at := bytes.Index(b[off:off+start], []byte("://")); at >= 0 {
			r.set(Host, off+at+3, off+start, flags)
		}
	}
	off += start
	stop := end
	if n := bytes.IndexByte(b[off:end], '?'); n >= 0 {
		stop = off + n
		if g&givesQuery != 0 && stop+1 < end {
			r.set(Query, stop+1, end, flags)
		}
	}
	if g&givesPath != 0 && stop > off {
		r.set(Path, off, stop, flags)
	}
}

// pathStart returns where the path of a target begins: after scheme://authority when it is
// absolute (HTTP/2, proxies), else at once.
func pathStart(t []byte) int {
	if t[0] == '/' {
		return 0
	}
	n := bytes.IndexByte(t, ':')
	if n <= 0 || len(t) < n+3 || t[n+1] != '/' || t[n+2] != '/' {
		return 0
	}
	for i := n + 3; i < len(t); i++ {
		if t[i] == '/' || t[i] == '?' {
			return i
		}
	}
	return len(t)
}

// putCut stores what is certain of a request whose line ends inside field it, which starts at
// off: whole segments of the path only.
func (p *Program) putCut(rec *Record, it *item, off int) {
	b := rec.buf
	if it.class >= clsJSONNumber && off < len(b) && b[off] == '"' {
		off++
	}
	switch it.field {
	case RequestLine:
		n := bytes.IndexByte(b[off:], ' ')
		if n < 0 {
			return
		}
		if it.gives&givesMethod != 0 {
			rec.set(Method, off, off+n, 0)
		}
		off += n + 1
	case Target, Path:
	default:
		return
	}
	end := len(b)
	if n := bytes.IndexByte(b[off:], ' '); n >= 0 {
		rec.putTarget(it.gives&^givesTarget, b, off, off+n, 0)
		return // the cut is in the version
	}
	if n := bytes.IndexByte(b[off:], '?'); n >= 0 {
		rec.putTarget(it.gives&givesPath, b, off, off+n, 0)
		return
	}
	for end > off && b[end-1] != '/' {
		end--
	}
	if end > off {
		rec.putTarget(it.gives&givesPath, b, off, end, 0)
	}
}

// putCaptures stores single captured headers of {a|b|c} or "a" "b" "c".
func putCaptures(rec *Record, it *item, b []byte, off, end int, flags uint32) {
	if b[off] == '"' && it.class == clsBraces {
		off, end = off+1, end-1
	}
	sep := byte('|')
	if b[off] == '"' {
		sep = '"'
	}
	n := 0
	for i := off + 1; i < end; i++ {
		stop := i
		for stop < end && b[stop] != sep && b[stop] != '}' {
			stop++
		}
		if stop > i && !(stop == i+1 && b[i] == '-') {
			for _, c := range it.caps {
				if c.index == n {
					rec.set(c.slot, i, stop, flags)
				}
			}
		}
		n++
		i = stop
		if sep == '"' {
			i += 2 // the blank, and the next opening quote
		}
	}
}
