package parser

import (
	"bytes"
	"strings"
	"testing"
)

const httpLine = `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress example_prod_www_low/s1 0/1/2/12/14 200 20512 - - ---- 5/5/2/1/0 3/4 {ua #22q#22|} {} "GET /legacy-soap/prod/example/prod/www/low/orders?b=1 HTTP/1.1"`

func parseLine(t testing.TB, s *Set, line string) (*Record, Result) {
	t.Helper()
	var rec Record
	return &rec, s.NewReader().Line([]byte(line), &rec)
}

func TestHTTPLog(t *testing.T) {
	s := newSet(t, SetOptions{All: true}, presetFormat(t, "httplog"))
	rec, res := parseLine(t, s, httpLine)
	if res != ResultHTTP {
		t.Fatal(res)
	}
	for f, want := range map[Field]string{ClientAddr: "10.20.3.4", ClientPort: "40883", Frontend: "fe_egress", Backend: "example_prod_www_low", Server: "s1",
		Status: "200", BytesSent: "20512", TerminationState: "----", Method: "GET", Path: "/legacy-soap/prod/example/prod/www/low/orders", Query: "b=1",
		Target: "/legacy-soap/prod/example/prod/www/low/orders?b=1", Protocol: "HTTP/1.1", RequestHeaders: "{ua #22q#22|}", ResponseHeaders: "{}", RequestCookie: ""} {
		if got := string(rec.Bytes(f)); got != want {
			t.Errorf("%v is %q, want %q", f, got, want)
		}
	}
	for f, want := range map[Field]int64{TimeRequest: 0, TimeQueue: 1, TimeConnect: 2, TimeResponse: 12, TimeActive: 14, Retries: 0, ServerQueue: 3, BackendQueue: 4} {
		if got, ok := rec.Int(f); !ok || got != want {
			t.Errorf("%v is %d %v, want %d", f, got, ok, want)
		}
	}
	if rec.Bytes(FieldNone) != nil || rec.Has(FieldNone) {
		t.Error("the zero Field has a value")
	}
}

// A refusal never leaves values of the line before.
func TestRefusals(t *testing.T) {
	s := newSet(t, SetOptions{}, presetFormat(t, "httplog"))
	r := s.NewReader()
	var rec Record
	for _, tt := range []struct {
		change [2]string
		want   Result
	}{
		{[2]string{" 200 ", " 2x0 "}, ResultValue},
		{[2]string{" 200 ", " abc "}, ResultValue},
		{[2]string{"0/1/2/12/14", "0/1/2/14"}, ResultValue},
		{[2]string{"0/1/2/12/14", "0/1/+2/12/14"}, ResultValue},
		{[2]string{"0/1/2/12/14", "0/1/2/12/99999999999999999999"}, ResultValue},
		{[2]string{" ---- ", " ------ "}, ResultLiteral},
		{[2]string{"21/Nov/2026:04", "21-Nov-2026:04"}, ResultValue},
		{[2]string{`HTTP/1.1"`, `HTTP/1.1" tail`}, ResultLiteral},
		{[2]string{"10.20.3.4:40883 ", "10.20.3.444:x "}, ResultValue},
		{[2]string{httpLine, "hello"}, ResultValue},
		{[2]string{httpLine, ""}, ResultEmpty},
		{[2]string{httpLine, "\x00\xff\x00"}, ResultValue},
	} {
		if res := r.Line([]byte(httpLine), &rec); res != ResultHTTP {
			t.Fatal(res)
		}
		line := strings.Replace(httpLine, tt.change[0], tt.change[1], 1)
		if res := r.Line([]byte(line), &rec); !res.Refused() {
			t.Errorf("%q is %v", line, res)
		} else if res != tt.want && line != "hello" {
			t.Errorf("%q is %v, want %v", line, res, tt.want)
		}
		for f := range NumFields {
			if rec.Has(f) {
				t.Errorf("%q: %v is still %q", line, f, rec.Bytes(f))
			}
		}
	}
}

