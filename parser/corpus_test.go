package parser

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type truth struct {
	LogLines         int              `json:"log_lines"`
	WithoutSD        int              `json:"lines_without_sd"`
	ByFrontend       map[string]int   `json:"by_frontend"`
	ByStatus         map[string]int   `json:"by_status"`
	ByTermination    map[string]int   `json:"by_termination"`
	ByFrontendStatus map[string]int   `json:"by_frontend_status"`
	ByLabels         map[string]int   `json:"by_labels"`
	LabelOrder       string           `json:"label_order"`
	Sums             map[string]int64 `json:"sums_ms_bytes"`
	TCPSums          map[string]int64 `json:"sums"`
}

func readTruth(t testing.TB, name string) truth {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "corpora", name+".truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	var tr truth
	if err := json.Unmarshal(data, &tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// counts is what a test adds up over a corpus.
type counts struct {
	results, frontend, status, termination, frontendStatus, labels map[string]int
	sums                                                           map[string]int64
}

func newCounts() *counts {
	return &counts{map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}, map[string]int64{}}
}

func (c *counts) add(res Result, rec *Record) {
	n := int(rec.Repeat())
	c.results[res.String()] += n
	if !res.Counted() {
		return
	}
	status, method := "-", "-"
	if res == ResultHTTP {
		if v, ok := rec.Int(Status); ok {
			status = fmt.Sprint(v)
		}
	}
	if b := rec.Bytes(Method); b != nil {
		method = string(b)
	} else if rec.BadRequest() {
		method = badReq
	}
	fe, ts := string(rec.Bytes(Frontend)), string(rec.Bytes(TerminationState))
	c.frontend[fe] += n
	c.status[status] += n
	c.termination[ts] += n
	c.frontendStatus[fe+"|"+status] += n
	c.labels[strings.Join([]string{method, string(rec.Bytes(Backend)), string(rec.Bytes(Server)), status, ts}, "|")] += n
	c.labels["tcp|"+strings.Join([]string{fe, string(rec.Bytes(Backend)), string(rec.Bytes(Server)), ts}, "|")] += n
	for name, f := range map[string]Field{"TR": TimeRequest, "Tw": TimeQueue, "Tc": TimeConnect, "Tr": TimeResponse, "Ta": TimeActive, "Tt": TimeTotal, "B": BytesSent} {
		if v, ok := rec.Int(f); ok && v > 0 {
			c.sums[name] += v * int64(n)
		}
	}
}

// stripped adds the counts of names that differ only by the ~ of TLS.
func stripped(m map[string]int) map[string]int {
	out := map[string]int{}
	for k, n := range m {
		out[strings.ReplaceAll(k, "~", "")] += n
	}
	return out
}

func replay(t testing.TB, s *Set, file string) *counts {
	t.Helper()
	c, r := newCounts(), s.NewReader()
	var rec Record
	for _, line := range linesOf(t, file) {
		for rest := line; len(rest) > 0; {
			var frame []byte
			frame, rest = NextFrame(rest)
			c.add(r.Line(frame, &rec), &rec)
		}
	}
	return c
}

func TestCorpora(t *testing.T) {
	for _, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "pipe-26", "json-30", "jsonhand-26"} {
		t.Run(name, func(t *testing.T) {
			tr := readTruth(t, name)
			c := replay(t, newSet(t, SetOptions{}, corpusFormats(t, name)...), name+".log")
			check := func(what string, got, want any) {
				t.Helper()
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", what, d)
				}
			}
			check("by_frontend", c.frontend, stripped(tr.ByFrontend))
			check("by_status", c.status, tr.ByStatus)
			check("by_termination", c.termination, tr.ByTermination)
			want := maps.Clone(tr.Sums)
			maps.DeleteFunc(want, func(_ string, v int64) bool { return v == 0 })
			check("sums", c.sums, want)
			checkLabels(t, c, &tr)
			if got := c.results["http"] + c.results["tcp"]; got != tr.LogLines-tr.WithoutSD {
				t.Errorf("%d counted of %d", got, tr.LogLines-tr.WithoutSD)
			}
			for res := range c.results {
				switch res {
				case "http", "tcp", "notice", "health_check", "handshake_error":
				default:
					t.Errorf("%d lines are %s", c.results[res], res)
				}
			}
		})
	}
}

