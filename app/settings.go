package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/haproxy/cfg"
	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/parser"
)

// settings are what flags, the configuration file, haproxy.cfg and the host say together. Flags win
// over the file, the file over haproxy.cfg, and that over what is found on the host.
type settings struct {
	conf      *config.Config
	haproxies []haproxySettings // at least one
	sources   []sourceSettings
	spec      labels.Spec
	metrics   metrics.Options
	stateDir  string
	found     []string // what was found on the host, for the log
	hazards   []hazard
	warnings  []string
}

// hazard is a setting of a HAProxy or of rsyslog that makes lines differ from requests.
type hazard struct {
	haproxy string
	cfg.Hazard
}

// haproxySettings describe one HAProxy.
type haproxySettings struct {
	name   string
	socket haproxy.Options
	tags   []string
	conf   *cfg.Config // nil when no haproxy.cfg is known
}

// sourceSettings describe one source.
type sourceSettings struct {
	config.Source
	name    string
	haproxy int // index of its HAProxy
	formats []parser.Format
}

// resolve puts the settings together. Problems of all inputs are reported at once.
func resolve(o Options) (*settings, error) {
	s := &settings{conf: config.Default()}
	if o.ConfigFile != "" {
		conf, err := config.Load(o.ConfigFile)
		if err != nil {
			return nil, err
		}
		s.conf = conf
	}
	env := s.discover(&o)
	if err := s.conf.Merge(o.Flags); err != nil {
		return nil, err
	}
	var problems []error
	problems = append(problems, s.resolveHAProxies(o, env), s.resolveSources(), s.resolveLabels())
	s.resolveMetrics()
	s.stateDir, _, _ = strings.Cut(s.conf.StateDir, ":") // systemd lists several, separated by colons
	return s, errors.Join(problems...)
}

// discover fills what was not given from the host: a bare command finds haproxy.cfg, the log and the
// sockets by itself. It returns the environment that HAProxy runs with.
func (s *settings) discover(o *Options) func(string) (string, bool) {
	f := &o.Flags
	if len(f.LogPaths) > 0 || len(f.HAProxyConfig) > 0 || len(s.conf.Sources) > 0 || len(s.conf.HAProxies) > 1 {
		return nil
	}
	if len(s.conf.HAProxies) == 1 && len(s.conf.HAProxies[0].Config) > 0 {
		return nil
	}
	root := o.Root
	if root == "" {
		root = "/"
	}
	d := cfg.Discover(root)
	note := func(what string, values ...string) {
		if len(values) > 0 && values[0] != "" {
			s.found = append(s.found, what+" "+strings.Join(values, ", "))
		}
	}
	f.HAProxyConfig, f.LogPaths = d.Config, d.Logs
	note("configuration", d.Config...)
	note("log", d.Logs...)
	if len(f.Sockets) == 0 && f.MasterSocket == "" {
		f.Sockets, f.MasterSocket = d.Sockets, d.MasterSocket
		note("socket", d.Sockets...)
		note("master socket", d.MasterSocket)
	}
	return d.Env
}

// resolveHAProxies reads every haproxy.cfg and settles which sockets are asked.
func (s *settings) resolveHAProxies(o Options, env func(string) (string, bool)) error {
	list := s.conf.HAProxies
	if len(list) == 0 {
		list = []config.HAProxy{{}}
	}
	if env == nil {
		env = os.LookupEnv
	}
	var problems []error
	for i := range list {
		h := &list[i]
		hs := haproxySettings{name: h.Name.Value, tags: values(h.Tags), socket: haproxy.Options{
			Name: h.Name.Value, Sockets: values(h.Sockets), MasterSocket: h.MasterSocket.Value, Timeout: h.Timeout,
			Metrics: haproxy.Metrics(h.Metrics), ExcludeMaint: h.ExcludeMaint, Match: familyFilter(h), Scopes: scopes(h.Scopes)}}
		for _, t := range h.Tables {
			hs.socket.Entries = append(hs.socket.Entries, haproxy.EntriesRequest{Table: t.Name.Value, Top: t.Top})
		}
		if len(h.Config) > 0 {
			conf, err := cfg.Load(cfg.Options{Env: env}, values(h.Config)...)
			if err != nil {
				problems = append(problems, err)
			}
			hs.conf = conf
			s.useHAProxyConfig(&hs)
		}
		s.haproxies = append(s.haproxies, hs)
	}
	root := o.Root
	if root == "" {
		root = "/"
	}
	for _, h := range cfg.RsyslogHazards(root) {
		s.hazards = append(s.hazards, hazard{Hazard: h})
	}
	return errors.Join(problems...)
}

// useHAProxyConfig takes over what haproxy.cfg says and nothing else does.
func (s *settings) useHAProxyConfig(h *haproxySettings) {
	if h.conf == nil {
		return
	}
	if len(h.socket.Sockets) == 0 && h.socket.MasterSocket == "" {
		if sock, ok := cfg.BestSocket(h.conf.Global.Sockets); ok {
			h.socket.Sockets = append(h.socket.Sockets, sock.Address)
		}
	}
	if len(h.tags) == 0 {
		h.tags = h.conf.LogTags()
	}
	for _, z := range h.conf.Hazards() {
		s.hazards = append(s.hazards, hazard{h.name, z})
	}
	for _, w := range h.conf.Warnings {
		s.warnings = append(s.warnings, strings.TrimSpace(diag.List{w}.Error()))
	}
	for _, p := range h.conf.Promex {
		if h.socket.Metrics == haproxy.MetricsAll || h.socket.Metrics == "" {
			s.warnings = append(s.warnings, fmt.Sprintf("%s:%d: HAProxy's own exporter is switched on and has the same names: scrape one of both, or set --haproxy.socket.metrics=none", p.Source, p.Line))
		}
	}
}

