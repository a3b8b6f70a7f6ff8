package spec

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// MatchMethods returns the matching methods of maps: HAProxy's names (configuration manual, section
// 7.3.1, map_<method>) and cidr, which says what ip does.
func MatchMethods() []string {
	return []string{"str", "beg", "end", "sub", "dir", "dom", "reg", "ip", "cidr"}
}

// Mapping is a compiled map file. It is immutable and safe for concurrent use.
type Mapping struct {
	method   string
	exact    map[string]string                 // str
	prefixes []string                          // beg: keys, longest first
	nets     []map[netip.Prefix]string         // ip: one per prefix length
	bits     []int                             // ip: the lengths, longest first
	ordered  []entry                           // the others: file order
	fits     func(e *entry, value []byte) bool // the others
}

type entry struct {
	key, value string
	re         *regexp.Regexp
	line, col  int
	text       string
}

// Compile reads the map's data. The error is a diag.List that names file and line.
//
// A line is a key, blanks and a value that goes to the end of the line; blanks around it do not count;
// empty lines and lines that begin with # are left out. Of equal keys the first wins, as in HAProxy.
func (m *Map) Compile() (*Mapping, error) {
	var l diag.List
	method := m.Match.Value
	if method == "" {
		method = "str"
	}
	if !slices.Contains(MatchMethods(), method) {
		l.Add(m.Match.Problem("unknown matching method "+method, "one of "+strings.Join(MatchMethods(), ", ")))
		return nil, l.Err()
	}
	c := &Mapping{method: method, exact: map[string]string{}}
	for _, e := range m.entries(&l) {
		if msg, hint := c.add(e); msg != "" {
			l.Add(diag.Problem{Source: m.File.Value, Line: e.line, Col: e.col, Len: len(e.key), Text: e.text, Msg: msg, Hint: hint})
		}
	}
	c.finish()
	if err := l.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

func (m *Map) entries(l *diag.List) []entry {
	var out []entry
	line := 0
	for raw := range bytes.Lines(m.Data) {
		line++
		text := strings.TrimRight(string(raw), "\r\n")
		body := strings.TrimLeft(text, " \t")
		if body == "" || body[0] == '#' {
			continue
		}
		col := len(text) - len(body) + 1
		end := strings.IndexAny(body, " \t")
		if end < 0 {
			l.Add(diag.Problem{Source: m.File.Value, Line: line, Col: col, Len: len(body), Text: text,
				Msg: "a key without a value", Hint: "each line is: key, blank, value"})
			continue
		}
		out = append(out, entry{key: body[:end], value: strings.Trim(body[end:], " \t"), line: line, col: col, text: text})
		if e := &out[len(out)-1]; e.value == "" {
			l.Add(diag.Problem{Source: m.File.Value, Line: line, Col: col, Len: len(body), Text: text,
				Msg: "a key without a value", Hint: "each line is: key, blank, value"})
			out = out[:len(out)-1]
		}
	}
	if len(out) == 0 && len(*l) == 0 {
		l.Addf(m.File.Value, "the map has no entries")
	}
	return out
}

// add takes over one entry, or returns what is wrong with its key.
func (c *Mapping) add(e entry) (msg, hint string) {
	switch c.method {
	case "str":
		if _, ok := c.exact[e.key]; !ok {
			c.exact[e.key] = e.value
		}
	case "beg":
		if _, ok := c.exact[e.key]; !ok {
			c.exact[e.key] = e.value
			c.prefixes = append(c.prefixes, e.key)
		}
	case "ip", "cidr":
		p, err := parseNet(e.key)
		if err != nil {
			return err.Error(), "an address, or address/bits such as 10.1.0.0/16"
		}
		c.addNet(p, e.value)
	case "reg":
		re, err := regexp.Compile(e.key)
		if err != nil {
			return "bad regular expression: " + strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2, which lacks look-around and back references"
		}
		e.re = re
		c.ordered = append(c.ordered, e)
	default:
		c.ordered = append(c.ordered, e)
	}
	return "", ""
}

func (c *Mapping) finish() {
	slices.SortStableFunc(c.prefixes, func(a, b string) int { return len(b) - len(a) })
	switch c.method {
	case "end":
		c.fits = func(e *entry, v []byte) bool { return bytes.HasSuffix(v, []byte(e.key)) }
	case "sub":
		c.fits = func(e *entry, v []byte) bool { return bytes.Contains(v, []byte(e.key)) }
	case "dir":
		c.fits = func(e *entry, v []byte) bool { return between(v, e.key, "/?") }
	case "dom":
		c.fits = func(e *entry, v []byte) bool { return between(v, e.key, "/?.:") }
	case "reg":
		c.fits = func(e *entry, v []byte) bool { return e.re.Match(v) }
	}
}

// between reports whether key stands in v as a whole, with the ends of v or delimiters around it
// (configuration manual, section 7.1.3: "dir" and "dom").
func between(v []byte, key, delims string) bool {
	key = strings.Trim(key, delims)
	for from := 0; key != ""; {
		i := bytes.Index(v[from:], []byte(key))
		if i < 0 {
			return false
		}
		i += from
		if (i == 0 || strings.IndexByte(delims, v[i-1]) >= 0) &&
			(i+len(key) == len(v) || strings.IndexByte(delims, v[i+len(key)]) >= 0) {
			return true
		}
		from = i + 1
	}
	return false
}

// parseNet accepts what HAProxy accepts: an address, address/bits, IPv4 address/netmask.
func parseNet(s string) (netip.Prefix, error) {
	host, length, has := strings.Cut(s, "/")
	a, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("%s is not an address", host)
	}
	mapped := 0 // bits of an IPv4 address written as IPv6 that are no part of it
	if a.Is4In6() {
		a, mapped = a.Unmap(), 96
	}
	bits := a.BitLen()
	if has {
		if n, err := strconv.Atoi(length); err == nil && n >= mapped && n-mapped <= bits {
			bits = n - mapped
		} else if n, ok := maskBits(length); ok && a.Is4() {
			bits = n
		} else {
			return netip.Prefix{}, fmt.Errorf("/%s is not a prefix length of this address", length)
		}
	}
	return netip.PrefixFrom(a, bits).Masked(), nil
}

