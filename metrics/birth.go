package metrics

import (
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
)

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
	*cell = Cell{generation: generation, id: s.nextID, within: t.within[e.Route.SLA], left: maxLeft}
	if t.native != nil {
		cell.native = s.natives.New()
	}
	if !e.Chosen {
		cell.noBackend = 1
	}
	if t.fam.servers != nil {
		cell.backendID = c.backendID(e.Backend)
	}
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
	if len(e.Overflow) > 0 || limited {
		cell.rare = &cellRare{}
	}
	for _, i := range e.Overflow {
		cell.rare.overflow = append(cell.rare.overflow, t.overflow(t.schema.LabelName(int(i))))
	}
	if limited {
		cell.rare.overflow = append(cell.rare.overflow, t.overflow("series"))
	} else {
		cell.reqPrefix = t.namesPrefix(cell.routePrefix, e.Frontend, e.Backend)
	}
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

// other counts a request of a kind that its cell does not count, or gives birth to its series: then the cell may
// count it from now on, and other leaves that to its caller. The result is noKind when the request was counted.
func (c *Counter) other(e *labels.Entry[Cell], k, kind uint32) (uint32, slotState) {
	s, cell := c.shard, &e.Data
	var sl *slot
	if kind == noKind || cell.slotted>>kind&1 != 0 {
		sl = s.slots.find(cell.id, k)
	}
	if sl == nil {
		if kind, sl = c.openSlot(e, k); sl == nil {
			return kind, 0
		}
	}
	if !sl.count(c.f.n) {
		s.vals[sl.requests] += c.f.n
	}
	s.vals[cell.frontend] += c.f.n
	c.rare(e, sl)
	cell.tally(&s.table.layout, s.vals, sl.state.verdict(), c.f.n)
	return noKind, sl.state
}

// openSlot finds or gives birth to the series of a new combination. Either the cell counts it as this kind from now on,
// or a slot.
func (c *Counter) openSlot(e *labels.Entry[Cell], k uint32) (kind uint32, _ *slot) {
	s, cell := c.shard, &e.Data
	kind = s.kinds.number(k)
	x := c.combination(e, k)
	sl := slot{cell: cell.id, key: k, state: x.state}
	more := c.openSeries(e, &sl, x)
	if kind != noKind && more == (extra{}) && (cell.rare == nil || len(cell.rare.overflow) == 0) {
		cell.offs[kind] = sl.requests
		cell.opened |= 1 << kind
		s.kinds.states[kind][cell.noBackend] = x.state
		return kind, nil
	}
	if more != (extra{}) {
		sl.state |= slotExtra
	}
	if s.slots.full() {
		s.slots.fold(s.vals)
	}
	if kind != noKind {
		cell.slotted |= 1 << kind
	}
	return noKind, s.slots.insert(sl, more)
}

// openSeries finds or gives birth to the series that a slot moves.
func (c *Counter) openSeries(e *labels.Entry[Cell], sl *slot, x combination) (more extra) {
	c.shard.lock()
	defer c.shard.unlock()
	c.openRequests(&e.Data, sl, x.text, &more)
	if v := sl.state.verdict(); v.Reason != ReasonNone {
		c.openUnserved(e, v.Reason, &more)
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
	k |= uint32(e.Data.noBackend) * keyNoBackend
	if x, ok := s.combinations[k]; ok {
		return x
	}
	b := appendLabel(c.text[:0], "method", t.methods.names[f.method])
	b = appendLabel(b, "code", codeLabel(int(f.status)))
	b = appendLabel(b, "termination_state", t.terms.names[f.term])
	c.text = b
	rule := c.rule(e)
	t.mu.Lock()
	x := combination{state: stateOf(rule), text: t.reg.intern(b)}
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
	code, term := codeLabel(int(f.status)), t.terms.names[f.term]
	if !t.room(-t.opt.SampleLimit/20 - 1000) {
		code, term = codeNone, catalogue.Other
	}
	b := labelsOf("method", catalogue.Other, "code", code, "termination_state", term)
	p := t.namesPrefix(t.otherPrefix(c.haproxy), catalogue.Other, catalogue.Other)
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
	text := labelsOf("frontend", e.Frontend, "code", codeLabel(int(c.f.status)), "reason", reason)
	if x.unserved = t.ensureOne(t.fam.unserved, e.Data.routePrefix, t.reg.intern(text), false); x.unserved == 0 {
		text = labelsOf("frontend", catalogue.Other, "code", codeNone, "reason", reason)
		x.unserved = t.ensureOne(t.fam.unserved, t.otherPrefix(c.haproxy), t.reg.intern(text), true)
	}
}

// rule finds the rule that decides over requests like the one in c.f.
func (c *Counter) rule(e *labels.Entry[Cell]) *Rule {
	t, f := c.shard.table, &c.f
	in := OutcomeInput{
		BackendIsFrontend: !e.Chosen, Server: f.server, BadRequest: f.bad, Upgraded: f.up, Early: f.early,
		Status: int(f.status), FailStatus: f.server == ServerReal && t.failCodes[int(f.status)], ThrottledFails: t.opt.ThrottledFails,
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
	return off
}

// octaveMarks holds the suffix of each octave's series in the registry, one character each.
const octaveMarks = "0123456789abcdefghijklmnopqrstuv"
