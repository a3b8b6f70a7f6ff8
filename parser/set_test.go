package parser

import (
	"strings"
	"sync"
	"testing"
)

func TestFieldNames(t *testing.T) {
	json := Format{Name: "json", Text: `%{+json}o %(tr)TR %(client)[var(txn.client)] %(status:sint)ST %(uri)HU %(ua)[capture.req.hdr(0)] %(ms)Ta`}
	line := `{"tr": 3, "client": "c\"1", "status": 200, "uri": "/a/b?q=1", "ua": "x", "ms": 9}`
	s := newSet(t, SetOptions{}, json)
	want := map[string]string{"tr": "3", "client": `c"1`, "%[var(txn.client)]": `c"1`, "var(txn.client)": `c"1`, "status": "200", "%ST": "200", "ST": "200",
		"path": "/a/b", "uri": "/a/b?q=1", "target": "/a/b?q=1", "query": "q=1", "ua": "x", "capture.req.hdr(0)": "x", "ms": "9", "%Ta": "9", "time_active": "9", "%[ var(txn.client) ]": `c"1`}
	fields := map[string]Field{}
	for name := range want {
		f, err := s.Field(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		fields[name] = f
	}
	rec, res := parseLine(t, s, line)
	if res != ResultHTTP {
		t.Fatal(res)
	}
	for name, w := range want {
		if got := string(rec.Bytes(fields[name])); got != w {
			t.Errorf("%s is %q, want %q", name, got, w)
		}
	}
	if f, _ := s.Field("client"); f != fields["client"] {
		t.Error("asking twice gives two slots")
	}
	for _, unknown := range []string{"%B", "backend", "statsu", "%[src]", "", "capture.req.hdr(3)x", "%tr"} {
		if f, err := s.Field(unknown); err == nil {
			t.Errorf("%s is %v, want an error", unknown, f)
		} else if !strings.Contains(err.Error(), "status") && !strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v, want what exists", unknown, err)
		}
	}
}

func TestCaptures(t *testing.T) {
	httplog := presetFormat(t, "httplog")
	httplog.Captures = []string{"Host", "capture request header User-Agent len 64", "X-Team"}
	httplog.ResponseCaptures = []string{"Server"}
	clf := presetFormat(t, "clf")
	clf.Captures, clf.ResponseCaptures = httplog.Captures, httplog.ResponseCaptures
	s := newSet(t, SetOptions{}, httplog, clf)
	names := []string{"req.hdr:host", "User-Agent", "capture.req.hdr(2)", "res.hdr:Server", "capture.res.hdr(0)"}
	var fields []Field
	for _, n := range names {
		f, err := s.Field(n)
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, f)
	}
	head, tail := `1.2.3.4:5 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/0/1/1 200 95 - - ---- 1/1/1/1/0 0/0 `, `"GET / HTTP/1.1"`
	for line, want := range map[string][]string{
		head + `{h.example|a b|t} {Apache} ` + tail: {"h.example", "a b", "t", "Apache", "Apache"},
		head + `{||} {} ` + tail:                    {"", "", "", "", ""},
		head + tail:                                 {"", "", "", "", ""},
		`127.0.1.4 - - [21/Nov/2026:04:50:07 +0000] "PUT /x HTTP/1.1" 404 205 "" "" 48979 925 "fe" "be" "s1" 0 0 0 0 0 ---- 6 6 2 1 0 0 0 "" "" "h" "a b" "" "Apache"`: {"h", "a b", "", "Apache", "Apache"},
	} {
		rec, res := parseLine(t, s, line)
		if res != ResultHTTP {
			t.Errorf("%s: %v", line, res)
			continue
		}
		for i, f := range fields {
			if got := string(rec.Bytes(f)); got != want[i] {
				t.Errorf("%s: %s is %q, want %q", line, names[i], got, want[i])
			}
		}
	}
	// Two captures where three are declared: another proxy's line.
	if rec, res := parseLine(t, s, head+`{a|b} {} `+tail); res.Counted() {
		t.Errorf("counted with %q", rec.Bytes(fields[1]))
	}
	if _, err := s.Field("Referer"); err == nil {
		t.Error("a header that is not captured was found")
	}
}

func TestFormatsThatLookAlike(t *testing.T) {
	a, b := presetFormat(t, "httplog"), presetFormat(t, "httplog-1.5")
	b.Text = strings.Replace(b.Text, "[%t]", "[%tr]", 1)
	_, err := NewSet([]Format{a, b}, SetOptions{})
	if err == nil || !strings.Contains(err.Error(), "cannot be told from") {
		t.Errorf("%v, want a problem", err)
	}
	if s, err := NewSet([]Format{a, a}, SetOptions{}); err != nil || len(s.programs) != 1 {
		t.Errorf("the same format twice: %v", err)
	}
	if _, err := NewSet(nil, SetOptions{}); err == nil {
		t.Error("no format was accepted")
	}
	_, err = NewSet([]Format{{Name: "one", Text: "%zz"}, {Name: "two", Text: "%yy"}}, SetOptions{Want: []string{"path"}})
	if err == nil || !strings.Contains(err.Error(), "one") || !strings.Contains(err.Error(), "two") {
		t.Errorf("%v, want both problems", err)
	}
}

