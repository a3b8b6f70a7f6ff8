package app

import (
	"cmp"

	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
)

// staticSamples adds what follows from the configuration.
func (p *plan) staticSamples(s *metrics.Samples) {
	for _, sla := range p.settings.metrics.SLAs {
		if sla.Timeout > 0 {
			s.Add(catalogue.SLATimeout, sla.Timeout.Seconds(), sla.Name)
		}
		if within := cmp.Or(sla.Within, sla.Timeout); within > 0 {
			s.Add(catalogue.SLAWithin, within.Seconds(), sla.Name)
		}
		if sla.Objective > 0 {
			s.Add(catalogue.SLAObjective, sla.Objective, sla.Name)
		}
	}
	for _, ts := range metrics.TerminationStates() {
		origin, phase, meaning, _ := metrics.TerminationInfo(ts)
		s.Add(catalogue.TerminationInfo, 1, ts, origin, phase, meaning)
	}
	seen := map[[3]string]bool{}
	for _, h := range p.hazards {
		key := [3]string{h.haproxy, h.Frontend, h.Kind}
		if !seen[key] {
			seen[key] = true
			s.SetHAProxy(h.haproxy)
			s.Add(catalogue.Hazard, 1, h.Frontend, h.Kind)
		}
	}
	s.SetHAProxy("")
}
