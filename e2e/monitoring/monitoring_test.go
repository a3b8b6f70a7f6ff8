package monitoring

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/dashboards"
	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/internal/panels"
)

var long = flag.Bool("long", false, "run the rules six times as fast instead of sixty times, and with every Prometheus there is")

var durations = regexp.MustCompile(`(\[|:|offset )(\d+)([smhdw])`)

// faster shortens every window, offset and waiting time of the rules: a time lapse of incidents that take
// half an hour. Thresholds stay.
func faster(rules []alerts.Rendered, factor int) []alerts.Rendered {
	unit := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}
	short := func(n, u string) string {
		i, _ := strconv.Atoi(n)
		return fmt.Sprintf("%dms", (time.Duration(i) * unit[u] / time.Duration(factor)).Milliseconds())
	}
	out := slices.Clone(rules)
	for i := range out {
		out[i].Expr = durations.ReplaceAllStringFunc(out[i].Expr, func(m string) string {
			p := durations.FindStringSubmatch(m)
			return p[1] + short(p[2], p[3])
		})
		if f := out[i].For; f != "" && f != "0m" {
			out[i].For = short(f[:len(f)-1], f[len(f)-1:])
		}
	}
	return out
}

// prometheis are the Prometheus programs to run with.
func prometheis() map[string]string {
	out := map[string]string{"installed": os.Getenv("PROMETHEUS")}
	if p := os.Getenv("PROMETHEUS_3"); p != "" {
		out["3"] = p
	}
	return out
}

func TestDashboardsAndAlerts(t *testing.T) {
	factor := 60
	if *long {
		factor = 6
	}
	if testing.Short() {
		t.Skip("takes most of a minute")
	}
	for name, path := range prometheis() {
		if name != "installed" && !*long {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Setenv("PROMETHEUS", path)
			story(t, factor, name == "3")
		})
	}
}

// story is what happens. All waiting is for something to be seen.
func story(t *testing.T, factor int, native bool) {
	w := startWorld(t)
	w.traffic(12)
	p := startPrometheus(t, w, factor, native)
	limit := 40 * time.Minute / time.Duration(factor) * 2

	fired := func(name, partner string) func() bool {
		sel := `ALERTS{alertstate="firing",alertname="` + name + `"`
		if partner != "" {
			sel += `,partner="` + partner + `"`
		}
		return func() bool { return len(p.Query(sel+"}")) > 0 }
	}
	// An hour of rule time with everything in order: nothing may fire.
	start := time.Now()
	haproxytest.Wait(t, limit, "the recording rules have an hour", func() bool { return time.Since(start) > time.Hour/time.Duration(factor)/4 })
	if bad := p.Query(`ALERTS{alertstate="firing"}`); len(bad) > 0 {
		t.Fatalf("alerts although everything is in order: %v", bad)
	}

	w.partners["umbrella"].close()
	w.partners["initech"].close()
	w.partners["globex"].slow.Store(true)
	w.partners["wayne"].hang.Store(true)
	w.dns.gone.Store(true)
	if err := w.ha.Reload(); err != nil {
		t.Fatal(err)
	}
	for _, x := range [][2]string{
		{"HAProxyPartnerUnreachable", "umbrella"}, {"HAProxyBackendNoServer", "initech"}, {"HAProxyPartnerTimingOut", "globex"},
		{"HAProxyPartnerStalled", "wayne"}, {"HAProxyPartnerResolutionFailed", "stark"}, {"HAProxyBackendNoServer", "stark"}, {"HAProxyRouteBudgetBurnFast", "stark"},
		{"HAProxyRouteBudgetBurnFast", "umbrella"}, {"HAProxyRouteBudgetBurnFast", "initech"}, {"HAProxyRouteBudgetBurnFast", "globex"},
	} {
		haproxytest.Wait(t, limit, x[0]+" fires for "+x[1], fired(x[0], x[1]))
	}
	during := time.Now()
	checkPanels(t, p, during, native)

	w.log.paused.Store(true)
	haproxytest.Wait(t, limit, "HAProxyLogSilent fires", fired("HAProxyLogSilent", ""))

	exactly(t, p, start, map[string]bool{
		"HAProxyPartnerUnreachable umbrella": true, "HAProxyBackendNoServer initech": true, "HAProxyPartnerTimingOut globex": true,
		"HAProxyRouteBudgetBurnFast umbrella": true, "HAProxyRouteBudgetBurnFast initech": true, "HAProxyRouteBudgetBurnFast globex": true,
		"HAProxyPartnerResolutionFailed stark": true, "HAProxyBackendNoServer stark": true, "HAProxyRouteBudgetBurnFast stark": true,
		"HAProxyLogSilent ": true, "HAProxyPartnerStalled wayne": true,
		// They wait longer, and may or may not be there in time.
		"HAProxyRouteBudgetBurnSlow umbrella": false, "HAProxyRouteBudgetBurnSlow initech": false, "HAProxyRouteBudgetBurnSlow globex": false, "HAProxyRouteBudgetBurnSlow stark": false,
		"HAProxyServerDown initech": false, "HAProxyLogIncomplete ": false,
	})
}

