package app

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

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
	haproxies []haproxySettings // at least one
	sources   []sourceSettings
	spec      labels.Spec
	metrics   metrics.Options
	limits    labels.Limits
	stateDir  string
	fromStart bool
	created   bool
	hash      uint64
	found     []string // what was found on the host, for the log
	hazards   []cfg.Hazard
	promex    []diag.Place
}

// haproxySettings describe one HAProxy.
type haproxySettings struct {
	name    string
	formats []parser.Format
	socket  haproxy.Options
	tags    []string
	conf    *cfg.Config // nil when no haproxy.cfg is known
}

// sourceSettings describe one source.
type sourceSettings struct {
	name      string
	haproxy   int // index of its HAProxy
	formats   []parser.Format
	oldDirs   []string
	fromStart bool
}

// resolve puts the settings together. Problems of all inputs are reported at once.
func resolve(o Options) (*settings, error) {
	s := &settings{}
	var problems []error
	found := s.discover(&o)
	hp := haproxySettings{}
	if len(o.HAProxyConfig) > 0 {
		env := os.LookupEnv
		if found.Env != nil {
			env = found.Env
		}
		conf, err := cfg.Load(cfg.Options{Env: env}, o.HAProxyConfig...)
		if err != nil {
			problems = append(problems, err)
		}
		hp.conf = conf
	}
	formats, err := flagFormats(o.LogFormats)
	if err != nil {
		problems = append(problems, err)
	}
	s.haproxies = []haproxySettings{hp}
	s.fromHAProxyConfig(&o)
	hp = s.haproxies[0]
	switch {
	case len(formats) > 0:
	case len(hp.formats) > 0:
		formats = hp.formats
	default:
		formats, _ = flagFormats([]string{"httplog", "tcplog"}) // presets always exist
	}
	for _, p := range o.LogPaths {
		s.sources = append(s.sources, sourceSettings{name: p, formats: formats, fromStart: o.LogFrom == "start"})
	}
	s.addTemplates("path", "--labels.path", spec.Path, o.LabelsPath)
	s.addTemplates("backend", "--labels.backend", spec.Plain, o.LabelsBackend)
	if err := s.spec.Check(); err != nil {
		problems = append(problems, err)
	}
	s.stateDir, _, _ = strings.Cut(o.StateDir, ":") // systemd lists several, separated by colons
	s.fromStart = o.LogFrom == "start"
	s.limits.Values = o.LimitValues
	s.metrics.SampleLimit, s.metrics.ValueLimit = o.LimitSamples, o.LimitValues
	if s.metrics.SLAs == nil {
		s.metrics.SLAs = defaultSLAs()
	}
	for _, sla := range s.metrics.SLAs {
		s.spec.SLAs = append(s.spec.SLAs, sla.Name)
	}
	s.metrics.HAProxies = s.names()
	return s, errors.Join(problems...)
}

func (s *settings) names() []string {
	var names []string
	for _, h := range s.haproxies {
		names = append(names, h.name)
	}
	return names
}

// defaultSLAs are the timeout classes of an egress controller; the configuration replaces them.
func defaultSLAs() []metrics.SLA {
	return []metrics.SLA{
		{Name: "high", Timeout: 10 * time.Second},
		{Name: "medium", Timeout: 30 * time.Second},
		{Name: "low", Timeout: 5 * time.Minute},
	}
}

// flagFormats turns presets and log-format strings into formats.
func flagFormats(texts []string) ([]parser.Format, error) {
	var out []parser.Format
	var problems []error
	for _, t := range texts {
		f := parser.Format{Name: t, Text: t}
		if p, ok := parser.Preset(t); ok {
			f.Text = p
		} else if !strings.Contains(t, "%") {
			problems = append(problems, fmt.Errorf("--haproxy.log.format=%s: no such preset; there are %s, or give a log-format string", t, strings.Join(parser.PresetNames(), ", ")))
			continue
		}
		out = append(out, f)
	}
	return out, errors.Join(problems...)
}

func (s *settings) addTemplates(from, flag string, kind spec.Kind, texts []string) {
	for _, t := range texts {
		where := diag.Place{Source: flag}
		s.spec.Rules = append(s.spec.Rules, spec.NewRule(spec.Text{Value: from}, spec.Text{Value: t, Place: where}, nil))
	}
	_ = kind // the kind follows from the field
}

// discover fills what was not given from the host: a bare command finds haproxy.cfg, the log and the
// sockets by itself.
func (s *settings) discover(o *Options) cfg.Discovery {
	if len(o.LogPaths) > 0 && (len(o.HAProxyConfig) > 0 || len(o.LogFormats) > 0 || len(o.Sockets) > 0) {
		return cfg.Discovery{}
	}
	if len(o.LogPaths) > 0 || len(o.HAProxyConfig) > 0 {
		return cfg.Discovery{}
	}
	root := o.Root
	if root == "" {
		root = "/"
	}
	d := cfg.Discover(root)
	note := func(what string, values []string) {
		if len(values) > 0 {
			s.found = append(s.found, what+" "+strings.Join(values, ", "))
		}
	}
	if len(d.Config) > 0 {
		o.HAProxyConfig = d.Config
		note("configuration", d.Config)
	}
	o.LogPaths = d.Logs
	note("log", d.Logs)
	if len(o.Sockets) == 0 && o.MasterSocket == "" {
		o.Sockets, o.MasterSocket = d.Sockets, d.MasterSocket
		note("socket", d.Sockets)
	}
	return d
}

// fromHAProxyConfig takes over what haproxy.cfg says and flags do not.
func (s *settings) fromHAProxyConfig(o *Options) {
	h := &s.haproxies[0]
	h.socket = haproxy.Options{Name: h.name, Sockets: o.Sockets, MasterSocket: o.MasterSocket, Metrics: haproxy.Metrics(o.SocketMetrics)}
	if h.conf == nil {
		return
	}
	h.formats = h.conf.Formats()
	if len(h.formats) > 0 && !slices.ContainsFunc(h.formats, func(f parser.Format) bool { return f.Text == "" }) {
		s.hazards = append(s.hazards, h.conf.Hazards()...)
	}
	if len(o.Sockets) == 0 && o.MasterSocket == "" {
		for _, sock := range h.conf.Global.Sockets {
			if sock.Address != "" {
				h.socket.Sockets = append(h.socket.Sockets, sock.Address)
			}
		}
	}
	h.tags = h.conf.LogTags()
	s.promex = append(s.promex, h.conf.Promex...)
}
