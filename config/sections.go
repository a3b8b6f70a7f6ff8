package config

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
)

// file decodes the whole file into c.
func (d *decoder) file(root *yaml.Node, c *Config) {
	o, _ := d.object(root, "")
	d.haproxies(o, c)
	d.sources(o, c)
	d.labels(o, c)
	d.slas(o, c)
	d.counters(o, c)
	m := d.section(o, "metrics")
	c.Only, c.Without = m.texts("only"), m.texts("without")
	d.histograms(o, c)
	d.outcomes(o, c)
	d.exemplars(o, c)
	d.limits(o, c)
	c.SeriesTTL = o.duration("series_ttl")
	c.CreatedTimestamps = o.bool("created_timestamps")
	c.StateDir = d.section(o, "state").str("dir")
	d.web(o, c)
	if err := c.Labels.Check(); err != nil {
		d.problems.Append(d.name, err)
	}
}

// section returns the mapping under a key, an empty one when the key is missing.
func (d *decoder) section(o object, name string) object {
	if n := o.values[name]; n != nil {
		s, _ := d.object(n, o.full(name))
		return s
	}
	return object{d: d, path: join(o.path, name), shown: o.full(name)}
}

func (d *decoder) haproxies(o object, c *Config) {
	if o.has("haproxy") && o.has("haproxies") {
		d.problem(o.keys["haproxies"], "haproxy and haproxies at once", "move the one under haproxy into the list")
	}
	if !o.has("haproxies") {
		c.HAProxies = []HAProxy{d.haproxy(d.section(o, "haproxy"))}
		return
	}
	names := map[string]bool{}
	list := o.list("haproxies")
	for _, n := range list {
		e, ok := d.object(n, "haproxies[]")
		if !ok {
			continue
		}
		h := d.haproxy(e)
		h.Name, h.Tags = e.text("name"), e.texts("tag")
		switch {
		case h.Name.Value == "" && !e.has("name"):
			d.problem(n, "a HAProxy without a name", "name: is the value of the label haproxy")
		case names[h.Name.Value]:
			d.problem(e.values["name"], "second HAProxy with the name "+h.Name.Value, "")
		}
		names[h.Name.Value] = true
		c.HAProxies = append(c.HAProxies, h)
	}
	if len(list) == 0 {
		d.problem(o.keys["haproxies"], "haproxies is empty", "leave the key out")
	}
}

// Scopes returns the words that scopes: accepts.
func Scopes() []string {
	return []string{"process", "frontend", "backend", "server", "listener", "sticktable", "resolver"}
}

func (d *decoder) haproxy(o object) HAProxy {
	h := HAProxy{
		Config: o.texts("config"), Sockets: o.texts("sockets"), MasterSocket: o.text("master_socket"),
		Metrics: o.choice("metrics"), Timeout: o.positive("timeout"), Scopes: o.texts("scopes"),
		Include: o.expressions("include"), Exclude: o.expressions("exclude"), ExcludeMaint: o.bool("exclude_maint"),
	}
	for _, s := range h.Scopes {
		if !slices.Contains(Scopes(), s.Value) {
			d.problems.Add(s.Problem("unknown scope "+s.Value, diag.DidYouMean(s.Value, Scopes())))
		}
	}
	for _, s := range h.Sockets {
		d.socket(s)
	}
	if h.MasterSocket.Value != "" {
		d.socket(h.MasterSocket)
	}
	for _, n := range o.list("tables") {
		e, ok := d.object(n, o.full("tables[]"))
		if !ok {
			continue
		}
		t := Table{Name: e.text("name"), Top: e.integer("top", 1, 100)}
		if !e.has("name") {
			d.problem(n, "a stick table without a name", "")
		}
		h.Tables = append(h.Tables, t)
	}
	return h
}

// socket checks the shape of an address: a path, unix:/path, tcp:host:port.
func (d *decoder) socket(t Text) {
	v := t.Value
	switch {
	case strings.HasPrefix(v, "/"), strings.HasPrefix(v, "unix:/"), strings.HasPrefix(v, "unix@/"):
		return
	case strings.HasPrefix(v, "tcp:"), strings.HasPrefix(v, "tcp@"), strings.HasPrefix(v, "ipv4@"), strings.HasPrefix(v, "ipv6@"):
		if i := strings.LastIndexByte(v, ':'); i > 4 && i < len(v)-1 && strings.Trim(v[i+1:], "0123456789") == "" {
			return
		}
		d.problems.Add(t.Problem(v+" has no port", "tcp:host:port"))
		return
	}
	d.problems.Add(t.Problem(v+" is not the address of a socket", "unix:/path or tcp:host:port"))
}

