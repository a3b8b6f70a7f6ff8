package metrics

import (
	"bytes"
	"strings"
	"testing"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

func TestSamplesRefuseMistakes(t *testing.T) {
	s := NewSamples(NewFamilies(catalogue.RouteLabels(), false))
	s.Add("haproxy_no_such_thing", 1)
	s.Add(catalogue.LagBytes, 1)
	s.Add(catalogue.LagBytes, 1, "a", "b")
	s.Add(catalogue.LagBytes, 1, "a")
	s.Add(catalogue.LagBytes, 2, "a")
	err := s.Err()
	if err == nil {
		t.Fatal("no error")
	}
	for _, part := range []string{"haproxy_no_such_thing is not in the catalogue", "has the labels [source], got 0 values", `got 2 values ["a" "b"]`, `{source="a"} twice`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
}

func TestSamplesOfSeveralHAProxys(t *testing.T) {
	s := NewSamples(NewFamilies(nil, true))
	s.SetHAProxy("edge")
	s.Bool(catalogue.Up, true, "unix:/run/x")
	s.Add(catalogue.LagBytes, 1, "source")
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := (&Page{Samples: s}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, l := range []string{"haproxy_up{haproxy=\"edge\",socket=\"unix:/run/x\"} 1\n", "haproxy_log_lag_bytes{source=\"source\"} 1\n"} {
		if !strings.Contains(b.String(), l) {
			t.Errorf("no line %s in %s", l, b.String())
		}
	}
}

func condition(t *testing.T, s string) spec.Condition {
	t.Helper()
	c, err := spec.ParseCondition(text(s))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConfiguredCounters(t *testing.T) {
	opt := Options{ValueLimit: 2, Counters: []spec.Counter{
		{Name: text("tls_requests"), Labels: []spec.Text{text("client"), text("sslv"), text("backend")}},
		{Name: text("big"), Labels: []spec.Text{text("sslv")}, When: []spec.Condition{condition(t, "status >= 500"), condition(t, `sslv =~ "TLSv1.*"`)}},
		{Name: text("plain"), When: []spec.Condition{condition(t, `sslv != "TLSv1.3"`)}},
	}}
	f := newFixture(t, routeSpec(), opt, `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %sslv %{+Q}r`)
	for i, version := range []string{"TLSv1.3", "TLSv1.3", "TLSv1.2", "-", "TLSv9", "TLSv8"} {
		end := "0/0/1/2/3 200 7 ----"
		if i%2 == 1 {
			end = "0/0/1/2/3 502 7 SH--"
		}
		f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] egress be/s1 ` + end + ` ` + version + ` "GET /c/prod/example/prod/www/high/x HTTP/1.1"`)
	}
	c := f.cut()
	compareCounts(t, "tls", project(c, "haproxy_log_tls_requests_total", "client", "sslv", "backend"),
		map[string]uint64{"c|TLSv1.3|be": 2, "c|TLSv1.2|be": 1, "c||be": 1, "c|other|be": 2})
	compareCounts(t, "big", project(c, "haproxy_log_big_total", "sslv"), map[string]uint64{"TLSv1.3": 1})
	compareCounts(t, "plain", project(c, "haproxy_log_plain_total"), map[string]uint64{"": 3})

	for _, bad := range []spec.Counter{{Name: text("requests")}, {Name: text("a b")}, {Name: text("x"), Labels: []spec.Text{text("sslv"), text("sslv")}}} {
		if _, err := NewTable(Options{Counters: []spec.Counter{bad}}, f.schema); err == nil || !strings.Contains(err.Error(), "^") {
			t.Errorf("%s: %v", bad.Name.Value, err)
		}
	}
	for field, name := range map[string]string{"%[var(txn.tenant)]": "var_txn_tenant", "req.hdr(X-Id)": "req_hdr_X_Id", "0x": "field_0x", "__a": "field_a", "sslv": "sslv"} {
		if got := labelName(field); got != name {
			t.Errorf("label of %s: %s, want %s", field, got, name)
		}
	}
}

func TestSessionsAndTunnels(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{}, "httplog", "tcplog")
	f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe_tcp be_tcp/s1 0/1/5000 212 CD 1/1/0/0/0 0/0`,
		`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/5/60000 101 4242 - - cD-- 1/1/0/0/0 0/0 "GET /c/prod/p/prod/api/high/ws HTTP/1.1"`)
	c := f.cut()
	compareCounts(t, "sessions", project(c, catalogue.SessionsTotal, "frontend", "backend", "termination_state"), map[string]uint64{"fe_tcp|be_tcp|CD": 1, "fe|be|cD": 1})
	if n := total(c, catalogue.RequestsTotal); n != 1 {
		t.Errorf("%d requests", n)
	}
	got := exposition(t, c)
	r := `client="c",client_env="prod",partner="p",partner_env="prod",partner_service="api",sla="high"`
	for k, want := range map[string]string{
		`haproxy_log_session_duration_seconds_sum{frontend="fe_tcp",backend="be_tcp",termination_state="CD"}`: "5",
		`haproxy_log_session_duration_seconds_sum{frontend="fe",backend="be",termination_state="cD"}`:         "60",
		`haproxy_log_request_duration_seconds_count{` + r + `,backend="be"}`:                                  "0",
		`haproxy_log_response_duration_seconds_sum{` + r + `,backend="be"}`:                                   "0.005",
	} {
		if got[k] != want {
			t.Errorf("%s = %q, want %s", k, got[k], want)
		}
	}
}

func TestReport(t *testing.T) {
	f := newFixture(t, routeSpec("high"), Options{Buckets: []float64{0.1, 0.2, 0.4}, SLAs: []SLA{{Name: "high", Within: 3e8}}}, "httplog")
	for range 50 {
		f.counted(request("c", "0/0/0/50/50 200 10"))
	}
	for range 50 {
		f.counted(request("c", "0/0/0/350/350 200 10"))
	}
	f.counted(request("c", "0/0/0/1/1 500 10"))
	r := f.cut().Report()
	if len(r) != 1 || r[0].Requests != 101 || r[0].Errors != 1 || r[0].Met != 50 || r[0].Judged != 101 || r[0].Labels[0] != "c" {
		t.Fatalf("%+v", r)
	}
	if p := r[0]; p.P50 < 0.098 || p.P50 > 0.1 || p.P95 < 0.37 || p.P95 > 0.39 || p.P99 < 0.39 || p.P99 > 0.4 {
		t.Errorf("%+v", p)
	}
}
