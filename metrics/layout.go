package metrics

import (
	"haproxy_log_exporter/metrics/catalogue"
)

// Series that always move together are born together, with their values side by side: a block. The
// counting code then needs one offset for all of them, and a request touches few cache lines.

// item is one series of a block.
type item struct {
	family *family // nil: a value that no series has
	suffix uint32  // label text after the prefix
}

// block is the list of series of one kind of block, in the order of their values, and where the born ones are.
type block struct {
	items []item
	lines int      // samples of all of them
	at    []uint32 // by prefix: number of the born block plus one
	offs  []uint32 // by number: offset of the first value
}

// number returns the number of a prefix's block, -1 when it is not born.
func (b *block) number(p uint32) int {
	if int(p) < len(b.at) {
		return int(b.at[p]) - 1
	}
	return -1
}

// add appends a series; f is nil when its family is left out, but the others keep their places, and for
// values of other use.
func (b *block) add(f *family, suffix uint32) {
	b.items = append(b.items, item{f, suffix})
	if f != nil {
		b.lines += f.lines
		f.block, f.items = b, append(f.items, suffix)
	}
}

// empty reports whether every family of the block is left out.
func (b *block) empty() bool {
	for i := range b.items {
		if b.items[i].family != nil {
			return false
		}
	}
	return true
}

// layouts holds the blocks, where the counting code finds values in them, and what is counted at all.
type layouts struct {
	route   block // of a route's prefix: series with the route labels only
	backend block // of a route's and backend's prefix: outcomes, then histograms

	histograms []histogramAt
	quick      int    // how many of the first of them cells have room for
	all, long  uint64 // a bit for each histogram, and for each that cells have no room for
	duration   uint32 // offset of request_duration in a backend block
	zero       uint32 // of the native histogram

	phases, bytes, retries, aborts, failures, outcomes, hasDuration bool
	routes, judged                                                  bool // any of those that Counter.route and Counter.judge count
}

// histogramAt is a histogram and where its values are.
type histogramAt struct {
	time  int    // index in facts.times
	at    uint32 // offset in a backend block
	whole bool   // only of requests that are over

	// The place in a Cell. Times below are counted there: none when there are too many histograms or buckets.
	below          uint64 // ms
	sum            uint32 // in Cell.sums
	first, buckets uint32 // in Cell.counts
}

// Offsets in a route block. What every request moves is first and fills one cache line; then come the sums of
// the other phases, and the observations of all. atFull counts requests that completed request, queue, connect
// and response; it has no series: Shard.fold adds it to the observations of these four.
const (
	atRequest = iota
	atQueue
	atConnect
	atResponse
	atFull
	atRespBytes
	atReqBytes
	atRetries
	atHandshake
	atIdle
	atData
	atObserved
	atAborts       = atObserved + numPhases
	atRedispatches = atAborts + numPhases
	atFailures     = atRedispatches + 1
)

// phaseOffsets returns where the sum of each phase is in a route block; observations are at atObserved, in the
// order of phases.
func phaseOffsets() [numPhases]uint32 {
	return [numPhases]uint32{phaseHandshake: atHandshake, phaseIdle: atIdle, phaseRequest: atRequest, phaseQueue: atQueue,
		phaseConnect: atConnect, phaseResponse: atResponse, phaseData: atData}
}

// atMet is the place of the first outcome in a backend block, where outcomes stand in falling order.
const atMet = 4

func (t *Table) newLayouts() {
	l, f := &t.layout, &t.fam
	phases := catalogue.Phases()
	text := func(name, value string) uint32 { return t.reg.intern(labelsOf(name, value)) }
	for _, p := range []int{phaseRequest, phaseQueue, phaseConnect, phaseResponse} {
		l.route.add(f.phaseSeconds, text("phase", phases[p]))
	}
	l.route.add(nil, 0) // atFull
	l.route.add(f.respBytes, 0)
	l.route.add(f.reqBytes, 0)
	l.route.add(f.retries, 0)
	for _, p := range []int{phaseHandshake, phaseIdle, phaseData} {
		l.route.add(f.phaseSeconds, text("phase", phases[p]))
	}
	for _, p := range phases {
		l.route.add(f.phaseObs, text("phase", p))
	}
	for _, p := range phases {
		l.route.add(f.aborts, text("phase", p))
	}
	l.route.add(f.redispatches, 0)
	for _, b := range catalogue.Blames() {
		l.route.add(f.failures, text("blame", b))
	}
	if f.routeInfo != nil {
		l.route.add(f.routeInfo, 0) // last: it has no value
	}
	l.phases, l.aborts = f.phaseSeconds != nil || f.phaseObs != nil, f.aborts != nil
	l.bytes, l.retries = f.respBytes != nil || f.reqBytes != nil, f.retries != nil || f.redispatches != nil
	l.failures, l.outcomes = f.failures != nil, f.sla != nil
	l.routes, l.judged = l.phases || l.aborts || l.bytes || l.retries, l.failures || l.outcomes

	outcomes := catalogue.Outcomes()
	for i := range outcomes {
		l.backend.add(f.sla, text("outcome", outcomes[len(outcomes)-1-i]))
	}
	at := uint32(len(l.backend.items))
	histogram := func(h *family) uint32 {
		l.backend.add(h, 0)
		at += uint32(h.width)
		return at - uint32(h.width)
	}
	if l.hasDuration = f.duration != nil; l.hasDuration {
		l.duration = histogram(f.duration)
		l.zero = l.duration + uint32(t.buckets.width())
		l.observe(timeActive, l.duration, t.buckets)
	}
	if f.response != nil {
		l.observe(phaseResponse, histogram(f.response), t.buckets)
	}
	for _, p := range f.phases {
		l.observe(p.phase, histogram(p.family), t.buckets)
	}
	l.all = 1<<len(l.histograms) - 1
	l.long = l.all &^ (1<<l.quick - 1)
}

