package corpora

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

func TestHTTPCorpora(t *testing.T) {
	for _, name := range []string{"httplog-26", "httplogclf-26", "httpslog-26", "egress-26", "pipe-26", "json-30", "jsonhand-26"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr := readTruth(t, name)
			e := replay(t, formatsOf(t, name), corpus(name))
			compare(t, tr, e)
			results := noneRefused(t, e)
			if got := results["http"] + results["tcp"]; int(got) != tr.LogLines-tr.WithoutSD {
				t.Errorf("%v requests and sessions, want %d", got, tr.LogLines-tr.WithoutSD)
			}
			if got := e.Total(catalogue.LinesTotal); int(got) != tr.LogLines {
				t.Errorf("%v lines, want %d", got, tr.LogLines)
			}
			equal(t, "sum", sums(e), wantedSums(t, name, tr))
		})
	}
}

// sums are the times and bytes of the exposition, in milliseconds and bytes.
func sums(e haproxytest.Exposition) map[string]float64 {
	out := map[string]float64{}
	for phase, v := range e.Sum(catalogue.PhaseSecondsTotal, "phase") {
		switch phase {
		case "request":
			out["TR"] = 1000 * v
		case "queue":
			out["Tw"] = 1000 * v
		case "connect":
			out["Tc"] = 1000 * v
		case "response":
			out["Tr"] = 1000 * v
		}
	}
	out["Ta"], out["Tt"], out["B"] = 1000*e.Total(catalogue.RequestDuration), 1000*e.Total(catalogue.SessionDuration), e.Total(catalogue.ResponseBytesTotal)
	return out
}

var (
	// early matches the lines of option logasap: HAProxy writes them before the response has ended and puts a
	// + before the time and the size, which are therefore not those of the request.
	early = regexp.MustCompile(`[/| :]\+(\d+)`)
	// session matches option tcplog: its waits and bytes belong to no HTTP request.
	session = regexp.MustCompile(`fe_tcp\d \S+ (-?\d+)/(-?\d+)/\+?(\d+) \+?(\d+) `)
)

// wantedSums are the sums of the truth without what the exposition leaves out on purpose. That is read from
// the lines by expressions of this test. In %{+json}o HAProxy prints no +, so nothing is left out there.
func wantedSums(t *testing.T, name string, tr *truth) map[string]float64 {
	t.Helper()
	want := map[string]float64{}
	for k, v := range tr.Sums {
		if v != 0 {
			want[k] = v
		}
	}
	b, err := os.ReadFile(corpus(name))
	if err != nil {
		t.Fatal(err)
	}
	number := func(s []byte) float64 { v, _ := strconv.ParseFloat(string(s), 64); return max(v, 0) }
	tcp := 0
	for line := range bytes.Lines(b) {
		line = bytes.Replace(line, []byte(" +0000]"), nil, 1) // CLF's time zone
		if m := session.FindSubmatch(line); m != nil {
			tcp++
			want["Tw"] -= number(m[1])
			want["Tc"] -= number(m[2])
			want["B"] -= number(m[4])
		}
		if m := early.FindAllSubmatch(line, -1); bytes.Contains(line, []byte("fe_asap")) && len(m) > 0 {
			if len(m) != 2 {
				t.Fatalf("%d marks in %s", len(m), line)
			}
			first, second := number(m[0][1]), number(m[1][1])
			if name == "jsonhand-26" || name == "httplogclf-26" { // bytes stand before the time
				first, second = second, first
			}
			want["Ta"] -= first
			want["B"] -= second
		}
	}
	if tcp == 0 {
		t.Fatal("the expression finds no session")
	}
	for k, v := range want {
		if v == 0 {
			delete(want, k)
		}
	}
	return want
}

func TestTCPCorpus(t *testing.T) {
	tr := readTruth(t, "tcplog-26")
	e := replay(t, formatsOf(t, "tcplog-26"), corpus("tcplog-26"))
	want := map[string]float64{}
	for k, n := range tr.ByLabels { // frontend|backend|server|termination
		p := strings.Split(k, "|")
		want[p[0]+"|"+p[1]+"|"+p[3]] += n
	}
	equal(t, "sessions", e.Sum(catalogue.SessionsTotal, "frontend", "backend", "termination_state"), want)
	if results := noneRefused(t, e); int(results["tcp"]) != tr.LogLines || len(results) != 1 {
		t.Errorf("%v, want %d sessions", results, tr.LogLines)
	}
	equal(t, "sum", map[string]float64{"Tt": 1000 * e.Total(catalogue.SessionDuration)}, map[string]float64{"Tt": tr.TCPSums["Tt"]})
}

