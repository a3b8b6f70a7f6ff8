package parser

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/diag"
)

// samples are texts that HAProxy prints for each alias, and what they mean. Every row of the alias
// table must be here.
func samples() map[string][]struct {
	text   string
	want   string // Bytes of the alias' field, "" for absent
	number int64  // when the field is a number
} {
	type s = struct {
		text, want string
		number     int64
	}
	ints := func(more ...s) []s {
		return append([]s{{"0", "0", 0}, {"7", "7", 7}, {"123456789012", "123456789012", 123456789012}}, more...)
	}
	timer := ints(s{"-1", "-1", -1})
	plus := ints(s{"+9", "+9", 9})
	name := []s{{"fe_a.b:c-1", "fe_a.b:c-1", 0}}
	addr := []s{{"127.0.0.1", "127.0.0.1", 0}, {"2001:db8::7", "2001:db8::7", 0}, {"::1", "::1", 0}, {"::ffff:10.0.0.1", "::ffff:10.0.0.1", 0}, {"unix", "unix", 0}, {"-", "", 0}}
	port := []s{{"5555", "5555", 5555}, {"3", "3", 3}, {"-", "", 0}}
	dateMs := []s{{"21/Nov/2026:04:50:36.591", "21/Nov/2026:04:50:36.591", 0}, {"09/Feb/2009:12:12:09", "09/Feb/2009:12:12:09", 0}}
	dateZone := []s{{"21/Nov/2026:04:50:36 +0000", "21/Nov/2026:04:50:36 +0000", 0}}
	url := func(v string) []s { return []s{{v, v, 0}, {badReq, "", 0}} }
	cookie := []s{{"SID=abc", "SID=abc", 0}, {"-", "", 0}, {`SID=c"1 |`, `SID=c"1 |`, 0}}
	braces := []s{{"{a|b c||d}", "{a|b c||d}", 0}, {"{}", "{}", 0}}
	list := []s{{"a b - d", "a b - d", 0}}
	word := []s{{"TLSv1.3", "TLSv1.3", 0}, {"-", "", 0}}
	return map[string][]s{
		"T": dateZone, "Tl": dateZone, "trg": dateZone, "trl": dateZone, "t": dateMs, "tr": dateMs,
		"Ts": {{"1795236627", "1795236627", 1795236627}}, "ms": {{"009", "009", 9}},
		"Th": ints(), "Ti": timer, "TR": timer, "Tq": timer, "Tw": timer, "Tc": timer, "Tr": timer, "Td": timer,
		"Ta": plus, "Tt": plus, "Tu": plus, "B": plus, "U": ints(), "ST": {{"200", "200", 200}, {"-1", "-1", -1}, {"0", "0", 0}}, "rc": plus,
		"ts": {{"--", "--", 0}, {"sH", "sH", 0}}, "tsc": {{"----", "----", 0}, {"CDNI", "CDNI", 0}, {"--V7", "--V7", 0}},
		"OG": {{"txn_close", "txn_close", 0}}, "CC": cookie, "CS": cookie, "hr": braces, "hs": braces, "hrl": list, "hsl": list,
		"r":  {{"GET /a?b=c HTTP/1.1", "GET /a?b=c HTTP/1.1", 0}, {badReq, badReq, 0}, {"GET /", "GET /", 0}},
		"HM": url("GET"), "HU": url("/a/b?x=1"), "HP": url("/a/b"), "HPO": url("/a/b"), "HQ": {{"?x=1", "x=1", 0}, {"", "", 0}}, "HV": url("HTTP/1.1"),
		"b": name, "f": name, "ft": {{"fe_tls~", "fe_tls", 0}, {"fe", "fe", 0}}, "s": {{"s1", "s1", 0}, {"<NOSRV>", "<NOSRV>", 0}, {"<STATS>", "<STATS>", 0}, {"<lua.x>", "<lua.x>", 0}},
		"ci": addr, "fi": addr, "bi": addr, "si": addr, "cp": port, "fp": port, "bp": port, "sp": port,
		"ac": ints(s{"-21930", "-21930", -21930}), "fc": ints(), "bc": ints(), "sc": ints(), "sq": ints(), "bq": ints(), "rt": ints(), "lc": ints(),
		"sslc": {{"TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384", 0}, {"-", "", 0}}, "sslv": word, "pid": ints(),
		"H": {{"host-1.example", "host-1.example", 0}}, "ID": {{"7F000001:E18C_7F000001", "7F000001:E18C_7F000001", 0}, {"-", "", 0}},
	}
}

