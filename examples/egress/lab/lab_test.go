package lab

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"haproxy_log_exporter/internal/haproxytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSentIsCounted runs the example for some seconds with each HAProxy there is: what the clients
// have sent is what Prometheus has, by label.
func TestSentIsCounted(t *testing.T) {
	haproxytest.Need(t, "haproxy", "rsyslogd", "prometheus")
	exporter := build(t)
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy "+version, func(t *testing.T) {
			l, err := Start(context.Background(), Options{HAProxy: haproxytest.Binary(t, version), Exporter: exporter,
				Rate: 60, Switch: time.Now().Add(5 * time.Second), Out: io.Discard})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := l.Close(); err != nil {
					t.Error(err)
				}
			}()
			failed := l.Failed()
			select {
			case err := <-failed:
				t.Fatal(err)
			case <-time.After(6 * time.Second): // the length of the experiment, not a wait for something
			}
			compare(t, l, l.StopTraffic())
		})
	}
}

func build(t *testing.T) string {
	source, err := sourceDir()
	if err != nil {
		t.Fatal(err)
	}
	path, err := buildExporter(t.TempDir(), source)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func compare(t *testing.T, l *Lab, sent Sent) {
	t.Helper()
	if sent.Total() < 200 || sent.Codes[0] > 0 {
		t.Fatalf("too little traffic, or requests without an answer: %v", sent)
	}
	want := map[Route]int{}
	for r, n := range sent.Requests {
		if r.Client == "intruder" {
			r.Client = "other" // nobody knows him, and he never reached a server
		}
		if r.Service == "mortgages" {
			r.Service = "other" // no such route in haproxy.cfg
		}
		want[r] += n
	}
	p := haproxytest.AttachPrometheus(t, l.PrometheusURL)
	const total = "sum(haproxy_log_requests_total)"
	haproxytest.Wait(t, 15*time.Second, fmt.Sprintf("%s = %d", total, sent.Total()), func() bool {
		v, _ := p.Value(total)
		return v >= float64(sent.Total())
	})
	got := map[Route]int{}
	for _, s := range p.Query("sum by (client, client_env, partner, partner_env, partner_service, sla) (haproxy_log_requests_total)") {
		m := s.Labels
		got[Route{m["client"], m["client_env"], m["partner"], m["partner_env"], m["partner_service"], m["sla"]}] += int(s.Value)
	}
	for r, n := range want {
		if got[r] != n {
			t.Errorf("%v: %d sent, %d counted", r, n, got[r])
		}
	}
	for r, n := range got {
		if _, ok := want[r]; !ok && n > 0 {
			t.Errorf("%v: %d counted, none sent", r, n)
		}
	}
	for expr, why := range map[string]string{
		`sum(haproxy_log_requests_total{code="503", termination_state="sQ"})`:           "a busy partner is refused, not queued for",
		`sum(haproxy_log_requests_total{backend="tax:prod:filing:low:v2"})`:             "the date switch happened",
		`sum(haproxy_log_failures_total{partner="ledger", blame="no_server"})`:          "nobody is up at ledger",
		`sum(haproxy_log_failures_total{partner="registry", blame="partner"})`:          "registry answers errors",
		`sum(haproxy_log_unserved_total{code="503", reason="denied"})`:                  "an unknown client is denied",
		`sum(haproxy_log_unserved_total{code="503", reason="no_route"})`:                "an unknown route is refused",
		`sum(haproxy_log_requests_total{partner="fax", termination_state=~"SD|PD"})`:    "fax closes early",
		`sum(haproxy_frontend_http_requests_total{proxy="egress"})`:                     "HAProxy's own counter",
		`haproxy_log_sla_timeout_seconds{sla="medium"} == 2`:                            "the SLA's timeout",
		`sum(haproxy_log_request_duration_seconds_bucket{partner="postal", le="+Inf"})`: "durations",
	} {
		if v, ok := p.Value(expr); !ok || v <= 0 {
			t.Errorf("%s: %s = %v", why, expr, v)
		}
	}
	native, _ := p.Value(`sum(haproxy_frontend_http_requests_total{proxy="egress"})`)
	if int(native) != sent.Total() {
		t.Errorf("HAProxy itself counts %v requests, %d were sent", native, sent.Total())
	}
}

func TestMissingProgramsAreAllNamed(t *testing.T) {
	err := findPrograms(&Options{HAProxy: "/no/haproxy", Rsyslogd: "/no/rsyslogd", Prometheus: "/no/prometheus", Exporter: "/bin/true"})
	if err == nil {
		t.Fatal("nothing is missing")
	}
	for _, want := range []string{"/no/haproxy, /no/rsyslogd, /no/prometheus", "apt-get install --no-install-recommends haproxy rsyslog prometheus"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}
