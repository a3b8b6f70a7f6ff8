package parser

import "bytes"

// class is the lexical class of a field: which bytes it may hold and which texts fit. It is what
// keeps a line of another format from being read as wrong numbers.
type class uint8

const (
	clsLiteral    class = iota // text of the format
	clsInt                     // digits, perhaps after - or (where the alias allows it) +
	clsUint                    // digits
	clsHex                     // upper-case hexadecimal digits, at least width
	clsMs                      // three digits
	clsPort                    // digits or -
	clsPortQ                   // digits or "": a port with {+Q}, which quotes only what is missing
	clsOptInt                  // digits, perhaps after -, or - alone: an integer sample expression
	clsDateMs                  // 21/Nov/2026:04:50:36.591, in logs before 1.3 without milliseconds
	clsDateZone                // 21/Nov/2026:04:50:36 +0000
	clsAddr                    // IPv4, IPv6 without brackets, unix, -
	clsName                    // proxy and server names, <NOSRV>, applets
	clsState2                  // termination state
	clsState4                  // termination state with cookie flags
	clsWord                    // letters, digits and _ . : + -
	clsToken                   // no blank, no quote
	clsURL                     // escaped part of a request line: printable ASCII without blank or quote
	clsQuery                   // as clsURL, empty or beginning with ?
	clsRequest                 // METHOD SP target [SP version], or <BADREQ>
	clsBraces                  // {a|b}, or nothing at all
	clsList                    // captures separated by blanks, or nothing at all
	clsCookie                  // name=value with any bytes, or -
	clsText                    // any bytes
	clsEscaped                 // any bytes, quotes only after a backslash
	clsJSONNumber              // number or null
	clsJSONText                // string or null
	clsJSONBool                // true, false, null
	clsJSONAny                 // any of the three
	clsJSONList                // [..] or null
	numClasses
)

// String names the class in messages.
func (c class) String() string {
	return [numClasses]string{"literal text", "integer", "unsigned integer", "hexadecimal number", "three digits",
		"port", "port or \"\"", "integer or -", "date with milliseconds", "date with zone", "address", "proxy or server name",
		"two-character termination state", "four-character termination state", "word", "token", "part of the request line",
		"query", "request line", "captured headers in braces", "list of captured headers", "cookie", "free text",
		"escaped text", "JSON number", "JSON string", "JSON boolean", "JSON value", "JSON list"}[c]
}

func isDigit(c byte) bool { return c-'0' <= 9 }
func isUpper(c byte) bool { return c-'A' <= 25 }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }

// holds reports whether a text of class c can hold byte b at all. Only what HAProxy guarantees is
// excluded: a field that is followed by an excluded byte has exactly one possible end.
func (c class) holds(b byte) bool {
	switch c {
	case clsInt:
		return isDigit(b) || b == '-' || b == '+'
	case clsPort, clsOptInt:
		return isDigit(b) || b == '-'
	case clsPortQ:
		return isDigit(b) || b == '"'
	case clsUint, clsMs:
		return isDigit(b)
	case clsHex:
		return isDigit(b) || b-'A' <= 5 || b == '-'
	case clsDateMs, clsDateZone:
		return isAlnum(b) || b == '/' || b == ':' || b == '.' || b == '+' || b == '-' || b == ' '
	case clsAddr:
		return isAlnum(b) || b == ':' || b == '.' || b == '-' || b == '%'
	case clsName:
		return b > ' ' && b != '"' && b != '/' && b != '|' && b != ',' && b != '{' && b != '}'
	case clsState2, clsState4:
		return isAlnum(b) || b == '-'
	case clsWord:
		return isAlnum(b) || b == '-' || b == '_' || b == '.' || b == ':' || b == '+'
	case clsToken:
		return b > ' ' && b != '"'
	case clsURL, clsQuery:
		return b > ' ' && b != '"'
	case clsRequest:
		return b != '"'
	case clsJSONNumber:
		return isAlnum(b) || b == '-' || b == '+' || b == '.'
	case clsJSONBool:
		return isAlpha(b)
	}
	return true
}

