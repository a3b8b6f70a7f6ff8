package parser

import (
	"bytes"
)

// Envelope takes the header of a log line off: what syslog, rsyslog, journald or HAProxy's own
// "log … format" put in front of the message. It learns the kind of header from the lines
// themselves and handles several kinds, tags and process ids in one file:
//
//	raw            message
//	short, priority <6>message
//	timed          <6>2026-11-21T04:53:55.259741+00:00 message
//	iso            2026-11-21T04:53:55.259741+00:00 message
//	local          <134>Nov 21 04:53:55 haproxy[25441]: message
//	rfc3164        <134>Nov 21 04:53:55 host haproxy[25441]: message
//	rfc5424        <134>1 2026-11-21T04:53:55.259741+00:00 host haproxy 25441 - [id k="v"] message
//	files of rsyslog and journalctl (short forms), with or without host, pid and colon
//	journalctl -o json, Docker's json-file
//
// each with or without an octet count in front, NULs before it (the hole that copytruncate leaves)
// and a CR behind it. What a header is cannot be told for sure when the log format itself begins
// like one, so Strip answers with the most likely message and Next with the other ones; Keep tells
// which of them was right.
//
// On the hot path the header equals the last one but for its time, and costs one compare of a few
// bytes. Nothing is allocated but when the length of a JSON message or of a header grows.
// An Envelope is not safe for concurrent use. The zero value is ready.
type Envelope struct {
	shapes [4]shape // headers that were kept, the last one used first
	n      int      // shapes in use
	prefer kind     // kind of the last kept message, tried first on a header not seen yet
	kept   bool

	// of the line in hand
	line   []byte // as given, without NULs in front and CR, LF behind
	given  []byte // the message that Strip returned, unless steady; Next leaves it out
	cur    candidate
	cands  []candidate
	next   int // index in cands of what Next tries; -1: cands are not computed yet
	buf    []byte
	header bool // the line in hand has a header
	steady bool // cur is the candidate of shapes[0], which the line before had too
}

// Strip returns the message of a line and for how many equal ones it stands: 1, or N for
// rsyslog's "message repeated N times: [ message]", which follows a first line that stands for itself.
// ok is false when the line has no message. msg is a part of line, or, for JSON, of a buffer that
// the next Strip overwrites.
func (e *Envelope) Strip(line []byte) (msg []byte, repeat uint64, ok bool) {
	s := &e.shapes[0]
	if n := len(line); n > len(s.head) && line[n-1] > '\r' && s.quick(line) {
		e.same(line)
		msg = line[len(s.head):]
		if msg[0] == 'm' {
			return e.give(msg)
		}
		return msg, 1, true
	}
	return e.strip(trim(line))
}

// same takes a line that has the header of shapes[0].
func (e *Envelope) same(line []byte) {
	e.line, e.next = line, -1
	if !e.steady {
		e.cur, e.header, e.steady = e.shapes[0].candidate, true, true
	}
}

// strip is Strip for lines whose header differs from the last one.
func (e *Envelope) strip(line []byte) (msg []byte, repeat uint64, ok bool) {
	e.line, e.next, e.steady = line, -1, false
	for i := 0; i < e.n; i++ {
		s := &e.shapes[i]
		if s.kind == kindRaw && e.prefer != kindRaw {
			continue // it would fit every line
		}
		end, fits := s.match(line)
		if !fits || end >= len(line) {
			continue
		}
		if i > 0 {
			e.shapes[0], e.shapes[i] = e.shapes[i], e.shapes[0]
			s = &e.shapes[0]
		}
		e.cur = s.candidate
		e.header = s.kind != kindRaw
		return e.give(line[end:])
	}
	e.analyse()
	return e.Next()
}

// Next returns the next best message of the line given to Strip, for when no format fits the
// one before; ok is false when there is none left.
func (e *Envelope) Next() (msg []byte, repeat uint64, ok bool) {
	if e.steady {
		e.given, e.steady = e.line[len(e.shapes[0].head):], false
	}
	if e.next < 0 {
		given, header := e.given, e.header
		e.analyse()
		e.given, e.header = given, header || e.header
	}
	for e.next < len(e.cands) {
		c := e.cands[e.next]
		e.next++
		src := e.line
		if c.kind == kindJSON {
			src = e.buf
		}
		if c.start >= len(src) || sameStart(src[c.start:], e.given) {
			continue
		}
		e.cur = c
		return e.give(src[c.start:])
	}
	return nil, 0, false
}

