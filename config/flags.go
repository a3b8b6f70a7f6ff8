package config

import (
	"slices"
	"time"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
)

// Flags are the settings that the command line can give. Zero values mean "not given".
type Flags struct {
	LogPaths        []string
	LogFormats      []string
	LogFrom         string
	HAProxyConfig   []string
	Sockets         []string
	MasterSocket    string
	SocketMetrics   string
	LabelsPath      []string
	LabelsBackend   []string
	StateDir        string
	LimitSamples    int
	LimitValues     int
	TelemetryPath   string
	CatchUpTimeout  time.Duration
	EnableLifecycle bool
	EnablePprof     bool
	StatusSamples   bool
}

// Merge applies the flags, which win over the file. Flags about sources replace the file's list of
// sources, formats and starting points; flags about a HAProxy replace those of the only one; templates
// replace those of the same field. The error is a diag.List. After an error c must not be used.
func (c *Config) Merge(f Flags) error {
	var l diag.List
	c.mergeSources(f)
	l = append(l, c.mergeHAProxy(f)...)
	c.mergeLabels(f)
	set(&c.StateDir, f.StateDir)
	set(&c.Web.TelemetryPath, f.TelemetryPath)
	set(&c.Web.CatchUpTimeout, f.CatchUpTimeout)
	c.Web.EnableLifecycle = c.Web.EnableLifecycle || f.EnableLifecycle
	c.Web.EnablePprof = c.Web.EnablePprof || f.EnablePprof
	c.Web.StatusSamples = c.Web.StatusSamples || f.StatusSamples
	set(&c.Limits.Samples, f.LimitSamples)
	set(&c.Limits.Values, f.LimitValues)
	for flag, v := range map[string]int{"--limits.samples": f.LimitSamples, "--limits.values": f.LimitValues} {
		if v < 0 {
			l.Addf(flag, "must be positive")
		}
	}
	if p := f.TelemetryPath; p != "" && p[0] != '/' {
		l.Add(diag.Problem{Source: "--web.telemetry-path", Msg: "a path begins with /", Hint: "/" + p})
	}
	l.Append("labels", c.Labels.Check())
	return l.Err()
}

func set[T comparable](dst *T, v T) {
	var zero T
	if v != zero {
		*dst = v
	}
}

// flagTexts are values whose place is the flag itself.
func flagTexts(flag string, vs []string) []Text {
	out := make([]Text, 0, len(vs))
	for _, v := range vs {
		out = append(out, Text{Value: v, Place: diag.Place{Source: flag}})
	}
	return out
}

func (c *Config) mergeSources(f Flags) {
	if len(f.LogPaths) > 0 {
		c.Sources = nil
		for _, t := range flagTexts("--haproxy.log.path", f.LogPaths) {
			if !slices.ContainsFunc(c.Sources, func(s Source) bool { return s.Path.Value == t.Value }) {
				c.Sources = append(c.Sources, NewSource(t))
			}
		}
	}
	for i := range c.Sources {
		s := &c.Sources[i]
		set(&s.From, f.LogFrom)
		if len(f.LogFormats) > 0 {
			s.Formats = flagTexts("--haproxy.log.format", f.LogFormats)
			s.Captures, s.ResponseCaptures = nil, nil
		}
	}
}

// NewSource returns a source with the defaults of the file, for paths from flags or discovery. Formats
// and the starting point of flags have to be merged after it is added to Sources.
func NewSource(path Text) Source {
	d := &decoder{}
	o := object{d: d, path: "sources[]", shown: "sources[]"}
	return Source{Path: path, From: o.choice("from"), Archives: o.bool("archives"), MaxLine: o.integer("max_line", 0, 0)}
}

func (c *Config) mergeHAProxy(f Flags) diag.List {
	var l diag.List
	h := &c.HAProxies[0]
	for _, x := range []struct {
		flag  string
		given bool
		apply func()
	}{
		{"--haproxy.config", len(f.HAProxyConfig) > 0, func() { h.Config = flagTexts("--haproxy.config", f.HAProxyConfig) }},
		{"--haproxy.socket", len(f.Sockets) > 0, func() { h.Sockets = flagTexts("--haproxy.socket", f.Sockets) }},
		{"--haproxy.master-socket", f.MasterSocket != "", func() { h.MasterSocket = flagTexts("--haproxy.master-socket", []string{f.MasterSocket})[0] }},
	} {
		switch {
		case !x.given:
		case len(c.HAProxies) > 1:
			l.Add(diag.Problem{Source: x.flag, Msg: "several HAProxys are configured: which one is meant?", Hint: "set it in the list haproxies of " + c.File})
		default:
			x.apply()
		}
	}
	d := &decoder{}
	for _, t := range h.Sockets {
		if t.Place.Source == "--haproxy.socket" {
			d.socket(t)
		}
	}
	if h.MasterSocket.Place.Source == "--haproxy.master-socket" {
		d.socket(h.MasterSocket)
	}
	for i := range c.HAProxies {
		set(&c.HAProxies[i].Metrics, f.SocketMetrics)
	}
	return append(l, d.problems...)
}

// mergeLabels puts the templates of the flags first, path before backend, and drops those of the file
// for the same field.
func (c *Config) mergeLabels(f Flags) {
	var rules []spec.Rule
	for _, x := range []struct {
		flag, from string
		templates  []string
	}{{"--labels.path", "path", f.LabelsPath}, {"--labels.backend", "backend", f.LabelsBackend}} {
		if len(x.templates) == 0 {
			continue
		}
		for _, t := range flagTexts(x.flag, x.templates) {
			rules = append(rules, spec.NewRule(Text{Value: x.from, Place: diag.Place{Source: x.flag}}, t, nil))
		}
		c.Labels.Rules = slices.DeleteFunc(c.Labels.Rules, func(r spec.Rule) bool { return r.Map == nil && r.From.Value == x.from })
	}
	c.Labels.Rules = append(rules, c.Labels.Rules...)
}
