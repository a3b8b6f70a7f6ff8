package metrics

import (
	"haproxy_log_exporter/metrics/catalogue"
)

// Series that always move together are born together, with their values side by side: a block. The
// counting code then needs one offset for all of them, and a request touches few cache lines.

// item is one series of a block.
type item struct {
	family *family
	label  string // the series' own label text; after the backend's in blocks of a backend
}

// block is the list of series of one kind of block, in the order of their values.
type block struct {
	items []item
	lines int // samples of all of them
}

func (b *block) add(f *family, label string) {
	b.items = append(b.items, item{f, label})
	b.lines += f.lines
}

// layouts holds the blocks and where the counting code finds values in them.
type layouts struct {
	route block // series with the route labels only
	hist  block // histograms of a route's backend
	sla   block // outcomes of a route's backend

	// Offsets in a route block. Phases come in pairs: sum, observations.
	phases, aborts, retries, redispatches, reqBytes, respBytes, failures uint32
	// Offsets in a histogram block.
	duration, response uint32
	zero               uint32 // of the native histogram, inside duration
	extra              []uint32
}

func newLayouts(t *Table) layouts {
	var l layouts
	f := &t.fam
	at := uint32(0)
	for _, p := range catalogue.Phases() {
		l.route.add(f.phaseSeconds, label("phase", p))
		l.route.add(f.phaseObs, label("phase", p))
		at += 2
	}
	l.aborts = at
	for _, p := range catalogue.Phases() {
		l.route.add(f.aborts, label("phase", p))
		at++
	}
	for _, x := range []struct {
		family *family
		at     *uint32
	}{{f.retries, &l.retries}, {f.redispatches, &l.redispatches}, {f.reqBytes, &l.reqBytes}, {f.respBytes, &l.respBytes}} {
		*x.at = at
		l.route.add(x.family, "")
		at++
	}
	l.failures = at
	for _, b := range catalogue.Blames() {
		l.route.add(f.failures, label("blame", b))
	}
	l.route.add(f.routeInfo, "") // last: it has no value

	l.hist.add(f.duration, "")
	l.zero = uint32(t.buckets.width())
	l.response = uint32(f.duration.width)
	l.hist.add(f.response, "")
	at = l.response + uint32(f.response.width)
	for _, p := range f.phases {
		l.extra = append(l.extra, at)
		l.hist.add(p.family, "")
		at += uint32(p.family.width)
	}
	for _, o := range catalogue.Outcomes() {
		l.sla.add(f.sla, label("outcome", o))
	}
	return l
}

func label(name, value string) string { return string(appendLabel(nil, name, value)) }

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

// born returns the offset of the block's values for a prefix and a leading label, 0 when it is not born.
func (t *Table) born(b *block, p uint32, lead string) uint32 {
	first := &b.items[0]
	if i := t.reg.find(first.family, p, join(lead, first.label)); i >= 0 {
		return first.family.series[i].off
	}
	return 0
}

// ensure returns the offset of the block's values and gives birth to it when needed. It returns 0 when
// the limit of samples does not allow that; force overrides the limit. t.mu is held.
func (t *Table) ensure(b *block, p uint32, lead string, force bool) uint32 {
	if off := t.born(b, p, lead); off != 0 {
		return off
	}
	if !force && t.reg.samples-t.idle.hidden+b.lines > t.opt.SampleLimit {
		return 0
	}
	now := t.opt.Now().UnixMilli()
	off := t.reg.next
	for i := range b.items {
		it := &b.items[i]
		t.reg.add(it.family, p, join(lead, it.label), now)
	}
	return off
}

// ensureOne is ensure for a single series.
func (t *Table) ensureOne(f *family, p uint32, suffix string, force bool) uint32 {
	if i := t.reg.find(f, p, suffix); i >= 0 {
		return f.series[i].off
	}
	if !force && t.reg.samples-t.idle.hidden+f.lines > t.opt.SampleLimit {
		return 0
	}
	return t.reg.add(f, p, suffix, t.opt.Now().UnixMilli()).off
}

// routePrefix returns the prefix of a route.
func (t *Table) routePrefix(haproxy string, values []string) uint32 {
	if !t.multi {
		haproxy = ""
	}
	return t.reg.prefix(haproxy, t.multi, t.opt.RouteLabels, values)
}

// namePrefix returns the prefix of series without route labels.
func (t *Table) namePrefix(haproxy string) uint32 {
	if !t.multi {
		return t.plain
	}
	return t.reg.prefix(haproxy, true, nil, nil)
}

// declare gives birth to the routes that the configuration declares, so that their first request is an
// increase. Declared routes are born whatever the limit says: check reports when they do not fit.
func (t *Table) declare() {
	for _, values := range t.schema.Routes() {
		t.Declare("", values)
	}
}

// Declare gives birth to the series of a route and, for each backend that is known to serve it, to its
// outcomes and histograms. haproxy is empty when the route may be used on any HAProxy.
func (t *Table) Declare(haproxy string, values []string, backends ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := []string{haproxy}
	if t.multi && haproxy == "" {
		names = t.opt.HAProxies
	}
	for _, h := range names {
		p := t.routePrefix(h, values)
		t.idle.declared[p] = true
		t.ensure(&t.layout.route, p, "", true)
		for _, b := range backends {
			lead := label("backend", b)
			t.ensure(&t.layout.hist, p, lead, true)
			t.ensure(&t.layout.sla, p, lead, true)
			t.backendInfo(p, b)
		}
	}
}

// backendInfo records that a backend serves a route.
func (t *Table) backendInfo(p uint32, backend string) {
	t.ensureOne(t.fam.backendInfo, p, label("proxy", backend), false)
}
