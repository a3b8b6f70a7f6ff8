package host

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

var exporter string // the binary, written once by TestMain

func TestMain(m *testing.M) { os.Exit(haproxytest.MainWithExporter(m, &exporter)) }

const wait = 15 * time.Second

// get sends one request on a connection of its own.
func get(t *testing.T, port int, path string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	resp, err := c.Get(haproxytest.URL(port, path))
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

// logFile is a file that a HAProxy's standard output is written to.
func logFile(t *testing.T, dir, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// promtool runs `promtool check metrics` and returns what it complains about, by metric.
func promtool(t *testing.T, page string) map[string]string {
	t.Helper()
	cmd := exec.Command(haproxytest.Program(t, "promtool"), "check", "metrics")
	cmd.Stdin = strings.NewReader(page)
	out, err := cmd.CombinedOutput()
	found := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		found[name] = text
	}
	if err != nil && len(found) == 0 {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	return found
}

// allowed reads testdata/promtool-allowed.txt: names that HAProxy itself has chosen.
func allowed(t *testing.T) map[string]bool {
	t.Helper()
	b, err := os.ReadFile("testdata/promtool-allowed.txt")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			names[line] = true
		}
	}
	return names
}

const pageConfig = `global
    stats socket %[1]s/user.sock mode 600 level user
    log stdout format raw local0
    nbthread 1
defaults
    mode http
    log global
    option httplog
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend own_page
    bind 127.0.0.1:%[2]d
    no log
    http-request use-service prometheus-exporter if { path /metrics }
frontend egress
    bind 127.0.0.1:%[3]d
    stick-table type ip size 100 store http_req_cnt
    http-request track-sc0 src
    http-request deny if { path_beg /deny }
    use_backend refused if { path_beg /refused }
    default_backend partner
backend partner
    option httpchk GET /check
    server s1 %[4]s check inter 60s weight 10
    server s2 %[4]s backup
backend refused
    retries 0
    server r1 %[5]s
`

// TestOwnPage compares the scrape with HAProxy's own exporter on the same instance, and lets promtool look at it.
func TestOwnPage(t *testing.T) {
	haproxytest.Need(t, "haproxy", "promtool")
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy"+version, func(t *testing.T) {
			dir := haproxytest.ShortDir(t)
			p, own, port := haproxytest.StartPartners(t), haproxytest.FreePort(t), haproxytest.FreePort(t)
			log := logFile(t, dir, "haproxy.log")
			haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Output: log, Config: fmt.Sprintf(pageConfig, dir, own, port, p.OK, p.Refused)})
			s := haproxytest.Serve(t, exporter, "--haproxy.log.path="+log.Name(), "--haproxy.log.from=start", "--haproxy.log.format=httplog",
				"--haproxy.socket=unix:"+dir+"/user.sock", "--labels.path=/{client}/{partner}")
			haproxytest.Wait(t, wait, "the only health check", func() bool {
				return s.Metrics(t).Sum("haproxy_server_check_code", "proxy", "server")["partner|s1"] == 200
			})
			for range 3 {
				for _, path := range []string{"/app/bank", "/app/bank?status=404", "/app/bank?bytes=3000", "/deny/x", "/refused/x"} {
					get(t, port, path)
				}
			}
			haproxytest.Wait(t, wait, "all lines", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 15 })
			page := haproxytest.Get(t, s.URL+"/metrics")
			theirs := haproxytest.ParseExposition(t, haproxytest.Get(t, haproxytest.URL(own, "/metrics")))
			comparePages(t, haproxytest.ParseExposition(t, page), theirs)
			ok := allowed(t)
			for name, text := range promtool(t, page) {
				if !ok[name] {
					t.Errorf("promtool: %s %s", name, text)
				}
			}
			out, errs, code := haproxytest.Run(t, exporter, "replay", "--haproxy.log.format=httplog", "--labels.path=/{client}/{partner}", log.Name())
			if code != 0 {
				t.Fatal(errs)
			}
			if found := promtool(t, out); len(found) > 0 {
				t.Errorf("promtool on replay: %v", found)
			}
		})
	}
}