// observe adds a histogram of a time.
func (l *layouts) observe(time int, at uint32, b *buckets) {
	h := histogramAt{time: time, whole: time == phaseData || time == timeActive, at: at}
	if i, n := len(l.histograms), len(b.bounds)+1; i < quickHistograms && (i+1)*n <= quickBuckets {
		h.below, h.sum, h.first, h.buckets = quickMS, uint32(i), uint32(firstKinds+i*n), uint32(n)
		l.quick++
	}
	l.histograms = append(l.histograms, h)
}

// label returns the text of one label.
func label(name, value string) string { return string(appendLabel(nil, name, value)) }

// labelsOf returns the text of labels given as names and values in turn.
func labelsOf(namesAndValues ...string) []byte { return appendLabels(nil, namesAndValues) }

// labelsOf is the function in memory that the next call uses again.
func (r *registry) labelsOf(namesAndValues ...string) []byte {
	r.labels = appendLabels(r.labels[:0], namesAndValues)
	return r.labels
}

func appendLabels(b []byte, namesAndValues []string) []byte {
	for i := 0; i < len(namesAndValues); i += 2 {
		b = appendLabel(b, namesAndValues[i], namesAndValues[i+1])
	}
	return b
}

// born returns the offset of the block's values for a prefix, 0 when it is not born.
func (b *block) born(p uint32) uint32 {
	if i := b.number(p); i >= 0 {
		return b.offs[i]
	}
	return 0
}

// room reports whether the limit allows so many samples more.
func (t *Table) room(lines int) bool { return t.reg.samples-t.idle.hidden+lines <= t.opt.SampleLimit }

// ensure returns the offset of the block's values and gives birth to it when needed. It returns 0 when
// the limit of samples does not allow that; force overrides the limit. t.mu is held.
func (t *Table) ensure(b *block, p uint32, force bool) uint32 {
	if off := b.born(p); off != 0 {
		return off
	}
	if b.empty() {
		return scrap
	}
	if !force && !t.room(b.lines) {
		return 0
	}
	now := t.now()
	t.reg.align()
	off := t.reg.next
	for i := range b.items {
		if f := b.items[i].family; f != nil {
			t.reg.add(f, p, b.items[i].suffix, now)
		} else {
			t.reg.next++ // only counters are kept a place for
		}
	}
	if n := int(p) + 1 - len(b.at); n > 0 {
		b.at = append(b.at, make([]uint32, n)...)
	}
	b.offs = append(b.offs, off)
	b.at[p] = uint32(len(b.offs))
	return off
}

// ensureOne is ensure for a single series. A family that is left out has none: its offset is scrap.
func (t *Table) ensureOne(f *family, p, suffix uint32, force bool) uint32 {
	if f == nil {
		return scrap
	}
	if i := t.reg.find(f, p, suffix); i >= 0 {
		return f.series.At(uint32(i)).off
	}
	if !force && !t.room(f.lines) {
		return 0
	}
	return t.reg.add(f, p, suffix, t.now()).off
}

// now is when a series is born, in milliseconds since 1970.
func (t *Table) now() int64 {
	if t.births != 0 {
		return t.births
	}
	return t.opt.Now().UnixMilli()
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

// backendPrefix returns the prefix of a route's backend, which is the route's where families leave backends out.
func (t *Table) backendPrefix(route uint32, backend string) uint32 {
	return t.reg.under(route, t.keptLabels(labelBackend, backend))
}

// namesPrefix returns the prefix of requests_total: a route's with frontend and backend.
func (t *Table) namesPrefix(route uint32, frontend, backend string) uint32 {
	return t.reg.under(route, t.keptLabels(labelFrontend, frontend, labelBackend, backend))
}

// keptLabels is registry.labelsOf for labels of which families may leave some out.
func (t *Table) keptLabels(namesAndValues ...string) []byte {
	b := t.reg.labels[:0]
	for i := 0; i < len(namesAndValues); i += 2 {
		if !t.without(namesAndValues[i]) {
			b = appendLabel(b, namesAndValues[i], namesAndValues[i+1])
		}
	}
	t.reg.labels = b
	return b
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
		t.idle.declared = append(t.idle.declared, p)
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
	if t.fam.backendInfo != nil {
		t.ensureOne(t.fam.backendInfo, p, t.reg.intern(t.reg.labelsOf("proxy", backend)), false)
	}
}