func TestAliases(t *testing.T) {
	sets := samples()
	for _, a := range aliases() {
		name := a.name
		if a.canon != "" {
			name = a.canon
		}
		rows := sets[name]
		if len(rows) == 0 {
			t.Errorf("%%%s: no samples", a.name)
		}
		for _, surround := range []string{"%s", "<%s>", "%s|end", "begin %s end", "%s", `{"k":"%s"}`} {
			format := fmt.Sprintf(surround, "%"+a.name)
			p, err := Compile(format)
			if err != nil {
				t.Errorf("%s: %v", format, err)
				continue
			}
			for _, row := range rows {
				line := fmt.Sprintf(surround, row.text)
				if line == "" || name == "HQ" && row.text == "" && strings.HasPrefix(surround, "begin") {
					continue // not sent at all; see TestVanishing
				}
				var rec Record
				if res := p.Parse([]byte(line), &rec); !res.Counted() && name != "OG" {
					t.Errorf("%s: %q is %v", format, line, res)
					continue
				}
				if got := string(rec.Bytes(a.field)); got != row.want {
					t.Errorf("%s: %q: %v is %q, want %q", format, line, a.field, got, row.want)
				}
				if n, ok := rec.Int(a.field); ok != (row.want != "" && a.class.numeric()) || n != row.number {
					t.Errorf("%s: %q: number %d %v, want %d", format, line, n, ok, row.number)
				}
				if rec.Plus(a.field) != strings.HasPrefix(row.text, "+") {
					t.Errorf("%s: %q: plus is %v", format, line, rec.Plus(a.field))
				}
			}
		}
	}
}

func (c class) numeric() bool {
	switch c {
	case clsInt, clsUint, clsMs, clsPort, clsOptInt:
		return true
	}
	return false
}

// The table as a whole: the counts of the manuals of each branch.
func TestAliasVersions(t *testing.T) {
	for branch, want := range map[string]int{"1.5": 59, "1.6": 65, "1.7": 73, "2.1": 73, "2.2": 74, "2.3": 74, "2.4": 75, "2.5": 64, "2.6": 64, "3.0": 64, "3.1": 65, "3.5": 65} {
		n := 1 // %o
		for _, a := range aliases() {
			if !branchLess(branch, a.since) && (a.retired == "" || branchLess(branch, a.retired)) {
				n++
			}
		}
		if n != want {
			t.Errorf("HAProxy %s knows %d aliases, want %d", branch, n, want)
		}
	}
}

func TestCompileErrors(t *testing.T) {
	for _, tt := range []struct {
		format string
		want   []string // col:len message, in order
	}{
		{"%", []string{"1:1 a percent sign at the end"}},
		{"a % b", []string{"3:2 a percent sign must be followed"}},
		{"%5", []string{"1:2 a percent sign must be followed"}},
		{"%zz", []string{"1:3 unknown field %zz"}},
		{"%ciX %foo %ST", []string{"1:4 unknown field %ciX", "6:4 unknown field %foo"}},
		{"%STabc", []string{"1:6 unknown field %STabc"}},
		{"%[src", []string{"1:5 the expression has no closing bracket"}},
		{"%[]", []string{"1:3 an empty expression"}},
		{"%{+Q r", []string{"2:5 the flags have no closing brace"}},
		{"%(name", []string{"2:5 the name has no closing parenthesis"}},
		{"%(na me)ST", []string{"3:5 a field's name may hold"}},
		{"%(n:int)ST", []string{"5:3 unknown type int"}},
		{"%{+Q}", []string{"1:5 a name or flags without a field"}},
		{"%{+cbor}o %(a)ST", []string{"1:9 CBOR lines cannot be read"}},
		{"%{+json}o %ST", []string{"1:13 a JSON format without named fields"}},
		{"plain text", []string{"1:10 the format has no fields"}},
		{"", []string{"1:1 the format has no fields"}},
		{"%r%[src] %ST", []string{"1:8 %r and %[src] stand side by side"}},
		{"%Tw%Tc %CC%CS", []string{"1:6 %Tw and %Tc stand side by side", "8:6 %CC and %CS stand side by side"}},
		{"%[var(txn.a)]%[var(txn.b)]", []string{"1:26 %[var(txn.a)] and %[var(txn.b)] stand side by side"}},
		{"${NOPE} %ST", []string{"1:7 unknown environment variable NOPE"}},
	} {
		_, err := Compile(tt.format)
		var list diag.List
		if !errors.As(err, &list) {
			t.Errorf("%q: %v, want a list of problems", tt.format, err)
			continue
		}
		var got []string
		for _, p := range list {
			got = append(got, fmt.Sprintf("%d:%d %s", p.Col, p.Len, p.Msg))
		}
		if len(got) != len(tt.want) {
			t.Errorf("%q: %q, want %q", tt.format, got, tt.want)
			continue
		}
		for i := range got {
			if !strings.HasPrefix(got[i], tt.want[i]) {
				t.Errorf("%q: %q, want %q", tt.format, got[i], tt.want[i])
			}
			if list[i].Text != tt.format {
				t.Errorf("%q: drawn under %q", tt.format, list[i].Text)
			}
		}
	}
}