// A loose format does not swallow lines of a specific one, whatever came before.
func TestSpecificFirst(t *testing.T) {
	s := newSet(t, SetOptions{}, Format{Name: "loose", Text: "%[req.hdr(a)]"}, Format{Name: "some", Text: "%ci:%cp %[var(txn.x)]"}, presetFormat(t, "httplog"))
	r := s.NewReader()
	var rec Record
	for _, tt := range []struct {
		line, format string
		res          Result
	}{
		{"anything at all", "loose", ResultHTTP}, {httpLine, "httplog", ResultHTTP}, {"1.2.3.4:5 x", "some", ResultTCP}, {httpLine, "httplog", ResultHTTP},
		{"Proxy fe started.", "", ResultNotice}, {"anything", "loose", ResultHTTP},
	} {
		if res := r.Line([]byte(tt.line), &rec); res != tt.res {
			t.Errorf("%q: %v, want %v", tt.line, res, tt.res)
		} else if tt.format != "" && rec.filled.Name() != tt.format {
			t.Errorf("%q was read as %s", tt.line, rec.filled.Name())
		}
	}
}

func TestRepeated(t *testing.T) {
	s := newSet(t, SetOptions{}, presetFormat(t, "httplog"))
	rec, res := parseLine(t, s, "Nov 21 04:53:55 h haproxy[1]: message repeated 49 times: [ "+httpLine+"]")
	if res != ResultHTTP || rec.Repeat() != 49 {
		t.Errorf("%v, %d times", res, rec.Repeat())
	}
	if rec, _ = parseLine(t, s, httpLine); rec.Repeat() != 1 {
		t.Errorf("%d times", rec.Repeat())
	}
}

func TestReadersInParallel(t *testing.T) {
	s := newSet(t, SetOptions{}, corpusFormats(t, "httplog-26")...)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := s.Field("src"); err != nil {
				t.Error(err)
			}
			r := s.NewReader()
			var rec Record
			for _, l := range linesOf(t, "httplog-26.log") {
				if r.Line(l, &rec) == ResultHTTP && !rec.Has(ClientAddr) {
					t.Errorf("no address in %s", l)
				}
			}
		})
	}
	wg.Wait()
}

// Every corpus, every kind of line: nothing is allocated once buffers have grown.
func TestNoAllocations(t *testing.T) {
	for _, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "pipe-26", "json-30", "jsonhand-26", "reload-26-plain", "none-26"} {
		formats := []Format{presetFormat(t, "httplog")}
		if name != "none-26" {
			formats = corpusFormats(t, name)
		}
		s := newSet(t, SetOptions{All: true}, formats...)
		r, lines := s.NewReader(), linesOf(t, name+".log")
		var rec Record
		n := testing.AllocsPerRun(3, func() {
			for _, l := range lines {
				r.Line(l, &rec)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations for %d lines", name, n, len(lines))
		}
	}
}

func TestRecordClone(t *testing.T) {
	s := newSet(t, SetOptions{}, presetFormat(t, "httplog"))
	line := []byte(httpLine)
	var rec Record
	s.NewReader().Line(line, &rec)
	c := rec.Clone()
	for i := range line {
		line[i] = 'x'
	}
	if got := string(c.Bytes(Backend)); got != "example_prod_www_low" {
		t.Errorf("the copy's backend is %q", got)
	}
}

func TestExplain(t *testing.T) {
	s := newSet(t, SetOptions{All: true}, presetFormat(t, "httplog"), presetFormat(t, "tcplog"))
	r := s.NewReader()
	ex := r.Explain([]byte("<134>Nov 21 04:53:55 haproxy[25441]: " + httpLine))
	if ex.Result != ResultHTTP || ex.Format != "httplog" || ex.Envelope == "" || ex.Tag != "haproxy" || ex.Problem != nil || len(ex.Fields) != 26 {
		t.Errorf("%+v, %d fields", ex, len(ex.Fields))
	}
	for _, f := range ex.Fields {
		if f.Name == "%Tr" && (f.Text != "12" || !f.HasNumber || f.Number != 12 || httpLine[f.Col-1:f.Col+1] != "12") {
			t.Errorf("%+v", f)
		}
	}
	for line, want := range map[string]struct {
		col int
		msg string
	}{
		strings.Replace(httpLine, " 200 ", " abc ", 1):   {strings.Index(httpLine, " 200 ") + 2, "%ST does not fit"},
		strings.Replace(httpLine, "0/1/2/", "0/1-2/", 1): {strings.Index(httpLine, "0/1/2/") + 3, "%Tw"},
		httpLine[:80]: {0, "the line ends inside"},
	} {
		ex := r.Explain([]byte(line))
		if ex.Problem == nil || !strings.Contains(ex.Problem.Msg, want.msg) || want.col > 0 && ex.Problem.Col != want.col {
			t.Errorf("%s\n%v, want %d %s", line, ex.Problem, want.col, want.msg)
		} else if len(ex.Fields) < 6 {
			t.Errorf("%s: only %d fields before the difference", line, len(ex.Fields))
		}
	}
}
