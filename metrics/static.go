package metrics

import "haproxy_log_exporter/metrics/catalogue"

// StaticSamples adds what follows from the configuration alone: the SLAs and what termination states mean.
func (t *Table) StaticSamples(s *Samples) {
	for _, a := range t.opt.SLAs {
		if a.Timeout > 0 {
			s.Add(catalogue.SLATimeout, a.Timeout.Seconds(), a.Name)
		}
		if w := withinMS(a); w > 0 {
			s.Add(catalogue.SLAWithin, float64(w)/1000, a.Name)
		}
		if a.Objective > 0 {
			s.Add(catalogue.SLAObjective, a.Objective, a.Name)
		}
	}
	for _, state := range TerminationStates() {
		if origin, phase, meaning, ok := TerminationInfo(state); ok {
			s.Add(catalogue.TerminationInfo, 1, state, origin, phase, meaning)
		}
	}
}
