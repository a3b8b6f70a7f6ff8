package alerttest_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/alerts/alerttest"
	"haproxy_log_exporter/internal/haproxytest"
)

func rules(t *testing.T, change func(*alerts.Params)) []alerts.Rendered {
	t.Helper()
	p := alerts.Defaults()
	p.Optional = true
	if change != nil {
		change(&p)
	}
	r, err := alerts.Rules(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryAlertHasAFiringAndASilentCase(t *testing.T) {
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, c := range alerttest.Cases() {
		if len(c.Want) > 0 {
			fires[c.Alert] = true
		} else {
			silent[c.Alert] = true
		}
	}
	for _, r := range rules(t, nil) {
		if r.Alert && (!fires[r.Name] || !silent[r.Name]) {
			t.Errorf("%s: firing case %v, silent case %v", r.Name, fires[r.Name], silent[r.Name])
		}
	}
}

// needed is the alert and the recording rules that it asks for, in their order.
func needed(all []alerts.Rendered, alert string) []alerts.Rendered {
	want := map[string]bool{alert: true}
	for again := true; again; {
		again = false
		for _, r := range all {
			if !want[r.Name] {
				continue
			}
			for _, dep := range all {
				if !dep.Alert && !want[dep.Name] && strings.Contains(r.Expr, dep.Name+"{") {
					want[dep.Name], again = true, true
				}
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(r alerts.Rendered) bool { return !want[r.Name] })
}

// promtool runs cases against rules and returns its output and whether it was content. tested are the rules whose
// texts the cases expect; they differ from used where a rule was changed on purpose.
func promtool(t *testing.T, path string, used, tested []alerts.Rendered, cases []alerttest.Case) (string, bool) {
	t.Helper()
	dir := t.TempDir()
	body, err := alerts.Encode(used, "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "rules.yml"), body)
	f, err := alerttest.NewFile(cases, tested, "rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "test.yml"), text)
	cmd := exec.Command(path, "test", "rules", filepath.Join(dir, "test.yml"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), err == nil
}

func write(t *testing.T, name string, body []byte) {
	t.Helper()
	if err := os.WriteFile(name, body, 0o644); err != nil {
		t.Fatal(err)
	}
}

// byAlert groups the cases by alert and by time between samples.
func byAlert() map[string][]alerttest.Case {
	out := map[string][]alerttest.Case{}
	for _, c := range alerttest.Cases() {
		out[c.Alert] = append(out[c.Alert], c)
	}
	return out
}

func TestCases(t *testing.T) {
	path := haproxytest.Program(t, "promtool")
	all := rules(t, nil)
	for alert, cases := range byAlert() {
		t.Run(alert, func(t *testing.T) {
			t.Parallel()
			r := needed(all, alert)
			if out, ok := promtool(t, path, r, r, cases); !ok {
				t.Error(out)
			}
		})
	}
}

// TestTheCasesNoticeChanges changes each threshold by half, up and down, and each waiting time, and wants
// the cases of some alert to fail. TestCases is the control: unchanged they pass.
func TestTheCasesNoticeChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("runs promtool 150 times")
	}
	path := haproxytest.Program(t, "promtool")
	type change struct {
		name string
		used []alerts.Rendered
		// silent says which cases are tried first: a lower threshold makes a silent one fire.
		silent bool
	}
	all := rules(t, nil)
	var changes []change
	for _, th := range alerts.Thresholds() {
		for _, factor := range []float64{1.5, 1 / 1.5} {
			changes = append(changes, change{
				fmt.Sprintf("%s times %.2f", th.Name, factor),
				rules(t, func(p *alerts.Params) { p.Thresholds = map[string]float64{th.Name: th.Default * factor} }),
				factor < 1,
			})
		}
	}
	for i, r := range all {
		if !r.Alert || r.For == "0m" {
			continue
		}
		for _, pending := range []string{"0m", r.For + "9h"} {
			used := slices.Clone(all)
			used[i].For = strings.Replace(pending, "m9h", "", 1)
			if strings.HasSuffix(pending, "9h") {
				used[i].For = "90h"
			}
			changes = append(changes, change{r.Name + " for " + used[i].For, used, false})
		}
	}
	cases := byAlert()
	limit := make(chan struct{}, runtime.NumCPU())
	var wg sync.WaitGroup
	for _, c := range changes {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			for _, alert := range changedAlerts(all, c.used) {
				first, rest := split(cases[alert], c.silent)
				for _, some := range [][]alerttest.Case{first, rest} {
					if _, ok := promtool(t, path, needed(c.used, alert), needed(all, alert), some); !ok {
						return
					}
				}
			}
			t.Errorf("%s: no case noticed", c.name)
		})
	}
	wg.Wait()
}

// split parts the silent cases from those that fire.
func split(cases []alerttest.Case, silentFirst bool) (first, rest []alerttest.Case) {
	for _, c := range cases {
		if (len(c.Want) == 0) == silentFirst {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	return first, rest
}

// changedAlerts names the alerts that are not the same in both.
func changedAlerts(a, b []alerts.Rendered) []string {
	var out []string
	for i := range a {
		if a[i].Alert && (a[i].Expr != b[i].Expr || a[i].For != b[i].For) {
			out = append(out, a[i].Name)
		}
	}
	return out
}
