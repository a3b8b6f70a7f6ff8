package metrics_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics"
)

// TestSocketFamilies: what is told about sockets, workers and the comparison, of two HAProxies.
func TestSocketFamilies(t *testing.T) {
	s := metrics.NewSamples(metrics.NewFamilies(nil, true))
	failed := &haproxy.Error{Socket: "/run/b", Reason: haproxy.ReasonTimeout}
	s.AddHAProxy(&haproxy.Result{
		Name: "a", Master: true, ReloadStateKnown: true, LastReloadFailed: true, Reloads: 3, OldWorkerAge: 90 * time.Second, OldWorkerSessions: 2,
		Sockets: []haproxy.SocketStatus{{Socket: "/run/m", Up: true, Duration: 250 * time.Millisecond}},
		Workers: []haproxy.Worker{{State: haproxy.WorkerCurrent}, {State: haproxy.WorkerOld}, {State: haproxy.WorkerOld}},
		Entries: []haproxy.TableEntry{{Table: "st", Key: "k\xff\"", Counter: "gpc0", Value: 7}},
	})
	s.AddHAProxy(&haproxy.Result{
		Name: "b", Sockets: []haproxy.SocketStatus{{Socket: "/run/b", Err: failed}},
		Errors: map[haproxy.SocketError]uint64{{Socket: "/run/b", Reason: haproxy.ReasonTimeout}: 4},
	})
	s.AddReconciled("b", []haproxy.Reconciled{{Proxy: "fe", Requests: 10, Lines: 8, Monitor: 5}})
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&metrics.Page{Samples: s}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`haproxy_up{haproxy="a",socket="/run/m"} 1`,
		`haproxy_up{haproxy="b",socket="/run/b"} 0`,
		`haproxy_scrape_duration_seconds{haproxy="a",socket="/run/m"} 0.25`,
		`haproxy_socket_errors_total{haproxy="b",socket="/run/b",reason="timeout"} 4`,
		`haproxy_socket_errors_total{haproxy="a",socket="/run/m",reason="dial"} 0`,
		`haproxy_workers{haproxy="a",state="old"} 2`,
		`haproxy_workers{haproxy="b",state="current"} 0`,
		`haproxy_reloads_total{haproxy="a"} 3`,
		`haproxy_last_reload_failed{haproxy="a"} 1`,
		`haproxy_old_worker_age_seconds{haproxy="a"} 90`,
		`haproxy_old_worker_sessions{haproxy="a"} 2`,
		`haproxy_log_reconciled_requests_total{haproxy="b",proxy="fe"} 10`,
		`haproxy_log_reconciled_lines_total{haproxy="b",proxy="fe"} 8`,
		`haproxy_log_reconciled_without_line_total{haproxy="b",proxy="fe",reason="monitor"} 5`,
		`haproxy_log_missing_lines{haproxy="b",proxy="fe"} 2`,
		"haproxy_sticktable_entry_value{haproxy=\"a\",name=\"st\",key=\"k\uFFFD\\\"\",counter=\"gpc0\"} 7",
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("missing: %s", want)
		}
	}
	if strings.Contains(b.String(), `haproxy_last_reload_failed{haproxy="b"}`) || strings.Contains(b.String(), `haproxy_old_worker_age_seconds{haproxy="b"}`) {
		t.Error("without a master socket these are not known")
	}
	if t.Failed() {
		t.Log(b.String())
	}
}
