package app

import (
	"slices"
	"time"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/haproxy/cfg"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
)

// resolveSLAs settles the classes of service: those of the file; else those that the backends of
// haproxy.cfg show by their names and timeouts; else the three classes of an egress controller.
func (s *settings) resolveSLAs() []metrics.SLA {
	var out []metrics.SLA
	for _, c := range s.conf.SLAs {
		out = append(out, metrics.SLA{Name: c.Name.Value, Timeout: c.Timeout, Within: c.Within, Objective: c.Objective})
	}
	if len(out) > 0 {
		return out
	}
	if out = s.backendSLAs(); len(out) > 0 {
		return out
	}
	return []metrics.SLA{
		{Name: "high", Timeout: 10 * time.Second},
		{Name: "medium", Timeout: 30 * time.Second},
		{Name: "low", Timeout: 5 * time.Minute},
	}
}

// backendSLAs reads the classes off the backends: a class has a timeout when all its backends that
// set a server timeout agree.
func (s *settings) backendSLAs() []metrics.SLA {
	timeouts, order := map[string][]time.Duration{}, []string{}
	for _, h := range s.haproxies {
		if h.conf == nil {
			continue
		}
		for _, b := range h.conf.Backends {
			name := backendSLA(b, s.spec.Rules, s.spec.SLA())
			if name == "" {
				continue
			}
			if _, seen := timeouts[name]; !seen {
				order = append(order, name)
				timeouts[name] = nil
			}
			if t := b.ServerTimeout; t > 0 && !slices.Contains(timeouts[name], t) {
				timeouts[name] = append(timeouts[name], t)
			}
		}
	}
	var out []metrics.SLA
	for _, name := range order {
		sla := metrics.SLA{Name: name}
		if len(timeouts[name]) == 1 {
			sla.Timeout = timeouts[name][0]
		}
		out = append(out, sla)
	}
	return out
}

func backendSLA(b *cfg.Backend, rules []spec.Rule, label string) string {
	for _, r := range rules {
		if r.From.Value != "backend" || r.Template == nil {
			continue
		}
		if v, ok := r.Template.Values(b.Name); ok && v[label] != "" {
			return v[label]
		}
	}
	return ""
}

// scopes turns the words of the configuration, which has checked them, into scopes.
func scopes(words []config.Text) []catalogue.Scope {
	var out []catalogue.Scope
	for _, s := range catalogue.Scopes() {
		if slices.ContainsFunc(words, func(w config.Text) bool { return w.Value == s.String() }) {
			out = append(out, s)
		}
	}
	return out
}
