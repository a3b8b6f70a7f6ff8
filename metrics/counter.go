package metrics

import (
	"math/bits"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/parser"
)

// Counter counts records into a shard. Like the shard it has one user at a time.
type Counter struct {
	shard    *Shard
	haproxy  string
	resolver *labels.Resolver[Cell]
	customs  []*customBinding
	exemplar parser.Field
	judges   bool   // outcomes, failures or exemplars are wanted
	key      []byte // scratch of custom
	text     []byte // scratch of births
	f        facts
}

// numPhases is len(catalogue.Phases()); a test compares.
const numPhases = 7

// facts are what counting needs of a record, as numbers.
type facts struct {
	gist
	n       uint64         // how often the line counts
	times   *parser.Timers // with %Ta, or %Tt in its place
	own     parser.Timers  // of lines that need a closer look
	retries int64
	redis   bool
	sent    int64
	recv    int64
}

// Record counts one line: res is what became of it, rec its fields when res is a request or a session.
// It allocates nothing and takes no lock unless a series is born.
func (c *Counter) Record(rec *parser.Record, res parser.Result) {
	s := c.shard
	s.results[res]++
	switch res {
	case parser.ResultHTTP:
		c.request(rec)
	case parser.ResultTCP:
		f := &c.f
		f.n = rec.Repeat()
		f.term = s.table.terms.id(rec.End())
		c.session(c.resolver.Resolve(rec), timer(rec, parser.TimeTotal))
	}
}

func (c *Counter) request(rec *parser.Record) {
	s := c.shard
	f := &c.f
	c.gistOf(rec)
	// While the processor waits for what the resolver finds, it reads the other facts.
	e := c.resolver.ResolveFate(rec, f.fate)
	f.readRest(rec, s.table)
	cell := &e.Data
	if cell.generation != s.table.generation.Load()+1 {
		c.open(e)
	}
	if !cell.dirty {
		s.soil(cell)
	}
	if cell.left == 0 || f.n != 1 {
		cell.settle(s, 1)
	}
	cell.left--
	kind, state := uint32(f.kind), slotState(0)
	if cell.opened>>(kind%64)&1 == 0 {
		kind, state = c.other(e, f.key, kind)
	}
	if kind != noKind {
		cell.counts[kindAt(kind)]++
		if c.judges {
			state = s.kinds.states[kind][cell.noBackend]
		}
	}
	if s.table.fam.servers != nil {
		c.server(e, rec) // may give birth to a series, which moves the values
	}
	if s.table.layout.routes {
		c.route(s.vals[cell.route:])
	}
	c.times(cell)
	if state&slotTimed != 0 || c.exemplar != parser.FieldNone {
		c.judge(cell, state, rec)
	}
	if len(c.customs) > 0 {
		c.custom(e, rec, f.n)
	}
	if f.up {
		total := f.times[timeTotal].MS
		if total == parser.NoTimer {
			total = f.times[timeActive].MS
		}
		c.session(e, total)
	}
	if f.n != 1 {
		cell.settle(s, f.n)
	}
}

// rare counts what few requests move: unserved_total and overflow_total.
func (c *Counter) rare(e *labels.Entry[Cell], sl *slot) {
	s := c.shard
	if sl.state&slotExtra != 0 {
		x, ok := s.slots.extra(sl)
		if !ok {
			x = c.findExtra(e, sl)
		}
		if x.unserved != 0 {
			s.vals[x.unserved] += c.f.n
		}
		if x.overflow != 0 {
			s.vals[x.overflow] += c.f.n
		}
	}
	if r := e.Data.rare; r != nil {
		for _, off := range r.overflow {
			s.vals[off] += c.f.n
		}
	}
}

// timer returns a timer in milliseconds, -1 when the request did not get so far, parser.NoTimer when the line has none.
func timer(rec *parser.Record, f parser.Field) int64 {
	v, ok := rec.Int(f)
	if !ok {
		return parser.NoTimer
	}
	return max(v, -1)
}

// readRest reads what gist leaves.
func (f *facts) readRest(rec *parser.Record, t *Table) {
	f.n = rec.Repeat()
	f.times = rec.Timers(&f.own)
	if f.times[timeActive].MS == parser.NoTimer {
		f.own = *f.times
		f.own[timeActive] = f.own[timeTotal]
		f.times = &f.own
	}
	if l := &t.layout; l.retries {
		f.retries, _ = rec.Int(parser.Retries)
		f.redis = rec.Plus(parser.Retries)
	}
	if l := &t.layout; l.bytes {
		f.sent, _ = rec.Int(parser.BytesSent)
		f.recv, _ = rec.Int(parser.BytesReceived)
	}
}

// route counts what only the route's labels describe; v starts at the route's block.
func (c *Counter) route(v []uint64) {
	f := &c.f
	l := &c.shard.table.layout
	n := f.n
	tr, tw, tc, ts := f.times[phaseRequest].MS, f.times[phaseQueue].MS, f.times[phaseConnect].MS, f.times[phaseResponse].MS
	switch {
	case tr|tw|tc|ts < 0 || (f.times[phaseHandshake].MS^parser.NoTimer|f.times[phaseIdle].MS^parser.NoTimer|f.times[phaseData].MS^parser.NoTimer) != 0:
		c.allPhases(v)
	case l.phases: // nearly all lines of most formats
		w := (*[8]uint64)(v)
		w[atRequest] += uint64(tr) * n
		w[atQueue] += uint64(tw) * n
		w[atConnect] += uint64(tc) * n
		w[atResponse] += uint64(ts) * n
		w[atFull] += n
	}
	if l.retries {
		if f.retries > 0 {
			v[atRetries] += uint64(f.retries) * n
		}
		if f.redis {
			v[atRedispatches] += n
		}
	}
	if l.bytes && !f.early {
		v[atReqBytes] += uint64(max(f.recv, 0)) * n
		v[atRespBytes] += uint64(max(f.sent, 0)) * n
	}
}

