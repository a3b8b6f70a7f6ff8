package metrics_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
)

// everyKind is a configuration in which every kind of row and state appears.
func everyKind(dir string, front, target, page, closed int) string {
	return fmt.Sprintf(`
global
    stats socket %[1]s/stats.sock mode 600 level user
    node here
    description a test
defaults
    mode http
    retries 0
    timeout connect 1s
    timeout client 5s
    timeout server 5s
resolvers dns
    nameserver d1 127.0.0.1:%[5]d
frontend page
    bind 127.0.0.1:%[4]d
    http-request use-service prometheus-exporter
frontend fe
    bind 127.0.0.1:%[2]d name l1
    option socket-stats
    monitor-uri /monitor
    http-request track-sc0 src table st
    http-request deny if { path /deny }
    http-request return status 200 if { path /return }
    use_backend nosrv if { path /nosrv }
    default_backend be
frontend target
    bind 127.0.0.1:%[3]d
    http-request return status 404 if { path /missing }
    http-request return status 200
listen both
    mode tcp
    bind unix@%[1]s/both.sock
    server x 127.0.0.1:%[3]d track be/s1
backend be
    option httpchk GET /check
    compression algo gzip
    server s1 127.0.0.1:%[3]d check inter 100ms
    server down 127.0.0.1:%[5]d check inter 100ms fall 1
    server maint 127.0.0.1:%[3]d disabled
    server dns gone.invalid:80 check resolvers dns init-addr none
    server drain 127.0.0.1:%[3]d check weight 0 agent-check agent-port %[5]d agent-inter 100ms
    server limits 127.0.0.1:%[3]d maxconn 5 maxqueue 7 pool-max-conn 3
    server spare 127.0.0.1:%[3]d backup
backend nosrv
    server s 127.0.0.1:%[5]d
backend st
    stick-table type ip size 1k expire 10m store http_req_cnt
backend empty
`, dir, front, target, page, closed)
}

// TestValuesAsHAProxysExporter compares every series with the page of HAProxy's own exporter, of the same process.
// The page is read before and after our scrape: a value has to lie between the two.
func TestValuesAsHAProxysExporter(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy "+version, func(t *testing.T) {
			dir := haproxytest.ShortDir(t)
			front, target, page, closed := haproxytest.FreePort(t), haproxytest.FreePort(t), haproxytest.FreePort(t), haproxytest.FreePort(t)
			haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Config: everyKind(dir, front, target, page, closed)})
			in, err := haproxy.NewInstance(haproxy.Options{Sockets: []string{"unix:" + filepath.Join(dir, "stats.sock")}})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				for _, path := range []string{"/", "/missing", "/deny", "/return", "/monitor", "/nosrv"} {
					get(t, front, path)
				}
			}
			haproxytest.Wait(t, 20*time.Second, "checks have run", func() bool {
				r := in.Scrape(t.Context())
				s1, down := r.Object(catalogue.ScopeServer, "be", "s1"), r.Object(catalogue.ScopeServer, "be", "down")
				return s1 != nil && s1.Check == "L7OK" && down != nil && down.Status == "DOWN"
			})
			// A check, a second or a rate may change between the readings. Each series has to agree once, not
			// all in the same reading, because a loaded machine never stands still.
			agreed, left := map[string]bool{}, map[string]string{}
			var before, ours map[string]float64
			var names map[string]bool
			for end := time.Now().Add(time.Minute); time.Now().Before(end); {
				before, _ = exporterPage(t, page)
				ours = ourPage(t, in.Scrape(t.Context()))
				var after map[string]float64
				after, names = exporterPage(t, page)
				left = differences(before, ours, after, names)
				for _, series := range []map[string]float64{before, ours} {
					for k := range series {
						agreed[k] = agreed[k] || left[k] == ""
					}
				}
				maps.DeleteFunc(left, func(k, _ string) bool { return agreed[k] })
				if len(left) == 0 {
					break
				}
			}
			for _, k := range slices.Sorted(maps.Keys(left)) {
				t.Error(k, left[k])
			}
			if len(names) < 180 || len(ours) < 800 {
				t.Errorf("only %d families and %d series were compared", len(names), len(ours))
			}
			t.Logf("%d families, %d series of HAProxy's own exporter have the same values", len(names), len(before))
		})
	}
}

func get(t *testing.T, port int, path string) string {
	t.Helper()
	resp, err := http.Get(haproxytest.URL(port, path))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// exporterPage reads HAProxy's page: its series without those that have no value, and its family names.
func exporterPage(t *testing.T, port int) (map[string]float64, map[string]bool) {
	t.Helper()
	return parsePage(t, get(t, port, "/"))
}

func parsePage(t *testing.T, text string) (map[string]float64, map[string]bool) {
	t.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	series, names := map[string]float64{}, map[string]bool{}
	for name, f := range families {
		names[name] = true
		for _, m := range f.Metric {
			v := m.GetGauge().GetValue() + m.GetCounter().GetValue()
			if !math.IsNaN(v) {
				series[name+labelText(m.Label)] = v
			}
		}
	}
	return series, names
}

func labelText(pairs []*dto.LabelPair) string {
	var l []string
	for _, p := range pairs {
		l = append(l, p.GetName()+"="+p.GetValue())
	}
	slices.Sort(l)
	return "{" + strings.Join(l, ",") + "}"
}

// ourPage writes the result as the exporter does and reads it again.
func ourPage(t *testing.T, r *haproxy.Result) map[string]float64 {
	t.Helper()
	s := metrics.NewSamples(metrics.NewFamilies(nil, false))
	s.AddHAProxy(r)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&metrics.Page{Samples: s}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	series, _ := parsePage(t, b.String())
	return series
}

// watched are the families that the reading itself moves: they only have to exist.
func watched(name string) bool {
	for _, suffix := range []string{"current_tasks", "current_run_queue", "_jobs", "idle_time_percent", "pool_allocated_bytes", "pool_used_bytes", "bytes_out_rate"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return strings.HasPrefix(name, "haproxy_process_") && strings.Contains(name, "_rate") || strings.HasPrefix(name, "haproxy_process_current_connections")
}

// averages says whether the family is a moving average, which has to be there: HAProxy's page and show stat divide
// by different numbers of requests, each until it has seen enough of them, and the sums move with every check.
func averages(name string) bool { return strings.HasSuffix(name, "_time_average_seconds") }

// differences lists, by series, what HAProxy's page has and ours has not, and the other way round, in the families
// of its page.
func differences(before, ours, after map[string]float64, names map[string]bool) map[string]string {
	out := map[string]string{}
	for k := range before {
		name, _, _ := strings.Cut(k, "{")
		v, ok := ours[k]
		switch {
		case !ok:
			out[k] = "is missing"
		case !watched(name) && !averages(name) && (v < min(before[k], after[k]) || v > max(before[k], after[k])):
			out[k] = fmt.Sprintf("= %v, HAProxy says %v and then %v", v, before[k], after[k])
		}
	}
	for k := range ours {
		name, _, _ := strings.Cut(k, "{")
		if _, ok := before[k]; !ok && names[name] {
			out[k] = "is not on HAProxy's page"
		}
	}
	return out
}
