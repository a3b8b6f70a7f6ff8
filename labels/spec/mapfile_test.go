package spec_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/labels/spec"
)

func mapping(method, data string) spec.Map {
	return spec.Map{File: spec.Text{Value: "x.map"}, Match: spec.Text{Value: method}, Data: []byte(data)}
}

func TestMapLookup(t *testing.T) {
	const nets = `# clients
10.0.0.0/8        big
10.1.0.0/16       middle prod
  10.1.2.3        one	two
10.1.2.3          ignored, the first wins
192.168.0.0/255.255.0.0  mask
2001:db8::/32     six
0.0.0.0/0         rest
`
	for _, c := range []struct{ method, data, in, want string }{
		{"cidr", nets, "10.9.9.9", "big"},
		{"ip", nets, "10.1.9.9", "middle prod"},
		{"cidr", nets, "10.1.2.3", "one\ttwo"},
		{"cidr", nets, "::ffff:10.1.9.9", "middle prod"},
		{"cidr", "::ffff:10.9.9.9 a", "10.9.9.9", "a"},
		{"cidr", "::ffff:10.9.0.0/112 a", "10.9.9.9", "a"},
		{"cidr", "::ffff:10.9.0.0/112 a", "10.8.9.9", "-"},
		{"cidr", nets, "192.168.3.4", "mask"},
		{"cidr", nets, "2001:db8::7", "six"},
		{"cidr", nets, "2001:db9::7", "-"},
		{"cidr", nets, "8.8.8.8", "rest"},
		{"cidr", nets, "unix", "-"},
		{"cidr", "10.0.0.0/8 a", "11.0.0.1", "-"},
		{"str", "a 1\nab 2\na 3\n", "a", "1"},
		{"", "a 1\r\nab 2\r\n", "ab", "2"},
		{"str", "a 1", "A", "-"},
		{"beg", "/a 1\n/a/b 2\n", "/a/b/c", "2"},
		{"beg", "/a 1\n/a/b 2\n", "/ax", "1"},
		{"beg", "/a 1", "/", "-"},
		{"end", ".de 1\nbank.de 2\n", "my.bank.de", "1"},
		{"end", ".de 1", "de.", "-"},
		{"sub", "bank 1", "my.bank.de", "1"},
		{"sub", "bank 1", "ban", "-"},
		{"dom", "bank 1", "my.bank.de:443", "1"},
		{"dom", "bank 1", "my.banker.de/bank", "1"},
		{"dom", "bank 1", "my.banker.de", "-"},
		{"dir", "api 1", "/v1/api?x", "1"},
		{"dir", "api 1", "/v1/apis", "-"},
		{"reg", "^a[0-9]+$ 1\na 2", "a12", "1"},
		{"reg", "^a[0-9]+$ 1\na 2", "a12b", "2"},
		{"reg", "^a 1", "ba", "-"},
	} {
		m := mapping(c.method, c.data)
		compiled, err := m.Compile()
		if err != nil {
			t.Fatalf("%s: %v", c.method, err)
		}
		got, ok := compiled.Lookup([]byte(c.in))
		if !ok {
			got = "-"
		}
		if got != c.want {
			t.Errorf("%s of %q: %s, want %s", c.method, c.in, got, c.want)
		}
	}
}