// allPhases is for lines with other timers than the usual four, or with one that is -1.
func (c *Counter) allPhases(v []uint64) {
	f := &c.f
	t := c.shard.table
	aborted := -1
	for i := range f.times[:numPhases] {
		switch ms := f.times[i].MS; {
		case ms >= 0:
			if i == phaseData && f.open {
				continue // data is still flowing, or is that of a tunnel
			}
			if t.layout.phases {
				v[t.phaseAt[i]] += uint64(ms) * f.n
				v[atObserved+i] += f.n
			}
		case ms == -1 && aborted < 0:
			aborted = i
		}
	}
	if aborted >= 0 && t.layout.aborts {
		v[atAborts+uint32(aborted)] += f.n
	}
}

// times counts the histograms. The native one is last: it may give birth to buckets, which moves the values.
func (c *Counter) times(cell *Cell) {
	f := &c.f
	t := c.shard.table
	l := &t.layout
	left := l.all
	if !f.open && l.quick > 0 {
		left = l.long | shortTimes(cell, f.times, &l.histograms[0], l.quick, &t.buckets.direct)
	}
	for ; left != 0; left &= left - 1 {
		c.time(cell, &l.histograms[bits.TrailingZeros64(left)])
	}
	if active := f.times[timeActive].MS; t.native != nil && active >= 0 && !f.open {
		c.observeNative(cell, active)
	}
}

// time counts a time in a histogram.
func (c *Counter) time(cell *Cell, h *histogramAt) {
	f, b := &c.f, c.shard.table.buckets
	ms := f.times[h.time].MS
	switch {
	case f.open && h.whole:
	case uint64(ms) < h.below:
		cell.sums[h.sum%quickHistograms] += uint32(ms)
		cell.counts[h.first+uint32(b.find(ms))]++
	case ms >= 0:
		b.observe(c.shard.vals[cell.backend+h.at:], ms, f.n)
	}
}

// Indexes of phases that the code names.
const (
	phaseHandshake = iota
	phaseIdle
	phaseRequest
	phaseQueue
	phaseConnect
	phaseResponse
	phaseData
	timeActive // %Ta
	timeTotal  // %Tt
)

func (c *Counter) observeNative(cell *Cell, ms int64) {
	x := cell.native
	if ms == 0 {
		x.zeros++
		return
	}
	i := c.shard.table.native.find(ms)
	o := i / nativePerOctave
	if o >= knownOctaves {
		off := c.openOctave(cell, o)
		c.shard.vals[off+uint32(i%nativePerOctave)] += c.f.n
		return
	}
	if x.octaves>>o&1 == 0 {
		x.offs[o] = c.openOctave(cell, o)
		x.octaves |= 1 << o
	}
	if o < quickOctaves {
		x.buckets[i]++
	} else {
		c.shard.vals[x.offs[o]+uint32(i%nativePerOctave)] += c.f.n
	}
}

// judge does what requests of one slot or kind do not share: some are late, and some are exemplars. The outcome of
// all of them is counted elsewhere, see Cell.tally.
func (c *Counter) judge(cell *Cell, state slotState, rec *parser.Record) {
	o := state.verdict().Outcome
	f := &c.f
	if state&slotTimed != 0 && cell.within > 0 && f.waited() > int64(cell.within) {
		if c.shard.table.layout.outcomes {
			c.shard.vals[cell.outcome(o)] -= f.n // below 0 at times, but not when the cell is folded
			c.shard.vals[cell.outcome(OutcomeLate)] += f.n
		}
		o = OutcomeLate
	}
	if c.exemplar != parser.FieldNone && (o == OutcomeFailed || o == OutcomeLate) {
		c.remember(cell, cell.outcome(o), rec)
	}
}

// waited is the time that the partner is responsible for: Tw+Tc+Tr. When it never answered, it is the time
// from the complete request to the end.
func (f *facts) waited() int64 {
	tw, tc, tr := f.times[phaseQueue].MS, f.times[phaseConnect].MS, f.times[phaseResponse].MS
	w := max(tw, 0) + max(tc, 0) + max(tr, 0)
	if active := f.times[timeActive].MS; tr == -1 && active >= 0 {
		w = max(w, active-max(f.times[phaseRequest].MS, 0))
	}
	return w
}

// codeLabel returns the values of the label code: the status, or none.
func codeLabel(status int) string {
	if status < 100 || status > 599 {
		return codeNone
	}
	return string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
}

// codeClass returns the class of a status, such as 2xx, or none.
func codeClass(status int) string {
	if status < 100 || status > 599 {
		return codeNone
	}
	return string([]byte{byte('0' + status/100), 'x', 'x'})
}

// codeNone is the label value when HAProxy logged no status.
const codeNone = "none"
