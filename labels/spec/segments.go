package spec

import (
	"bytes"
	"strings"
)

// Nearly all path templates give names to segments: whatever follows a name begins with a slash. There is one way only
// to match such a template, and no search is needed.

// plainSegments returns the parts of such a template as matchSegments takes them, nil for other templates.
func plainSegments(kind Kind, parts []part) []part {
	if kind != Path {
		return nil
	}
	var out []part
	for i, x := range parts {
		switch {
		case x.kind == partLiteral && x.text[0] == '/':
			if endsHere(parts[i+1:]) {
				text := strings.TrimSuffix(x.text, "/") // see compile
				if text == x.text && i+1 < len(parts) {
					return nil // {rest...} begins within a segment
				}
				x.text = text
			}
		case x.kind == partName && x.text == "":
		case x.kind == partRest && parts[i-1].kind == partLiteral:
			return out
		default:
			return nil
		}
		out = append(out, x)
	}
	return out
}

// matchSegments is Match for plainSegments.
func matchSegments(parts []part, b []byte, dst []Span) ([]Span, bool) {
	spans, at := dst, 0
	for i := range parts {
		x := &parts[i]
		if x.kind == partLiteral {
			if !bytes.HasPrefix(b[at:], []byte(x.text)) {
				return dst, false
			}
			at += len(x.text)
			continue
		}
		n := bytes.IndexByte(b[at:], '/')
		if n < 0 {
			n = len(b) - at
		}
		if n == 0 {
			return dst, false
		}
		if x.name != "" {
			spans = append(spans, Span{at, at + n})
		}
		at += n
	}
	if at < len(b) && b[at] != '/' {
		return dst, false
	}
	return spans, true
}