// resolveSources gives each source its HAProxy and its formats: its own, else those of haproxy.cfg,
// else the presets that need no configuration.
func (s *settings) resolveSources() error {
	var problems []error
	for _, src := range s.conf.Sources {
		ss := sourceSettings{Source: src, name: src.Path.Value}
		for i := range s.haproxies {
			if s.haproxies[i].name == src.HAProxy.Value && src.HAProxy.Value != "" {
				ss.haproxy = i
			}
		}
		known := s.knownFormats(src.HAProxy.Value, ss.haproxy)
		switch {
		case len(src.Formats) > 0:
			formats, err := namedFormats(src)
			problems = append(problems, err)
			ss.formats = formats
		case len(known) > 0:
			ss.formats = known
		default:
			ss.formats, _ = namedFormats(config.Source{Formats: []config.Text{{Value: "httplog"}, {Value: "httpslog"}, {Value: "tcplog"}}}) // presets always exist
		}
		s.sources = append(s.sources, ss)
	}
	return errors.Join(problems...)
}

// knownFormats are the formats of the HAProxy that writes a source; of all when it is not named.
func (s *settings) knownFormats(name string, index int) []parser.Format {
	var out []parser.Format
	for i, h := range s.haproxies {
		if h.conf != nil && (name == "" || i == index) {
			out = append(out, h.conf.Formats()...)
		}
	}
	return out
}

// namedFormats turns presets and log-format strings into formats.
func namedFormats(src config.Source) ([]parser.Format, error) {
	var out []parser.Format
	var problems diag.List
	for _, t := range src.Formats {
		f := parser.Format{Name: t.Value, Text: t.Value, Captures: src.Captures, ResponseCaptures: src.ResponseCaptures}
		if p, ok := parser.Preset(t.Value); ok {
			f.Text = p
		} else if u, ok := cfg.Unquote(t.Value); ok && compiles(u) {
			// Copied out of haproxy.cfg with its quoting. Backslashes and quotes may also be meant: then both are
			// tried, and each line fits one of them at most.
			quoted := f
			quoted.Text = u
			if out = append(out, quoted); !strings.Contains(t.Value, "log-format") && compiles(t.Value) {
				out = append(out, f)
			}
			continue
		} else if !strings.Contains(t.Value, "%") {
			problems = append(problems, t.Problem("there is no preset of that name", "give "+strings.Join(parser.PresetNames(), ", ")+", or a log-format string"))
			continue
		}
		out = append(out, f)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

func compiles(format string) bool {
	_, err := parser.Compile(format)
	return err == nil
}

// resolveLabels adds the routes that haproxy.cfg declares to what the file says about labels.
func (s *settings) resolveLabels() error {
	s.spec = s.conf.Labels
	var problems []error
	confs := []*cfg.Config{}
	if s.conf.RoutesFromConfigured {
		for _, h := range s.haproxies {
			if h.conf == nil {
				problems = append(problems, errors.New("routes: from: haproxy.cfg needs haproxy: config: or --haproxy.config"))
				continue
			}
			confs = append(confs, h.conf)
		}
	}
	for _, f := range s.conf.RoutesFrom {
		c, err := cfg.Load(cfg.Options{Env: os.LookupEnv}, f.Value)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		confs = append(confs, c)
	}
	for _, c := range confs {
		s.spec.Routes = append(s.spec.Routes, backendRoutes(c, s.spec.Rules)...)
	}
	return errors.Join(append(problems, s.spec.Check())...)
}

// backendRoutes are the routes that the names of backends declare.
func backendRoutes(c *cfg.Config, rules []spec.Rule) []spec.Route {
	var out []spec.Route
	for _, r := range rules {
		if r.From.Value != "backend" || r.Template == nil {
			continue
		}
		for _, b := range c.Backends {
			if v, ok := r.Template.Values(b.Name); ok {
				out = append(out, spec.Route{Labels: v, Backend: b.Name, Place: b.Place})
			}
		}
	}
	return out
}

func (s *settings) resolveMetrics() {
	c := s.conf
	s.metrics = metrics.Options{Buckets: c.Buckets, ExtraHistograms: values(c.Phases), NoNative: !c.NativeHistograms, Only: c.Only, Without: c.Without, Counters: c.Counters,
		SampleLimit: c.Limits.Samples, ValueLimit: c.Limits.Values, IdleTTL: c.SeriesTTL, ThrottledFails: c.ThrottledFails,
		FailStatus: c.FailStatus, ExemplarField: c.Exemplars.Field.Value, ExemplarLabel: c.Exemplars.Label}
	for _, h := range s.haproxies {
		s.metrics.HAProxies = append(s.metrics.HAProxies, h.name)
	}
	s.metrics.SLAs = s.resolveSLAs()
	s.spec.SLAs = nil
	for _, sla := range s.metrics.SLAs {
		s.spec.SLAs = append(s.spec.SLAs, sla.Name)
	}
}

// familyFilter returns which of HAProxy's families are exposed, nil for all.
func familyFilter(h *config.HAProxy) func(string) bool {
	if len(h.Include) == 0 && len(h.Exclude) == 0 {
		return nil
	}
	return func(name string) bool {
		for _, re := range h.Exclude {
			if re.MatchString(name) {
				return false
			}
		}
		for _, re := range h.Include {
			if re.MatchString(name) {
				return true
			}
		}
		return len(h.Include) == 0
	}
}

func values(list []config.Text) []string {
	var out []string
	for _, t := range list {
		out = append(out, t.Value)
	}
	return slices.Clip(out)
}
