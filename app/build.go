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
			if set, err = parser.NewSet(f, parser.SetOptions{Want: s.wanted(), All: all}); err != nil {
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
		return nil, err
	}
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

// wanted lists the fields that labels, counters and exemplars ask for beside the canonical ones.
func (s *settings) wanted() []string {
	var out []string
	for _, r := range s.spec.Rules {
		out = append(out, r.From.Value)
	}
	for _, c := range s.metrics.Counters {
		for _, l := range c.Labels {
			if !slices.Contains(s.spec.Names(), l.Value) { // route labels are no fields
				out = append(out, l.Value)
			}
		}
		for _, w := range c.When {
			out = append(out, w.Field)
		}
	}
	if s.metrics.ExemplarField != "" {
		out = append(out, s.metrics.ExemplarField)
	}
	return out
}

// newIngest returns what counts the lines of source i into a shard.
func (p *plan) newIngest(i int, shard *metrics.Shard) (*ingest, error) {
	in, err := newIngest(p.sets[i], p.schemas[i], p.table, shard)
	if err == nil && len(p.haproxies) > 1 && p.sources[i].HAProxy.Value == "" {
		err = in.byTag(p.sets[i], p.schemas[i], p.table, p.haproxies)
	}
	return in, err
}

// newShard returns the empty counts of source i.
func (p *plan) newShard(i int) *metrics.Shard {
	src := p.sources[i]
	return p.table.NewShard(src.name, p.haproxies[src.haproxy].name)
}