func TestMapProblems(t *testing.T) {
	for _, c := range []struct{ method, data, want string }{
		{"ips", "a b", "unknown matching method ips\n    hint: one of str, beg, end, sub, dir, dom, reg, ip, cidr"},
		{"str", "# nothing\n\n", "x.map: the map has no entries"},
		{"str", "a 1\n  b\nc \n", "x.map:2:3: a key without a value\n      b\n      ^\n    hint: each line is: key, blank, value\n" +
			"x.map:3:1: a key without a value\n    c \n    ^^\n    hint: each line is: key, blank, value"},
		{"cidr", "10.0.0.0/8 a\n10.0.0.0/33 b\nhost c", "x.map:2:1: /33 is not a prefix length of this address\n    10.0.0.0/33 b\n    ^^^^^^^^^^^\n    hint: an address, or address/bits such as 10.1.0.0/16\n" +
			"x.map:3:1: host is not an address\n    host c\n    ^^^^\n    hint: an address, or address/bits such as 10.1.0.0/16"},
		{"cidr", "10.0.0.0/255.0.255.0 a", "x.map:1:1: /255.0.255.0 is not a prefix length of this address\n    10.0.0.0/255.0.255.0 a\n    ^^^^^^^^^^^^^^^^^^^^\n    hint: an address, or address/bits such as 10.1.0.0/16"},
		{"reg", "(?=x) a", "x.map:1:1: bad regular expression: invalid or unsupported Perl syntax: `(?=`\n    (?=x) a\n    ^^^^^\n    hint: the syntax is RE2, which lacks look-around and back references"},
	} {
		m := mapping(c.method, c.data)
		_, err := m.Compile()
		if err == nil {
			t.Errorf("%q was accepted", c.data)
			continue
		}
		if d := cmp.Diff(c.want, err.Error()); d != "" {
			t.Error(d)
		}
	}
}

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		text, field string
		op          spec.Op
		value       string
		number      int64
		numeric     bool
	}{
		{"status >= 500", "status", spec.OpGreaterEqual, "500", 500, true},
		{"status==200", "status", spec.OpEqual, "200", 200, true},
		{"Ta > 1.5s", "Ta", spec.OpGreater, "1.5s", 1500, true},
		{"Tr < -1", "Tr", spec.OpLess, "-1", -1, true},
		{`sslv != "TLSv1"`, "sslv", spec.OpNotEqual, "TLSv1", 0, false},
		{`status == '200'`, "status", spec.OpEqual, "200", 0, false},
		{`capture.req.hdr(0) == a b`, "capture.req.hdr(0)", spec.OpEqual, "a b", 0, false},
		{`%[var(txn.x<y),lower] <= 3`, "%[var(txn.x<y),lower]", spec.OpLessEqual, "3", 3, true},
		{`method =~ "GET|HEAD"`, "method", spec.OpMatch, "GET|HEAD", 0, false},
		{`path !~ /a.*`, "path", spec.OpNotMatch, "/a.*", 0, false},
	} {
		got, err := spec.ParseCondition(spec.Text{Value: c.text})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.Field != c.field || got.Op != c.op || got.Value != c.value || got.Number != c.number || got.Numeric != c.numeric {
			t.Errorf("%s: %+v", c.text, got)
		}
		if !strings.Contains(c.text, got.Op.String()) {
			t.Errorf("%s has the operator %s", c.text, got.Op)
		}
	}
	re, err := spec.ParseCondition(spec.Text{Value: "m =~ GET|HEAD"})
	if err != nil || !re.Regexp.MatchString("HEAD") || re.Regexp.MatchString("GETX") {
		t.Errorf("an expression covers the whole value: %v %v", re.Regexp, err)
	}
}

func TestConditionProblems(t *testing.T) {
	for text, want := range map[string]string{
		"status":  "condition, column 1: no comparison\n    status\n    ^^^^^^\n    hint: for example status >= 500, sslv == \"TLSv1.3\", method =~ \"GET|HEAD\"",
		" == 3":   "condition, column 1: no field before ==\n     == 3\n    ^\n    hint: the name of a field, such as status or path",
		"a ==":    "condition, column 5: no value after ==\n    a ==\n        ^",
		`a == "`:  "condition, column 6: the quote is never closed\n    a == \"\n         ^",
		"a > x":   "condition, column 5: > compares numbers and durations\n    a > x\n        ^\n    hint: for example 500, -1 or 1.5s; texts are compared with == and =~",
		"a =~ (":  "condition, column 6: bad regular expression: missing closing ): `(`\n    a =~ (\n         ^\n    hint: the syntax is RE2",
		"a =~ )(": "condition, column 6: bad regular expression: unexpected ): `)(`\n    a =~ )(\n         ^^\n    hint: the syntax is RE2",
	} {
		_, err := spec.ParseCondition(spec.Text{Value: text})
		if err == nil {
			t.Errorf("%q was accepted", text)
			continue
		}
		if d := cmp.Diff(want, err.Error()); d != "" {
			t.Error(d)
		}
	}
}

func FuzzMap(f *testing.F) {
	f.Add("cidr", "10.0.0.0/8 a\n", "10.1.2.3")
	f.Add("dom", "bank 1", "my.bank.de")
	f.Add("reg", "a(b 1", "ab")
	f.Fuzz(func(t *testing.T, method, data, value string) {
		m := mapping(method, data)
		c, err := m.Compile()
		if err != nil {
			return
		}
		if v, ok := c.Lookup([]byte(value)); ok && (v == "" || strings.ContainsRune(v, '\n')) {
			t.Fatalf("value %q", v)
		}
	})
}
