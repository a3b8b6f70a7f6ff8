package metrics

import (
	"haproxy_log_exporter/metrics/catalogue"
)

// Series that always move together are born together, with their values side by side: a block. The
// counting code then needs one offset for all of them, and a request touches few cache lines.

// item is one series of a block.
type item struct {
	family *family
	label  string // label text after the prefix
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
	route   block // of a route's prefix: series with the route labels only
	backend block // of a route's and backend's prefix: outcomes, then histograms

	// Offsets in a route block. Phases come in pairs: sum, observations. The four of every request are
	// first and fill a cache line, sizes begin the next one.
	phases                                                       [numPhases]uint32
	aborts, retries, redispatches, reqBytes, respBytes, failures uint32
	// Offsets in a backend block. Outcomes are first.
	duration, response uint32
	zero               uint32 // of the native histogram
	extra              []uint32
}

func newLayouts(t *Table) layouts {
	var l layouts
	f := &t.fam
	at := uint32(0)
	route := func(family *family, label string) uint32 {
		l.route.add(family, label)
		at++
		return at - 1
	}
	phases := catalogue.Phases()
	pair := func(phase int) {
		l.phases[phase] = route(f.phaseSeconds, label("phase", phases[phase]))
		route(f.phaseObs, label("phase", phases[phase]))
	}
	for _, p := range []int{phaseRequest, phaseQueue, phaseConnect, phaseResponse} {
		pair(p)
	}
	l.respBytes, l.reqBytes = route(f.respBytes, ""), route(f.reqBytes, "")
	for _, p := range []int{phaseHandshake, phaseIdle, phaseData} {
		pair(p)
	}
	l.aborts = at
	for _, p := range phases {
		route(f.aborts, label("phase", p))
	}
	l.retries, l.redispatches = route(f.retries, ""), route(f.redispatches, "")
	l.failures = at
	for _, b := range catalogue.Blames() {
		route(f.failures, label("blame", b))
	}
	l.route.add(f.routeInfo, "") // last: it has no value

	for _, o := range catalogue.Outcomes() {
		l.backend.add(f.sla, label("outcome", o))
	}
	l.duration = uint32(len(l.backend.items))
	l.zero = l.duration + uint32(t.buckets.width())
	at = l.duration
	for _, h := range append([]*family{f.duration, f.response}, f.extra()...) {
		if h == f.response {
			l.response = at
		} else if h != f.duration {
			l.extra = append(l.extra, at)
		}
		l.backend.add(h, "")
		at += uint32(h.width)
	}
	return l
}

func (h *hotFamilies) extra() []*family {
	var l []*family
	for _, p := range h.phases {
		l = append(l, p.family)
	}
	return l
}

// label returns the text of one label.
func label(name, value string) string { return string(appendLabel(nil, name, value)) }

// labelsOf returns the text of labels given as names and values in turn.
func labelsOf(namesAndValues ...string) []byte {
	var b []byte
	for i := 0; i < len(namesAndValues); i += 2 {
		b = appendLabel(b, namesAndValues[i], namesAndValues[i+1])
	}
	return b
}

// born returns the offset of the block's values for a prefix, 0 when it is not born.
func (t *Table) born(b *block, p uint32) uint32 {
	first := &b.items[0]
	if i := t.reg.find(first.family, p, first.label); i >= 0 {
		return first.family.series[i].off
	}
	return 0
}

// room reports whether the limit allows so many samples more.
func (t *Table) room(lines int) bool { return t.reg.samples-t.idle.hidden+lines <= t.opt.SampleLimit }

// ensure returns the offset of the block's values and gives birth to it when needed. It returns 0 when
// the limit of samples does not allow that; force overrides the limit. t.mu is held.
func (t *Table) ensure(b *block, p uint32, force bool) uint32 {
	if off := t.born(b, p); off != 0 {
		return off
	}
	if !force && !t.room(b.lines) {
		return 0
	}
	now := t.opt.Now().UnixMilli()
	t.reg.align()
	off := t.reg.next
	for i := range b.items {
		t.reg.add(b.items[i].family, p, b.items[i].label, now)
	}
	return off
}

// ensureOne is ensure for a single series.
func (t *Table) ensureOne(f *family, p uint32, suffix string, force bool) uint32 {
	if i := t.reg.find(f, p, suffix); i >= 0 {
		return f.series[i].off
	}
	if !force && !t.room(f.lines) {
		return 0
	}
	return t.reg.add(f, p, suffix, t.opt.Now().UnixMilli()).off
}

// name is how the registry knows a HAProxy: by its name when there are several.
func (t *Table) name(haproxy string) string {
	if !t.multi {
		return ""
	}
	return haproxy
}

// routePrefix returns the prefix of a route.
func (t *Table) routePrefix(haproxy string, values []string) uint32 {
	if values == nil {
		values = []string{} // without route labels the one route is the empty one
	}
	return t.reg.prefix(t.name(haproxy), values, nil)
}

// backendPrefix returns the prefix of a route's backend.
func (t *Table) backendPrefix(route uint32, backend string) uint32 {
	p := t.reg.prefixes[route]
	return t.reg.prefix(p.haproxy, p.values, labelsOf("backend", backend))
}

// declare gives birth to the routes that the schema declares, so that their first request is an increase.
// Declared routes are born whatever the limit says: check reports when they do not fit.
func (t *Table) declare() {
	for _, values := range t.schema.Routes() {
		t.Declare("", values)
	}
}

// Declare gives birth to the series of a route and, for each backend that is known to serve it, to its
// outcomes and histograms. haproxy is empty when the route may be used on any HAProxy. values are label
// values as labels.Sanitise returns them, in the order of RouteLabels.
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
		t.ensure(&t.layout.route, p, true)
		for _, b := range backends {
			q := t.backendPrefix(p, b)
			t.ensure(&t.layout.backend, q, true)
			t.backendInfo(p, b)
		}
	}
}

// backendInfo records that a backend serves a route.
func (t *Table) backendInfo(p uint32, backend string) {
	t.ensureOne(t.fam.backendInfo, p, t.reg.intern(labelsOf("proxy", backend)), false)
}
