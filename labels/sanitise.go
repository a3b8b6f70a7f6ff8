package labels

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// MaxValue is the longest label value in bytes.
const MaxValue = 128

// Sanitise returns b as a label value: valid UTF-8, without control, format and separator characters
// other than the blank, without blanks around it, at most MaxValue bytes, cut on a rune boundary.
// What cannot stand in a value becomes U+FFFD, so that different garbage stays visible as garbage.
func Sanitise(b []byte) string {
	b = bytes.TrimSpace(b)
	if clean(b) {
		return string(b)
	}
	out := make([]byte, 0, min(len(b), MaxValue))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if !unicode.IsGraphic(r) || r != ' ' && unicode.IsSpace(r) {
			r = utf8.RuneError
		}
		if len(out)+utf8.RuneLen(r) > MaxValue {
			break
		}
		out = utf8.AppendRune(out, r)
		b = b[n:]
	}
	return string(bytes.TrimRight(out, " ")) // the cut may have left a blank
}

// clean reports whether b is printable ASCII of a fitting length: nearly every value is.
func clean(b []byte) bool {
	if len(b) > MaxValue {
		return false
	}
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// decoding says which escapes a field's bytes hold.
type decoding uint8

const (
	decodeNone decoding = iota
	decodeHash          // #XX, which HAProxy writes in request lines and captured headers
	decodeURL           // #XX, then %XX of the client
)

// decode removes the escapes of b. It may return b itself.
func decode(b []byte, d decoding) []byte {
	if d >= decodeHash && bytes.IndexByte(b, '#') >= 0 {
		b = unescape(b, '#')
	}
	if d >= decodeURL && bytes.IndexByte(b, '%') >= 0 {
		b = unescape(b, '%')
	}
	return b
}

// unescape replaces mark and two hexadecimal digits by the byte they stand for. For HAProxy's # only
// bytes that HAProxy escapes are decoded (configuration manual, section 8.6), in the upper case it
// writes: a # that a sample expression printed as it is stays a #.
func unescape(b []byte, mark byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == mark && i+2 < len(b) {
			hi, ok1 := hex(b[i+1])
			lo, ok2 := hex(b[i+2])
			if c := hi<<4 | lo; ok1 && ok2 && (mark != '#' || escaped(c) && upper(b[i+1]) && upper(b[i+2])) {
				out = append(out, c)
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func hex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}

func upper(c byte) bool { return c < 'a' }

func escaped(c byte) bool {
	return c < ' ' || c >= 0x7f || c == '"' || c == '#' || c == '{' || c == '|' || c == '}'
}

// normalisePath returns the path as a template sees it: without scheme and authority (HTTP/2, absolute
// form), without query, repeated slashes as one. It may return p itself. Escapes stay: what a client
// encoded (%2F) must not move the borders of segments.
func normalisePath(p []byte) []byte {
	if len(p) > 0 && p[0] != '/' {
		if i := bytes.Index(p, []byte("://")); i > 0 {
			j := bytes.IndexByte(p[i+3:], '/')
			if j < 0 {
				return nil
			}
			p = p[i+3+j:]
		}
	}
	if i := bytes.IndexByte(p, '?'); i >= 0 {
		p = p[:i]
	}
	if !bytes.Contains(p, []byte("//")) {
		return p
	}
	out := make([]byte, 0, len(p))
	for i, c := range p {
		if c != '/' || i == 0 || p[i-1] != '/' {
			out = append(out, c)
		}
	}
	return out
}
