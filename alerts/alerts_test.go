package alerts_test

import (
	"os"
	"strings"
	"testing"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/haproxy/cfg"
)

func TestParamsSayEverythingThatIsWrong(t *testing.T) {
	p := alerts.Defaults()
	p.Job = "a(b"
	p.Cluster = []string{"instance", "data center"}
	p.Thresholds = map[string]float64{"unreachabel": 0.5, "queue": -1}
	p.Objectives = map[string]float64{"high": 99.9}
	err := p.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`job "a(b"`, `"instance" is used twice`, `"data center" is not a valid label name`, `did you mean unreachable?`, `queue=-1`, `objective of SLA "high" is 99.9`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if _, err := alerts.File(p, ""); err == nil {
		t.Error("rendered all the same")
	}
}

func TestParamsReachTheRules(t *testing.T) {
	p := alerts.Defaults()
	p.Job, p.Cluster = "egress|egress-.*", []string{"datacenter"}
	p.Thresholds = map[string]float64{"unreachable": 0.123}
	p.Roles.Partner, p.Roles.Client = "bank", ""
	p.RunbookURL, p.GrafanaURL = "https://wiki.example/runbooks", "https://grafana.example"
	body, err := alerts.File(p, "head\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# head\n", `job=~"egress|egress-.*"`, "sum by (job, datacenter, bank, partner_env, partner_service)", "> 0.123", "https://wiki.example/runbooks#haproxypartnerunreachable",
		"https://grafana.example/d/haproxy-log-partner?var-bank={{ $labels.bank }}", "{{ $labels.client_env }} {{ $labels.bank }}"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no %q", want)
		}
	}
	for _, no := range []string{"(job, client,", "$labels.client }}", "<" + "J>", "HAProxyRouteTrafficGone"} {
		if strings.Contains(string(body), no) {
			t.Errorf("%q is in it", no)
		}
	}
}

func TestRolesOfAConfiguration(t *testing.T) {
	p := alerts.Defaults()
	p.Roles = p.Roles.Only([]string{"partner", "sla", "team"})
	body, err := alerts.File(p, "")
	if err != nil || !strings.Contains(string(body), "sum by (job, partner, sla) (rate(") || strings.Contains(string(body), "client_env") {
		t.Errorf("%v\n%.900s", err, body)
	}
	p.Roles = p.Roles.Only([]string{"team"})
	if err := p.Validate(); err == nil {
		t.Error("rules without a partner")
	}
}

func TestAnObjectiveThatABurnRateCannotReachIsSaid(t *testing.T) {
	p := alerts.Defaults()
	p.Objectives = map[string]float64{"high": 0.999, "low": 0.9}
	w := p.Warnings()
	if len(w) != 1 || !strings.Contains(w[0], "burn_fast") || !strings.Contains(w[0], "SLA low") {
		t.Errorf("%q", w)
	}
}

func TestUnknownMetricsAreRefused(t *testing.T) {
	for expr, want := range map[string]string{
		`rate(haproxy_log_requests_total[5m])`:                           "",
		`haproxy_log_request_duration_seconds_bucket{a="haproxy_x"}`:     "",
		`haproxy_log_requests`:                                           "haproxy_log_requests",
		`haproxy_log_lag_bytes_bucket`:                                   "haproxy_log_lag_bytes_bucket",
		`sum(haproxy_log_nothing_total) / sum(haproxy_log_series) * up`:  "haproxy_log_nothing_total",
		`route:haproxy_log_sla_missed:ratio1h > haproxy_backend_nothing`: "haproxy_backend_nothing",
	} {
		err := alerts.UnknownMetrics(expr)
		if (want == "") != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s: %v", expr, err)
		}
	}
}

func TestGapKindsAreHazards(t *testing.T) {
	known := map[string]bool{}
	for _, k := range cfg.HazardKinds() {
		known[k[0]] = true
	}
	for _, k := range alerts.GapKinds() {
		if !known[k] {
			t.Errorf("%s is no hazard", k)
		}
	}
}

func TestEveryAlertHasARunbook(t *testing.T) {
	page, err := os.ReadFile("../docs/runbooks.md")
	if err != nil {
		t.Fatal(err)
	}
	p := alerts.Defaults()
	p.Optional = true
	rules, err := alerts.Rules(p)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range rules {
		if !r.Alert {
			continue
		}
		names[r.Name] = true
		text, ok := section(string(page), r.Name)
		if !ok {
			t.Errorf("no section %s", r.Name)
			continue
		}
		for _, part := range []string{"**Meaning.**", "**Look first.**", "**Causes.**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: no part %s", r.Name, part)
			}
		}
	}
	for line := range strings.Lines(string(page)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "### "); ok && !names[name] {
			t.Errorf("section %s is about no alert", name)
		}
	}
}

func section(page, name string) (string, bool) {
	_, rest, ok := strings.Cut(page, "\n### "+name+"\n")
	text, _, _ := strings.Cut(rest, "\n### ")
	return text, ok
}
