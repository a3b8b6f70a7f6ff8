package metrics

import (
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
)

// Cell is what a shard keeps with each resolved combination of route, frontend and backend: where its values
// are. It is a cache: a resolver may drop it at any time, and it is then found again in the registry. What a
// line needs is inside the cell, in the order of use, because following a pointer costs more than counting.
//
// The cell counts by itself what it would otherwise have to look for in memory: requests of the combinations it
// saw first, and good requests by server. Shard.fold adds these counts to the values.
type Cell struct {
	generation uint32 // of the table, plus one, when the offsets were found; 0 for a new cell
	id         uint32 // unique within the shard, for slotTable
	route      uint32 // the route's block
	backend    uint32 // the block of the route's backend
	frontend   uint32 // frontend_requests_total
	within     uint32 // ms; 0 when the SLA has no limit
	limited    bool   // some label became other, see overflow
	dirty      bool   // it is in Shard.dirty
	near       [near]slot
	serverKeys [servers]uint64 // Shard.serverKey of servers, 0 for none
	serverN    [servers]uint64 // their requests with 2xx and -- that are not in the values yet
	serverOffs [servers]uint32 // their server_requests_total
	octaves    [16]uint32      // native buckets, up to 2^6 s
	overflow   []uint32        // overflow_total of each label of the route that became other

	// For births.
	backendID     uint32 // in the shard's serverTable
	routePrefix   uint32
	backendPrefix uint32
	reqPrefix     uint32 // of requests_total; 0 when the limit does not allow the cell its own
	sessions      []sessionSlot
}

const (
	near    = 4 // slots in a cell; the others are in the shard's table
	servers = 4 // servers in a cell; the others are in the shard's table
)

// find returns the slot of a combination, nil when it is not open. The result is valid until the next insert.
func (cell *Cell) find(t *slotTable, k uint32) *slot {
	for i := range cell.near {
		if cell.near[i].key == k {
			return &cell.near[i]
		}
	}
	return t.find(cell.id, k)
}

// fold adds to the values what the cell counted.
func (cell *Cell) fold(values []uint64) {
	for i := range cell.near {
		cell.near[i].fold(values)
	}
	for i, n := range cell.serverN {
		if n > 0 {
			values[cell.serverOffs[i]] += n
			cell.serverN[i] = 0
		}
	}
	cell.dirty = false
}

type sessionSlot struct {
	term  uint8
	total uint32
	hist  uint32
}

// open finds the offsets of a cell or gives birth to its series.
func (c *Counter) open(e *labels.Entry[Cell]) {
	s, cell := c.shard, &e.Data
	t := s.table
	generation := t.generation.Load() + 1
	if s.generation != generation {
		s.forget()
		s.generation = generation
	}
	if s.nextID++; s.nextID%maxCells == 0 {
		s.slots.fold(s.vals)
		s.slots = newSlotTable()
	}
	*cell = Cell{generation: generation, id: s.nextID, within: t.within[e.Route.SLA]}
	cell.backendID = c.backendID(e.Backend)
	s.lock()
	cell.routePrefix = t.routePrefix(c.haproxy, e.Route.Values)
	cell.route = t.ensure(&t.layout.route, cell.routePrefix, false)
	limited := cell.route == 0
	if limited {
		cell.routePrefix = t.otherPrefix(c.haproxy)
		cell.route = t.ensure(&t.layout.route, cell.routePrefix, true)
	} else {
		cell.backendPrefix = t.backendPrefix(cell.routePrefix, e.Backend)
		cell.backend = t.ensure(&t.layout.backend, cell.backendPrefix, false)
	}
	if cell.backend == 0 {
		limited = true
		cell.backendPrefix = t.backendPrefix(t.otherPrefix(c.haproxy), catalogue.Other)
		cell.backend = t.ensure(&t.layout.backend, cell.backendPrefix, true)
	}
	if e.Reached && !e.Route.Empty && !limited {
		t.backendInfo(cell.routePrefix, e.Backend)
	}
	cell.frontend = t.ensureNamed(t.fam.frontends, c.haproxy, 0, "proxy", e.Frontend)
	for _, i := range e.Overflow {
		cell.overflow = append(cell.overflow, t.overflow(t.schema.LabelName(int(i))))
	}
	if limited {
		cell.overflow = append(cell.overflow, t.overflow("series"))
	} else {
		values := t.reg.prefixes[cell.routePrefix].values
		cell.reqPrefix = t.reg.prefix(t.name(c.haproxy), values, labelsOf("frontend", e.Frontend, "backend", e.Backend))
	}
	cell.limited = len(cell.overflow) > 0
	s.unlock()
}

