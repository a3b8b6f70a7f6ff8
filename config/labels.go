package config

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
)

// labels decodes everything that becomes the spec of the route labels. Maps that override come before
// the templates, others after them.
func (d *decoder) labels(o object, c *Config) {
	var templates, before, after []spec.Rule
	for _, n := range o.list("labels") {
		e, ok := d.object(n, "labels[]")
		if !ok {
			continue
		}
		if !e.has("from") {
			d.problem(n, "labels from where?", "from: path, backend, frontend, server, host, or a field of the log-format")
		}
		if !e.has("template") {
			d.problem(n, "a source of labels without a template", "template: '{client}' takes the whole value")
		}
		if e.str("from") != "" && e.str("template") != "" {
			templates = append(templates, spec.NewRule(e.text("from"), e.text("template"), nil))
		}
	}
	for _, n := range o.list("maps") {
		e, ok := d.object(n, "maps[]")
		if !ok {
			continue
		}
		if r, ok := d.labelMap(n, e); ok && e.bool("override") {
			before = append(before, r)
		} else if ok {
			after = append(after, r)
		}
	}
	c.Labels.Rules = slices.Concat(before, templates, after)
	c.Labels.SLALabel = o.str("sla_label")
	d.vocabularies(o, c)
	d.routes(o, c)
}

func (d *decoder) labelMap(n *yaml.Node, e object) (spec.Rule, bool) {
	for _, k := range []string{"field", "file"} {
		if !e.has(k) {
			d.problem(n, "a map without "+k+":", "field: what is looked up, file: the map")
			return spec.Rule{}, false
		}
	}
	template, ok := e.text("template"), false
	to := e.texts("to")
	switch {
	case e.has("to") && e.has("template"):
		d.problem(e.keys["template"], "to and template at once", "to: takes the words of the value, template: takes it apart")
		return spec.Rule{}, false
	case e.has("template"):
	case len(to) == 0:
		d.problem(n, "a map that gives no label", "to: [client, client_env]")
		return spec.Rule{}, false
	default:
		if template, ok = d.words(to); !ok {
			return spec.Rule{}, false
		}
	}
	e.choice("match")
	m := &spec.Map{File: Text{Value: e.str("file"), Place: e.text("file").Place}, Match: e.text("match")}
	path, data, ok := d.read(e, "file")
	if !ok || !slices.Contains(spec.MatchMethods(), m.Match.Value) {
		return spec.Rule{}, false
	}
	m.File.Value, m.Data = path, data
	return spec.NewRule(e.text("field"), template, m), true
}

// words is the template that gives one label the whole value, or several labels a word each.
func (d *decoder) words(to []Text) (Text, bool) {
	before := len(d.problems)
	t := Text{Place: diag.Place{Source: d.name}}
	for i, l := range to {
		if p := spec.CheckName(l.Value); p != nil {
			d.problems.Add(l.Problem(p.Msg, p.Hint))
		}
		switch {
		case len(to) == 1:
			t.Value = "{" + l.Value + "}"
		case i == 0:
			t.Value = "{" + l.Value + `:\S+}`
		default:
			t.Value += `{:\s+}{` + l.Value + `:\S+}`
		}
	}
	if len(to) > 1 {
		t.Value += `[{:\s+}{rest...}]`
	}
	return t, len(d.problems) == before
}

// read reads a file that the configuration names.
func (d *decoder) read(e object, name string) (path string, data []byte, ok bool) {
	path = e.str(name)
	if path == "" {
		return "", nil, false
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.dir, path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		d.problem(e.values[name], "cannot read "+path+": "+reason(err), "")
		return path, nil, false
	}
	d.hash.Write(data)
	return path, data, true
}

