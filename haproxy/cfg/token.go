package cfg

import "strings"

// word is one word of a line after quotes, escapes and variables were resolved.
type word struct {
	text string
	col  int // first byte in the raw line, from 1
	size int // bytes in the raw line, quotes included
}

// lineError is a mistake inside one line.
type lineError struct {
	col, size int
	msg, hint string
}

// tokenizer splits lines into words as HAProxy does (configuration manual 2.2 and 2.3): `#`
// starts a comment anywhere outside quotes; a backslash works outside quotes and in double
// quotes; $NAME, ${NAME}, ${NAME-default} and ${NAME[*]} are resolved in double quotes only.
type tokenizer struct {
	lookup func(name string) (string, bool)
	// missing is told of variables that have neither a value nor a default.
	missing func(name string, col, size int)

	in    string
	pos   int
	out   []byte
	start int
	begun bool // the current word exists, be it empty
	words []word
	err   *lineError
}

// split returns the words of a line. With an error the words read so far are returned.
func (t *tokenizer) split(line string) ([]word, *lineError) {
	t.in, t.pos, t.out, t.words, t.err, t.begun = line, 0, nil, nil, nil, false
	quote, quoteAt := byte(0), 0
	for t.pos < len(t.in) && t.err == nil {
		c := t.in[t.pos]
		switch {
		case c == '\r' || c == '\n':
			t.pos = len(t.in)
		case c == '#' && quote == 0:
			t.pos = len(t.in)
		case (c == '"' || c == '\'') && (quote == 0 || quote == c):
			t.begin()
			if quote == 0 {
				quote, quoteAt = c, t.pos
			} else {
				quote = 0
			}
			t.pos++
		case c == '\\' && quote != '\'':
			t.begin()
			t.escape(quote == '"')
		case isSpace(c) && quote == 0:
			t.end(t.pos)
			t.pos++
		case c == '$' && quote == '"':
			t.begin()
			t.variable()
		default:
			t.emit(c)
			t.pos++
		}
	}
	if t.err == nil && quote != 0 {
		t.fail(quoteAt, len(strings.TrimRight(t.in, "\r\n"))-quoteAt, "this quote is never closed",
			"close it, or write \\"+string(quote)+" for the character itself")
	}
	t.end(len(strings.TrimRight(t.in, "\r\n")))
	return t.words, t.err
}

func (t *tokenizer) begin() {
	if !t.begun {
		t.begun, t.start, t.out = true, t.pos, nil
	}
}

func (t *tokenizer) emit(c byte) {
	t.begin()
	t.out = append(t.out, c)
}

func (t *tokenizer) end(at int) {
	if t.begun {
		t.words = append(t.words, word{text: string(t.out), col: t.start + 1, size: min(t.pos, at) - t.start})
		t.begun = false
	}
}

func (t *tokenizer) fail(at, size int, msg, hint string) {
	if t.err == nil {
		t.err = &lineError{col: at + 1, size: max(size, 1), msg: msg, hint: hint}
	}
}

// escape handles a backslash at t.pos. Combinations without a meaning keep the backslash.
func (t *tokenizer) escape(doubleQuoted bool) {
	if t.pos+1 == len(t.in) {
		t.emit('\\')
		t.pos++
		return
	}
	c := t.in[t.pos+1]
	switch c {
	case ' ', '\\', '#', '\'', '"':
	case 't':
		c = '\t'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 'x':
		if t.pos+3 >= len(t.in) || !isHex(t.in[t.pos+2]) || !isHex(t.in[t.pos+3]) {
			t.fail(t.pos, 2, "\\x needs two hexadecimal digits", "")
			return
		}
		t.emit(unhex(t.in[t.pos+2])<<4 | unhex(t.in[t.pos+3]))
		t.pos += 4
		return
	default:
		if c != '$' || !doubleQuoted {
			t.emit('\\')
			t.pos++
			return
		}
	}
	t.emit(c)
	t.pos += 2
}

// variable resolves the reference at t.pos, a dollar sign inside double quotes.
func (t *tokenizer) variable() {
	begin := t.pos
	t.pos++
	brace := t.pos < len(t.in) && t.in[t.pos] == '{'
	if brace {
		t.pos++
	}
	nameAt := t.pos
	for t.pos < len(t.in) && (isNameByte(t.in[t.pos]) || t.pos == nameAt && t.in[t.pos] == '.') {
		t.pos++
	}
	name := t.in[nameAt:t.pos]
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		t.fail(begin, t.pos-begin+1, "a variable's name has to follow the $ inside double quotes", `write \$ for a dollar sign`)
		return
	}
	value, found := t.lookup(name)
	expand := false
	if brace {
		if strings.HasPrefix(t.in[t.pos:], "[*]") {
			expand = true
			t.pos += 3
		}
		rest := t.in[t.pos:]
		closing := strings.IndexByte(rest, '}')
		if closing < 0 || closing > 0 && rest[0] != '-' {
			t.fail(begin, t.pos-begin+1, "this ${ is never closed", "")
			return
		}
		if closing > 0 && !found {
			value, found = rest[1:closing], true
		}
		t.pos += closing + 1
	}
	if !found && t.missing != nil {
		t.missing(name, begin+1, t.pos-begin)
	}
	t.insert(value, expand)
}

// insert adds a variable's value; with expand each blank in it ends a word.
func (t *tokenizer) insert(value string, expand bool) {
	if !expand {
		t.out = append(t.out, value...)
		return
	}
	for i, part := range strings.Fields(value) {
		if i > 0 {
			t.end(t.pos)
			t.begin()
		}
		t.out = append(t.out, part...)
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isNameByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}