func TestCompileHint(t *testing.T) {
	for format, want := range map[string]string{
		"%STabc": "%ST exists", "%Sst": "did you mean %ST?", "%r%[src]": "put a character between", "%{+cbor}o %(a)ST": "%{+json}o",
	} {
		if _, err := Compile(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a hint with %q", format, err, want)
		}
	}
}

// What HAProxy accepts without a word is accepted.
func TestCompileAccepts(t *testing.T) {
	for format, line := range map[string]string{
		"%'%ST%-":                               "'200-",    // the percent sign is dropped
		"100%% %ST":                             "100% 200", //
		"%{Q}HM %ST":                            "GET 200",  // a flag without sign
		"%{+yyyy-MM-dd}t %B":                    "21/Nov/2026:04:50:36.591 5",
		"  %ST   %B  ":                          "200 5 ",
		"a\t%ST\t \t%B":                         "a\t200\t \t5",
		"%ms%ft %ST":                            "009fe 200",
		"%ts--%ST|":                             "----200|",
		"%{+X}o%ci:%cp %ST":                     "7F000001:E18C 200",
		"%(n)ST %(m:str)B":                      "200 5",
		"%[date,ltime(%Y-%m-%d %H:%M]%z)] %ST":  "2026-11-21 04:50]+0000 200",
		"%[var(txn.x),regsub(\"]\",\"(\")] %ST": "a b 200",
		"%[path,regsub('\\)',)] %ST":            "/x 200",
		"%{+Q}o%ST %{-Q}s %s":                   `200 s1 "s1"`,
		"%{+Q,+E}[req.hdr(ua)] %ST":             `"a\"b\\c\]d" 200`,
	} {
		p, err := Compile(format)
		if err != nil {
			t.Errorf("%q: %v", format, err)
			continue
		}
		var rec Record
		if res := p.Parse([]byte(line), &rec); !res.Counted() {
			t.Errorf("%q: %q is %v\n%v", format, line, res, p.Explain([]byte(line)).Problem)
		}
		if v, ok := rec.Int(Status); strings.Contains(format, "ST") && (!ok || v != 200) {
			t.Errorf("%q: %q: status %d %v", format, line, v, ok)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for _, tt := range []struct{ format, branch, want string }{
		{"%Ci %ST", "2.4", ""},
		{"%Ci %ST", "2.5", "%Ci was retired in HAProxy 2.5"},
		{"%OG %ST", "3.0", "%OG is known since HAProxy 3.1"},
		{"%OG %ST", "3.1", ""},
		{"%HPO", "2.3", "%HPO is known since HAProxy 2.4"},
		{"%{+json}o %(a)[src]", "2.9", "known since HAProxy 3.0"},
	} {
		p, err := Compile(tt.format)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Unsupported(tt.branch).Error(); tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%s in %s: %q, want %q", tt.format, tt.branch, got, tt.want)
		}
	}
}

func TestPresets(t *testing.T) {
	for _, name := range PresetNames() {
		text, _ := Preset(name)
		p, err := Compile(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if want := !strings.HasPrefix(name, "tcp"); p.HTTP() != want {
			t.Errorf("%s: HTTP is %v", name, p.HTTP())
		}
		if p.ops == nil {
			t.Errorf("%s has no flat program", name)
		}
		if p.check && !p.cookies && name != "httpslog" {
			t.Errorf("%s is not proven to have one reading", name)
		}
	}
	if _, ok := Preset("HTTPLOG"); ok {
		t.Error("presets are case sensitive")
	}
}
