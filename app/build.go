package app

import (
	"errors"
	"fmt"
	"slices"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/parser"
)

// plan is what follows from the settings: compiled, checked, and not running yet. serve, check,
// explain and replay all use the same one, so what check says is what serve does.
type plan struct {
	*settings
	sets      []*parser.Set // for each source, or one when there is none
	schemas   []*labels.Schema
	admission *labels.Admission
	table     *metrics.Table
	instances []*haproxy.Instance
}

// build compiles the settings. all makes the parser keep every field, for explain.
func build(s *settings, all bool) (*plan, error) {
	p := &plan{settings: s}
	var problems []error
	formats := make([][]parser.Format, 0, len(s.sources))
	for _, src := range s.sources {
		formats = append(formats, src.formats)
	}
	byText := map[string]*parser.Set{}
	for _, f := range formats {
		key := fmt.Sprint(f)
		set, ok := byText[key]
		if !ok {
			var err error
			if set, err = parser.NewSet(f, parser.SetOptions{All: all}); err != nil {
				problems = append(problems, err)
			}
			byText[key] = set
		}
		p.sets = append(p.sets, set)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	var err error
	if p.schemas, err = labels.BindAny(s.spec, p.sets); err != nil {
		problems = append(problems, err)
	}
	problems = append(problems, p.checkFields())
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	p.sessionsOnly()
	p.admission = labels.NewAdmission(p.schemas[0], labels.Limits{Values: s.conf.Limits.Values, Routes: s.conf.Limits.Routes})
	opt := s.metrics
	opt.Admission = p.admission
	if p.table, err = metrics.NewTable(opt, p.schemas[0]); err != nil {
		return nil, err
	}
	for _, h := range s.haproxies {
		if len(h.socket.Sockets) == 0 && h.socket.MasterSocket == "" {
			p.instances = append(p.instances, nil)
			continue
		}
		in, err := haproxy.NewInstance(h.socket)
		if err != nil {
			problems = append(problems, err)
		}
		p.instances = append(p.instances, in)
	}
	return p, errors.Join(problems...)
}

// checkFields refuses fields of counters and exemplars that the formats of no source have. Those of labels
// are checked where they are bound.
func (p *plan) checkFields() error {
	var problems []error
	check := func(what, field string) {
		var err error
		for _, set := range p.sets {
			if _, err = set.Field(field); err == nil {
				return
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", what, err))
		}
	}
	for _, c := range p.metrics.Counters {
		for _, l := range c.Labels {
			if l.Value != "frontend" && l.Value != "backend" && !slices.Contains(p.spec.Names(), l.Value) { // those and route labels always exist
				check("counter "+c.Name.Value, l.Value)
			}
		}
		for _, w := range c.When {
			check("counter "+c.Name.Value, w.Field)
		}
	}
	if p.metrics.ExemplarField != "" {
		check("exemplars", p.metrics.ExemplarField)
	}
	return errors.Join(problems...)
}

// sessionsOnly warns when labels come from requests and no format prints any.
func (p *plan) sessionsOnly() {
	if len(p.sets) == 0 || slices.ContainsFunc(p.sets, (*parser.Set).HTTP) {
		return
	}
	for _, r := range p.spec.Rules {
		if _, err := p.sets[0].Field(r.From.Value); err != nil {
			p.warnings = append(p.warnings, fmt.Sprintf("labels from %s stay empty: the log formats print TCP sessions, no requests", r.From.Value))
		}
	}
}

// newIngest returns what counts the lines of source i into a shard.
func (p *plan) newIngest(i int, shard *metrics.Shard) (*ingest, error) {
	in, err := newIngest(p.sets[i], p.schemas[i], p.table, shard)
	if err == nil && len(p.haproxies) > 1 && p.sources[i].HAProxy.Value == "" {
		in.byTag(p.sets[i], p.schemas[i], p.table, p.haproxies)
	}
	return in, err
}

// newShard returns the empty counts of source i.
func (p *plan) newShard(i int) *metrics.Shard {
	src := p.sources[i]
	return p.table.NewShard(src.name, p.haproxies[src.haproxy].name)
}
