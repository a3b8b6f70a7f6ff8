package haproxy

import (
	"cmp"
	"math"
	"slices"

	"haproxy_log_exporter/metrics/catalogue"
)

// objectsOf returns the objects of every scope after a commit: first those of the newest worker, in its order,
// then those that only others have, sorted. It is empty when no worker answered.
func (a *accumulator) objectsOf() map[catalogue.Scope][]Object {
	out := map[catalogue.Scope][]Object{}
	answered := a.sorted(func(w *worker) bool { return w.answered })
	if len(answered) == 0 {
		return out
	}
	done := make(map[objectKey]bool, len(a.objects))
	add := func(k objectKey) {
		if o := a.objects[k]; o != nil && !done[k] {
			done[k] = true
			out[k.scope] = append(out[k.scope], a.object(k, o))
		}
	}
	add(objectKey{scope: catalogue.ScopeProcess})
	for _, rows := range [][]Row{answered[0].reply.rows, answered[0].reply.resolvers} {
		for i := range rows {
			add(objectKey{rows[i].Scope, rows[i].Proxy, rows[i].Name})
		}
	}
	var rest []objectKey
	for k := range a.objects {
		if !done[k] {
			rest = append(rest, k)
		}
	}
	slices.SortFunc(rest, func(x, y objectKey) int {
		return cmp.Or(cmp.Compare(x.scope, y.scope), cmp.Compare(x.proxy, y.proxy), cmp.Compare(x.name, y.name))
	})
	for _, k := range rest {
		add(k)
	}
	countServers(out)
	return out
}

// object merges the parts of one object.
func (a *accumulator) object(k objectKey, o *object) Object {
	fields := a.schema.fields[k.scope]
	out := Object{Scope: k.scope, Proxy: k.proxy, Name: k.name, Values: nans(len(fields)), fields: fields}
	fresh := make([]*part, 0, len(o.parts))
	for _, p := range o.parts {
		if p.row != nil && p.w.live {
			fresh = append(fresh, p)
		}
	}
	var newest *Row
	if len(fresh) > 0 {
		best := slices.MinFunc(fresh, func(x, y *part) int { return cmp.Compare(x.w.rank, y.w.rank) })
		newest = best.row
		out.Status, out.Check, out.Agent = newest.Status, newest.Check, newest.Agent
	}
	for i := range fields {
		if monotonic(&fields[i]) {
			out.Values[i] = o.sum(i)
		} else {
			out.Values[i] = merge(fields[i].Aggregate, fresh, newest, i)
		}
	}
	return out
}

// sum is the value of a monotonic field, NaN when no worker has ever had one.
func (o *object) sum(f int) float64 {
	total, any := 0.0, false
	if o.base != nil {
		total, any = o.base[f], o.base[f] != 0
	}
	for _, p := range o.parts {
		any = any || !math.IsNaN(p.last[f])
		total += p.amount(f)
	}
	if !any {
		return math.NaN()
	}
	return total
}

// merge makes one value of those of living workers.
func merge(how catalogue.Aggregate, fresh []*part, newest *Row, f int) float64 {
	if how == catalogue.Newest {
		if newest == nil {
			return math.NaN()
		}
		return newest.Values[f]
	}
	out := math.NaN()
	for _, p := range fresh {
		v := p.row.Values[f]
		switch {
		case math.IsNaN(v):
		case math.IsNaN(out):
			out = v
		case how == catalogue.Sum:
			out += v
		case how == catalogue.Max:
			out = max(out, v)
		case how == catalogue.Recent && v >= 0:
			if out < 0 || v < out {
				out = v
			}
		}
	}
	return out
}

// countServers fills the counts of servers by state into the backends, as HAProxy's exporter has them:
// every server of the backend counts, also those in maintenance.
func countServers(objects map[catalogue.Scope][]Object) {
	backends := make(map[string]*Object, len(objects[catalogue.ScopeBackend]))
	for i := range objects[catalogue.ScopeBackend] {
		b := &objects[catalogue.ScopeBackend][i]
		backends[b.Proxy] = b
	}
	states, checks := catalogue.KindServerStates.States(), catalogue.KindCheckStates.States()
	for i := range objects[catalogue.ScopeServer] {
		s := &objects[catalogue.ScopeServer][i]
		b := backends[s.Proxy]
		if b == nil || s.Status == "" {
			continue
		}
		if b.ServerStates == nil {
			b.ServerStates, b.CheckStates = make([]int, len(states)), make([]int, len(checks))
		}
		if at := slices.Index(states, StateOf(catalogue.KindServerStates, s.Status)); at >= 0 {
			b.ServerStates[at]++
		}
		if at := slices.Index(checks, StateOf(catalogue.KindCheckStates, s.Check)); at >= 0 {
			b.CheckStates[at]++
		}
	}
}
