package labels

import (
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// tellEvery is the number of refused lines after which the Admission learns what was refused.
const tellEvery = 4096

// second looks into the table of odd lines, and decides when the line was never seen.
func (r *Resolver[T]) second(h uint64, l *line, rec *parser.Record) *Entry[T] {
	s := r.odd.find(h, l)
	if s == nil {
		return r.decide(h, l, rec)
	}
	o := &r.odds[s.entry]
	if len(o.refused) == 0 {
		return r.entries.At(o.entry)
	}
	if v := r.adm.version.Load(); o.version != v {
		// Values were admitted since: the line may stand for itself now. Only lines from here on do.
		// Should entry have to clear the caches, o is nobody's, and writing to it is harmless.
		e, refused := r.entry(l, rec)
		*o = oddLine{entry: e, version: v, lines: o.lines, refused: append(o.refused[:0], refused...)}
		if len(refused) == 0 {
			return r.entries.At(e)
		}
	}
	e := r.entries.At(o.entry)
	o.lines++
	r.count()
	return e
}

// count tells the Admission now and then which values lines lost.
func (c *core) count() {
	if c.pending++; c.pending >= tellEvery {
		c.tell()
	}
}

func (c *core) tell() {
	c.pending = 0
	c.adm.mu.Lock()
	defer c.adm.mu.Unlock()
	for i := range c.odds {
		o := &c.odds[i]
		for _, x := range o.refused {
			if o.lines > 0 {
				c.adm.offenders.add(x, o.lines)
			}
		}
		o.lines = 0
	}
}

func (c *core) clearOdd() {
	c.tell()
	c.odd.clear()
	c.odds = c.odds[:0]
}

// Flush tells the Admission about refused lines that it does not know of yet. It is called by the
// resolver's goroutine, or under the lock that guards it, before TopOffenders is shown.
func (r *Resolver[T]) Flush() { r.tell() }

// decide resolves a line that was never seen and remembers the result.
func (r *Resolver[T]) decide(h uint64, l *line, rec *parser.Record) *Entry[T] {
	version := r.adm.version.Load() // before the decision: a value admitted meanwhile is noticed
	i, refused := r.entry(l, rec)
	e := r.entries.At(i)
	r.scratch.rest = l.appendRest(r.scratch.rest[:0])
	n := l.n + len(l.names) + len(r.scratch.rest)
	odd := len(refused) > 0 || l.whole
	switch {
	case n > maxKey:
		r.refuse(refused)
	case odd:
		if r.odd.full(n) {
			r.clearOdd()
		}
		r.odd.insert(h, l, r.scratch.rest).entry = uint32(len(r.odds))
		o := oddLine{entry: i, version: version, refused: append([]refusal(nil), refused...)}
		if len(refused) > 0 {
			o.lines = 1
		}
		r.odds = append(r.odds, o)
		r.count()
	default:
		if r.hot.full(n) {
			r.hot.clear()
		}
		r.hot.insert(h, l, r.scratch.rest).entry = i
	}
	return e
}

// refuse tells the Admission at once, for lines that are not remembered.
func (c *core) refuse(refused []refusal) {
	c.adm.mu.Lock()
	defer c.adm.mu.Unlock()
	for _, x := range refused {
		c.adm.offenders.add(x, 1)
	}
}

// entry extracts, admits and interns. The refusals are valid until the next call.
func (r *Resolver[T]) entry(l *line, rec *parser.Record) (uint32, []refusal) {
	k := r.admit(l, rec)
	i, ok := r.find(&k)
	if ok {
		return i, r.scratch.refused
	}
	if r.entries.Len() >= maxEntries {
		r.clear()
	}
	i = uint32(r.entries.Len())
	e := r.entries.Add(Entry[T]{Route: k.route, Frontend: k.front, Backend: k.back, Reached: k.flags&flagReached != 0, Chosen: k.flags&flagChosen != 0})
	for i := range len(r.schema.names) + 2 {
		if k.overflow&(1<<i) != 0 {
			e.Overflow = append(e.Overflow, uint8(i))
		}
	}
	r.index.Add(k.hash(r.births), i)
	return i, r.scratch.refused
}

// find returns the number of an entry that is there.
func (r *Resolver[T]) find(k *entryKey) (uint32, bool) {
	return r.index.Find(k.hash(r.births), func(i uint32) bool {
		e := r.entries.At(i)
		return e.Route == k.route && e.Frontend == k.front && e.Backend == k.back && e.flags() == k.flags && e.overflowed() == k.overflow
	})
}

func (e *Entry[T]) flags() (f Fate) {
	if e.Reached {
		f |= flagReached
	}
	if e.Chosen {
		f |= flagChosen
	}
	return f
}

// overflowed returns Overflow as bits.
func (e *Entry[T]) overflowed() (mask uint64) {
	for _, i := range e.Overflow {
		mask |= 1 << i
	}
	return mask
}

// admit extracts the labels and asks the Admission. It leaves the refusals in scratch.
func (c *core) admit(l *line, rec *parser.Record) entryKey {
	a, sc := c.adm, &c.scratch
	for i := range c.inputs {
		if b := &c.inputs[i]; b.ids != nil {
			sc.answered[b.index] = b.ids.answer(l.rest.ids[i])
		}
	}
	c.schema.extract(rec, l.flags&flagChosen != 0, sc, nil)
	k := entryKey{flags: l.flags}
	front := candidate{value: Sanitise(rec.Bytes(parser.Frontend)), trusted: true}
	back := candidate{value: Sanitise(rec.Bytes(parser.Backend)), trusted: true}
	n := len(c.schema.names)
	a.mu.Lock()
	k.route, sc.refused = a.route(sc.cands, k.flags&flagReached != 0, sc.refused[:0])
	if c.frontend {
		k.front, sc.refused = a.name(n, front, sc.refused)
	}
	if c.backend {
		k.back, sc.refused = a.name(n+1, back, sc.refused)
	}
	a.mu.Unlock()
	for _, x := range sc.refused {
		k.overflow |= 1 << x.label
	}
	return k
}

// name admits the name of a frontend or backend. a.mu is held.
func (a *Admission) name(label int, c candidate, refused []refusal) (string, []refusal) {
	v, why := a.admit(label, c, true)
	if why != "" {
		refused = append(refused, refusal{label: label, value: c.value, reason: why})
	}
	return v, refused
}

// mapAnswer is the value a map gave for the record at hand.
type mapAnswer struct {
	value string
	ok    bool
}

// note is told what each rule did, for Explain; nil on the way of every line.
type note func(ru *rule, value []byte, fits bool, values []candidate)

// extract fills sc.cands with the sanitised values that the rules find. The first rule that gives a
// label a value wins.
func (s *Schema) extract(rec *parser.Record, chosen bool, sc *scratch, tell note) {
	clear(sc.cands)
	for i := range s.rules {
		ru := &s.rules[i]
		in := &s.inputs[ru.input]
		b := in.bytes(rec, chosen, sc.answered[ru.input])
		var fits bool
		sc.spans = sc.spans[:0]
		if len(b) > 0 {
			sc.spans, fits = ru.tpl.Match(b, sc.spans)
		}
		if fits {
			fill(sc.cands, ru, in, b, sc.spans)
		}
		if tell != nil {
			tell(ru, b, fits, sc.cands)
		}
	}
}

// bytes returns what templates over the input are matched against, nil when the line has nothing.
func (in *input) bytes(rec *parser.Record, chosen bool, answer mapAnswer) []byte {
	if in.mapping != nil {
		return []byte(answer.value)
	}
	b := rec.Bytes(in.field)
	switch {
	case in.path:
		return normalisePath(b)
	case in.field == parser.Backend && !chosen, in.field == parser.Server && len(b) > 0 && b[0] == '<':
		return nil
	}
	return b
}

func fill(cands []candidate, ru *rule, in *input, b []byte, spans []spec.Span) {
	for j, label := range ru.labels {
		c := &cands[label]
		if c.value != "" {
			continue
		}
		d := in.decode
		if in.mapping != nil {
			d = decodeNone
		}
		if v := Sanitise(decode(spans[j].Of(b), d)); v != "" {
			*c = candidate{value: v, trusted: in.trusted}
		}
	}
}