func (d *decoder) vocabularies(o object, c *Config) {
	n := o.values["vocabularies"]
	if n == nil {
		return
	}
	pairs, _ := d.pairs(n, "vocabularies")
	for _, p := range pairs {
		before := len(d.problems)
		v := spec.Vocabulary{Label: d.scalar(p[0], "a label's name")}
		if p[1].Kind == yaml.MappingNode {
			e, _ := d.named(p[1], "vocabularies.<label>", "vocabularies."+v.Label.Value)
			v.Values = e.strings("values")
			if e.has("file") {
				if _, data, ok := d.read(e, "file"); ok {
					v.Values = append(v.Values, listed(data)...)
				}
			}
		} else {
			v.Values = values(d.texts(p[1], "vocabularies."+v.Label.Value))
		}
		if len(d.problems) == before {
			c.Labels.Vocabularies = append(c.Labels.Vocabularies, v)
		}
	}
}

// listed returns the lines of a vocabulary file, without comments and blanks around them.
func listed(data []byte) []string {
	var out []string
	for l := range bytes.Lines(data) {
		s := strings.TrimSpace(string(l))
		if s != "" && s[0] != '#' {
			out = append(out, s)
		}
	}
	return out
}

func (d *decoder) routes(o object, c *Config) {
	n := o.values["routes"]
	if n == nil {
		return
	}
	if n.Kind == yaml.MappingNode {
		e, _ := d.object(n, "routes")
		for _, t := range e.texts("from") {
			if t.Value == "haproxy.cfg" {
				c.RoutesFromConfigured = true
				continue
			}
			if !filepath.IsAbs(t.Value) {
				t.Value = filepath.Join(d.dir, t.Value)
			}
			c.RoutesFrom = append(c.RoutesFrom, t)
		}
		if !e.has("from") {
			d.problem(n, "routes from where?", "from: haproxy.cfg, or a list of routes")
		}
		return
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		d.wrong(n, "routes", "a list of routes, or a mapping with from", "routes: {from: "+n.Value+"}")
		return
	}
	for _, r := range o.list("routes") {
		pairs, ok := d.pairs(r, "a route")
		if !ok {
			continue
		}
		route := spec.Route{Labels: map[string]string{}, Place: d.place(r)}
		for _, p := range pairs {
			route.Labels[p[0].Value] = d.scalar(p[1], "the route's "+p[0].Value).Value
		}
		c.Labels.Routes = append(c.Labels.Routes, route)
	}
}

// Phases returns the words that histograms.phases accepts: the timers of a request in their order.
func Phases() []string {
	return []string{"handshake", "idle", "request", "queue", "connect", "response", "data"}
}

// maxBuckets bounds the size of every histogram.
const maxBuckets = 100

func (d *decoder) histograms(o object, c *Config) {
	e := d.section(o, "histograms")
	c.Phases, c.NativeHistograms = e.texts("phases"), e.bool("native")
	for _, p := range c.Phases {
		if !slices.Contains(Phases(), p.Value) {
			d.problems.Add(p.Problem("unknown phase "+p.Value, diag.DidYouMean(p.Value, Phases())))
		}
	}
	last := 0.0
	for i, n := range e.list("buckets") {
		v, ok := d.number(n, "a bucket's bound")
		switch {
		case !ok:
			continue
		case v <= last:
			d.problem(n, "bounds rise from bucket to bucket, and are longer than 0", "")
		case v*1000 != math.Round(v*1000):
			d.problem(n, "HAProxy measures whole milliseconds", "for example 0.005")
		case i == maxBuckets:
			d.problem(n, "more than 100 buckets", "every route has each of them, several times")
		}
		last = v
		c.Buckets = append(c.Buckets, v)
	}
}

func (d *decoder) outcomes(o object, c *Config) {
	e := d.section(o, "outcomes")
	c.ThrottledFails = e.bool("throttled_fails")
	for _, n := range e.list("fail_status") {
		c.FailStatus = append(c.FailStatus, d.integer(n, "a status code", 100, 499))
	}
}

func (d *decoder) exemplars(o object, c *Config) {
	e := d.section(o, "exemplars")
	c.Exemplars = Exemplars{Field: e.text("field"), Label: e.str("label")}
	if o.has("exemplars") && !e.has("field") {
		d.problem(o.keys["exemplars"], "exemplars without a field", "field: unique_id, or a capture")
	}
	if l := c.Exemplars.Label; e.has("label") && !spec.ValidName(l) {
		d.problem(e.values["label"], l+" is not a label name", "letters, digits and underscores; no digit first")
	}
}
