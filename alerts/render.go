package alerts

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The rule file's own shape.
type (
	file struct {
		Groups []fileGroup `yaml:"groups"`
	}
	fileGroup struct {
		Name     string     `yaml:"name"`
		Interval string     `yaml:"interval,omitempty"`
		Rules    []fileRule `yaml:"rules"`
	}
	fileRule struct {
		Record      string            `yaml:"record,omitempty"`
		Alert       string            `yaml:"alert,omitempty"`
		Expr        string            `yaml:"expr"`
		For         string            `yaml:"for,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations *annotations      `yaml:"annotations,omitempty"`
	}
	annotations struct {
		Summary      string `yaml:"summary"`
		Description  string `yaml:"description"`
		RunbookURL   string `yaml:"runbook_url"`
		DashboardURL string `yaml:"dashboard_url"`
	}
)

// Rendered is a rule with everything filled in, as Prometheus will see it.
type Rendered struct {
	Group, Name, Expr, For                         string
	Alert, Optional                                bool
	Labels                                         map[string]string
	Summary, Description, RunbookURL, DashboardURL string
}

// Rules fills in every rule, the optional ones only when the parameters ask for them.
func Rules(p Params) ([]Rendered, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := newExpander(&p)
	var out []Rendered
	for _, g := range Groups() {
		for _, r := range g.Rules {
			if r.Optional && !p.Optional {
				continue
			}
			out = append(out, e.rule(g.Name, &r))
		}
	}
	return out, errors.Join(e.errs...)
}

func (e *expander) rule(group string, r *Rule) Rendered {
	out := Rendered{Group: group, Name: r.Record, Alert: r.Alert != "", Optional: r.Optional, For: r.For}
	if out.Alert {
		out.Name = r.Alert
	}
	out.Expr = e.expand(out.Name, r.Expr)
	e.families(out.Name, out.Expr)
	if !out.Alert {
		return out
	}
	out.Labels = map[string]string{"severity": r.Severity, "component": r.Component}
	out.Summary, out.Description = e.expand(out.Name, r.Summary), e.expand(out.Name, r.Description)
	out.RunbookURL = e.p.RunbookURL + "#" + strings.ToLower(out.Name)
	out.DashboardURL = e.p.GrafanaURL + "/d/" + r.Dashboard
	if strings.Contains(r.Summary, "<the route>") || strings.Contains(r.Summary, "<the partner>") {
		out.DashboardURL += "?" + links(e.p.partner())
	}
	return out
}

// File renders a rule file, with head as the comment at its top.
func File(p Params, head string) ([]byte, error) {
	rules, err := Rules(p)
	if err != nil {
		return nil, err
	}
	return Encode(rules, head)
}

// OptionalFile renders only the rules that are off by default.
func OptionalFile(p Params, head string) ([]byte, error) {
	p.Optional = true
	rules, err := Rules(p)
	if err != nil {
		return nil, err
	}
	return Encode(slices.DeleteFunc(rules, func(r Rendered) bool { return !r.Optional }), head)
}

// Encode writes rules as a rule file, in groups.
func Encode(rules []Rendered, head string) ([]byte, error) {
	var f file
	for _, g := range Groups() {
		fg := fileGroup{Name: g.Name, Interval: g.Interval}
		for i := range rules {
			if rules[i].Group == g.Name {
				fg.Rules = append(fg.Rules, rules[i].yaml())
			}
		}
		if fg.Rules != nil {
			f.Groups = append(f.Groups, fg)
		}
	}
	return encode(f, head)
}

func (r *Rendered) yaml() fileRule {
	if !r.Alert {
		return fileRule{Record: r.Name, Expr: r.Expr}
	}
	f := fileRule{Alert: r.Name, Expr: r.Expr, Labels: r.Labels, Annotations: &annotations{r.Summary, r.Description, r.RunbookURL, r.DashboardURL}}
	if r.For != "0m" {
		f.For = r.For
	}
	return f
}

func encode(f file, head string) ([]byte, error) {
	var b bytes.Buffer
	for line := range strings.Lines(head) {
		b.WriteString("# " + line)
	}
	if head != "" && !strings.HasSuffix(head, "\n") {
		b.WriteByte('\n')
	}
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(f); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	return b.Bytes(), enc.Close()
}

// OptionalHead is the comment at the top of the committed file of optional rules.
const OptionalHead = `Rules that are off by default; load this file beside haproxy-log.rules.yml to have them.
Traffic gone compares with last week: planned switches and holidays look like trouble to it.
`
