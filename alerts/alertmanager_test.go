package alerts_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/internal/haproxytest"
)

const alertmanagerFile = "alertmanager.yml"

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(haproxytest.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	files, err := filepath.Glob("*.rules.yml")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	run(t, "promtool", append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, files...)...)
}

func TestAmtoolAcceptsTheExample(t *testing.T) { run(t, "amtool", "check-config", alertmanagerFile) }

// routed has at least one assertion for each receiver of the example.
func routed() map[string][]string {
	return map[string][]string{
		"nobody":              {"alertname=HAProxyLogCatchingUp component=exporter severity=info instance=lb1"},
		"observability":       {"alertname=HAProxyLogNotUnderstood component=exporter severity=ticket", "alertname=HAProxySocketDown component=exporter severity=ticket"},
		"observability-pager": {"alertname=HAProxyLogSilent component=exporter severity=page"},
		"low-noise": {
			"alertname=HAProxyPartnerUnreachable component=partner severity=page partner=acme partner_env=test",
			"alertname=HAProxyRouteBudgetBurnFast component=route severity=page client=shop client_env=test partner=globex partner_env=prod sla=high",
		},
		"acme-pager": {"alertname=HAProxyPartnerUnreachable component=partner severity=page partner=acme partner_env=prod"},
		"pager": {
			"alertname=HAProxyRouteBudgetBurnFast component=route severity=page client=shop client_env=prod partner=globex partner_env=prod sla=high",
			"alertname=HAProxyPartnerTimingOut component=partner severity=page partner=globex partner_env=prod",
			"alertname=HAProxyBackendNoServer component=haproxy severity=page proxy=shared",
		},
		"pager-daytime": {"alertname=HAProxyRouteBudgetBurnSlow component=route severity=page client=shop client_env=prod partner=globex partner_env=prod sla=low"},
		"tickets": {
			"alertname=HAProxyRouteNearTimeout component=route severity=ticket client=shop client_env=prod partner=acme partner_env=prod sla=high",
			"alertname=HAProxyReloadFailed component=haproxy severity=ticket instance=lb1",
		},
	}
}

type inhibit struct {
	Source []string `yaml:"source_matchers"`
	Target []string `yaml:"target_matchers"`
	Equal  []string
}

type example struct {
	Receivers []struct{ Name string }
	Inhibit   []inhibit `yaml:"inhibit_rules"`
}

