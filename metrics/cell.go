package metrics

import (
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// Cell is what a shard keeps with each resolved combination of route, frontend and backend: where its values
// are. It is a cache: a resolver may drop it at any time, and it is then found again in the registry.
type Cell struct {
	generation uint32 // of the table, plus one, when the offsets were found; 0 for a new cell
	id         uint32 // unique within the shard
	route      uint32 // the route's block
	frontend   uint32
	sla        uint32 // outcomes of the route's backend; 0 until a request is judged
	hist       *histState
	within     int64 // ms; 0 when the SLA has no limit
	lead       string
	prefix     uint32
	overflow   []uint32 // overflow_total of each label of the route that became other

	keys     []uint64 // parallel to slots
	slots    []slot
	more     map[uint64]int32 // position of keys that are not among the first
	sessions []sessionSlot
}

// slot is one combination of method, code, termination state and the like within a cell.
type slot struct {
	requests uint32
	unserved uint32 // 0 unless HAProxy answered itself
	overflow uint32 // overflow_total{label="series"}, when the limit of samples moved it to other
	timed    bool   // the verdict may become late
	verdict  Verdict
	servers  []serverSlot
}

// serverSlot is a server that answered requests of a slot.
type serverSlot struct {
	name string
	off  uint32
}

type sessionSlot struct {
	term  uint8
	total uint32
	hist  uint32
}

// scanned is how many slots are searched one by one; the others are in a map. Busy slots move forward.
const scanned = 24

// maxServers bounds the servers remembered in a slot.
const maxServers = 64

// find returns the position of the slot, -1 when it is not open.
func (cell *Cell) find(k uint64) int {
	keys := cell.keys
	if len(keys) > scanned {
		keys = keys[:scanned]
	}
	for i, x := range keys {
		if x == k {
			if i > 0 { // busy slots drift to the front
				cell.keys[i], cell.keys[i-1] = cell.keys[i-1], k
				cell.slots[i], cell.slots[i-1] = cell.slots[i-1], cell.slots[i]
				return i - 1
			}
			return i
		}
	}
	if cell.more != nil {
		if i, ok := cell.more[k]; ok {
			return int(i)
		}
	}
	return -1
}

// open finds the offsets of a cell or gives birth to its series.
func (c *Counter) open(e *labels.Entry[Cell]) {
	s, cell := c.shard, &e.Data
	t := s.table
	*cell = Cell{generation: t.generation.Load() + 1, id: s.nextID, within: t.within[e.Route.SLA]}
	s.nextID++
	backend := e.Backend
	t.mu.Lock()
	cell.prefix = t.routePrefix(c.haproxy, e.Route.Values)
	cell.route = t.ensure(&t.layout.route, cell.prefix, "", false)
	limited := cell.route == 0
	if limited {
		cell.prefix, backend = t.otherPrefix(c.haproxy), catalogue.Other
		cell.route = t.ensure(&t.layout.route, cell.prefix, "", true)
	}
	cell.lead = label("backend", backend)
	hist := t.ensure(&t.layout.hist, cell.prefix, cell.lead, limited)
	if hist == 0 {
		limited = true
		cell.lead = label("backend", catalogue.Other)
		other := t.otherPrefix(c.haproxy)
		hist = t.ensure(&t.layout.hist, other, cell.lead, true)
		cell.hist = s.histState(hist, other, cell.lead)
	} else {
		cell.hist = s.histState(hist, cell.prefix, cell.lead)
	}
	if e.Reached && !e.Route.Empty && !limited {
		t.backendInfo(cell.prefix, backend)
	}
	names := t.namePrefix(c.haproxy)
	cell.frontend = t.ensureOne(t.fam.frontends, names, label("proxy", e.Frontend), false)
	if cell.frontend == 0 {
		cell.frontend = t.ensureOne(t.fam.frontends, names, label("proxy", catalogue.Other), true)
	}
	for _, i := range e.Overflow {
		cell.overflow = append(cell.overflow, t.overflow(t.schema.LabelName(int(i))))
	}
	if limited {
		cell.overflow = append(cell.overflow, t.overflow("series"))
	}
	t.mu.Unlock()
	s.grow()
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
	return t.ensureOne(t.fam.overflow, t.plain, label("label", name), true)
}

func (s *Shard) histState(off, p uint32, lead string) *histState {
	h := s.blocks[off]
	if h == nil {
		h = &histState{off: off, prefix: p, lead: lead}
		s.blocks[off] = h
	}
	return h
}

// openSlot finds or gives birth to the series of a new combination and returns the slot's position.
func (c *Counter) openSlot(e *labels.Entry[Cell], k uint64) int {
	t, cell, f := c.shard.table, &e.Data, &c.f
	rule := c.rule(e)
	sl := slot{verdict: rule.Verdict, timed: rule.LateAfterWithin}
	code, term := codeLabel(f.status), t.terms.names[f.term]
	t.mu.Lock()
	p, front, back, method := cell.prefix, e.Frontend, e.Backend, t.methods.names[f.method]
	tail := join(label("code", code), label("termination_state", term))
	sl.requests = t.ensureOne(t.fam.requests, p, requestLabels(front, back, method, tail), false)
	if sl.requests == 0 {
		p = t.otherPrefix(c.haproxy)
		tail = t.otherTail(tail)
		sl.requests = t.ensureOne(t.fam.requests, p, requestLabels(catalogue.Other, catalogue.Other, catalogue.Other, tail), true)
		sl.overflow = t.overflow("series")
	}
	if sl.verdict.Reason != ReasonNone {
		reason := catalogue.UnservedReasons()[sl.verdict.Reason-1]
		text := join(label("frontend", front), join(label("code", code), label("reason", reason)))
		if sl.unserved = t.ensureOne(t.fam.unserved, cell.prefix, text, false); sl.unserved == 0 {
			text = join(label("frontend", catalogue.Other), join(label("code", codeNone), label("reason", reason)))
			sl.unserved = t.ensureOne(t.fam.unserved, t.otherPrefix(c.haproxy), text, true)
		}
	}
	if sl.verdict.Outcome != OutcomeNone && cell.sla == 0 {
		if cell.sla = t.ensure(&t.layout.sla, cell.prefix, cell.lead, false); cell.sla == 0 {
			cell.sla = t.ensure(&t.layout.sla, t.otherPrefix(c.haproxy), label("backend", catalogue.Other), true)
		}
	}
	t.mu.Unlock()
	c.shard.grow()
	cell.keys = append(cell.keys, k)
	cell.slots = append(cell.slots, sl)
	i := len(cell.slots) - 1
	if i >= scanned {
		if cell.more == nil {
			cell.more = map[uint64]int32{}
		}
		cell.more[k] = int32(i)
	}
	return i
}

func requestLabels(front, back, method, tail string) string {
	b := appendLabel(nil, "frontend", front)
	b = appendLabel(b, "backend", back)
	b = appendLabel(b, "method", method)
	return join(string(b), tail)
}

// otherTail keeps code and state of requests beyond the limit as long as there are few of them: what went
// wrong is worth more than who asked.
func (t *Table) otherTail(tail string) string {
	if t.reg.samples-t.idle.hidden < t.opt.SampleLimit+t.opt.SampleLimit/20+1000 {
		return tail
	}
	return join(label("code", codeNone), label("termination_state", catalogue.Other))
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

// openOctave gives birth to the native buckets of an octave. They are no samples of the text formats.
func (c *Counter) openOctave(h *histState, octave int) uint32 {
	t := c.shard.table
	t.mu.Lock()
	off := t.ensureOne(t.fam.native, h.prefix, h.lead+octaveMark(octave), true)
	t.mu.Unlock()
	c.shard.grow()
	h.octaves[octave] = off
	return off
}

// octaveMark follows the label text of an octave's series in the registry; label text holds no such bytes.
func octaveMark(octave int) string { return string([]byte{0, byte(octave)}) }

// server counts the request for the server that it was sent to.
func (c *Counter) server(e *labels.Entry[Cell], sl *slot, rec *parser.Record) {
	name := rec.Bytes(parser.Server)
	if name == nil {
		return
	}
	for i := range sl.servers {
		if sl.servers[i].name == string(name) {
			c.shard.vals[sl.servers[i].off] += c.f.n
			return
		}
	}
	off := c.openServer(e, sl, name)
	c.shard.vals[off] += c.f.n
}

func (c *Counter) openServer(e *labels.Entry[Cell], sl *slot, name []byte) uint32 {
	t, f := c.shard.table, &c.f
	t.mu.Lock()
	server := t.admit("server", labels.Sanitise(headOf(name)))
	tail := join(label("code", codeClass(f.status)), label("termination_state", t.terms.names[f.term]))
	p := t.namePrefix(c.haproxy)
	off := t.ensureOne(t.fam.servers, p, join(join(label("proxy", e.Backend), label("server", server)), tail), false)
	if off == 0 {
		off = t.ensureOne(t.fam.servers, p, join(join(label("proxy", catalogue.Other), label("server", catalogue.Other)), tail), true)
	}
	t.mu.Unlock()
	c.shard.grow()
	if len(sl.servers) >= maxServers {
		sl.servers = sl.servers[:0]
	}
	sl.servers = append(sl.servers, serverSlot{name: string(name), off: off})
	return off
}

// session counts the end of a TCP session or of a tunnel.
func (c *Counter) session(e *labels.Entry[Cell]) {
	cell, f := &e.Data, &c.f
	i := 0
	for ; i < len(cell.sessions); i++ {
		if cell.sessions[i].term == f.term {
			break
		}
	}
	if i == len(cell.sessions) {
		c.openSession(e)
	}
	vals := c.shard.vals
	vals[cell.sessions[i].total] += f.n
	if f.total >= 0 {
		c.shard.table.buckets.observe(vals[cell.sessions[i].hist:], f.total, f.n)
	}
}

func (c *Counter) openSession(e *labels.Entry[Cell]) {
	t := c.shard.table
	t.mu.Lock()
	p := t.namePrefix(c.haproxy)
	term := label("termination_state", t.terms.names[c.f.term])
	text := join(join(label("frontend", e.Frontend), label("backend", e.Backend)), term)
	sl := sessionSlot{term: c.f.term, total: t.ensureOne(t.fam.sessions, p, text, false), hist: t.ensureOne(t.fam.sessionDuration, p, text, false)}
	if sl.total == 0 || sl.hist == 0 {
		text = join(join(label("frontend", catalogue.Other), label("backend", catalogue.Other)), term)
		sl.total, sl.hist = t.ensureOne(t.fam.sessions, p, text, true), t.ensureOne(t.fam.sessionDuration, p, text, true)
	}
	t.mu.Unlock()
	c.shard.grow()
	e.Data.sessions = append(e.Data.sessions, sl)
}
