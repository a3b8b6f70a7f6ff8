package parser

import "bytes"

// analyse lists the readings of the line in hand, the likeliest first.
func (e *Envelope) analyse() {
	e.cands, e.next, e.given, e.cur = e.cands[:0], 0, nil, candidate{}
	e.header = false
	if len(e.line) == 0 {
		return
	}
	if e.line[0] == '{' {
		e.readJSON()
	} else {
		e.readHeader(e.line, 0)
	}
	e.header = len(e.cands) > 0
	e.cands = append(e.cands, candidate{kind: kindRaw})
	if !e.kept {
		return
	}
	for i, c := range e.cands {
		if c.kind == e.prefer {
			copy(e.cands[1:i+1], e.cands[:i])
			e.cands[0] = c
			return
		}
	}
}

// readHeader adds the readings of a header that begins at p, the longest header first.
func (e *Envelope) readHeader(b []byte, p int) {
	if _, at := octetCount(b[p:]); at > 0 {
		p += at
	}
	afterPri := readPri(b, p)
	if afterPri > 0 {
		p = afterPri
	}
	if c, ok := read5424(b, p); ok {
		e.cands = append(e.cands, c)
	}
	if end := readTime(b, p); end > 0 && end < len(b) && b[end] == ' ' {
		e.readAfterTime(b, candidate{timeStart: p, timeEnd: end})
	} else if end := readUnixTime(b, p); end > 0 {
		c := candidate{timeStart: p, timeEnd: end}
		if e.readTag(b, end+1, &c) && c.tagEnd < c.start && b[c.tagEnd] == '[' {
			e.cands = append(e.cands, c)
		}
	} else {
		c := candidate{}
		if readTagAt(b, p, true, &c) {
			e.cands = append(e.cands, c)
		}
	}
	if afterPri > 0 {
		e.cands = append(e.cands, candidate{kind: kindPri, start: afterPri})
	}
}

// readAfterTime adds what may follow a time: host and tag, a container runtime's stream, or the message.
func (e *Envelope) readAfterTime(b []byte, c candidate) {
	p := c.timeEnd + 1
	if q := readStream(b, p); q > 0 {
		e.readHeader(b, q)
		c.kind, c.start = kindWord2, q
		e.cands = append(e.cands, c)
		return
	}
	tagged := c
	if e.readTag(b, p, &tagged) {
		e.cands = append(e.cands, tagged)
	}
	c.kind, c.start = kindTime, p
	e.cands = append(e.cands, c)
	if tagged.kind == kindTag {
		return
	}
	for _, k := range [...]kind{kindWord1, kindWord2} {
		i := bytes.IndexByte(b[p:], ' ')
		if i < 0 {
			return
		}
		p += i + 1
		c.kind, c.start = k, p
		e.cands = append(e.cands, c)
	}
}

// readTag looks for a tag at p, after one word (the host) at p, or, for a tag with blanks in it, further on.
func (e *Envelope) readTag(b []byte, p int, c *candidate) bool {
	if readTagAt(b, p, false, c) {
		return true
	}
	if i := bytes.IndexByte(b[p:], ' '); i > 0 && readTagAt(b, p+i+1, false, c) {
		return true
	}
	const farthest = 96 // bytes of host and tag looked at; RFC 5424 allows a tag of 48
	end := min(len(b), p+farthest)
	for q := p; q < end; q++ {
		if b[q] != '[' {
			continue
		}
		if r := readPid(b, q); r > 0 && r+1 < len(b) && b[r] == ':' && b[r+1] == ' ' {
			*c = candidate{kind: kindTag, start: r + 2, timeStart: c.timeStart, timeEnd: c.timeEnd, tagStart: p, tagEnd: q}
			return true
		}
	}
	return false
}

// readTagAt reads "tag[pid]: ", "tag[pid] " or "tag: " at p; strict leaves only the first.
func readTagAt(b []byte, p int, strict bool, c *candidate) bool {
	q := p
	for q < len(b) && isTagByte(b[q]) {
		q++
	}
	if q == p || q >= len(b) {
		return false
	}
	end, pid := q, false
	if b[q] == '[' {
		r := readPid(b, q)
		if r == 0 {
			return false
		}
		q, pid = r, true
	}
	colon := q < len(b) && b[q] == ':'
	if colon {
		q++
	}
	if !pid && !colon || strict && (!pid || !colon) {
		return false
	}
	if q < len(b) && b[q] != ' ' {
		return false
	}
	*c = candidate{kind: kindTag, start: min(q+1, len(b)), timeStart: c.timeStart, timeEnd: c.timeEnd, tagStart: p, tagEnd: end}
	return true
}

// isTagByte holds for what a tag is made of. HAProxy takes any text for log-tag; a colon, a blank and a
// bracket end it here.
func isTagByte(c byte) bool {
	return c > ' ' && c != '[' && c != ':' && c != ']' && c != '"' && c < 0x7F
}

// readPid reads "[123]" at p and returns the position behind it, 0 when it is something else.
func readPid(b []byte, p int) int {
	q := p + 1
	for q < len(b) && b[q]-'0' < 10 {
		q++
	}
	if q == p+1 || q >= len(b) || b[q] != ']' || q-p > 12 {
		return 0
	}
	return q + 1
}

// readPri reads "<134>" and returns the position behind it, 0 when it is something else.
func readPri(b []byte, p int) int {
	if p >= len(b) || b[p] != '<' {
		return 0
	}
	q := p + 1
	for q < len(b) && b[q]-'0' < 10 {
		q++
	}
	if q == p+1 || q > p+4 || q >= len(b) || b[q] != '>' {
		return 0
	}
	return q + 1
}

// read5424 reads the header of RFC 5424 section 6 behind the priority: version, time, host, app, pid, msgid,
// structured data.
func read5424(b []byte, p int) (c candidate, ok bool) {
	if p+1 >= len(b) || b[p]-'1' > 8 || b[p+1] != ' ' {
		return c, false
	}
	p += 2
	c.kind, c.timeStart = kindRFC5424, p
	if p >= len(b) {
		return c, false
	}
	if b[p] == '-' {
		c.timeEnd = p + 1
	} else if c.timeEnd = readISO(b, p); c.timeEnd == 0 {
		return c, false
	}
	p = c.timeEnd
	for word := range 4 { // host, app, pid, msgid
		if p >= len(b) || b[p] != ' ' {
			return c, false
		}
		p++
		n := bytes.IndexByte(b[p:], ' ')
		if n <= 0 {
			return c, false
		}
		if word == 1 {
			c.tagStart, c.tagEnd = p, p+n
		}
		p += n
	}
	p++
	switch {
	case p >= len(b):
		return c, false
	case b[p] == '[':
		c.sd = p
		if c.start, ok = skipStructured(b, p); !ok {
			return c, false
		}
	case b[p] == '-' && (p+1 == len(b) || b[p+1] == ' '):
		c.start = skipBlank5424(b, p+1)
	default:
		return c, false
	}
	return c, true
}

// readStream reads "stdout F " of the container runtime interface's log files.
func readStream(b []byte, p int) int {
	if len(b)-p < 9 {
		return 0
	}
	switch string(b[p : p+9]) {
	case "stdout F ", "stderr F ":
		return p + 9
	}
	return 0
}