// backendID numbers backends for the server table, those of each HAProxy apart.
func (c *Counter) backendID(backend string) uint32 {
	return c.shard.servers.backend(c.haproxy + "\x00" + backend)
}

// ensureNamed returns the offset of a series without route labels; its first labels are given as names and
// values in turn, those that follow them as text. Beyond the limit the first labels become other.
func (t *Table) ensureNamed(f *family, haproxy string, tail uint32, namesAndValues ...string) uint32 {
	if f == nil {
		return scrap
	}
	if off := t.ensureOne(f, t.reg.prefix(t.name(haproxy), nil, labelsOf(namesAndValues...)), tail, false); off != 0 {
		return off
	}
	for i := 1; i < len(namesAndValues); i += 2 {
		namesAndValues[i] = catalogue.Other
	}
	return t.ensureOne(f, t.reg.prefix(t.name(haproxy), nil, labelsOf(namesAndValues...)), tail, true)
}

// otherPrefix returns the prefix of requests whose own series the limit of samples does not allow.
func (t *Table) otherPrefix(haproxy string) uint32 {
	values := make([]string, len(t.opt.RouteLabels))
	for i := range values {
		values[i] = catalogue.Other
	}
	return t.routePrefix(haproxy, values)
}

// overflow returns the offset of overflow_total for a label. t.mu is held.
func (t *Table) overflow(name string) uint32 {
	return t.ensureOne(t.fam.overflow, t.plain, t.reg.intern(labelsOf("label", name)), true)
}

// openSlot finds or gives birth to the series of a new combination.
func (c *Counter) openSlot(e *labels.Entry[Cell], k uint32) *slot {
	s, cell := c.shard, &e.Data
	x := c.combination(e, k)
	sl := slot{cell: cell.id, key: k}
	sl.setVerdict(x.rule.Verdict)
	if x.rule.LateAfterWithin {
		sl.state |= slotTimed
	}
	more := c.openSeries(e, &sl, x)
	if more != (extra{}) {
		sl.state |= slotExtra
	}
	if s.slots.full() {
		s.slots.fold(s.vals)
	}
	for i := range cell.near {
		if cell.near[i].key == 0 {
			cell.near[i] = sl
			s.slots.more(&sl, more)
			return &cell.near[i]
		}
	}
	return s.slots.insert(sl, more)
}

// openSeries finds or gives birth to the series that a slot moves.
func (c *Counter) openSeries(e *labels.Entry[Cell], sl *slot, x combination) (more extra) {
	c.shard.lock()
	defer c.shard.unlock()
	c.openRequests(&e.Data, sl, x.text, &more)
	if why := x.rule.Verdict.Reason; why != ReasonNone {
		c.openUnserved(e, why, &more)
	}
	return more
}

// findExtra finds again what belongs to an open slot.
func (c *Counter) findExtra(e *labels.Entry[Cell], sl *slot) extra {
	again := *sl
	more := c.openSeries(e, &again, c.combination(e, sl.key))
	c.shard.slots.more(sl, more)
	return more
}

