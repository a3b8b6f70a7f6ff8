// Package labels turns the fields of a request into the values of its route labels.
//
// A Schema says how: templates over the path, the backend's name or any other field, maps, vocabularies.
// An Admission decides which values may stand for themselves; everything else becomes "other", so that no
// client can fill the metrics. A Resolver does both for each line at the cost of one hash and one probe.
//
// The package knows neither files nor Prometheus.
package labels

import (
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// Spec is what a user wrote; see package spec.
type Spec = spec.Spec

// Schema finds the route labels of the records of one parser.Set. It is immutable and safe for
// concurrent use.
type Schema struct {
	spec   *Spec
	set    *parser.Set
	names  []string
	inputs []input
	rules  []rule
	vocab  []map[string]struct{} // for each name; nil when the label is open
	routes [][]string
	sla    int // index in names, -1 when no label names the SLA
	slas   map[string]struct{}
	// segments is the number of leading path segments that decide the labels: -1 the whole path, 0 none.
	segments int
}

// input is a field that labels depend on, for a map together with the map.
type input struct {
	name    string
	field   parser.Field
	mapping *spec.Mapping
	decode  decoding
	path    bool // a template over the path itself
	trusted bool // the operator chose the values: configured names and map files, no client's bytes
}

type rule struct {
	input  int
	tpl    *spec.Template
	labels []int // index in names of each of the template's names
}

// Compile binds a spec to the fields of a set. Without rules the schema has no names, and every request
// has the one empty route. The error is a diag.List with every problem.
func Compile(s Spec, set *parser.Set) (*Schema, error) {
	c, missing, err := bind(&s, set)
	if err != nil {
		return nil, err
	}
	var l diag.List
	for _, m := range missing {
		l = append(l, m...)
	}
	if err := l.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Bind returns the schema for the formats of another source. Labels whose field these formats lack are
// found by other rules or stay empty; the names of such fields are returned.
func (s *Schema) Bind(set *parser.Set) (*Schema, []string, error) {
	c, missing, err := bind(s.spec, set)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for n := range missing {
		names = append(names, n)
	}
	slices.Sort(names)
	return c, names, nil
}

// BindAny returns one schema for each set. A field is a problem only when all sets lack it; and not when
// all print TCP sessions, which have no path: labels from a request's fields are empty then.
func BindAny(s Spec, sets []*parser.Set) ([]*Schema, error) {
	var out []*Schema
	count := map[string]int{}
	why := map[string]diag.List{}
	for _, set := range sets {
		c, missing, err := bind(&s, set)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		for n, l := range missing {
			count[n]++
			why[n] = l
		}
	}
	var l diag.List
	http := slices.ContainsFunc(sets, (*parser.Set).HTTP)
	for n, k := range count {
		if k == len(sets) && (http || !parser.KnownField(n)) {
			l = append(l, why[n]...)
		}
	}
	return out, l.Err()
}

func bind(s *Spec, set *parser.Set) (*Schema, map[string]diag.List, error) {
	if err := s.Check(); err != nil {
		return nil, nil, err
	}
	c := &Schema{spec: s, set: set, names: s.Names(), sla: -1, slas: map[string]struct{}{}}
	c.sla = slices.Index(c.names, s.SLA())
	for _, n := range s.SLAs {
		c.slas[n] = struct{}{}
	}
	missing := map[string]diag.List{}
	for i := range s.Rules {
		r := &s.Rules[i]
		f, err := set.Field(r.From.Value)
		if err != nil {
			l := diag.All("labels", err)
			missing[r.From.Value] = append(missing[r.From.Value], r.From.Place.Wrap(r.From.Value, l)...)
			continue
		}
		k, err := c.addInput(r, f)
		if err != nil {
			return nil, nil, err
		}
		labels := make([]int, 0, len(r.Template.Names()))
		for _, n := range r.Template.Names() {
			labels = append(labels, slices.Index(c.names, n))
		}
		c.rules = append(c.rules, rule{input: k, tpl: r.Template, labels: labels})
		if c.inputs[k].path {
			n := r.Template.Segments()
			if r.Template.Kind() != spec.Path {
				n = -1
			}
			c.widen(n)
		}
	}
	c.close()
	return c, missing, nil
}

// widen makes the decisive part of the path long enough for one more template.
func (s *Schema) widen(n int) {
	if n < 0 || s.segments < 0 {
		s.segments = -1
		return
	}
	s.segments = max(s.segments, n)
}

func (s *Schema) addInput(r *spec.Rule, f parser.Field) (int, error) {
	in := input{name: r.From.Value, field: f, decode: decodeHash}
	switch {
	case r.Map != nil:
		m, err := r.Map.Compile()
		if err != nil {
			return 0, err
		}
		in.mapping, in.trusted = m, true
	case f == parser.Path:
		in.path, in.decode = true, decodeURL
	case f == parser.Target || f == parser.Query:
		in.decode = decodeURL
	case f == parser.Backend || f == parser.Frontend || f == parser.Server:
		in.trusted = true
	case strings.HasPrefix(in.name, "%["):
		in.decode = decodeNone // expressions are printed as they are
	}
	for i, x := range s.inputs {
		if x.field == f && x.mapping == nil && in.mapping == nil && x.decode == in.decode {
			return i, nil
		}
	}
	s.inputs = append(s.inputs, in)
	return len(s.inputs) - 1, nil
}

// close builds the vocabularies and the declared routes.
func (s *Schema) close() {
	s.vocab = make([]map[string]struct{}, len(s.names))
	add := func(i int, v string) {
		if s.vocab[i] == nil {
			s.vocab[i] = map[string]struct{}{}
		}
		if v = Sanitise([]byte(v)); v != "" {
			s.vocab[i][v] = struct{}{}
		}
	}
	for _, v := range s.spec.Vocabularies {
		for _, x := range v.Values {
			add(slices.Index(s.names, v.Label.Value), x)
		}
	}
	for _, r := range s.spec.Routes {
		values := make([]string, len(s.names))
		whole := len(s.names) > 0
		for i, n := range s.names {
			v := r.Labels[n]
			if v != "" {
				add(i, v)
			}
			values[i] = Sanitise([]byte(v))
			whole = whole && values[i] != ""
		}
		if whole && !slices.ContainsFunc(s.routes, func(x []string) bool { return slices.Equal(x, values) }) {
			s.routes = append(s.routes, values)
		}
	}
}

// Names returns the names of the route labels in exposition order. The caller must not change it.
func (s *Schema) Names() []string { return s.names }

// Routes returns the declared routes that have a value for every label, as values in the order of
// Names. They are exposed with zeros before their first request. The caller must not change it.
func (s *Schema) Routes() [][]string { return s.routes }

// Closed reports whether the label with that index has a vocabulary, and how many values it holds.
func (s *Schema) Closed(label int) (size int, closed bool) {
	return len(s.vocab[label]), s.vocab[label] != nil
}

// LabelName returns the name of a label by the index that Entry.Overflow holds: those of Names, then
// "frontend" and "backend".
func (s *Schema) LabelName(i int) string {
	switch i - len(s.names) {
	case 0:
		return "frontend"
	case 1:
		return "backend"
	}
	return s.names[i]
}
