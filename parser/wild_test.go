package parser

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

type wildLine struct {
	Format, Scenario, Line string
	Facts                  map[string]any
}

// wildLines reads the collection of log-formats found in public configurations. It is not part of
// the repository; HAPROXY_WILD_LINES names it, or it lies beside the checkout.
func wildLines(t testing.TB) []wildLine {
	path := os.Getenv("HAPROXY_WILD_LINES")
	if path == "" {
		path = filepath.Join("..", "..", "shared", "corpora", "wild", "lines.jsonl")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("the collection of formats is not here: %v (set HAPROXY_WILD_LINES)", err)
	}
	defer f.Close()
	var out []wildLine
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		var w wildLine
		if err := json.Unmarshal(sc.Bytes(), &w); err != nil {
			t.Fatal(err)
		}
		out = append(out, w)
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// wildRefused lists the formats of the collection that are refused, and why that is true.
func wildRefused() map[string]string {
	return map[string]string{
		"%{+cbor}o %(request)r %(custom_expr)[str(custom)]": "CBOR",
		"%{+X}o%ts%rt%pid": "%rt and %pid stand side by side", // both of four or more hexadecimal digits
		`%ci|%cp|%Ts|%ft|%b|%s|%TR|%Tw|%Tc|%Tr|%Ta|%ST|%B|%CC|%CS|%ts|%ac|%fc|%bc|%sc|%rc|%sq|%bq|%[capture.req.method]|%[capture.req.hdr(0)]|%[capture.req.hdr(1)]://%[capture.req.hdr(2)]%HP|%ID|%[capture.res.hdr(0)]`: "%[capture.req.hdr(2)] and %HP stand side by side",
	}
}

func TestWild(t *testing.T) {
	lines := wildLines(t)
	formats, compiled, refused, parsed := map[string]*Reader{}, 0, 0, 0
	sets := map[string]*Set{}
	for _, w := range lines {
		r, seen := formats[w.Format]
		if !seen {
			s, err := NewSet([]Format{{Name: "wild", Text: w.Format}}, SetOptions{All: true})
			if err != nil {
				refused++
				if want := wildReason(w.Format); want == "" || !strings.Contains(err.Error(), want) {
					t.Errorf("refused: %v", err)
				}
				formats[w.Format] = nil
				continue
			}
			if wildReason(w.Format) != "" {
				t.Errorf("%s: compiled, though %s", w.Format, wildReason(w.Format))
			}
			compiled++
			r = s.NewReader()
			formats[w.Format], sets[w.Format] = r, s
		}
		if r == nil {
			continue
		}
		var rec Record
		res := r.Line([]byte(w.Line), &rec)
		if encodedNames(w.Format) {
			// HAProxy 2.6 prints "(name)alias" for names, which no later version does.
			if res.Counted() {
				t.Errorf("%s\n%s: %v", w.Format, w.Line, res)
			}
			continue
		}
		if !res.Counted() {
			t.Errorf("%s %s\n%s: %v", w.Scenario, w.Format, w.Line, res)
			continue
		}
		parsed++
		if strings.HasPrefix(w.Line, "${HAPROXY_") {
			continue // 2.6 does not know the variable and printed its name: no facts
		}
		checkFacts(t, sets[w.Format], &rec, &w)
	}
	t.Logf("%d formats compiled, %d refused, %d lines parsed", compiled, refused, parsed)
	if compiled+refused != 135 {
		t.Errorf("%d formats, want 135", compiled+refused)
	}
}

func wildReason(format string) string {
	if r := wildRefused()[format]; r != "" {
		return r
	}
	if strings.Contains(format, `"req_url":"%[capture.req.hdr(1)]://%[capture.req.hdr(2)]%HP"`) {
		return "%[capture.req.hdr(2)] and %HP stand side by side"
	}
	return ""
}

func encodedNames(format string) bool { return strings.HasPrefix(format, "%{+json}o %(") }

// checkFacts compares the facts with the fields that the format prints.
func checkFacts(t *testing.T, s *Set, rec *Record, w *wildLine) {
	t.Helper()
	text := func(f Field, fact string, change func(string) string) {
		want, given := w.Facts[fact]
		if !given || !s.provided(f) {
			return
		}
		ws, _ := want.(string)
		if n, isNumber := want.(float64); isNumber {
			ws = strconv.Itoa(int(n))
		}
		if change != nil {
			ws = change(ws)
		}
		if got := string(rec.Bytes(f)); got != ws {
			t.Errorf("%s\n%s\n%v is %q, want %q", w.Format, w.Line, f, got, ws)
		}
	}
	if !strings.Contains(w.Format, "txn.log_method") {
		text(Method, "method", nil)
	}
	if !strings.Contains(w.Format, "txn.log_url") {
		text(Target, "uri", nil)
		text(Query, "uri", func(s string) string { _, q, _ := strings.Cut(s, "?"); return q })
		text(Path, "uri", func(s string) string { p, _, _ := strings.Cut(s, "?"); return p })
	}
	text(Protocol, "version", func(s string) string { return "HTTP/" + s })
	text(Status, "status", nil)
	text(Backend, "backend", nil)
	text(Server, "server", nil)
	text(Frontend, "frontend", nil)
	if !strings.Contains(w.Format, "{+X}") {
		text(ClientAddr, "client_ip", nil)
	}
	if want, ok := w.Facts["termination_state"].(string); ok && s.provided(TerminationState) {
		if got := string(rec.Bytes(TerminationState)); len(got) < 2 || got[:2] != want {
			t.Errorf("%s\n%s\ntermination state %q, want %q", w.Format, w.Line, got, want)
		}
	}
}