// exactly compares the alerts that ever fired; expected ones with false may be missing.
func exactly(t *testing.T, p *haproxytest.Prometheus, since time.Time, want map[string]bool) {
	t.Helper()
	got := map[string]bool{}
	for _, s := range p.Query(fmt.Sprintf(`count by (alertname, partner) (max_over_time(ALERTS{alertstate="firing"}[%ds]))`, int(time.Since(since).Seconds()))) {
		got[s.Labels["alertname"]+" "+s.Labels["partner"]] = true
	}
	for a := range got {
		if _, ok := want[a]; !ok {
			t.Errorf("%s fired", a)
		}
	}
	for a, must := range want {
		if must && !got[a] {
			t.Errorf("%s did not fire", a)
		}
	}
}

func startPrometheus(t *testing.T, w *world, factor int, native bool) *haproxytest.Prometheus {
	t.Helper()
	dir := t.TempDir()
	all, err := alerts.Rules(alerts.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	body, err := alerts.Encode(faster(all, factor), "")
	if err != nil {
		t.Fatal(err)
	}
	body = regexp.MustCompile(`(?m)^    interval: .*\n`).ReplaceAll(body, nil)
	if err := os.WriteFile(filepath.Join(dir, "haproxy-log.rules.yml"), body, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(haproxytest.Program(t, "promtool"), "check", "rules", filepath.Join(dir, "haproxy-log.rules.yml")).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	importHistory(t, filepath.Join(dir, "tsdb"))
	config := `global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: ['*.rules.yml']
scrape_configs:
  - job_name: haproxy_log_exporter
    honor_labels: true
    static_configs: [{targets: ['` + w.exporter + `']}]
`
	var args []string
	if native {
		config = strings.Replace(config, "    honor_labels", "    always_scrape_classic_histograms: true\n    honor_labels", 1)
		args = append(args, "--enable-feature=native-histograms")
	}
	return haproxytest.StartPrometheus(t, dir, config, append(args, "--storage.tsdb.retention.time=30d")...)
}

// importHistory gives the panels over hours a past: two quiet hours that end before the test begins.
func importHistory(t *testing.T, storage string) {
	t.Helper()
	if err := os.MkdirAll(storage, 0o755); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(-10 * time.Minute).Truncate(time.Minute)
	h := &panels.History{From: end.Add(-2 * time.Hour), To: end, Every: time.Minute, Job: "haproxy_log_exporter", Seed: 1, Quiet: true}
	if err := panels.ImportHistory(haproxytest.Program(t, "promtool"), storage, h); err != nil {
		t.Fatal(err)
	}
}

// checkPanels asks every query of every panel, over the minutes of the test and over the hours of history.
func checkPanels(t *testing.T, p *haproxytest.Prometheus, at time.Time, native bool) {
	t.Helper()
	all, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	live := &panels.View{URL: p.URL, From: at.Add(-time.Minute), To: at, Scrape: 500 * time.Millisecond, Points: 60}
	hours := &panels.View{URL: p.URL, From: at.Add(-2 * time.Hour), To: at, Scrape: time.Minute, Points: 120}
	n := 0
	for _, d := range all {
		for _, panel := range d.Flat() {
			if strings.Contains(panel.Needs, "native") && !native {
				continue
			}
			for view, v := range map[string]*panels.View{"live": live, "hours": hours} {
				if view == "hours" && (strings.Contains(panel.Needs, "native") || strings.Contains(panel.Targets[0].Expr, "route:")) {
					continue // the invented past has no native histograms and no recorded series
				}
				n += checkPanel(t, v, view, d, panel)
			}
		}
	}
	t.Logf("%d queries answered", n)
	reload := all[0].Annotations.List[0]
	marks, err := live.Range(live.Fill(all[0], reload.Expr))
	if err != nil || len(marks) != 1 || marks[0].Good() == 0 {
		t.Errorf("the reload leaves no mark: %v, %v\n%s", marks, err, live.Fill(all[0], reload.Expr))
	}
	if dir := os.Getenv("PANEL_PAGES"); dir != "" {
		for _, d := range all {
			page, _ := live.Page(d, false)
			if err := os.WriteFile(filepath.Join(dir, d.UID+".html"), []byte(page), 0o644); err != nil {
				t.Error(err)
			}
		}
	}
}

func checkPanel(t *testing.T, v *panels.View, view string, d *dashboards.Dashboard, panel *dashboards.Panel) (queries int) {
	result, err := v.Run(d, panel)
	if err != nil {
		t.Errorf("%s: %v", view, err)
		return 0
	}
	good, series := make([]int, len(panel.Targets)), make([]int, len(panel.Targets))
	for i := range result {
		good[result[i].Target] += result[i].Good()
		series[result[i].Target]++
	}
	for i, g := range good {
		if g > 0 {
			queries++
		} else if !panel.Rare {
			t.Errorf("%s: %s: %s: query %s has %d series and no number:\n%s", view, d.Title, panel.Title, panel.Targets[i].RefID, series[i], v.Fill(d, panel.Targets[i].Expr))
		}
	}
	return queries
}
