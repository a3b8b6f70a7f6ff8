package corpora

import (
	"encoding/json"
	"maps"
	"math"
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

var exporter string // the binary, written once by TestMain

func TestMain(m *testing.M) { os.Exit(haproxytest.MainWithExporter(m, &exporter)) }

const (
	folder       = "../../testdata/corpora"
	pathTemplate = "--labels.path=/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}"
)

var routeLabels = []string{"client", "client_env", "partner", "partner_env", "partner_service", "sla"}

// truth is what HAProxy said about the requests of a corpus by a second way: structured data beside the message.
type truth struct {
	LogLines         int                `json:"log_lines"`
	WithoutSD        int                `json:"lines_without_sd"` // notices, health checks, handshake errors
	ByFrontend       map[string]float64 `json:"by_frontend"`
	ByStatus         map[string]float64 `json:"by_status"`
	ByTermination    map[string]float64 `json:"by_termination"`
	ByFrontendStatus map[string]float64 `json:"by_frontend_status"`
	ByLabels         map[string]float64 `json:"by_labels"`
	Sums             map[string]float64 `json:"sums_ms_bytes"`
	TCPSums          map[string]float64 `json:"sums"`
}

func readTruth(t *testing.T, name string) *truth {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name+".truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	tr := &truth{}
	if err := json.Unmarshal(b, tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

var logFormat = regexp.MustCompile(`(?m)^log-format ["'](.*)["']$`)

// formatsOf returns the flags for what NAME.logformat says was in haproxy.cfg.
func formatsOf(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name+".logformat"))
	if err != nil {
		t.Fatal(err)
	}
	text, out := string(b), []string{}
	if m := logFormat.FindStringSubmatch(text); m != nil {
		out = append(out, m[1])
	}
	for _, o := range []struct{ option, preset string }{{"option httplog clf\n", "clf"}, {"option httplog\n", "httplog"}, {"option httpslog\n", "httpslog"}, {"option httplog (", "httplog"}} {
		if strings.Contains(text, o.option) {
			out = append(out, o.preset)
		}
	}
	if strings.Contains(text, "option tcplog") || len(out) == 0 {
		out = append(out, "tcplog")
	}
	for i := range out {
		out[i] = "--haproxy.log.format=" + out[i]
	}
	return out
}

// replay runs the binary on logs. Whatever it says on standard error is a failure.
func replay(t *testing.T, flags []string, logs ...string) haproxytest.Exposition {
	t.Helper()
	out, errs, code := haproxytest.Run(t, exporter, slices.Concat([]string{"replay", pathTemplate}, flags, logs)...)
	if code != 0 || errs != "" {
		t.Fatalf("replay %q %q ends with %d:\n%s", flags, logs, code, errs)
	}
	return haproxytest.ParseExposition(t, out)
}

func corpus(name string) string { return filepath.Join(folder, name+".log") }

// equal compares sums; seconds are compared in milliseconds.
func equal(t *testing.T, what string, got, want map[string]float64) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	for k := range got {
		if _, ok := want[k]; !ok {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if math.Abs(got[k]-want[k]) > 1e-6 {
			t.Errorf("%s %q is %v, want %v", what, k, got[k], want[k])
		}
	}
}

// wanted is a truth in the words of the exposition.
type wanted struct {
	requests, sessions   map[string]float64 // backend|method|code|termination; frontend is compared by itself
	reached, notReached  map[string]float64 // route|method|backend|code|termination
	byFrontend           map[string]float64
	httpTotal, sessTotal float64
}

// method is the value of the label: closed to the registered methods, since clients choose them.
func method(logged string) string {
	switch logged {
	case "<BADREQ>", "-", "":
		return ""
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return logged
	}
	return "other"
}

// code is the value of the label: -1 and 0 are no status.
func code(logged string) string {
	if n, err := strconv.Atoi(logged); err == nil && n >= 100 && n <= 599 {
		return logged
	}
	return "none"
}

func (tr *truth) wanted() *wanted {
	w := &wanted{map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}, 0, 0}
	for k, n := range tr.ByLabels {
		p := strings.Split(k, "|")
		if len(p) != 11 { // client|client_env|partner|partner_env|service|sla|method|backend|server|status|termination
			// A client put a | into its name: such a request is never served, its labels are never its own.
			p = append(make([]string, 6), p[len(p)-5:]...)
		}
		backend, server, state := p[7], p[8], p[10][:2]
		if p[9] == "-" {
			w.sessions[backend+"|"+state] += n
			w.sessTotal += n
			continue
		}
		w.httpTotal += n
		rest := strings.Join([]string{method(p[6]), strings.TrimSuffix(backend, "~"), code(p[9]), state}, "|")
		w.requests[rest] += n
		for i := range p[:6] {
			p[i] = strings.TrimPrefix(p[i], "-") // what HAProxy prints for nothing
		}
		key := strings.Join(p[:6], "|") + "|" + rest
		if server[0] != '<' && state != "PR" && state != "LR" && p[0] != "" {
			w.reached[key] += n
		} else {
			w.notReached[key] += n
		}
	}
	for f, n := range tr.ByFrontend {
		w.byFrontend[strings.TrimSuffix(f, "~")] += n
	}
	return w
}