// TestTransports replays one traffic in eleven envelopes.
func TestTransports(t *testing.T) {
	tr := readTruth(t, "wrap-26")
	files, err := filepath.Glob(filepath.Join(folder, "wrap-26-*.log"))
	if err != nil || len(files) != 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			t.Parallel()
			e := replay(t, formatsOf(t, "wrap-26"), f)
			results := noneRefused(t, e)
			if strings.Contains(f, "unix-default") {
				arrived(t, e, f)
				return
			}
			got := e.Sum(catalogue.RequestsTotal, "frontend", "code")
			want := map[string]float64{}
			for k, n := range tr.ByFrontendStatus {
				frontend, status, _ := strings.Cut(strings.ReplaceAll(k, "~", ""), "|")
				if status != "-" {
					want[frontend+"|"+code(status)] += n
				}
			}
			equal(t, "requests", got, want)
			byState := map[string]float64{}
			for k, n := range tr.ByTermination {
				byState[k[:2]] += n
			}
			states := e.Sum(catalogue.RequestsTotal, "termination_state")
			for k, n := range e.Sum(catalogue.SessionsTotal, "termination_state") {
				states[k] += n
			}
			equal(t, "termination", states, byState)
			if total := e.Total(catalogue.LinesTotal); int(total) != tr.LogLines || int(results["http"]+results["tcp"]) != tr.LogLines-14 {
				t.Errorf("%v lines with %v, want %d of which 14 are no requests", total, results, tr.LogLines)
			}
		})
	}
}

// TestDerivedTransports puts the raw lines into envelopes of which there is no corpus; their first bytes were seen
// on real hosts (rsyslog behind TCP and RFC 5424, its ISO dates, an unpackaged HAProxy's tag, line ends of a shipper).
func TestDerivedTransports(t *testing.T) {
	raw, err := os.ReadFile(corpus("wrap-26-stdout-raw"))
	if err != nil {
		t.Fatal(err)
	}
	by := []string{"frontend", "backend", "method", "code", "termination_state"}
	want := replay(t, formatsOf(t, "wrap-26"), corpus("wrap-26-stdout-raw"))
	for name, header := range map[string]string{
		"rsyslog tcp5424": "Nov 21 04:53:55 - haproxy[25441] ",
		"rsyslog iso":     "2026-11-21T04:53:55.259741+00:00 localhost haproxy[25441]: ",
		"unpackaged":      "<134>Nov 21 04:53:55 haproxy-v3.5-dev5[25835]: ",
		"own tag":         "Nov  1 04:53:55 lb-1.example egress_7[25441]: ",
		"timed":           "<6>2026-11-21T04:53:55.259741+00:00 ",
		"short":           "<6>",
		"5424 file":       "<134>1 2026-11-21T04:53:55.259741+00:00 localhost haproxy 25441 - -  ",
		"crlf":            "\r",
	} {
		var b []byte
		for line := range bytes.Lines(raw) {
			if header == "\r" {
				b = append(append(b, bytes.TrimSuffix(line, []byte("\n"))...), "\r\n"...)
				continue
			}
			b = append(append(b, header...), line...)
		}
		path := filepath.Join(t.TempDir(), "derived.log")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		e := replay(t, formatsOf(t, "wrap-26"), path)
		noneRefused(t, e)
		for _, family := range []string{catalogue.RequestsTotal, catalogue.SessionsTotal} {
			equal(t, name+": "+family, e.Sum(family, by...), want.Sum(family, by...))
		}
	}
}

// arrived is for the unix datagram socket, where the kernel dropped 17 of 206 lines: what did arrive is
// compared with the same lines of the corpus whose counts equal the truth.
func arrived(t *testing.T, e haproxytest.Exposition, file string) {
	t.Helper()
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(corpus("wrap-26-stdout-raw"))
	if err != nil {
		t.Fatal(err)
	}
	var same []byte
	n := 0
	for line := range bytes.Lines(raw) {
		if bytes.Contains(lines, line[:min(len(line)-1, 900)]) {
			same = append(same, line...)
			n++
		}
	}
	if n != bytes.Count(lines, []byte("\n")) {
		t.Fatalf("%d of the lines are found, want %d", n, bytes.Count(lines, []byte("\n")))
	}
	path := filepath.Join(t.TempDir(), "same.log")
	if err := os.WriteFile(path, same, 0o600); err != nil {
		t.Fatal(err)
	}
	want := replay(t, formatsOf(t, "wrap-26"), path)
	for _, family := range []string{catalogue.RequestsTotal, catalogue.SessionsTotal} {
		by := []string{"frontend", "backend", "method", "code", "termination_state"}
		equal(t, family, e.Sum(family, by...), want.Sum(family, by...))
	}
}

// journalFormat is the egress format with what journald-26.logformat names beside it.
const journalFormat = `%ci:%cp [%tr] %ft %b/%s client=%[var(txn.client)]/%[var(txn.cenv)] partner=%[var(txn.partner)]/%[var(txn.penv)] service=%[var(txn.service)] sla=%[var(txn.sla)] %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r ua=%[capture.req.hdr(0)] dec=%[path,url_dec]`

