package metrics

import (
	"maps"
	"slices"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

func TestCountsOneRequest(t *testing.T) {
	opt := Options{SLAs: []SLA{{Name: "high", Timeout: 1e9}}}
	f := newFixture(t, routeSpec("high"), opt, "httplog")
	f.counted(`127.0.1.4:40883 [21/Nov/2026:04:49:59.036] fe_egress example_prod_www_high/s1 1/2/3/40/50 200 205 - - --NI 5/5/2/1/+1 0/0 "PUT /myback/prod/example/acc/www/high/x?b=1 HTTP/1.1"`)
	got := exposition(t, f.cut())
	maps.DeleteFunc(got, func(_, v string) bool { return v == "0" })
	r := `client="myback",client_env="prod",partner="example",partner_env="acc",partner_service="www",sla="high"`
	want := map[string]string{
		`haproxy_log_requests_total{` + r + `,frontend="fe_egress",backend="example_prod_www_high",method="PUT",code="200",termination_state="--"}`: "1",
		`haproxy_log_sla_requests_total{` + r + `,backend="example_prod_www_high",outcome="met"}`:                                                   "1",
		`haproxy_log_server_requests_total{proxy="example_prod_www_high",server="s1",code="2xx",termination_state="--"}`:                            "1",
		`haproxy_log_frontend_requests_total{proxy="fe_egress"}`:                                                                                    "1",
		`haproxy_log_lines_total{source="test.log",result="http"}`:                                                                                  "1",
		`haproxy_log_response_bytes_total{` + r + `}`:                                                                                               "205",
		`haproxy_log_retries_total{` + r + `}`:                                                                                                      "1",
		`haproxy_log_redispatches_total{` + r + `}`:                                                                                                 "1",
		`haproxy_log_route_info{` + r + `}`:                                                                                                         "1",
		`haproxy_log_backend_route_info{` + r + `,proxy="example_prod_www_high"}`:                                                                   "1",
	}
	for p, ms := range map[string]string{"request": "0.001", "queue": "0.002", "connect": "0.003", "response": "0.04"} {
		want[`haproxy_log_phase_seconds_total{`+r+`,phase="`+p+`"}`] = ms
		want[`haproxy_log_phase_observations_total{`+r+`,phase="`+p+`"}`] = "1"
	}
	for name, from := range map[string]string{"haproxy_log_request_duration_seconds": "0.05", "haproxy_log_response_duration_seconds": "0.05"} {
		l := r + `,backend="example_prod_www_high"`
		on := false
		for _, le := range []string{"0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "1.05", "2.5", "5", "10", "30", "60", "300", "+Inf"} {
			if on = on || le == from; on {
				want[name+`_bucket{`+l+`,le="`+le+`"}`] = "1"
			}
		}
		want[name+`_count{`+l+`}`] = "1"
	}
	want[`haproxy_log_request_duration_seconds_sum{`+r+`,backend="example_prod_www_high"}`] = "0.05"
	want[`haproxy_log_response_duration_seconds_sum{`+r+`,backend="example_prod_www_high"}`] = "0.04"
	compare(t, got, want)
}

func compare(t *testing.T, got, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if got[k] != want[k] {
			t.Errorf("%s = %q, want %q", k, got[k], want[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[k]; !ok {
			t.Errorf("unexpected: %s = %s", k, got[k])
		}
	}
}

func TestPhasesAreThoseOfTheCatalogue(t *testing.T) {
	p := catalogue.Phases()
	if len(p) != numPhases || p[phaseRequest] != "request" || p[phaseQueue] != "queue" || p[phaseConnect] != "connect" ||
		p[phaseResponse] != "response" || p[phaseData] != "data" {
		t.Fatalf("phases %v do not fit the code", p)
	}
}
