package parser

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonHeader holds the raw values of the keys that make a JSON object a log record of journald
// (journalctl -o json) or of Docker's json-file driver.
type jsonHeader struct {
	message, tag, log   []byte
	cursor, stream, any bool
}

// readJSON adds the message within a log record in JSON. The message goes to e.buf, behind the tag.
func (e *Envelope) readJSON() {
	var h jsonHeader
	if !scanRecord(e.line, &h) {
		return
	}
	value := h.message
	if !h.cursor || value == nil {
		if value = h.log; !h.stream || value == nil {
			return
		}
	}
	e.buf = e.buf[:0]
	if h.tag != nil {
		e.buf, _ = appendJSONText(e.buf, h.tag)
	}
	tag := len(e.buf)
	var ok bool
	if e.buf, ok = appendJSONText(e.buf, value); !ok {
		return
	}
	for n := len(e.buf); n > tag && (e.buf[n-1] == '\n' || e.buf[n-1] == '\r'); n-- {
		e.buf = e.buf[:n-1]
	}
	if cap(e.buf)-len(e.buf) < slack {
		e.buf = append(e.buf, make([]byte, slack)...)[:len(e.buf)]
	}
	at := len(e.cands)
	e.readHeader(e.buf, tag)
	e.cands = append(e.cands, candidate{kind: kindJSON, start: tag})
	for i := range e.cands[at:] {
		c := &e.cands[at+i]
		c.kind = kindJSON
		if tag > 0 {
			c.tagStart, c.tagEnd = 0, tag
		}
	}
}

// slack is how many readable bytes follow a line on the hot path: fields are read in wide words.
const slack = 64

// scanRecord reads the keys of an object at the outermost level.
func scanRecord(b []byte, h *jsonHeader) bool {
	p := skipBlanks(b, 1)
	for p < len(b) && b[p] == '"' {
		end := afterString(b, p)
		if end == 0 {
			return false
		}
		key := b[p+1 : end-1]
		if p = skipBlanks(b, end); p >= len(b) || b[p] != ':' {
			return false
		}
		from := skipBlanks(b, p+1)
		to := afterValue(b, from)
		if to == 0 {
			return false
		}
		switch string(key) {
		case "MESSAGE":
			h.message = b[from:to]
		case "SYSLOG_IDENTIFIER":
			h.tag = b[from:to]
		case "__CURSOR", "__REALTIME_TIMESTAMP":
			h.cursor = true
		case "log":
			h.log = b[from:to]
		case "stream":
			h.stream = true
		}
		if p = skipBlanks(b, to); p < len(b) && b[p] == ',' {
			p = skipBlanks(b, p+1)
			continue
		}
		return p == len(b)-1 && b[p] == '}'
	}
	return false
}

func skipBlanks(b []byte, p int) int {
	for p < len(b) && (b[p] == ' ' || b[p] == '\t') {
		p++
	}
	return p
}

// afterString returns the position behind the string that begins at p, 0 when it does not end.
func afterString(b []byte, p int) int {
	for p++; p < len(b); p++ {
		switch b[p] {
		case '\\':
			p++
		case '"':
			return p + 1
		}
	}
	return 0
}

// afterValue returns the position behind the value at p, 0 when it does not end.
func afterValue(b []byte, p int) int {
	depth := 0
	for p < len(b) {
		switch b[p] {
		case '"':
			if p = afterString(b, p); p == 0 {
				return 0
			}
			if depth == 0 {
				return p
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return p
			}
			if depth--; depth == 0 {
				return p + 1
			}
		case ',':
			if depth == 0 {
				return p
			}
		}
		p++
	}
	return 0
}

// appendJSONText appends what a string, an array of byte values (journald's form of text that is not UTF-8)
// or null (journald's form of a text that is too long) stands for.
func appendJSONText(dst, v []byte) ([]byte, bool) {
	v = bytes.TrimRight(v, " \t")
	switch {
	case len(v) >= 2 && v[0] == '"':
		return appendUnquoted(dst, v[1:len(v)-1])
	case len(v) >= 2 && v[0] == '[':
		return appendJSONBytes(dst, v[1:len(v)-1])
	case string(v) == "null":
		return append(dst, "[blob data]"...), true
	}
	return dst, false
}

func appendJSONBytes(dst, v []byte) ([]byte, bool) {
	n, digits := 0, 0
	for i := 0; i <= len(v); i++ {
		switch {
		case i < len(v) && v[i]-'0' < 10:
			n = n*10 + int(v[i]-'0')
			if digits++; digits > 3 || n > 255 {
				return dst, false
			}
		case i == len(v) || v[i] == ',':
			if digits == 0 {
				return dst, false
			}
			dst, n, digits = append(dst, byte(n)), 0, 0
		case v[i] != ' ':
			return dst, false
		}
	}
	return dst, true
}

func appendUnquoted(dst, v []byte) ([]byte, bool) {
	for {
		i := bytes.IndexByte(v, '\\')
		if i < 0 {
			return append(dst, v...), true
		}
		dst = append(dst, v[:i]...)
		if i+1 >= len(v) {
			return dst, false
		}
		c := v[i+1]
		v = v[i+2:]
		switch c {
		case '"', '\\', '/':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, ok := jsonRune(v)
			if !ok {
				return dst, false
			}
			v = v[4:]
			if utf16.IsSurrogate(r) && len(v) >= 6 && v[0] == '\\' && v[1] == 'u' {
				if r2, ok := jsonRune(v[2:]); ok {
					if both := utf16.DecodeRune(r, r2); both != utf8.RuneError {
						r, v = both, v[6:]
					}
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			return dst, false
		}
	}
}

func jsonRune(v []byte) (rune, bool) {
	if len(v) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range v[:4] {
		switch {
		case c-'0' < 10:
			r = r<<4 | rune(c-'0')
		case c|0x20-'a' < 6 && (c|0x20) >= 'a':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