// held is holds as a table; never written to.
var held = func() (t [numClasses][256]bool) {
	for c := range t {
		for b := range t[c] {
			t[c][b] = class(c).holds(byte(b))
		}
	}
	return t
}()

// width is the only length a text of the class can have, 0 when it varies.
func (c class) width() int {
	switch c {
	case clsState2:
		return 2
	case clsState4:
		return 4
	case clsMs:
		return 3
	case clsDateZone:
		return 26
	}
	return 0
}

// delimited classes carry their own ends: nothing need stand between them and their neighbours.
func (c class) delimited() bool {
	switch c {
	case clsBraces, clsJSONText, clsJSONList, clsJSONAny:
		return true
	}
	return false
}

// loose classes may hold whatever a client sent.
func (c class) loose() bool {
	switch c {
	case clsText, clsCookie, clsList, clsRequest, clsURL, clsQuery, clsToken, clsBraces, clsEscaped:
		return true
	}
	return false
}

// fits reports whether t is a text of the item's class.
func (it *item) fits(t []byte) bool {
	if len(t) == 0 {
		return it.emptyOK
	}
	switch it.class {
	case clsInt:
		if t[0] == '+' && !it.plus {
			return false
		}
		return fitsInt(t)
	case clsUint:
		return digits(t)
	case clsHex:
		return fitsHex(t, it.width)
	case clsMs:
		return len(t) == 3 && digits(t)
	case clsPort, clsOptInt:
		return len(t) == 1 && t[0] == '-' || t[0] != '+' && fitsInt(t)
	case clsPortQ:
		return string(t) == `""` || digits(t)
	case clsDateMs:
		return (len(t) == 24 || len(t) == 20) && fitsDate(t)
	case clsDateZone:
		return len(t) == 26 && fitsDate(t)
	case clsAddr:
		return fitsAddr(t)
	case clsName:
		return it.all(t)
	case clsState2:
		return len(t) == 2 && fitsState(t)
	case clsState4:
		return len(t) == 4 && fitsState(t)
	case clsQuery:
		return (t[0] == '?' || string(t) == badReq) && it.all(t)
	case clsURL:
		// HAProxy takes only tokens of RFC 9110 as methods, so a path with the separators is told from one.
		return it.all(t) && (it.field != Method || bytes.IndexByte(t, '/') < 0)
	case clsRequest:
		return fitsRequest(t)
	case clsBraces:
		return it.fitsBraces(t)
	case clsList:
		return it.fitsList(t)
	case clsCookie:
		return string(t) == "-" || cookieName(t)
	case clsEscaped:
		return noOpenQuote(t)
	case clsJSONNumber:
		return string(t) == "null" || fitsNumber(t)
	case clsJSONBool:
		return string(t) == "true" || string(t) == "false" || string(t) == "null"
	case clsJSONText:
		return string(t) == "null" || t[0] == '"' && scanString(t, 0) == len(t)
	case clsJSONAny, clsJSONList:
		return scanValue(t, 0, 0) == len(t)
	}
	return it.all(t)
}

const badReq = "<BADREQ>"

func (it *item) all(t []byte) bool {
	switch it.class {
	case clsText:
		return true
	case clsURL, clsToken, clsQuery:
		return noBlankOrQuote(t)
	}
	holds := &held[it.class]
	for _, c := range t {
		if !holds[c] {
			return false
		}
	}
	return true
}

func digits(t []byte) bool {
	for _, c := range t {
		if !isDigit(c) {
			return false
		}
	}
	return len(t) > 0
}

// fitsInt accepts what fits in an int64 without a doubt: up to 18 digits.
func fitsInt(t []byte) bool {
	if t[0] == '-' || t[0] == '+' {
		t = t[1:]
	}
	return len(t) <= 18 && digits(t)
}

func fitsNumber(t []byte) bool {
	if t[0] == '-' {
		t = t[1:]
	}
	dot := false
	for i, c := range t {
		if c == '.' && !dot && i > 0 {
			dot = true
		} else if !isDigit(c) {
			return false
		}
	}
	return len(t) > 0 && len(t) <= 19
}

