package spec

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"haproxy_log_exporter/internal/diag"
)

// Op is a comparison operator.
type Op uint8

// The operators. The first four compare numbers, or texts byte by byte when the value is no number.
const (
	OpEqual Op = iota
	OpNotEqual
	OpLess
	OpLessEqual
	OpGreater
	OpGreaterEqual
	OpMatch
	OpNotMatch
)

// operators in the order in which they are looked for: longer ones first.
func operators() []struct {
	text string
	op   Op
} {
	return []struct {
		text string
		op   Op
	}{
		{"==", OpEqual}, {"!=", OpNotEqual}, {"<=", OpLessEqual}, {">=", OpGreaterEqual},
		{"=~", OpMatch}, {"!~", OpNotMatch}, {"<", OpLess}, {">", OpGreater},
	}
}

// String returns the operator as it is written.
func (o Op) String() string {
	for _, x := range operators() {
		if x.op == o {
			return x.text
		}
	}
	return "?"
}

// Condition compares one field of a request with a value: `status >= 500`, `sslv == "TLSv1"`,
// `method =~ "GET|HEAD"`, `Ta > 3s`. A request that lacks the field never fulfils it.
type Condition struct {
	Text    Text
	Field   string
	Col     int // 1-based, where the field begins in Text
	Op      Op
	Value   string
	Number  int64 // Value as a number; durations in milliseconds
	Numeric bool
	Regexp  *regexp.Regexp // of =~ and !~; covers the whole value
}

// ParseCondition parses one comparison. The error is a diag.List.
func ParseCondition(text Text) (Condition, error) {
	c := Condition{Text: text}
	s := text.Value
	fail := func(col, n int, msg, hint string) (Condition, error) {
		l := diag.List{{Source: "condition", Col: col, Len: n, Text: s, Msg: msg, Hint: hint}}
		return c, text.Place.Wrap(s, l).Err()
	}
	at, op := findOperator(s)
	if at < 0 {
		return fail(1, len(s), "no comparison", `for example status >= 500, sslv == "TLSv1.3", method =~ "GET|HEAD"`)
	}
	c.Op = op
	c.Field = strings.TrimSpace(s[:at])
	c.Col = 1 + len(s[:at]) - len(strings.TrimLeft(s[:at], " \t"))
	if c.Field == "" {
		return fail(1, max(1, at), "no field before "+op.String(), "the name of a field, such as status or path")
	}
	rest := s[at+len(op.String()):]
	c.Value = strings.TrimSpace(rest)
	col := len(s) - len(strings.TrimLeft(rest, " \t")) + 1
	quoted := false
	if c.Value == "" {
		return fail(len(s)+1, 1, "no value after "+op.String(), "")
	}
	if q := c.Value[0]; q == '"' || q == '\'' {
		quoted = true
		if len(c.Value) < 2 || c.Value[len(c.Value)-1] != q {
			return fail(col, len(c.Value), "the quote is never closed", "")
		}
		c.Value = c.Value[1 : len(c.Value)-1]
	}
	if op == OpMatch || op == OpNotMatch {
		// By itself first: what is put around it would balance the parentheses of `)(`.
		_, err := regexp.Compile(c.Value)
		if err == nil {
			c.Regexp, err = regexp.Compile(`\A(?:` + c.Value + `)\z`)
		}
		if err != nil {
			return fail(col, len(c.Value), "bad regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2")
		}
		return c, nil
	}
	if !quoted {
		c.Number, c.Numeric = number(c.Value)
	}
	if op >= OpLess && op <= OpGreaterEqual && !c.Numeric {
		return fail(col, len(c.Value), op.String()+" compares numbers and durations", "for example 500, -1 or 1.5s; texts are compared with == and =~")
	}
	return c, nil
}

// findOperator finds the first operator outside parentheses and brackets, so that sample expressions
// such as capture.req.hdr(0) can stand on the left.
func findOperator(s string) (int, Op) {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		}
		if depth > 0 {
			continue
		}
		for _, x := range operators() {
			if strings.HasPrefix(s[i:], x.text) {
				return i, x.op
			}
		}
	}
	return -1, 0
}

// number accepts integers, and durations, which become milliseconds as HAProxy logs them.
func number(s string) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if d, err := time.ParseDuration(s); err == nil {
		return d.Milliseconds(), true
	}
	return 0, false
}