func load(t *testing.T) example {
	t.Helper()
	var e example
	body, err := os.ReadFile(alertmanagerFile)
	if err == nil {
		err = yaml.Unmarshal(body, &e)
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestEachReceiverGetsWhatIsForIt(t *testing.T) {
	want := routed()
	for _, r := range load(t).Receivers {
		if len(want[r.Name]) == 0 {
			t.Errorf("receiver %s has no assertion", r.Name)
		}
	}
	for receiver, sets := range want {
		for _, labels := range sets {
			args := append([]string{"config", "routes", "test", "--config.file=" + alertmanagerFile, "--verify.receivers=" + receiver}, strings.Fields(labels)...)
			run(t, "amtool", args...)
		}
	}
}

var nameInMatcher = regexp.MustCompile(`alertname(=~?)"([^"]*)"`)

// TestInhibitionsNameAlerts finds a matcher that no alert fits: a typing error there would silence nothing.
func TestInhibitionsNameAlerts(t *testing.T) {
	p := alerts.Defaults()
	p.Optional = true
	rules, err := alerts.Rules(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range load(t).Inhibit {
		for _, m := range slices.Concat(i.Source, i.Target) {
			parts := nameInMatcher.FindStringSubmatch(m)
			if parts == nil {
				continue
			}
			for _, one := range alternatives(parts[2]) {
				re := regexp.MustCompile("^(?:" + one + ")$")
				if !slices.ContainsFunc(rules, func(r alerts.Rendered) bool { return r.Alert && re.MatchString(r.Name) }) {
					t.Errorf("%s: no alert is called %s", m, one)
				}
			}
		}
	}
}

// alternatives splits a|b|c at the top level.
func alternatives(re string) []string {
	var out []string
	depth, from := 0, 0
	for i, c := range re {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == '|' && depth == 0:
			out, from = append(out, re[from:i]), i+1
		}
	}
	return append(out, re[from:])
}

// live is a group of alerts sent to a running Alertmanager, and which of them it has to hold back.
type live struct{ fire, silent, loud []string }

// situations exercise every inhibition: what it silences, and the same alert of somebody else, which stays loud.
func situations() map[string]live {
	const (
		other = "alertname=HAProxyRouteBudgetBurnFast component=route severity=page job=b client=shop client_env=prod partner=globex partner_env=prod partner_service=pay sla=high"
		route = " job=a client=shop client_env=prod partner=acme partner_env=prod partner_service=pay sla=high"
		part  = " job=a partner=acme partner_env=prod partner_service=pay"
	)
	return map[string]live{
		"all exporters down": {
			fire:   []string{"alertname=HAProxyLogExporterAllDown component=exporter severity=page job=a"},
			silent: []string{"alertname=HAProxyPartnerUnreachable component=partner severity=page" + part, "alertname=HAProxyLogExporterDown component=exporter severity=ticket job=a instance=lb1", "alertname=HAProxyRouteTrafficGone component=route severity=ticket" + route},
			loud:   []string{other, "alertname=HAProxyLogBytesLost component=exporter severity=ticket job=a instance=lb1 source=x"},
		},
		"one exporter down": {
			fire: []string{"alertname=HAProxyLogExporterDown component=exporter severity=ticket job=a instance=lb1"},
			loud: []string{"alertname=HAProxyPartnerUnreachable component=partner severity=page" + part, "alertname=HAProxyLogSilent component=exporter severity=page job=a instance=lb2"},
		},
		"a start catches up": {
			fire:   []string{"alertname=HAProxyLogCatchingUp component=exporter severity=info job=a instance=lb1"},
			silent: []string{"alertname=HAProxyLogSilent component=exporter severity=page job=a instance=lb1 proxy=egress", "alertname=HAProxyLogIncomplete component=exporter severity=ticket job=a instance=lb1"},
			loud:   []string{"alertname=HAProxyLogSilent component=exporter severity=page job=a instance=lb2 proxy=egress", "alertname=HAProxyPartnerUnreachable component=partner severity=page" + part},
		},
		"a catch-up makes traffic look small": {
			fire:   []string{"alertname=HAProxyLogCatchingUp component=exporter severity=info job=a instance=lb1"},
			silent: []string{"alertname=HAProxyRouteTrafficGone component=route severity=ticket" + route},
		},
		"a silent log": {
			fire:   []string{"alertname=HAProxyLogSilent component=exporter severity=page job=a instance=lb1 proxy=egress"},
			silent: []string{"alertname=HAProxyRouteTrafficGone component=route severity=ticket" + route, "alertname=HAProxyLogDropped component=exporter severity=ticket job=a instance=lb1"},
			loud:   []string{"alertname=HAProxyRouteNearTimeout component=route severity=ticket" + route},
		},
		"a name that is gone": {
			fire:   []string{"alertname=HAProxyPartnerResolutionFailed component=partner severity=page job=a proxy=be_acme partner=acme partner_env=prod"},
			silent: []string{"alertname=HAProxyBackendNoServer component=haproxy severity=page job=a proxy=be_acme partner=acme partner_env=prod", "alertname=HAProxyRouteBudgetBurnFast component=route severity=page" + route},
			loud:   []string{"alertname=HAProxyBackendNoServer component=haproxy severity=page job=a proxy=be_globex partner=globex partner_env=prod", other},
		},
		"no server": {
			fire:   []string{"alertname=HAProxyBackendNoServer component=haproxy severity=page job=a proxy=be_acme partner=acme partner_env=prod"},
			silent: []string{"alertname=HAProxyPartnerUnreachable component=partner severity=page" + part, "alertname=HAProxyServerDown component=haproxy severity=ticket job=a instance=lb1 proxy=be_acme server=s1 partner=acme partner_env=prod"},
			loud:   []string{"alertname=HAProxyPartnerUnreachable component=partner severity=page job=a partner=acme partner_env=test partner_service=pay"},
		},
		"no server of a shared backend": {
			fire: []string{"alertname=HAProxyBackendNoServer component=haproxy severity=page job=a proxy=shared"},
			loud: []string{"alertname=HAProxyServerDown component=haproxy severity=ticket job=a instance=lb1 proxy=other server=s1"},
		},
		"an unreachable partner": {
			fire:   []string{"alertname=HAProxyPartnerUnreachable component=partner severity=page" + part},
			silent: []string{"alertname=HAProxyRouteBudgetBurnFast component=route severity=page" + route, "alertname=HAProxyClientGivesUp component=route severity=ticket" + route},
			loud:   []string{other, "alertname=HAProxyRouteBudgetBurnFast component=route severity=page job=a client=shop client_env=prod partner=acme partner_env=prod partner_service=files sla=high"},
		},
		"a partner that does not answer": {
			fire:   []string{"alertname=HAProxyPartnerTimingOut component=partner severity=page" + part},
			silent: []string{"alertname=HAProxyRouteNearTimeout component=route severity=ticket" + route, "alertname=HAProxyBackendQueueing component=haproxy severity=ticket job=a proxy=be_acme partner=acme partner_env=prod"},
			loud:   []string{other, "alertname=HAProxyBackendQueueing component=haproxy severity=ticket job=a proxy=be_globex partner=globex partner_env=prod"},
		},
		"one budget": {
			fire:   []string{"alertname=HAProxyRouteBudgetBurnSlow component=route severity=page" + route},
			silent: []string{"alertname=HAProxyRouteBudgetBurnDay component=route severity=ticket" + route},
			loud:   []string{"alertname=HAProxyRouteBudgetBurnDay component=route severity=ticket job=a client=crm client_env=prod partner=acme partner_env=prod partner_service=pay sla=high"},
		},
	}
}

// TestInhibitionsHoldBackWhatTheyShould runs every situation in one Alertmanager, kept apart by the label job.
func TestInhibitionsHoldBackWhatTheyShould(t *testing.T) {
	body, err := os.ReadFile(alertmanagerFile)
	if err != nil {
		t.Fatal(err)
	}
	am := haproxytest.StartAlertmanager(t, "", string(body))
	n := 0
	want := map[string]string{} // by label set: active or suppressed
	for name, s := range situations() {
		n++
		apart := func(set string) string {
			return strings.NewReplacer("job=a", fmt.Sprintf("job=a%d", n), "job=b", fmt.Sprintf("job=b%d", n)).Replace(set) + " situation=" + strings.ReplaceAll(name, " ", "-")
		}
		for _, set := range s.fire {
			want[apart(set)] = "active"
		}
		for _, set := range s.loud {
			want[apart(set)] = "active"
		}
		for _, set := range s.silent {
			want[apart(set)] = "suppressed"
		}
	}
	post(t, am.URL, want)
	// Alerts reach the part that inhibits a moment after the page that lists them; who is still wrong at the
	// deadline is wrong.
	got := map[string]string{}
	settled := func() bool {
		got = states(t, am.URL)
		for set, state := range want {
			if got[canonical(set)] != state {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(10 * time.Second); !settled() && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	for set, state := range want {
		if got[canonical(set)] != state {
			t.Errorf("%s: %s, want %s", set, got[canonical(set)], state)
		}
	}
}

func canonical(set string) string {
	f := strings.Fields(set)
	slices.Sort(f)
	return strings.Join(f, " ")
}

func post(t *testing.T, url string, sets map[string]string) {
	t.Helper()
	type alert struct {
		Labels map[string]string `json:"labels"`
	}
	var all []alert
	for set := range sets {
		a := alert{map[string]string{}}
		for _, pair := range strings.Fields(set) {
			k, v, _ := strings.Cut(pair, "=")
			a.Labels[k] = v
		}
		all = append(all, a)
	}
	body, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url+"/api/v2/alerts", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
}

func states(t *testing.T, url string) map[string]string {
	t.Helper()
	var all []struct {
		Labels map[string]string
		Status struct{ State string }
	}
	if err := json.Unmarshal([]byte(haproxytest.Get(t, url+"/api/v2/alerts")), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, a := range all {
		var pairs []string
		for k, v := range a.Labels {
			pairs = append(pairs, k+"="+v)
		}
		slices.Sort(pairs)
		out[strings.Join(pairs, " ")] = a.Status.State
	}
	return out
}