// compare checks counts by every label against the truth.
func compare(t *testing.T, tr *truth, e haproxytest.Exposition) {
	t.Helper()
	w := tr.wanted()
	if len(w.requests) < 10 || len(w.reached) < 10 {
		t.Fatalf("the truth has only %d and %d rows", len(w.requests), len(w.reached))
	}
	equal(t, "requests", e.Sum(catalogue.RequestsTotal, "method", "backend", "code", "termination_state"), w.requests)
	equal(t, "sessions", e.Sum(catalogue.SessionsTotal, "backend", "termination_state"), w.sessions)
	byFrontend := e.Sum(catalogue.RequestsTotal, "frontend")
	equal(t, "requests of frontend", e.Sum(catalogue.FrontendRequestsTotal, "proxy"), maps.Clone(byFrontend))
	for f, n := range e.Sum(catalogue.SessionsTotal, "frontend") {
		byFrontend[f] += n
	}
	if len(w.byFrontend) > 0 {
		equal(t, "lines of frontend", byFrontend, w.byFrontend)
	}
	routes(t, e, w)
}

// routes compares the labels from the path. Requests that reached a server stand for themselves. Others
// (an unknown client, a full queue) show values that are known by then, or "other": a scanner must not
// fill the metrics, so which of both depends on the order of lines. None is lost: the sums above are exact.
func routes(t *testing.T, e haproxytest.Exposition, w *wanted) {
	t.Helper()
	got := e.Sum(catalogue.RequestsTotal, append(slices.Clone(routeLabels), "method", "backend", "code", "termination_state")...)
	for k, n := range w.reached {
		if got[k] < n || got[k] > n+w.notReached[k] {
			t.Errorf("%s is %v, want %v (and up to %v that reached no server)", k, got[k], n, w.notReached[k])
		}
	}
	for k, n := range got {
		p := strings.Split(k, "|")
		known := w.reached[k] > 0 || w.notReached[k] >= n
		if !known && !slices.Contains(p[:6], "other") && p[0] != "" && !strings.HasSuffix(k, "|PR") && !strings.HasSuffix(k, "|LR") && !strings.HasSuffix(k, "|SC") {
			t.Errorf("%s is %v, and not in the truth", k, n)
		}
	}
}

// noneRefused checks that every line is understood, and returns the counts by result.
func noneRefused(t *testing.T, e haproxytest.Exposition) map[string]float64 {
	t.Helper()
	results := e.Sum(catalogue.LinesTotal, "result")
	for r, n := range results {
		if !slices.Contains([]string{"http", "tcp", "notice", "health_check", "handshake_error", "connect"}, r) {
			t.Errorf("%v lines are %s", n, r)
		}
	}
	return results
}