var journalStatus = regexp.MustCompile(`^127\.0\.\d\.\d:\d+ \[[^\]]+\] fe_egress \S+ client=.* \S+/\S+/\S+/\S+/\d+ (\d{3}) \d+ [A-Za-z-]{4} `)

// TestJournal reads what journalctl prints. Each request is there twice, once by syslog and once from standard
// output. Not readable are lines that journalctl itself has replaced by "[286B blob data]" (output short, a
// control byte in a User-Agent), and the second halves of lines that a client broke with %0A in a path that
// HAProxy decodes: they are counted with a reason, and the first halves are requests.
func TestJournal(t *testing.T) {
	for name, refused := range map[string]float64{"journald-26-short": 5, "journald-26-json": 2} {
		t.Run(name, func(t *testing.T) {
			want := map[string]float64{}
			b, err := os.ReadFile(corpus(name))
			if err != nil {
				t.Fatal(err)
			}
			lines := 0.0
			for line := range bytes.Lines(b) {
				lines++
				msg := string(line)
				if strings.Contains(name, "json") {
					msg = journalMessage(t, line)
				} else if _, rest, ok := strings.Cut(msg, "]: "); ok {
					msg = rest
				}
				if m := journalStatus.FindStringSubmatch(msg); m != nil {
					want[m[1]]++
				}
			}
			e := replay(t, []string{"--haproxy.log.format=" + journalFormat}, corpus(name))
			equal(t, "requests", e.Sum(catalogue.RequestsTotal, "code"), want)
			r := e.Sum(catalogue.LinesTotal, "result")
			if got := r["http"] + r["notice"]; got+refused != lines {
				t.Errorf("%v of %v lines are read, want all but %v: %v", got, lines, refused, r)
			}
			if strings.Contains(name, "short") { // the truth knows the 60 requests of the load client
				for status, n := range map[string]float64{"304": 1, "204": 2, "429": 4, "502": 2, "503": 1, "500": 2} {
					if want[status] != 2*n {
						t.Errorf("%v requests with %s, want %v", want[status], status, 2*n)
					}
				}
			}
		})
	}
}

// journalMessage decodes MESSAGE, which is a list of bytes when it is no text.
func journalMessage(t *testing.T, line []byte) string {
	t.Helper()
	var entry struct{ MESSAGE json.RawMessage }
	if err := json.Unmarshal(line, &entry); err != nil {
		t.Fatal(err)
	}
	var text string
	if json.Unmarshal(entry.MESSAGE, &text) == nil {
		return text
	}
	var list []int
	if err := json.Unmarshal(entry.MESSAGE, &list); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for _, c := range list {
		out = append(out, byte(c))
	}
	return string(out)
}

// TestReload is the log of four workers: all of their requests are one truth.
func TestReload(t *testing.T) {
	tr := readTruth(t, "reload-26-plain")
	e := replay(t, formatsOf(t, "reload-26-plain"), corpus("reload-26-plain"))
	tr.ByFrontend = nil
	compareReload(t, tr, e)
	if r := noneRefused(t, e); int(r["http"]) != tr.LogLines {
		t.Errorf("%v, want %d requests", r, tr.LogLines)
	}
}

// compareReload leaves out the rows without status: that truth has no sessions.
func compareReload(t *testing.T, tr *truth, e haproxytest.Exposition) {
	t.Helper()
	w := tr.wanted()
	equal(t, "requests", e.Sum(catalogue.RequestsTotal, "method", "backend", "code", "termination_state"), w.requests)
	routes(t, e, w)
}

// TestNoFormat: without option httplog HAProxy writes "Connect from", one line for each request, before it is
// served. These lines are no requests of any status; they are counted as what they are.
func TestNoFormat(t *testing.T) {
	tr := readTruth(t, "none-26")
	b, err := os.ReadFile(corpus("none-26"))
	if err != nil {
		t.Fatal(err)
	}
	connects := bytes.Count(b, []byte("Connect from")) + bytes.Count(b, []byte("Connect to"))
	for _, flags := range [][]string{nil, formatsOf(t, "none-26"), {"--haproxy.log.format=httplog"}} {
		e := replay(t, flags, corpus("none-26"))
		r := noneRefused(t, e)
		if int(r["connect"]) != connects || r["http"]+r["tcp"] != 0 || int(e.Total(catalogue.LinesTotal)) != tr.LogLines {
			t.Errorf("%q: %v, want %d connects of %d lines", flags, r, connects, tr.LogLines)
		}
	}
}

// TestEveryCorpusIsReplayed fails when a corpus is added that no test reads.
func TestEveryCorpusIsReplayed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(folder, "*.log"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("corpora_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".log")
		if !strings.HasPrefix(name, "wrap-26-") && !bytes.Contains(source, []byte(strconv.Quote(name))) {
			t.Errorf("nothing replays %s", f)
		}
	}
	if len(files) < 20 || !slices.IsSorted(files) {
		t.Errorf("%d corpora", len(files))
	}
}
