package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
)

// reply is everything that one process answered in one exchange.
type reply struct {
	info      *Info
	rows      []Row
	tables    []Table
	resolvers []Row
}

// commands returns the command line that asks one process for everything. The mandatory parts come last, so
// that a reply that is cut anywhere has no complete "show info" at its end. prefix addresses a worker through
// the master CLI ("@!123 "); each command needs it.
func commands(prefix string, frontendsOnly, tables bool) string {
	var list []string
	if tables {
		list = append(list, "show table", "show resolvers")
	}
	if frontendsOnly {
		list = append(list, "show stat -1 1 -1") // any proxy, type frontend, any server
	} else {
		list = append(list, "show stat")
	}
	list = append(list, "show info")
	for i := range list {
		list[i] = prefix + list[i]
	}
	return strings.Join(list, ";")
}

// parseReply reads the answer to commands. An incomplete or foreign answer is an error, never half a reply.
func (s *schema) parseReply(a Address, b []byte) (*reply, error) {
	fail := func(err error) error {
		reason := ReasonNotATable
		if errors.Is(err, errCut) {
			reason = ReasonCut
		}
		return &Error{Socket: a.Text, Reason: reason, Err: err}
	}
	if err := refusal(a, b); err != nil {
		return nil, err
	}
	start := bytes.Index(b, []byte("# pxname,"))
	if start > 0 && b[start-1] != '\n' {
		return nil, fail(errors.New("show stat does not start a line"))
	}
	if start < 0 {
		return nil, fail(noTable(b))
	}
	r := &reply{}
	var err error
	if r.tables, r.resolvers, err = s.parseTables(b[:start]); err != nil {
		return nil, fail(err)
	}
	rest := b[start:]
	if r.rows, rest, err = s.parseStat(rest); err != nil {
		return nil, fail(err)
	}
	if r.info, rest, err = s.parseInfo(rest); err != nil {
		return nil, fail(err)
	}
	if len(rest) > 0 {
		return nil, fail(fmt.Errorf("unexpected text after the reply: %.60q", rest))
	}
	return r, nil
}

// noTable tells a reply that ended before the table from one that is something else.
func noTable(b []byte) error {
	text := string(b)
	if text == "" || strings.HasPrefix("# pxname,", text) || strings.HasPrefix(text, "# table: ") || strings.HasPrefix(text, "Resolvers section ") || text == "\n" {
		return errCut
	}
	first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return fmt.Errorf("no table of show stat in the reply, which starts with %.80q", first)
}

// refusal recognises the answers that HAProxy gives instead of a reply.
func refusal(a Address, b []byte) error {
	first, _, _ := strings.Cut(strings.TrimSpace(string(b[:min(len(b), 200)])), "\n")
	switch {
	case strings.HasPrefix(first, "Can't find the target"):
		return &Error{Socket: a.Text, Reason: reasonGone, Err: errors.New(first)}
	case strings.HasPrefix(first, "Permission denied"):
		return &Error{Socket: a.Text, Reason: ReasonRefused, Err: errors.New(first)}
	case strings.HasPrefix(first, "Unknown command") && !bytes.Contains(b, []byte("# pxname,")):
		return &Error{Socket: a.Text, Reason: ReasonRefused, Err: fmt.Errorf("%.80s", first)}
	}
	return nil
}

// nans returns n values that stand for none.
func nans(n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = math.NaN()
	}
	return v
}

// onlyInfo reads the answer to a lone "show info".
func (s *schema) onlyInfo(a Address, b []byte) (*Info, error) {
	if err := refusal(a, b); err != nil {
		return nil, err
	}
	info, rest, err := s.parseInfo(b)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("unexpected text after show info: %.60q", rest)
	}
	if errors.Is(err, errCut) {
		return nil, &Error{Socket: a.Text, Reason: ReasonCut, Err: err}
	}
	if err != nil {
		return nil, &Error{Socket: a.Text, Reason: ReasonNotATable, Err: err}
	}
	return info, nil
}
