package parser

import "unicode/utf8"

// The JSON that HAProxy writes is not always JSON: control bytes and bytes that are no UTF-8 stand
// in strings as they came. Scanning therefore looks at nothing but quotes, backslashes and
// brackets; only fields that somebody asks for are looked at further.

const maxDepth = 32

// scanString returns the index after the string that opens at b[i], len(b)+1 when it does not end.
func scanString(b []byte, i int) int {
	for i++; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(b) + 1
}

// scanValue returns the index after the value at b[i], len(b)+1 when the line ends inside it, and
// -1 when there is no value.
func scanValue(b []byte, i, depth int) int {
	if i >= len(b) {
		return len(b) + 1
	}
	switch c := b[i]; {
	case c == '"':
		return scanString(b, i)
	case c == '{' || c == '[':
		return scanNested(b, i, depth)
	case isDigit(c) || c == '-' || c == '+' || isAlpha(c):
		j := i + 1
		for j < len(b) && (isAlnum(b[j]) || b[j] == '.' || b[j] == '-' || b[j] == '+') {
			j++
		}
		if !scalar(b[i:j]) {
			return -1
		}
		return j
	}
	return -1
}

// scalar accepts numbers, also with the + of logasap, and the three words.
func scalar(t []byte) bool {
	switch string(t) {
	case "null", "true", "false":
		return true
	}
	if t[0] == '+' {
		return fitsInt(t)
	}
	for i, c := range t {
		if c|0x20 == 'e' {
			return i > 0 && i+1 < len(t) && fitsNumber(t[:i]) && fitsInt(t[i+1:])
		}
	}
	return fitsNumber(t)
}

func scanNested(b []byte, i, depth int) int {
	if depth > maxDepth {
		return -1
	}
	object := b[i] == '{'
	end := byte(']')
	if object {
		end = '}'
	}
	i = skipSpace(b, i+1)
	if i < len(b) && b[i] == end {
		return i + 1
	}
	for {
		if object {
			if i >= len(b) {
				return len(b) + 1
			}
			if b[i] != '"' {
				return -1
			}
			if i = skipSpace(b, scanString(b, i)); i < len(b) && b[i] != ':' {
				return -1
			}
			i = skipSpace(b, i+1)
		}
		if i = scanValue(b, i, depth+1); i < 0 {
			return -1
		}
		if i = skipSpace(b, i); i >= len(b) {
			return len(b) + 1
		}
		switch b[i] {
		case end:
			return i + 1
		case ',':
			i = skipSpace(b, i+1)
		default:
			return -1
		}
	}
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

// appendUnescaped appends the text of a JSON string, without its quotes, with \", \\, \/, \n and
// \uXXXX replaced. What is no escape stays as it is.
func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '\\' || i+1 == len(s) {
			dst = append(dst, c)
			continue
		}
		i++
		switch s[i] {
		case '"', '\\', '/', ']':
			dst = append(dst, s[i])
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			r, n := escapedRune(s[i+1:])
			if n == 0 {
				dst = append(dst, '\\', 'u')
				continue
			}
			i += n
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, '\\', s[i])
		}
	}
	return dst
}

// escapedRune reads XXXX, or XXXX\uXXXX for a surrogate pair, and returns how many bytes it took.
func escapedRune(s []byte) (rune, int) {
	r, ok := hex4(s)
	if !ok {
		return 0, 0
	}
	if r >= 0xd800 && r < 0xdc00 && len(s) >= 10 && s[4] == '\\' && s[5] == 'u' {
		if low, ok := hex4(s[6:]); ok && low >= 0xdc00 && low < 0xe000 {
			return (r-0xd800)<<10 + (low - 0xdc00) + 0x10000, 10
		}
	}
	return r, 4
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case isDigit(c):
		return c - '0', true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10, true
	}
	return 0, false
}