// checkLabels compares by_labels without the labels that come from the path.
func checkLabels(t *testing.T, c *counts, tr *truth) {
	t.Helper()
	want := map[string]int{}
	for k, n := range tr.ByLabels {
		parts := strings.Split(k, "|")
		if len(parts) < 5 {
			t.Fatalf("label set %q", k)
		}
		want[strings.Join(parts[len(parts)-5:], "|")] += n
	}
	for k, n := range want {
		if c.labels[k] != n {
			t.Errorf("%s: %d, want %d", k, c.labels[k], n)
		}
	}
}

func TestCorpusTCP(t *testing.T) {
	tr := readTruth(t, "tcplog-26")
	c := replay(t, newSet(t, SetOptions{}, presetFormat(t, "tcplog")), "tcplog-26.log")
	if c.results["tcp"] != tr.LogLines || len(c.results) != 1 {
		t.Errorf("results %v, want %d sessions", c.results, tr.LogLines)
	}
	if d := cmp.Diff(tr.ByTermination, c.termination); d != "" {
		t.Error(d)
	}
	for k, n := range tr.ByLabels {
		if c.labels["tcp|"+k] != n {
			t.Errorf("%s: %d, want %d", k, c.labels["tcp|"+k], n)
		}
	}
	for k, v := range tr.TCPSums {
		if c.sums[k] != v {
			t.Errorf("sum of %s is %d, want %d", k, c.sums[k], v)
		}
	}
}

func TestCorpusTransports(t *testing.T) {
	tr := readTruth(t, "wrap-26")
	files, err := filepath.Glob(filepath.Join("..", "testdata", "corpora", "wrap-26-*.log"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		file := filepath.Base(f)
		t.Run(file, func(t *testing.T) {
			c := replay(t, newSet(t, SetOptions{}, corpusFormats(t, "wrap-26")...), file)
			if strings.Contains(file, "unix") && len(linesOf(t, file)) < tr.LogLines {
				t.Logf("%v", c.results) // the kernel dropped datagrams: no truth for the rest
				for res := range c.results {
					if r := c.results[res]; strings.HasPrefix(res, "no_") || strings.HasPrefix(res, "bad_") || res == "cut" {
						t.Errorf("%d lines are %s", r, res)
					}
				}
				return
			}
			if d := cmp.Diff(stripped(tr.ByFrontendStatus), c.frontendStatus); d != "" {
				t.Errorf("by_frontend_status (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tr.ByTermination, c.termination); d != "" {
				t.Errorf("by_termination (-want +got):\n%s", d)
			}
		})
	}
}

func TestCorpusReload(t *testing.T) {
	tr := readTruth(t, "reload-26-plain")
	c := replay(t, newSet(t, SetOptions{}, corpusFormats(t, "reload-26-plain")...), "reload-26-plain.log")
	if c.results["http"] != tr.LogLines {
		t.Errorf("%v, want %d requests", c.results, tr.LogLines)
	}
}

func TestCorpusNone(t *testing.T) {
	tr := readTruth(t, "none-26")
	c := replay(t, newSet(t, SetOptions{}, presetFormat(t, "httplog")), "none-26.log")
	total := 0
	for res, n := range c.results {
		total += n
		switch res {
		case "connect", "notice", "health_check", "handshake_error":
		default:
			t.Errorf("%d lines are %s", n, res)
		}
	}
	if total != tr.LogLines {
		t.Errorf("%d lines, want %d", total, tr.LogLines)
	}
}