func fitsHex(t []byte, width int) bool {
	if len(t) == 1 && t[0] == '-' {
		return true
	}
	if len(t) < width {
		return false
	}
	for _, c := range t {
		if !isDigit(c) && c-'A' > 5 {
			return false
		}
	}
	return true
}

// fitsDate checks the places of a log date, and its digits.
func fitsDate(t []byte) bool {
	const shape = "00/Aaa/0000:00:00:00"
	for i := range len(shape) {
		switch shape[i] {
		case '0':
			if !isDigit(t[i]) {
				return false
			}
		case 'A', 'a':
			if !isAlpha(t[i]) {
				return false
			}
		default:
			if t[i] != shape[i] {
				return false
			}
		}
	}
	switch rest := t[len(shape):]; len(rest) {
	case 0:
		return true
	case 4:
		return rest[0] == '.' && digits(rest[1:])
	case 6:
		return rest[0] == ' ' && (rest[1] == '+' || rest[1] == '-') && digits(rest[2:])
	}
	return false
}

func fitsState(t []byte) bool {
	for i, c := range t {
		if c == '-' || isAlpha(c) || i >= 2 && isDigit(c) {
			continue
		}
		return false
	}
	return true
}

// fitsRequest accepts a request line: <BADREQ>, or a method, a target without blanks and perhaps
// a version. A URI that was cut by tune.http.logurilen has no version.
func fitsRequest(t []byte) bool {
	if string(t) == badReq {
		return true
	}
	_, target, version := splitRequest(t)
	return target > 0 && (version == len(t) || version < len(t)-1 && bytes.IndexByte(t[version+1:], ' ') < 0)
}

// splitRequest returns where the method of a request line ends and where its target begins and
// ends; target is 0 when there is none. The version follows one blank after the end, if at all.
func splitRequest(t []byte) (method, target, end int) {
	for method < len(t) && t[method] > ' ' && t[method] != '/' { // a method is a token of RFC 9110
		method++
	}
	if method == 0 || method+1 >= len(t) || t[method] != ' ' || t[method+1] == ' ' {
		return 0, 0, 0
	}
	target = method + 1
	if n := bytes.IndexByte(t[target:], ' '); n >= 0 {
		return method, target, target + n
	}
	return method, target, len(t)
}

// fitsBraces accepts {a|b} around escaped captures, in quotes with {+Q}.
func (it *item) fitsBraces(t []byte) bool {
	if it.quoted {
		if len(t) < 2 || t[0] != '"' || t[len(t)-1] != '"' {
			return false
		}
		t = t[1 : len(t)-1]
	}
	if len(t) < 2 || t[0] != '{' || t[len(t)-1] != '}' {
		return false
	}
	inner := t[1 : len(t)-1]
	if bytes.IndexByte(inner, '{') >= 0 || bytes.IndexByte(inner, '}') >= 0 {
		return false
	}
	return it.count == 0 || bytes.Count(inner, []byte{'|'}) == it.count-1
}

// fitsList accepts quoted captures separated by single blanks, or any text when they are not quoted.
func (it *item) fitsList(t []byte) bool {
	if !it.quoted {
		return true
	}
	n := 0
	for i := 0; ; i++ {
		if i >= len(t) || t[i] != '"' {
			return false
		}
		for i++; i < len(t) && t[i] != '"'; i++ {
		}
		if i >= len(t) {
			return false
		}
		n++
		if i++; i == len(t) {
			return it.count == 0 || n == it.count
		}
		if t[i] != ' ' {
			return false
		}
	}
}

func cookieName(t []byte) bool {
	for i, c := range t {
		if c == '=' {
			return i > 0
		}
		if c <= ' ' || c >= 0x7f || c == ';' || c == ',' {
			return false
		}
	}
	return false
}

// noOpenQuote reports whether every quote in t stands after a backslash and the last backslash is
// no escape of what follows t.
func noOpenQuote(t []byte) bool {
	for i := 0; i < len(t); i++ {
		switch t[i] {
		case '\\':
			if i++; i == len(t) {
				return false
			}
		case '"':
			return false
		}
	}
	return true
}
