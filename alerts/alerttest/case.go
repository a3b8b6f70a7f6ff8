// Package alerttest holds the unit tests of the alerting rules as data: for each alert series with
// which it fires and series with which it must stay silent. They are written as a file for `promtool test rules`
// and are also run one by one against rules with changed thresholds, which they have to notice.
package alerttest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"haproxy_log_exporter/alerts"
)

// Case is one situation for one alert. Samples are a minute apart and begin at minute 0.
type Case struct {
	Alert  string
	Name   string
	Series []Series
	// NotYet is a time at which the situation holds already, but not for as long as the rule asks for.
	NotYet string
	At     string
	// Want are the alerts that fire at At; none for a case that must stay silent.
	Want []Want
	// Every is the time between samples and evaluations, 1m when empty. Cases over days use 5m, over a week 15m.
	Every string
}

// Series is one input series in promtool's notation.
type Series struct{ Series, Values string }

// Want is a firing alert: its labels besides severity and component, and how its value reads in the texts.
type Want struct {
	Labels map[string]string
	Value  string
}

const (
	job   = `job="haproxy_log_exporter"`
	node1 = job + `, instance="lb1:9700"`
	node2 = job + `, instance="lb2:9700"`
	route = `client="shop", client_env="prod", partner="acme", partner_env="prod", partner_service="pay", sla="high"`
	onLB1 = node1 + `, ` + route
	onLB2 = node2 + `, ` + route
)

var label = regexp.MustCompile(`(\w+)="([^"]*)"`)

// labels reads label pairs as they stand in a selector.
func labels(pairs ...string) map[string]string {
	out := map[string]string{}
	for _, p := range pairs {
		for _, m := range label.FindAllStringSubmatch(p, -1) {
			out[m[1]] = m[2]
		}
	}
	return out
}

// routeAlert are the labels of an alert about the route of onLB1.
func routeAlert() map[string]string { return labels(job, route) }

// partnerAlert are those of an alert about its partner.
func partnerAlert() map[string]string {
	return labels(job, `partner="acme", partner_env="prod", partner_service="pay"`)
}

func selector(name, pairs string) string { return name + "{" + pairs + "}" }

// flow is a counter that rises by perSample with each sample, for n samples.
func flow(name, pairs string, perSample float64, n int) Series {
	return Series{selector(name, pairs), fmt.Sprintf("0+%vx%d", perSample, n)}
}

// level is a gauge that stays as it is for n samples.
func level(name, pairs string, value float64, n int) Series {
	return Series{selector(name, pairs), fmt.Sprintf("%v+0x%d", value, n)}
}

// raw is a series in promtool's own notation.
func raw(name, pairs, values string) Series { return Series{selector(name, pairs), values} }

func fires(w ...Want) []Want { return w }

// Cases returns every case.
func Cases() []Case {
	return slices.Concat(budgetCases(), routeCases(), partnerCases(), stalledCases(), backendCases(), processCases(), sourceCases(), exporterCases())
}

var valueMark = regexp.MustCompile(`\{\{ \$value[^}]*\}\}`)

// texts are the annotations that Prometheus has to make of the rule's templates for w.
func texts(r *alerts.Rendered, w *Want) map[string]string {
	out := map[string]string{"summary": r.Summary, "description": r.Description, "runbook_url": r.RunbookURL, "dashboard_url": r.DashboardURL}
	for k, s := range out {
		s = valueMark.ReplaceAllLiteralString(s, w.Value)
		for _, l := range []string{"job", "instance", "client", "client_env", "partner", "partner_env", "partner_service", "sla", "frontend", "reason", "proxy", "server", "socket", "source", "label"} {
			s = strings.ReplaceAll(s, "{{ $labels."+l+" }}", w.Labels[l])
		}
		out[k] = s
	}
	return out
}

// The shape of promtool's test file.
type (
	// File is a file for `promtool test rules`.
	File struct {
		RuleFiles          []string `yaml:"rule_files"`
		EvaluationInterval string   `yaml:"evaluation_interval"`
		GroupEvalOrder     []string `yaml:"group_eval_order"`
		Tests              []test   `yaml:"tests"`
	}
	test struct {
		Name     string      `yaml:"name"`
		Interval string      `yaml:"interval"`
		Input    []input     `yaml:"input_series"`
		Alerts   []alertTest `yaml:"alert_rule_test"`
	}
	input struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	alertTest struct {
		EvalTime  string     `yaml:"eval_time"`
		Alertname string     `yaml:"alertname"`
		Exp       []expected `yaml:"exp_alerts"`
	}
	expected struct {
		Labels      map[string]string `yaml:"exp_labels"`
		Annotations map[string]string `yaml:"exp_annotations"`
	}
)

// NewFile makes a test file of cases that all have the same Every. rules are those that are tested (the texts
// come from them), ruleFile is their file.
func NewFile(cases []Case, rules []alerts.Rendered, ruleFile ...string) (*File, error) {
	f := &File{RuleFiles: ruleFile, EvaluationInterval: "1m"}
	// promtool runs groups in random order when it is not told, and recorded series then come too late.
	for _, g := range alerts.Groups() {
		f.GroupEvalOrder = append(f.GroupEvalOrder, g.Name)
	}
	for _, c := range cases {
		i := slices.IndexFunc(rules, func(r alerts.Rendered) bool { return r.Alert && r.Name == c.Alert })
		if i < 0 {
			return nil, fmt.Errorf("case %q: there is no alert %s", c.Name, c.Alert)
		}
		if c.Every != "" {
			f.EvaluationInterval = c.Every
		}
		f.Tests = append(f.Tests, c.test(&rules[i]))
	}
	return f, nil
}

func (c *Case) test(r *alerts.Rendered) test {
	t := test{Name: c.Alert + ": " + c.Name, Interval: c.Every}
	if t.Interval == "" {
		t.Interval = "1m"
	}
	for _, s := range c.Series {
		t.Input = append(t.Input, input(s))
	}
	if c.NotYet != "" {
		t.Alerts = append(t.Alerts, alertTest{EvalTime: c.NotYet, Alertname: c.Alert})
	}
	at := alertTest{EvalTime: c.At, Alertname: c.Alert}
	for _, w := range c.Want {
		all := maps.Clone(w.Labels)
		maps.Copy(all, r.Labels)
		at.Exp = append(at.Exp, expected{Labels: all, Annotations: texts(r, &w)})
	}
	t.Alerts = append(t.Alerts, at)
	return t
}

// promRamp is a counter in steps of a quarter of an hour that rises by before for a week less an hour, then by after.
func promRamp(before, after float64) string {
	const week = 7 * 24 * 4
	return fmt.Sprintf("0+%vx%d %v+%vx%d", before, week-4, before*(week-4)+after, after, 20)
}

// Files returns the committed test files by name: promtool has one evaluation interval for a file, so the cases
// that last for days have their own.
func Files(rules []alerts.Rendered) (map[string]*File, error) {
	out := map[string]*File{}
	for name, every := range map[string]string{"haproxy-log.test.yml": "", "haproxy-log-days.test.yml": "5m", "haproxy-log-week.test.yml": "15m"} {
		cases := slices.DeleteFunc(Cases(), func(c Case) bool { return c.Every != every })
		f, err := NewFile(cases, rules, "haproxy-log.rules.yml", "haproxy-log-optional.rules.yml")
		if err != nil {
			return nil, err
		}
		out[name] = f
	}
	return out, nil
}
