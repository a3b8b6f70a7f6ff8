package labels

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/parser"
)

// TestRealTraffic compares the labels of a real HAProxy's log with what HAProxy itself took from the same
// requests (the corpus' truth file). Requests that reached a server stand for themselves; all others
// become known values or "other", and none is lost.
func TestRealTraffic(t *testing.T) {
	const corpus = "../testdata/corpora/httplog-26"
	log, err := os.ReadFile(corpus + ".log")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(corpus + ".truth.json")
	if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		ByLabels map[string]int `json:"by_labels"`
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	want, requests := map[string]int{}, 0
	for k, n := range truth.ByLabels {
		// client, client_env, partner, partner_env, service, sla, method, backend, server, status, termination
		f := strings.Split(k, "|")
		if f[6] == "-" {
			continue // a TCP session
		}
		requests += n
		if ts := f[10][:2]; f[8][0] != '<' && ts != "PR" && ts != "LR" {
			want[strings.Join(f[:6], "|")+"|"+f[7]] += n
		}
	}
	if len(want) < 20 {
		t.Fatalf("only %d combinations in the truth", len(want))
	}
	format, _ := parser.Preset("httplog")
	set := testSet(t, format)
	s, err := Compile(rules("path", egressPath), set)
	if err != nil {
		t.Fatal(err)
	}
	a := NewAdmission(s, Limits{})
	r, reader := NewResolver[int](s, a), set.NewReader()
	got, all := map[string]int{}, 0
	var rec parser.Record
	for l := range bytes.Lines(log) {
		if reader.Line(bytes.TrimSuffix(l, []byte("\n")), &rec) != parser.ResultHTTP {
			continue
		}
		all++
		e := r.Resolve(&rec)
		if !e.Reached {
			continue
		}
		vs := make([]string, 0, 7)
		for _, v := range e.Route.Values {
			if v == "" {
				v = "-"
			}
			vs = append(vs, v)
		}
		got[strings.Join(append(vs, e.Backend), "|")]++
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if all != requests {
		t.Errorf("%d requests, the truth has %d", all, requests)
	}
}