// combination returns what all cells share of a combination.
func (c *Counter) combination(e *labels.Entry[Cell], k uint32) combination {
	s, f := c.shard, &c.f
	t := s.table
	if e.Backend == e.Frontend {
		k |= keySameNames
	}
	if x, ok := s.combinations[k]; ok {
		return x
	}
	b := appendLabel(c.text[:0], "method", t.methods.names[f.method])
	b = appendLabel(b, "code", codeLabel(f.status))
	b = appendLabel(b, "termination_state", t.terms.names[f.term])
	c.text = b
	t.mu.Lock()
	x := combination{rule: c.rule(e), text: t.reg.intern(b)}
	t.mu.Unlock()
	if len(s.combinations) >= maxCombinations {
		clear(s.combinations)
	}
	s.combinations[k] = x
	return x
}

func (c *Counter) openRequests(cell *Cell, sl *slot, text uint32, x *extra) {
	t, f := c.shard.table, &c.f
	if cell.reqPrefix != 0 {
		sl.requests = t.ensureOne(t.fam.requests, cell.reqPrefix, text, false)
	}
	if sl.requests != 0 {
		return
	}
	// Code and state of requests beyond the limit are kept as long as there are few of them: what went
	// wrong is worth more than who asked.
	code, term := codeLabel(f.status), t.terms.names[f.term]
	if !t.room(-t.opt.SampleLimit/20 - 1000) {
		code, term = codeNone, catalogue.Other
	}
	b := labelsOf("method", catalogue.Other, "code", code, "termination_state", term)
	values := t.reg.prefixes[t.otherPrefix(c.haproxy)].values
	p := t.reg.prefix(t.name(c.haproxy), values, labelsOf("frontend", catalogue.Other, "backend", catalogue.Other))
	sl.requests = t.ensureOne(t.fam.requests, p, t.reg.intern(b), true)
	if cell.reqPrefix != 0 { // otherwise the cell counts it
		x.overflow = t.overflow("series")
	}
}

func (c *Counter) openUnserved(e *labels.Entry[Cell], why Reason, x *extra) {
	t := c.shard.table
	reason := catalogue.UnservedReasons()[why-1]
	if t.fam.unserved == nil {
		return
	}
	text := labelsOf("frontend", e.Frontend, "code", codeLabel(c.f.status), "reason", reason)
	if x.unserved = t.ensureOne(t.fam.unserved, e.Data.routePrefix, t.reg.intern(text), false); x.unserved == 0 {
		text = labelsOf("frontend", catalogue.Other, "code", codeNone, "reason", reason)
		x.unserved = t.ensureOne(t.fam.unserved, t.otherPrefix(c.haproxy), t.reg.intern(text), true)
	}
}

// rule finds the rule that decides over requests like the one in c.f.
func (c *Counter) rule(e *labels.Entry[Cell]) *Rule {
	t, f := c.shard.table, &c.f
	in := OutcomeInput{
		BackendIsFrontend: e.Backend == e.Frontend, Server: f.server, BadRequest: f.bad, Upgraded: f.up, Early: f.early,
		Status: f.status, FailStatus: f.server == ServerReal && t.failCodes[f.status], ThrottledFails: t.opt.ThrottledFails,
	}
	if f.term != termNone && f.term != termOther {
		in.Termination = t.terms.names[f.term]
	}
	return &t.rules[firstRule(t.rules, &in)]
}

// openOctave finds or gives birth to the native buckets of an octave. They are no samples of the text formats.
func (c *Counter) openOctave(cell *Cell, octave int) uint32 {
	t := c.shard.table
	c.shard.lock()
	mark := t.reg.intern([]byte(octaveMarks[octave : octave+1]))
	if t.reg.find(t.fam.native, cell.backendPrefix, mark) < 0 {
		t.reg.align()
	}
	off := t.ensureOne(t.fam.native, cell.backendPrefix, mark, true)
	c.shard.unlock()
	if octave < len(cell.octaves) {
		cell.octaves[octave] = off
	}
	return off
}

// octaveMarks holds the suffix of each octave's series in the registry, one character each.
const octaveMarks = "0123456789abcdefghijklmnopqrstuv"
