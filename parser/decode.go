package parser

import "bytes"

// Decode appends text to dst with HAProxy's #XX escapes undone (configuration manual, section
// 8.6). It is for parts of the request line and captured headers, where every # begins an escape;
// percent-encoding is the client's own and stays.
func Decode(dst, text []byte) []byte {
	for {
		n := bytes.IndexByte(text, '#')
		if n < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:n]...)
		text = text[n:]
		if len(text) >= 3 {
			hi, ok1 := hexDigit(text[1])
			lo, ok2 := hexDigit(text[2])
			if ok1 && ok2 {
				dst = append(dst, hi<<4|lo)
				text = text[3:]
				continue
			}
		}
		dst = append(dst, '#')
		text = text[1:]
	}
}

// Escaped reports whether Decode would change text.
func Escaped(text []byte) bool { return bytes.IndexByte(text, '#') >= 0 }
