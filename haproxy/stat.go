package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// errCut is the cause of replies that end before their end mark.
var errCut = errors.New("the reply ends early")

// Row is one row of "show stat", or the process, or a name server: an object with its numbers.
type Row struct {
	Scope catalogue.Scope
	Proxy string // proxy; resolvers section
	Name  string // server or listener; name server; empty for frontends and backends
	// Status, Check and Agent are the texts of the columns status, check_status and agent_status;
	// Check and Agent are empty without such a check.
	Status, Check, Agent string
	// Values holds a number for each of catalogue.NativeFieldsOf(Scope), NaN where HAProxy shows none.
	Values []float64
}

// layout says which column of a table feeds which field.
type layout struct {
	schema               *schema
	columns              int
	proxy, name, kind    int
	status, check, agent int
	mode                 int
	fields               [4][]int // by row type of HAProxy (column type): column of each field, or -1
}

// scopeOfType maps the column type: 0 frontend, 1 backend, 2 server, 3 listener (management guide, "show stat").
func scopeOfType(t int) catalogue.Scope {
	return [4]catalogue.Scope{catalogue.ScopeFrontend, catalogue.ScopeBackend, catalogue.ScopeServer, catalogue.ScopeListener}[t]
}

// parseStat reads the table of "show stat" from the beginning of b up to and including the empty line that ends
// it, and returns the rows and what follows. Columns are found by name: their number and order differ by version.
// A missing end, a row of another length or a number that is none is an error: no half table is ever used.
func (s *schema) parseStat(b []byte) (rows []Row, rest []byte, err error) {
	header, ok := bytes.CutPrefix(b, []byte("# "))
	if !ok || !bytes.HasPrefix(header, []byte("pxname,svname,")) {
		return nil, nil, errors.New("the header of show stat (# pxname,svname,…) is missing")
	}
	var fields []string
	fields, rest, err = csvLine(fields, header)
	if err != nil {
		return nil, nil, err
	}
	lay, err := s.layout(fields)
	if err != nil {
		return nil, nil, err
	}
	for line := 2; ; line++ {
		if len(rest) == 0 {
			return nil, nil, errCut
		}
		if rest[0] == '\n' {
			return rows, rest[1:], nil
		}
		fields, rest, err = csvLine(fields[:0], rest)
		if err != nil {
			return nil, nil, err
		}
		row, err := lay.row(fields)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d of show stat: %w", line, err)
		}
		rows = append(rows, row)
	}
}

// csvLine appends the fields of the first line of b. HAProxy quotes fields that hold quotes, commas or line
// ends, and doubles quotes inside.
func csvLine(fields []string, b []byte) (out []string, rest []byte, err error) {
	for {
		if len(b) > 0 && b[0] == '"' {
			var text []byte
			text, b, err = quoted(b[1:])
			if err != nil {
				return nil, nil, err
			}
			fields = append(fields, string(text))
		} else {
			i := bytes.IndexAny(b, ",\n")
			if i < 0 {
				return nil, nil, errCut
			}
			fields = append(fields, string(b[:i]))
			b = b[i:]
		}
		if len(b) == 0 {
			return nil, nil, errCut
		}
		switch b[0] {
		case '\n':
			return fields, b[1:], nil
		case ',':
			b = b[1:]
		default:
			return nil, nil, errors.New("text after a closing quote")
		}
	}
}

func quoted(b []byte) (text, rest []byte, err error) {
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return nil, nil, errCut
		}
		text = append(text, b[:i]...)
		b = b[i+1:]
		if len(b) == 0 || b[0] != '"' {
			return text, b, nil
		}
		text = append(text, '"')
		b = b[1:]
	}
}

func (s *schema) layout(header []string) (*layout, error) {
	at := make(map[string]int, len(header))
	for i, name := range header {
		if _, twice := at[name]; !twice {
			at[name] = i
		}
	}
	find := func(name string) int {
		if i, ok := at[name]; ok && name != "" {
			return i
		}
		return -1
	}
	l := &layout{schema: s, columns: len(header), proxy: find("pxname"), name: find("svname"), kind: find("type"),
		status: find("status"), check: find("check_status"), agent: find("agent_status"), mode: find("mode")}
	if l.kind < 0 {
		return nil, errors.New("show stat has no column type")
	}
	for t := range l.fields {
		scope := scopeOfType(t)
		for _, f := range s.fields[scope] {
			c := find(f.Field)
			if f.Kind != catalogue.KindNumber && f.Kind != catalogue.KindCode && f.Kind != catalogue.KindCheckCode {
				c = -1
			}
			l.fields[t] = append(l.fields[t], c)
		}
	}
	return l, nil
}

func (l *layout) row(f []string) (Row, error) {
	if len(f) != l.columns {
		return Row{}, fmt.Errorf("%d columns, the header has %d", len(f), l.columns)
	}
	t, err := strconv.Atoi(f[l.kind])
	if err != nil || t < 0 || t > 3 {
		return Row{}, fmt.Errorf("column type is %q", f[l.kind])
	}
	r := Row{Scope: scopeOfType(t), Proxy: f[l.proxy], Values: make([]float64, len(l.fields[t]))}
	if r.Scope == catalogue.ScopeServer || r.Scope == catalogue.ScopeListener {
		r.Name = f[l.name]
	}
	text := func(i int) string {
		if i < 0 {
			return ""
		}
		return f[i]
	}
	r.Status, r.Check, r.Agent = text(l.status), checkName(text(l.check)), checkName(text(l.agent))
	for i, c := range l.fields[t] {
		if r.Values[i], err = number(text(c)); err != nil {
			return Row{}, fmt.Errorf("column %s: %w", l.schema.fields[r.Scope][i].Field, err)
		}
	}
	if text(l.mode) == "tcp" { // the columns hold 0; HAProxy's exporter leaves such families out
		for i := range r.Values {
			if strings.HasPrefix(l.schema.fields[r.Scope][i].Suffix, "http_") {
				r.Values[i] = math.NaN()
			}
		}
	}
	if r.Scope == catalogue.ScopeServer {
		l.schema.checkCodes(&r)
	}
	return r, nil
}

// checkCodes sets the code of checks that have none to 0, as HAProxy's exporter does.
func (s *schema) checkCodes(r *Row) {
	for i, f := range s.fields[r.Scope] {
		if f.Kind != catalogue.KindCheckCode || !math.IsNaN(r.Values[i]) {
			continue
		}
		if f.With == "check_status" && r.Check != "" || f.With == "agent_status" && r.Agent != "" {
			r.Values[i] = 0
		}
	}
}

// checkName takes the mark of a running check off.
func checkName(s string) string {
	if len(s) > 2 && s[:2] == "* " {
		return s[2:]
	}
	return s
}

// number reads a number; an empty text is NaN: HAProxy has no value there.
func number(s string) (float64, error) {
	if s == "" {
		return math.NaN(), nil
	}
	if len(s) < 16 { // exact in a float64, and by far the most frequent
		n := 0
		for i := 0; ; i++ {
			if i == len(s) {
				return float64(n), nil
			}
			if s[i] < '0' || s[i] > '9' {
				break
			}
			n = 10*n + int(s[i]-'0')
		}
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%.40q is not a number", s)
	}
	return v, nil
}