// comparePages compares all families of frontends, backends, servers, listeners and tables: names, labels, values.
// Left out are the page's own frontend, which the request for the page changes, and what changes by itself
// with time.
func comparePages(t *testing.T, ours, theirs haproxytest.Exposition) {
	t.Helper()
	families, samples := 0, 0
	for name, family := range theirs {
		scope, _, _ := strings.Cut(strings.TrimPrefix(name, "haproxy_"), "_")
		if !strings.HasPrefix(name, "haproxy_") || scope == "process" || moves(name) {
			continue
		}
		families++
		labels := map[string]bool{}
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = true
			}
		}
		var by []string
		for l := range labels {
			by = append(by, l)
		}
		want, got := values(theirs, name, by), values(ours, name, by)
		at := 0
		for i, l := range by {
			if l == "proxy" || l == "name" {
				at = i
			}
		}
		for k, v := range want {
			if strings.Split(k, "|")[at] == "own_page" {
				continue
			}
			samples++
			if got[k] != v {
				t.Errorf("%s %v %s is %v, on HAProxy's page %v", name, by, k, got[k], v)
			}
		}
		for k, v := range got {
			if _, there := want[k]; !there && strings.Split(k, "|")[at] != "own_page" {
				t.Errorf("%s %v %s is %v, and not on HAProxy's page", name, by, k, v)
			}
		}
		if _, there := ours[name]; !there && len(want) > 0 {
			t.Errorf("%s is missing", name)
		}
	}
	if families < 80 || samples < 250 {
		t.Errorf("only %d families and %d samples were compared", families, samples)
	}
}

// values are the samples by their labels. HAProxy writes NaN for what it has no value of; we leave that out.
func values(e haproxytest.Exposition, name string, by []string) map[string]float64 {
	out := map[string]float64{}
	for _, m := range e[name].GetMetric() {
		key := make([]string, len(by))
		for _, l := range m.GetLabel() {
			if i := slices.Index(by, l.GetName()); i >= 0 {
				key[i] = l.GetValue()
			}
		}
		if v := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue(); !math.IsNaN(v) {
			out[strings.Join(key, "|")] = v
		}
	}
	return out
}