func maskBits(s string) (int, bool) {
	m, err := netip.ParseAddr(s)
	if err != nil || !m.Is4() {
		return 0, false
	}
	b := m.As4()
	v := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n := 0
	for ; n < 32 && v&(1<<31) != 0; n++ {
		v <<= 1
	}
	return n, v == 0
}

func (c *Mapping) addNet(p netip.Prefix, value string) {
	i, found := slices.BinarySearchFunc(c.bits, p.Bits(), func(a, b int) int { return b - a })
	if !found {
		c.bits = slices.Insert(c.bits, i, p.Bits())
		c.nets = slices.Insert(c.nets, i, map[netip.Prefix]string{})
	}
	if _, ok := c.nets[i][p]; !ok {
		c.nets[i][p] = value
	}
}

// Lookup returns the value of the entry that fits: for ip and beg the longest, otherwise the first.
func (c *Mapping) Lookup(value []byte) (string, bool) {
	switch c.method {
	case "str":
		v, ok := c.exact[string(value)]
		return v, ok
	case "beg":
		for _, p := range c.prefixes {
			if len(p) <= len(value) && string(value[:len(p)]) == p {
				return c.exact[p], true
			}
		}
		return "", false
	case "ip", "cidr":
		return c.lookupAddr(value)
	}
	for i := range c.ordered {
		if e := &c.ordered[i]; c.fits(e, value) {
			return e.value, true
		}
	}
	return "", false
}

func (c *Mapping) lookupAddr(value []byte) (string, bool) {
	a, err := netip.ParseAddr(string(value))
	if err != nil {
		return "", false
	}
	a = a.Unmap().WithZone("")
	for i, n := range c.bits {
		if n > a.BitLen() {
			continue
		}
		if v, ok := c.nets[i][netip.PrefixFrom(a, n).Masked()]; ok {
			return v, true
		}
	}
	return "", false
}
