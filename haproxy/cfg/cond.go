package cfg

import (
	"fmt"
	"strconv"
	"strings"
)

// condition evaluates the expression of .if and .elif (configuration manual 2.4): numbers,
// predicates, !, && before ||, parentheses.
type condition struct {
	lookup  func(string) (string, bool)
	version []int // of HAProxy; nil when unknown
	in      string
	depth   int
	// guessed is set when the answer rests on something we cannot know: the version or the
	// features HAProxy was built with. Such a predicate counts as true.
	guessed bool
}

func (c *condition) eval(text string) (bool, error) {
	c.in = strings.TrimSpace(text)
	if c.in == "" {
		return false, nil
	}
	v, err := c.or()
	if err == nil && c.in != "" {
		err = fmt.Errorf("unexpected %q after the condition", c.in)
	}
	return v, err
}

func (c *condition) skip() { c.in = strings.TrimLeft(c.in, " \t") }

func (c *condition) or() (bool, error) {
	if c.depth++; c.depth > 64 {
		return false, fmt.Errorf("the condition is nested too deeply")
	}
	defer func() { c.depth-- }()
	v, err := c.and()
	for err == nil {
		rest, ok := strings.CutPrefix(c.in, "||")
		if !ok {
			break
		}
		c.in = rest
		var w bool
		w, err = c.and()
		v = v || w
	}
	return v, err
}

func (c *condition) and() (bool, error) {
	v, err := c.term()
	for err == nil {
		rest, ok := strings.CutPrefix(c.in, "&&")
		if !ok {
			break
		}
		c.in = rest
		var w bool
		w, err = c.term()
		v = v && w
	}
	return v, err
}

func (c *condition) term() (v bool, err error) {
	c.skip()
	not := false
	for strings.HasPrefix(c.in, "!") {
		not = !not
		c.in = c.in[1:]
		c.skip()
	}
	switch {
	case c.in == "":
		return false, fmt.Errorf("a condition is missing")
	case c.in[0] == '(':
		c.in = c.in[1:]
		if v, err = c.or(); err != nil {
			return false, err
		}
		if !strings.HasPrefix(c.in, ")") {
			return false, fmt.Errorf("a ) is missing")
		}
		c.in = c.in[1:]
	case c.in[0] == '-' || c.in[0] >= '0' && c.in[0] <= '9':
		end := 1
		for end < len(c.in) && isNameByte(c.in[end]) {
			end++
		}
		n, err := strconv.ParseInt(c.in[:end], 0, 64)
		if err != nil {
			return false, fmt.Errorf("%q is not a number", c.in[:end])
		}
		v, c.in = n != 0, c.in[end:]
	default:
		if v, err = c.predicate(); err != nil {
			return false, err
		}
	}
	c.skip()
	return v != not, nil
}

func (c *condition) predicate() (bool, error) {
	name, rest, ok := strings.Cut(c.in, "(")
	if !ok {
		return false, fmt.Errorf("%q is no condition", c.in)
	}
	args, end, err := arguments(rest)
	if err != nil {
		return false, err
	}
	c.in = rest[end:]
	arg := func(i int) string {
		if i < len(args) {
			return args[i]
		}
		return ""
	}
	switch name = strings.TrimSpace(name); name {
	case "defined":
		_, found := c.lookup(arg(0))
		return found, nil
	case "streq":
		return arg(0) == arg(1), nil
	case "strneq":
		return arg(0) != arg(1), nil
	case "strstr":
		return strings.Contains(arg(0), arg(1)), nil
	case "version_atleast", "version_before":
		if c.version == nil {
			c.guessed = true
			return name == "version_atleast", nil
		}
		return (compareVersions(c.version, ParseVersion(arg(0))) >= 0) == (name == "version_atleast"), nil
	case "feature", "enabled", "openssl_version_atleast", "ssllib_name_startswith", "awslc_api_atleast":
		c.guessed = true
		return true, nil
	case "openssl_version_before", "awslc_api_before":
		c.guessed = true
		return false, nil
	}
	return false, fmt.Errorf("%q is not a condition that is known here", name)
}

// arguments splits what follows an opening parenthesis, up to the one that closes it. Each
// argument may be quoted.
func arguments(s string) (args []string, end int, err error) {
	var arg []byte
	quote := byte(0)
	for i := 0; i < len(s); i++ {
		ch := s[i]
		switch {
		case quote != 0 && ch == quote:
			quote = 0
		case quote != 0:
			arg = append(arg, ch)
		case ch == '"' || ch == '\'':
			quote = ch
		case ch == '\\' && i+1 < len(s):
			i++
			arg = append(arg, s[i])
		case ch == ',':
			args, arg = append(args, string(arg)), nil
		case ch == ')':
			return append(args, string(arg)), i + 1, nil
		default:
			arg = append(arg, ch)
		}
	}
	return nil, 0, fmt.Errorf("a ) is missing")
}

// ParseVersion reads the numbers at the start of a HAProxy version: "2.6.12-1+deb12u4" gives
// 2, 6, 12; nil when there are none.
func ParseVersion(s string) []int {
	var v []int
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' || r == '+' }) {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		v = append(v, n)
	}
	return v
}

func compareVersions(a, b []int) int {
	for i := range max(len(a), len(b)) {
		var x, y int
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			if x < y {
				return -1
			}
			return 1
		}
	}
	return 0
}