func (d *decoder) sources(o object, c *Config) {
	seen := map[string]int{}
	var names []string
	for _, h := range c.HAProxies {
		names = append(names, h.Name.Value)
	}
	for _, n := range o.list("sources") {
		e, ok := d.object(n, "sources[]")
		if !ok {
			continue
		}
		s := Source{
			Path: e.text("path"), From: e.choice("from"), Formats: e.texts("format"), Captures: e.strings("captures"),
			ResponseCaptures: e.strings("response_captures"), HAProxy: e.text("haproxy"), OldDirs: e.strings("old_dirs"),
			Archives: e.bool("archives"), MaxLine: e.integer("max_line", 1024, 1<<28-1),
		}
		switch {
		case !e.has("path"):
			d.problem(n, "a source without a path", "path: a file, a glob, - or a syslog URL")
		case s.Path.Value != "" && seen[s.Path.Value] > 0:
			d.problem(e.values["path"], "second source with the path "+s.Path.Value, "each line would be counted twice")
		}
		seen[s.Path.Value]++
		if h := s.HAProxy.Value; h != "" && !slices.Contains(names, h) {
			d.problem(e.values["haproxy"], "no HAProxy has the name "+h, diag.DidYouMean(h, names))
		}
		c.Sources = append(c.Sources, s)
	}
}

func (d *decoder) slas(o object, c *Config) {
	n := o.values["slas"]
	if n == nil {
		return
	}
	pairs, _ := d.pairs(n, "slas")
	for _, p := range pairs {
		name := d.scalar(p[0], "an SLA's name")
		e, ok := d.named(p[1], "slas.<name>", "slas."+name.Value)
		if !ok {
			continue
		}
		s := SLA{Name: name, Timeout: e.positive("timeout")}
		if s.Within = s.Timeout; e.has("within") {
			s.Within = e.positive("within")
		}
		if s.Timeout > 0 && s.Within > s.Timeout {
			d.problem(e.values["within"], "within is longer than the timeout: HAProxy gives up before", "")
		}
		s.Objective = d.objective(e)
		c.SLAs = append(c.SLAs, s)
		c.Labels.SLAs = append(c.Labels.SLAs, name.Value)
	}
}

func (d *decoder) objective(e object) float64 {
	v, ok := e.number("objective")
	switch {
	case !ok:
		return 0
	case v <= 0 || v >= 100:
		d.problem(e.values["objective"], "an objective lies between 0 and 1", "0.999 for 99.9 %")
	case v >= 1:
		d.problem(e.values["objective"], "an objective lies between 0 and 1", "divide by 100: 0.999 for 99.9 %")
	default:
		return v
	}
	return 0
}

func (d *decoder) counters(o object, c *Config) {
	seen := map[string]bool{}
	for _, n := range o.list("counters") {
		e, ok := d.object(n, "counters[]")
		if !ok {
			continue
		}
		x := spec.Counter{Name: e.text("name"), Help: e.str("help"), Labels: e.texts("labels")}
		switch name := x.Name.Value; {
		case !e.has("name"):
			d.problem(n, "a counter without a name", "name: tls_requests gives haproxy_log_tls_requests_total")
		case name != "" && !spec.ValidName(name):
			d.problem(e.values["name"], name+" cannot be part of a metric's name", "letters, digits and underscores")
		case seen[name]:
			d.problem(e.values["name"], "second counter with the name "+name, "")
		}
		seen[x.Name.Value] = true
		for _, w := range e.texts("when") {
			cond, err := spec.ParseCondition(w)
			d.problems.Append(d.name, err)
			x.When = append(x.When, cond)
		}
		c.Counters = append(c.Counters, x)
	}
}

func (d *decoder) limits(o object, c *Config) {
	e := d.section(o, "limits")
	c.Limits = Limits{Samples: e.integer("samples", 1000, 100_000_000), Values: e.integer("values", 1, 1_000_000), Routes: e.integer("routes", 1, 10_000_000)}
}

func (d *decoder) web(o object, c *Config) {
	e := d.section(o, "web")
	c.Web = Web{
		TelemetryPath: e.str("telemetry_path"), CatchUpTimeout: e.duration("catch_up_timeout"), EnableLifecycle: e.bool("enable_lifecycle"),
		EnablePprof: e.bool("enable_pprof"), StatusSamples: e.bool("status_samples"),
	}
	if p := c.Web.TelemetryPath; e.has("telemetry_path") && p != "" && !strings.HasPrefix(p, "/") {
		d.problem(e.values["telemetry_path"], "a path begins with /", "/"+p)
	}
	if e.has("catch_up_timeout") && c.Web.CatchUpTimeout > 24*time.Hour {
		d.problem(e.values["catch_up_timeout"], "more than a day without the log's metrics", "at most 24h")
	}
}