// Keep says that the message returned last was understood: headers of this kind are tried first
// from now on.
func (e *Envelope) Keep() {
	e.prefer, e.kept = e.cur.kind, true
	if !e.steady {
		e.keep()
	}
}

// keep remembers the shape of a header that differs from the last one.
func (e *Envelope) keep() {
	c := e.cur
	if e.next < 0 || c.kind == kindJSON {
		return // came from a shape, or has none
	}
	if c.kind == kindRaw {
		c.timeStart, c.timeEnd, c.tagStart, c.tagEnd, c.sd = 0, 0, 0, 0, 0
	}
	i := e.n
	if i == len(e.shapes) {
		i--
	} else {
		e.n++
	}
	// The oldest place is reused for the new shape, which goes to the front.
	e.shapes[0], e.shapes[i] = e.shapes[i], e.shapes[0]
	e.shapes[0].set(c, e.line)
}

// Tag returns the tag (program name) in the header of the message returned last, nil when it has none.
// It is a part of the line.
func (e *Envelope) Tag() []byte {
	c := e.cur
	src := e.line
	if c.kind == kindJSON {
		src = e.buf
	}
	if c.tagEnd <= c.tagStart || c.tagEnd > len(src) {
		return nil
	}
	return src[c.tagStart:c.tagEnd]
}

// Kind names the envelope of the message returned last, for explain: "raw", "rfc5424", …
func (e *Envelope) Kind() string { return e.cur.kind.String() }

// Missing reports that the line in hand has no header although the lines understood before it had one:
// it is the rest of a message that was broken in two, or comes from elsewhere.
func (e *Envelope) Missing() bool {
	return e.kept && e.prefer != kindRaw && !e.header
}

// give returns the message, unwrapped from rsyslog's repetition text.
func (e *Envelope) give(msg []byte) ([]byte, uint64, bool) {
	e.given = msg
	if msg[0] == 'm' {
		if inner, n, ok := repeated(msg); ok {
			return inner, n, true
		}
	}
	return msg, 1, true
}

// trim takes NULs in front and line ends behind off.
func trim(line []byte) []byte {
	for len(line) > 0 && line[0] == 0 {
		line = line[1:]
	}
	for n := len(line); n > 0 && (line[n-1] == '\r' || line[n-1] == '\n'); n-- {
		line = line[:n-1]
	}
	return line
}

// sameStart reports that two slices end at the same byte of one array and have one length.
func sameStart(a, b []byte) bool { return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0] }

const repeatText = "message repeated "

// repeated reads "message repeated 49 times: [ text]".
func repeated(msg []byte) (inner []byte, n uint64, ok bool) {
	if len(msg) < len(repeatText) || string(msg[:len(repeatText)]) != repeatText {
		return nil, 0, false
	}
	rest := msg[len(repeatText):]
	i := 0
	for i < len(rest) && i < 9 && rest[i]-'0' < 10 {
		n = n*10 + uint64(rest[i]-'0')
		i++
	}
	const mid = " times: ["
	if i == 0 || n == 0 || len(rest) < i+len(mid) || string(rest[i:i+len(mid)]) != mid {
		return nil, 0, false
	}
	inner = bytes.TrimPrefix(rest[i+len(mid):], []byte{' '})
	inner = bytes.TrimSuffix(inner, []byte{']'})
	return inner, n, len(inner) > 0
}

// Framed reports whether an octet count may stand in front of a line. It may also be true for lines that begin with a
// number of another kind, but not with a date.
func Framed(line []byte) bool {
	return len(line) > 7 && line[0]-'1' < 9 && line[4] != '-'
}

// NextFrame splits lines that are joined by octet counts ("386 <134>1 …571 <134>1 …", HAProxy's ring with
// "log-proto octet-count") instead of line ends. For any other line frame is the whole line and rest is nil.
// A caller that may meet such lines gives each frame to Reader.Line.
func NextFrame(line []byte) (frame, rest []byte) {
	n, at := octetCount(line)
	if at == 0 || n >= len(line)-at {
		return line, nil
	}
	if _, p := octetCount(line[at+n:]); p == 0 {
		return line, nil // a count that is wrong, or a message that only looks so
	}
	return line[:at+n], line[at+n:]
}

// octetCount reads "386 <" and returns the count and where the frame begins, 0 when there is none.
func octetCount(line []byte) (n, at int) {
	i := 0
	for i < len(line) && i < 7 && line[i]-'0' < 10 {
		n = n*10 + int(line[i]-'0')
		i++
	}
	if i == 0 || line[0] == '0' || i+1 >= len(line) || line[i] != ' ' || line[i+1] != '<' {
		return 0, 0
	}
	return n, i + 1
}
