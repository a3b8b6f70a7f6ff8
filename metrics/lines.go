package metrics

import (
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// Lines returns the lines read, by source and then by what became of them.
func (c *Cut) Lines() map[string]map[string]uint64 {
	m := map[string]map[string]uint64{}
	c.eachValue(catalogue.LinesTotal, func(s *series, v []uint64) {
		var source, result string
		for _, l := range labelPairs(nil, c.labelText(s)) {
			switch l.GetName() {
			case "source":
				source = l.GetValue()
			case "result":
				result = l.GetValue()
			}
		}
		if m[source] == nil {
			m[source] = map[string]uint64{}
		}
		m[source][result] += v[0]
	})
	return m
}

// FrontendLocal returns the request lines that HAProxy answered itself, by frontend, for one HAProxy (with
// several) or all.
func (c *Cut) FrontendLocal(haproxy string) map[string]uint64 {
	m := map[string]uint64{}
	c.eachValue(catalogue.UnservedTotal, func(s *series, v []uint64) {
		var frontend, reason string
		for _, l := range labelPairs(nil, c.labelText(s)) {
			switch l.GetName() {
			case "frontend":
				frontend = l.GetValue()
			case "reason":
				reason = l.GetValue()
			}
		}
		if reason == "local" && (!c.table.multi || c.prefixes.At(s.prefix).haproxy == haproxy) {
			m[frontend] += v[0]
		}
	})
	return m
}

// SampleLimit returns the largest number of samples that are exposed from the log.
func (t *Table) SampleLimit() int { return t.opt.SampleLimit }

// Rule returns the outcome rule that decided the HTTP request that was recorded last, which is rec.
func (c *Counter) Rule(rec *parser.Record) Rule { return *c.rule(c.resolver.Resolve(rec)) }