func TestOddLines(t *testing.T) {
	s := newSet(t, SetOptions{All: true}, presetFormat(t, "httplog"), presetFormat(t, "tcplog"))
	for _, tt := range []struct {
		line string
		res  Result
		want map[Field]string
	}{
		{`::1:34866 [21/Nov/2026:04:49:59.036] fe~ be/s1 -1/-1/-1/-1/+0 400 +0 - - CR-- 1/1/0/0/+1 0/0 "<BADREQ>"`, ResultHTTP,
			map[Field]string{ClientAddr: "::1", Frontend: "fe", TimeActive: "+0", Method: "", Target: "", RequestLine: badReq, TimeQueue: "-1"}},
		{`unix:3 [21/Nov/2026:04:49:59.036] fe fe/<NOSRV> 0/-1/-1/-1/0 403 0 - - PR-- 1/1/0/0/0 0/0 "GET / HTTP/1.0"`, ResultHTTP,
			map[Field]string{ClientAddr: "unix", ClientPort: "3", Server: "<NOSRV>", Path: "/"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 400 95 SID=a"b|c{d}; other=1 - --NI 104/60/1/1/0 0/0 {x} {} "GET http://egress.lab/my/back?q HTTP/1.1"`, ResultHTTP,
			map[Field]string{RequestCookie: `SID=a"b|c{d}; other=1`, ResponseCookie: "", Path: "/my/back", Query: "q", Host: "egress.lab"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 200 95 - - --NI 1/1/1/1/0 0/0 "GET https://h:8443 HTTP/2.0"`, ResultHTTP,
			map[Field]string{Host: "h:8443", Path: "", Target: "https://h:8443"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 200 95 - - --NI 1/1/1/1/0 0/0 "OPTIONS * HTTP/1.1"`, ResultHTTP,
			map[Field]string{Method: "OPTIONS", Path: "*"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 200 95 - - --NI 1/1/1/1/0 0/0 "GET /cut/by/logurilen"`, ResultHTTP,
			map[Field]string{Path: "/cut/by/logurilen", Protocol: ""}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 200 95 - - --NI 1/1/1/1/0 0/0 "GET /a#22b{c|d}[e]^ HTTP/1.1"`, ResultHTTP,
			map[Field]string{Path: "/a#22b{c|d}[e]^"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/<STATS> 0/0/0/1/1 -1 0 - - CDNN -21930/1/1/1/0 0/0 "GET / HTTP/1.1"`, ResultHTTP,
			map[Field]string{Status: "-1", ActiveConns: "-21930", Server: "<STATS>"}},
		{`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe_tcp be/s 155/-1/154 0 sQ 1/1/1/1/0 0/0`, ResultTCP,
			map[Field]string{TerminationState: "sQ", TimeQueue: "155", TimeTotal: "154"}},
		{`127.0.0.1:34866 [21/Nov/2026:04:49:59.036] fe_tls/1: SSL handshake failure`, ResultHandshakeError, nil},
		{`Connect from 127.0.1.4:56391 to 127.0.0.1:21080 (fe_egress/HTTP)`, ResultConnect, nil},
		{`Proxy fe started.`, ResultNotice, nil},
	} {
		rec, res := parseLine(t, s, tt.line)
		if res != tt.res {
			t.Errorf("%s: %v, want %v", tt.line, res, tt.res)
			continue
		}
		for f, want := range tt.want {
			if got := string(rec.Bytes(f)); got != want {
				t.Errorf("%s: %v is %q, want %q", tt.line, f, got, want)
			}
		}
	}
}

// A line that ends anywhere is counted when all that is counted stands before, and is cut before.
func TestCutAnywhere(t *testing.T) {
	for _, name := range []string{"httplog", "httpslog", "clf", "tcplog"} {
		text, _ := Preset(name)
		s := newSet(t, SetOptions{}, presetFormat(t, name))
		full := map[string]string{"httplog": httpLine, "httpslog": httpLine + ` 0/-/-/-/0 -/-/-`,
			"tcplog": `1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe_tcp be/s 155/-1/154 0 sQ 1/1/1/1/0 0/0`,
			"clf":    `127.0.1.4 - - [21/Nov/2026:04:50:07 +0000] "PUT /legacy-soap/prod/x HTTP/1.1" 404 205 "" "" 48979 925 "fe_egress" "example" "s1" 0 0 0 0 0 ---- 6 6 2 1 0 0 0 "" "" "ua" ""`}[name]
		rec, res := parseLine(t, s, full)
		if !res.Counted() || rec.Cut() {
			t.Fatalf("%s: %v", name, res)
		}
		status, _ := rec.Int(Status)
		p := s.ready()[0]
		whole := map[Field]string{}
		for f := range NumFields {
			whole[f] = string(rec.Bytes(f))
		}
		for n := 1; n < len(full); n++ {
			rec, res := parseLine(t, s, full[:n])
			if res.Counted() {
				if got, _ := rec.Int(Status); got != status && strings.Contains(text, "%ST") {
					t.Errorf("%s cut at %d: status %d", name, n, got)
				}
				for _, f := range []Field{Frontend, Backend, Server, TimeActive, TimeQueue, BytesSent, TerminationState, Method} {
					if got := string(rec.Bytes(f)); got != whole[f] && !(f == Method && got == "") {
						t.Errorf("%s cut at %d: %v is %q, want %q", name, n, f, got, whole[f])
					}
				}
				if path := string(rec.Bytes(Path)); path != "" && path != whole[Path] && (!strings.HasSuffix(path, "/") || !strings.HasPrefix(whole[Path], path)) {
					t.Errorf("%s cut at %d: path %q", name, n, path)
				}
				continue
			}
			if n > 60 && res != ResultCut {
				t.Errorf("%s cut at %d: %v, %q %v", name, n, res, full[:n], p.Explain([]byte(full[:n])).Problem)
			}
		}
	}
}

func TestVanishing(t *testing.T) {
	for _, tt := range []struct{ format, line, query string }{
		{"%ST %HQ %HM", "200 ?a GET", "a"},
		{"%ST %HQ %HM", "200  GET", ""}, // 2.9 and earlier
		{"%ST %HQ %HM", "200 GET", ""},  // 3.0 and later
		{"%ST x%HQ %HM", "200 x GET", ""},
		{"%ST %HQ%HM", "", ""}, // refused: nothing between
		{"%ST %hr %hs %HM", "200 GET", ""},
		{"%ST %hr %hs %HM", "200 {a} GET", ""},
		{"%ST %hr %hs %HM", "200 {a} {b} GET", ""},
		{"%hr %hs|%ST", "|200", ""},
		{"%ST %hr|%hs|%HM", "200 ||GET", ""},
		{"%ST %HM %hr %hs", "200 GET ", ""},
		{"%ST %HM %hr %hs", "200 GET", ""},
		{"%{+Q}hrl %{+Q}hsl %ST %HM", "200 GET", ""},
		{"%{+Q}hrl %{+Q}hsl %ST %HM", `"a b" "" "c" 200 GET`, ""},
		{"%ST %{+Q}hr %HM", `200 "{a|}" GET`, ""},
		{"%ST %{+Q}hr %HM", `200 GET`, ""},
	} {
		p, err := Compile(tt.format)
		if tt.line == "" {
			if err == nil {
				t.Errorf("%s compiled", tt.format)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		var rec Record
		if res := p.Parse([]byte(tt.line), &rec); res != ResultHTTP {
			t.Errorf("%s: %q is %v", tt.format, tt.line, res)
			continue
		}
		if v, _ := rec.Int(Status); v != 200 {
			t.Errorf("%s: %q: status %d", tt.format, tt.line, v)
		}
		if got := string(rec.Bytes(Query)); got != tt.query {
			t.Errorf("%s: %q: query %q", tt.format, tt.line, got)
		}
	}
}

// What a client sends cannot move a number: the line has one reading, or is refused.
func TestForgery(t *testing.T) {
	const format = "%ft|%[req.hdr(a)]|%ST|%B|%[req.hdr(b)]|%ts"
	s := newSet(t, SetOptions{}, Format{Name: "f", Text: format})
	for line, want := range map[string]Result{
		"fe|x|404|7|y|--":         ResultHTTP,
		"fe|x|y|404|7|z|--":       ResultHTTP, // only one place for two numbers
		"fe|a|200|5|404|7|z|--":   ResultValue,
		"fe|x|404|7|200|5|z|--":   ResultValue,
		"fe|x|404|7|a|200|5|z|--": ResultValue,
	} {
		rec, res := parseLine(t, s, line)
		if res != want {
			t.Errorf("%q is %v, want %v", line, res, want)
		}
		if v, ok := rec.Int(Status); res.Counted() != ok || ok && v != 404 {
			t.Errorf("%q: status %d %v", line, v, ok)
		}
	}
}

func TestLogSteps(t *testing.T) {
	s := newSet(t, SetOptions{}, Format{Name: "steps", Text: "%OG %ST %ts %{+Q}r"})
	for line, want := range map[string]Result{
		`txn_accept 0 -- "<BADREQ>"`: ResultLogStep, `txn_request -1 -- "GET / HTTP/1.1"`: ResultLogStep, `txn_response 200 -- "GET / HTTP/1.1"`: ResultLogStep,
		`txn_close 200 -- "GET / HTTP/1.1"`: ResultHTTP, `sess_error 0 PR "<BADREQ>"`: ResultHandshakeError, `myaction 200 -- "GET / HTTP/1.1"`: ResultLogStep,
	} {
		if _, res := parseLine(t, s, line); res != want {
			t.Errorf("%s: %v, want %v", line, res, want)
		}
	}
}

func TestErrorFormat(t *testing.T) {
	s := newSet(t, SetOptions{}, presetFormat(t, "httplog"), Format{Name: "err", Text: "%ci:%cp [%tr] %ft %[fc_err] %[fc_err_str]", ErrorFormat: true},
		Format{Name: "err2", Text: "ERR %ci:%cp %ft %ST", ErrorFormat: true})
	for line, want := range map[string]Result{
		`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe 30 SSL handshake failure`: ResultHandshakeError,
		`1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe 0 Success`:                ResultHTTP,
		`ERR 1.2.3.4:5 fe 0`:   ResultHandshakeError,
		`ERR 1.2.3.4:5 fe 400`: ResultHTTP,
		httpLine:               ResultHTTP,
	} {
		if _, res := parseLine(t, s, line); res != want {
			t.Errorf("%s: %v, want %v", line, res, want)
		}
	}
}

func TestSharedByTCP(t *testing.T) {
	s := newSet(t, SetOptions{}, Format{Name: "x", Text: "%ci %ft %b/%s %ST %ts %HM"})
	if _, res := parseLine(t, s, "1.2.3.4 fe be/s 0 -- <BADREQ>"); res != ResultTCP {
		t.Errorf("no transaction: %v", res)
	}
	if _, res := parseLine(t, s, "1.2.3.4 fe be/s 400 PR <BADREQ>"); res != ResultHTTP {
		t.Errorf("bad request: %v", res)
	}
}

func TestDecode(t *testing.T) {
	for in, want := range map[string]string{"a#22b#C3#A9": "a\"b\xc3\xa9", "#": "#", "#2": "#2", "#zz": "#zz", "%22#23": "%22#", "": ""} {
		if got := Decode(nil, []byte(in)); !bytes.Equal(got, []byte(want)) {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestErrorFormatByItsFields: on the command line nobody says which format is the error-log-format.
func TestErrorFormatByItsFields(t *testing.T) {
	r := newSet(t, SetOptions{}, presetFormat(t, "httplog"), Format{Name: "err", Text: "%ci:%cp [%tr] %ft ERR %[fc_err] %[fc_err_str]"}).NewReader()
	var rec Record
	for line, want := range map[string]Result{
		"127.0.0.1:43078 [21/Nov/2026:07:59:20.412] egress~ ERR 34 SSL handshake failure": ResultHandshakeError,
		"127.0.0.1:43078 [21/Nov/2026:07:59:20.412] egress~ ERR 0 Success":                ResultHTTP, // a request that could not be read
	} {
		if res := r.Line([]byte(line), &rec); res != want {
			t.Errorf("%s is %v, want %v", line, res, want)
		}
	}
	for _, own := range []string{"%ci:%cp [%tr] %ft %ST %[fc_err]", "%ci:%cp [%t] %ft %ts %[fc_err_str]", "%ci:%cp [%t] %ft %B %[fc_err]"} {
		p, err := Compile(own)
		if err != nil || p.errFmt {
			t.Errorf("%s: %v, taken for an error-log-format: %v", own, err, p.errFmt)
		}
	}
}

// TestMethodsAreTokens: a path with the separators of the format is told from a method.
func TestMethodsAreTokens(t *testing.T) {
	p, err := Compile("%Ts|%[capture.req.hdr(0)]|%ft|%b|%s|%HM|%HU|%ST|%Ta")
	if err != nil {
		t.Fatal(err)
	}
	var rec Record
	for _, path := range []string{"/a{b|c}d", "/my#22back|x/prod"} {
		if res := p.Parse([]byte("1795247954|curl (x; y)|fe|be|s1|GET|"+path+"|200|5"), &rec); res != ResultHTTP || string(rec.Bytes(Path)) != path || string(rec.Bytes(Backend)) != "be" {
			t.Errorf("%s: %v, path %q of backend %q", path, res, rec.Bytes(Path), rec.Bytes(Backend))
		}
	}
}

// TestBadRequestIsNoticed: one of the fields that print <BADREQ> is read even when nobody asked for what it gives.
func TestBadRequestIsNoticed(t *testing.T) {
	for format, line := range map[string]string{
		`%ST "%r"`: `400 "<BADREQ>"`,
		`%ST %[capture.req.method] %[capture.req.uri] "%r"`: `400 - - "<BADREQ>"`,
		`%ST %[capture.req.method] %[capture.req.uri] %HV`:  `400 - - <BADREQ>`,
		`%ST %HM %HV`: `400 <BADREQ> <BADREQ>`,
	} {
		var rec Record
		r := newSet(t, SetOptions{}, Format{Text: format}).NewReader()
		if res := r.Line([]byte(line), &rec); res != ResultHTTP || !rec.BadRequest() {
			t.Errorf("%s: %v, bad request %v", format, res, rec.BadRequest())
		}
	}
}

// TestCookieBeforeCaptures: a captured cookie ends where the next field can begin; only between two cookies is the first
// one taken as long as possible.
func TestCookieBeforeCaptures(t *testing.T) {
	for _, c := range []struct{ format, line, cookie, next string }{
		{`%CC %{+Q}hs %T`, `SID=abc "{text/plain; charset=utf-8}" 21/Nov/2026:11:17:51 +0000`, "SID=abc", `"{text/plain; charset=utf-8}"`},
		{`%{+Q}CC %{+Q}hs - %ac`, `"SID=abc" "{h|}" - 5`, "SID=abc", `"{h|}"`},
		{`%CC %CS %T`, `SID=a b c X=1 21/Nov/2026:11:17:51 +0000`, "SID=a b c", "X=1"},
	} {
		var rec Record
		r := newSet(t, SetOptions{All: true}, Format{Text: c.format}).NewReader()
		r.Line([]byte(c.line), &rec)
		next := rec.Bytes(ResponseHeaders)
		if next == nil {
			next = rec.Bytes(ResponseCookie)
		}
		if string(rec.Bytes(RequestCookie)) != c.cookie || string(next) != c.next {
			t.Errorf("%s: %q and %q, want %q and %q", c.format, rec.Bytes(RequestCookie), next, c.cookie, c.next)
		}
	}
}

// TestResultOfPlainLines: what a line is does not depend on how it was read.
func TestResultOfPlainLines(t *testing.T) {
	for _, c := range []struct {
		format, line string
		want         Result
	}{
		{"%ft %b/%s %ST %Ta", "f b/s 200 5", ResultHTTP},
		{"%ft %b/%s %ST %Ta", "f b/s 0 5", ResultTCP},
		{"%ft %b/%s %ST %Ta", "f b/s -1 5", ResultHTTP},
		{"%OG %ft %ST %Ta", "txn_close f 200 5", ResultHTTP},
		{"%OG %ft %ST %Ta", "accept f 200 5", ResultLogStep},
	} {
		s := newSet(t, SetOptions{}, Format{Name: c.format, Text: c.format})
		var rec Record
		line := append([]byte(c.line), make([]byte, slack)...)[:len(c.line)]
		for range 2 { // the second one finds the record of the first
			if got := s.NewReader().Line(line, &rec); got != c.want {
				t.Errorf("%s: %s is %s, want %s", c.format, c.line, got, c.want)
			}
		}
	}
}
