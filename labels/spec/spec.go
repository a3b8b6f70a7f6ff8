// Package spec holds what a user wrote about labels (templates, maps, vocabularies, declared routes,
// extra counters and their conditions), parsed and checked, with the place of every text.
//
// It is the common language of the configuration, which fills a Spec, of haproxy/cfg, which declares
// routes, and of package labels, which compiles it for the formats in use. It knows neither files nor
// log formats.
package spec

import (
	"slices"

	"haproxy_log_exporter/internal/diag"
)

// Text is a value together with the place where it was written.
type Text struct {
	Value string
	Place diag.Place
}

// Problem returns a problem that underlines the text.
func (t Text) Problem(msg, hint string) diag.Problem {
	return t.Place.Problem(len(t.Value), msg, hint)
}

// Spec says how the route labels of a request are found.
//
// Rules are tried in order; for each label the first rule that yields a non-empty value wins.
type Spec struct {
	Rules        []Rule
	Vocabularies []Vocabulary
	Routes       []Route
	// SLALabel is the label whose value names the SLA class; "sla" when empty.
	SLALabel string
	// SLAs are the names of the known SLA classes.
	SLAs []string
}

// Rule is one source of labels: a template over a field, or a map over a field with a template over
// the map's value.
type Rule struct {
	From Text // "path", "backend", "frontend", "server", "host", a capture, any field of the format
	// Template is nil when the text could not be parsed; Check reports that rule's problems again.
	Template *Template
	Text     Text
	Map      *Map // nil: the template is matched against the field itself
}

// Map is a map file in HAProxy's format together with its matching method.
type Map struct {
	File  Text
	Match Text // str, beg, end, sub, reg, ip (also written cidr), dom, dir
	Data  []byte
}

// Vocabulary closes a label: any value that is not listed becomes "other".
type Vocabulary struct {
	Label  Text
	Values []string
	// Routes adds the values that declared routes have for the label.
	Routes bool
}

// Route is one combination of label values that is known before its first request, such as those
// that haproxy.cfg declares. Labels that are missing are not known. Complete routes are exposed
// with zeros from the start, and the values of all routes close their labels.
type Route struct {
	Labels  map[string]string
	Backend string // the backend that serves it, when known
	Place   diag.Place
}

// Counter is an extra counter that a user asked for.
type Counter struct {
	Name   Text
	Help   string
	Labels []Text // route labels, other labels of a request, or fields of the format
	When   []Condition
}

// Names returns the names of the route labels in the order in which the rules mention them first.
func (s *Spec) Names() []string {
	var names []string
	for _, r := range s.Rules {
		if r.Template == nil {
			continue
		}
		for _, n := range r.Template.Names() {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return names
}

// SLA returns the label whose value names the SLA class.
func (s *Spec) SLA() string {
	if s.SLALabel == "" {
		return "sla"
	}
	return s.SLALabel
}

// Check returns every problem that can be seen without knowing the log formats: bad templates, label
// names and matching methods, vocabularies and routes of labels that no rule fills, bad map files.
// The error is a diag.List.
func (s *Spec) Check() error {
	var l diag.List
	for _, r := range s.Rules {
		l = append(l, r.check()...)
	}
	names := s.Names()
	if len(names) > MaxLabels {
		l.Addf("labels", "%d labels, at most %d are possible", len(names), MaxLabels)
	}
	seen := map[string]bool{}
	for _, v := range s.Vocabularies {
		switch name := v.Label.Value; {
		case !slices.Contains(names, name):
			l.Add(v.Label.Problem("vocabulary of "+name+", a label that no template and no map gives", diag.DidYouMean(name, names)))
		case seen[name]:
			l.Add(v.Label.Problem("second vocabulary of "+name, ""))
		case len(v.Values) == 0 && !v.Routes:
			l.Add(v.Label.Problem("empty vocabulary: every value of "+name+" would become other", "list the values, or remove the vocabulary"))
		}
		seen[v.Label.Value] = true
	}
	for _, r := range s.Routes {
		for n := range r.Labels {
			if !slices.Contains(names, n) {
				l.Add(r.Place.Problem(1, "route with the label "+n+", which no template and no map gives", diag.DidYouMean(n, names)))
			}
		}
	}
	return l.Err()
}

// MaxLabels is the largest number of route labels.
const MaxLabels = 32

func (r *Rule) check() diag.List {
	var l diag.List
	if r.From.Value == "" {
		l.Add(r.From.Problem("no field to read labels from", "from: path, backend, frontend, server, host, or a field of the log-format"))
	}
	if r.Template == nil {
		_, err := ParseTemplate(r.kind(), r.Text.Value)
		l = append(l, r.Text.Place.Wrap(r.Text.Value, err)...)
	}
	if r.Map != nil {
		_, err := r.Map.Compile()
		l = append(l, diag.All(r.Map.File.Value, err)...)
	}
	return l
}

func (r *Rule) kind() Kind {
	if r.Map != nil {
		return Plain
	}
	switch r.From.Value {
	case "path", "%[path]", "HP", "%HP", "HPO", "%HPO":
		return Path
	}
	return Plain
}

// NewRule returns the rule for a field and its template. Problems of the template are reported by
// Check, so that they come together with all others.
func NewRule(from, template Text, m *Map) Rule {
	r := Rule{From: from, Text: template, Map: m}
	if t, err := ParseTemplate(r.kind(), template.Value); err == nil {
		r.Template = t
	}
	return r
}