// moves reports values that are another one a moment later.
func moves(name string) bool {
	for _, part := range []string{"last_session", "_rate", "check_last_change", "status_change", "uptime", "check_duration", "idle", "average_seconds", "_max_"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// TestDoubledLines: Debian's two log targets and option log-separate-errors, through a real rsyslog. Failed requests
// are in the file twice: check says so, the exporter says so when it starts, and there is a metric.
func TestDoubledLines(t *testing.T) {
	haproxytest.Need(t, "haproxy", "rsyslogd")
	p, r, port := haproxytest.StartPartners(t), haproxytest.StartRsyslog(t, ""), haproxytest.FreePort(t)
	h := haproxytest.Start(t, haproxytest.Options{Config: fmt.Sprintf(`global
    log %[1]s local0
    log %[1]s local1 notice
defaults
    log global
    mode http
    option httplog
    option dontlognull
    option log-separate-errors
    timeout connect 5000
    timeout client 50000
    timeout server 50000
frontend egress
    bind 127.0.0.1:%[2]d
    use_backend bad if { path_beg /bad }
    default_backend good
backend good
    server s1 %[3]s
backend bad
    server s1 %[4]s
`, r.Socket, port, p.OK, p.Error)})
	for _, path := range []string{"/bad/1", "/good/1", "/bad/2", "/good/2"} {
		get(t, port, path)
	}
	flags := []string{"--haproxy.log.path=" + r.File, "--haproxy.log.from=start", "--haproxy.config=" + h.ConfigFile}
	s := haproxytest.Serve(t, exporter, flags...)
	haproxytest.Wait(t, wait, "two lines for each failed request", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 6 })
	e := s.Metrics(t)
	if got := e.Sum("haproxy_log_hazard", "kind")["duplicate_targets"]; got == 0 {
		t.Errorf("no hazard among %v", e.Sum("haproxy_log_hazard", "frontend", "kind"))
	}
	// Only neighbours are suspected, and the two copies take two ways to the file: another line may get between.
	if got := e.Total("haproxy_log_suspected_duplicates_total"); got < 1 || got > 2 {
		t.Errorf("%v suspected duplicates, want 1 or 2", got)
	}
	if out := s.Process.Output(); !strings.Contains(out, "kind=duplicate_targets") {
		t.Errorf("nothing is said at start:\n%s", out)
	}
	out, _, _ := haproxytest.Run(t, exporter, append([]string{"check"}, flags...)...)
	if !strings.Contains(out, "hazard duplicate_targets") || !strings.Contains(out, h.ConfigFile+":3") {
		t.Errorf("check says nothing:\n%s", out)
	}
}

const instanceConfig = `global
    stats socket %[1]s/%[2]s.sock mode 600 level user
    log %[3]s len 8192 local0
    log-tag %[2]s
defaults
    mode http
    log global
    option httplog
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend egress
    bind 127.0.0.1:%[4]d
    default_backend partner
backend partner
    server s1 %[5]s
`

// TestTwoHAProxies: two of them write one file through rsyslog. Their lines are told apart by their tag, and their
// sockets' counters are never summed.
func TestTwoHAProxies(t *testing.T) {
	haproxytest.Need(t, "haproxy", "rsyslogd")
	dir, p, r := haproxytest.ShortDir(t), haproxytest.StartPartners(t), haproxytest.StartRsyslog(t, "")
	ports := map[string]int{}
	for _, name := range []string{"haproxy-inner", "haproxy-outer"} {
		ports[name] = haproxytest.FreePort(t)
		haproxytest.Start(t, haproxytest.Options{Config: fmt.Sprintf(instanceConfig, dir, name, r.Socket, ports[name], p.OK)})
	}
	conf := filepath.Join(dir, "exporter.yml")
	text := fmt.Sprintf(`haproxies:
  - {name: inner, tag: haproxy-inner, sockets: ["unix:%[1]s/haproxy-inner.sock"]}
  - {name: outer, tag: haproxy-outer, sockets: ["unix:%[1]s/haproxy-outer.sock"]}
sources: [{path: %[2]s, from: start, format: httplog}]
labels: [{from: path, template: '/{client}/{partner}'}]
`, dir, r.File)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		get(t, ports["haproxy-inner"], "/app/bank")
	}
	for range 5 {
		get(t, ports["haproxy-outer"], "/app/bank")
	}
	s := haproxytest.Serve(t, exporter, "--config.file="+conf)
	haproxytest.Wait(t, wait, "all lines", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 8 })
	e := s.Metrics(t)
	for _, family := range []string{catalogue.RequestsTotal, catalogue.FrontendRequestsTotal, "haproxy_frontend_http_requests_total", "haproxy_server_http_responses_total"} {
		if got := e.Sum(family, "haproxy"); got["inner"] != 3 || got["outer"] != 5 || len(got) != 2 {
			t.Errorf("%s by haproxy: %v, want 3 and 5", family, got)
		}
	}
	if got := e.Sum("haproxy_up", "haproxy"); got["inner"] != 1 || got["outer"] != 1 {
		t.Errorf("haproxy_up %v", got)
	}
	for name, family := range e {
		for _, m := range family.GetMetric() {
			if ha := strings.HasPrefix(name, "haproxy_frontend_") || strings.HasPrefix(name, "haproxy_process_") || name == catalogue.RequestsTotal; ha && !strings.Contains(m.String(), `name:"haproxy"`) {
				t.Errorf("%s has no label haproxy: %v", name, m)
			}
		}
	}
}
