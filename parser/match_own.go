package parser

import "bytes"

// delimited reports whether the field shows its beginning: captures in braces or quotes.
func (it *item) delimited() bool { return it.class == clsBraces || it.class == clsList && it.quoted }

// opens reports whether captured headers in braces or quotes, or a query, begin at i.
func (it *item) opens(b []byte, i int) bool {
	if it.class == clsQuery {
		return i < len(b) && (b[i] == '?' || bytes.HasPrefix(b[i:], []byte(badReq)))
	}
	if !it.delimited() || i >= len(b) || it.never {
		return false
	}
	if it.quoted {
		return b[i] == '"' && (it.class == clsList || i+1 == len(b) || b[i+1] == '{')
	}
	return b[i] == '{'
}

// ownEnd returns the end of a text whose class tells where it ends, -1 when it cannot begin here
// and beyond the line when it does not end in it. own is false for classes that need an anchor.
func (it *item) ownEnd(b []byte, i int) (end int, own bool) {
	if w := it.fixedWidth(); w > 0 {
		return i + w, true
	}
	switch it.class {
	case clsBraces:
		open := i
		if it.quoted {
			if open < len(b) && b[open] != '"' {
				return -1, true
			}
			open++
		}
		if open < len(b) && b[open] != '{' {
			return -1, true
		}
		if open >= len(b) {
			return len(b) + 1, true
		}
		n := bytes.IndexByte(b[open:], '}')
		if n < 0 {
			return len(b) + 1, true
		}
		if end = open + n + 1; it.quoted {
			end++
		}
		return end, true
	case clsJSONText, clsJSONAny, clsJSONList:
		return scanValue(b, i, 0), true
	}
	return 0, false
}
