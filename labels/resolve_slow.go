package labels

import (
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// tellEvery is the number of refused lines after which the Admission learns what was refused.
const tellEvery = 256

// second looks into the table of odd lines, and decides when the line was never seen.
func (r *Resolver[T]) second(h uint64, rec *parser.Record) *Entry[T] {
	s := r.find(r.volatile, h, rec)
	if s == nil {
		return r.decide(h, rec)
	}
	if s.refused != nil {
		if s.version != r.adm.version.Load() {
			r.again(s, rec)
		}
		s.lines++
		r.count()
	}
	return s.entry
}

// count tells the Admission now and then which values lines lost.
func (r *Resolver[T]) count() {
	if r.pending++; r.pending >= tellEvery {
		r.tell()
	}
}

func (r *Resolver[T]) tell() {
	r.pending = 0
	r.adm.mu.Lock()
	defer r.adm.mu.Unlock()
	for i := range r.volatile.slots {
		s := &r.volatile.slots[i]
		if s.lines == 0 {
			continue
		}
		for _, x := range s.refused {
			r.adm.offenders.add(x, uint64(s.lines))
		}
		s.lines = 0
	}
}

// Flush tells the Admission about refused lines that it does not know of yet. It is called by the
// resolver's goroutine, or under the lock that guards it, before TopOffenders is shown.
func (r *Resolver[T]) Flush() { r.tell() }

// decide resolves a line that was never seen and remembers the result.
func (r *Resolver[T]) decide(h uint64, rec *parser.Record) *Entry[T] {
	version := r.adm.version.Load() // before the decision: a value admitted meanwhile is noticed
	e, refused := r.entry(rec)
	t := r.hot
	if len(refused) > 0 || r.whole {
		t = r.volatile
	}
	// Keys beyond a few kilobytes are not remembered: the memory of the cache stays bounded.
	if r.n+len(r.front)+len(r.back) > maxKey || len(r.inputs) > 0 && r.inputBytes(rec) > maxKey {
		r.refuseUncached(refused)
		return e
	}
	key := append(r.scratch.key[:0], r.path[:r.n]...)
	key = append(append(key, r.front...), r.back...)
	key = r.appendInputs(key, rec)
	r.scratch.key = key
	i := t.place(h, func() {
		if t == r.volatile {
			r.tell()
		}
	})
	t.slots[i] = slot[T]{entry: e, key: string(key), path: int32(r.n), front: int32(len(r.front)), back: int32(len(r.back)), flags: r.flags}
	if len(refused) > 0 {
		s := &t.slots[i]
		s.version, s.refused, s.lines = version, append([]refusal(nil), refused...), 1
		r.count()
	}
	return e
}

// maxKey is the longest key that is remembered, in bytes. With cacheKeys keys the worst case is bounded
// by design; common keys have 60 to 150 bytes.
const maxKey = 512

func (r *Resolver[T]) inputBytes(rec *parser.Record) int {
	n := 0
	for i := range r.inputs {
		if r.inputs[i].ids == nil {
			n += len(rec.Bytes(r.inputs[i].field))
		}
	}
	return n
}

func (r *Resolver[T]) refuseUncached(refused []refusal) {
	if len(refused) == 0 {
		return
	}
	r.adm.mu.Lock()
	defer r.adm.mu.Unlock()
	for _, x := range refused {
		r.adm.offenders.add(x, 1)
	}
}

// again decides a slot anew, because values were admitted since. Only lines from now on are affected.
func (r *Resolver[T]) again(s *slot[T], rec *parser.Record) {
	version := r.adm.version.Load()
	e, refused := r.entry(rec)
	s.entry, s.version = e, version
	if len(refused) == 0 {
		s.refused = nil
		return
	}
	s.refused = append(s.refused[:0], refused...)
}

// entry extracts, admits and interns. The refusals are valid until the next call.
func (r *Resolver[T]) entry(rec *parser.Record) (*Entry[T], []refusal) {
	a, sc := r.adm, &r.scratch
	r.answers()
	r.schema.extract(rec, r.flags&flagChosen != 0, sc, nil)
	reached := r.flags&flagReached != 0
	k := entryKey{reached: reached}
	a.mu.Lock()
	sc.refused = sc.refused[:0]
	k.route, sc.refused = a.route(sc.cands, reached, sc.refused)
	n := len(r.schema.names)
	for i, b := range [][]byte{r.front, r.back} {
		c := candidate{value: Sanitise(b), trusted: true}
		v, why := a.admit(n+i, c, reached)
		if why != "" {
			sc.refused = append(sc.refused, refusal{label: n + i, value: c.value, reason: why})
		}
		if i == 0 {
			k.front = v
		} else {
			k.back = v
		}
	}
	a.mu.Unlock()
	for _, x := range sc.refused {
		k.overflow |= 1 << x.label
	}
	e := r.entries[k]
	if e == nil {
		e = r.intern(k)
	}
	return e, sc.refused
}

func (r *Resolver[T]) intern(k entryKey) *Entry[T] {
	if len(r.entries) >= cacheEntries {
		r.tell()
		r.hot.reset()
		r.volatile.reset()
		clear(r.entries)
	}
	e := &Entry[T]{Route: k.route, Frontend: k.front, Backend: k.back, Reached: k.reached}
	for i := range len(r.schema.names) + 2 {
		if k.overflow&(1<<i) != 0 {
			e.Overflow = append(e.Overflow, uint8(i))
		}
	}
	r.entries[k] = e
	return e
}

// mapAnswer is the value a map gave for the record at hand.
type mapAnswer struct {
	value string
	ok    bool
}

// answers puts the maps' values into scratch, by index of the schema's inputs.
func (r *Resolver[T]) answers() {
	if r.scratch.answered == nil {
		r.scratch.answered = make([]mapAnswer, len(r.schema.inputs))
	}
	for i := range r.inputs {
		if b := &r.inputs[i]; b.ids != nil {
			r.scratch.answered[b.index] = b.ids.answer(r.ids[i])
		}
	}
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
		var b []byte
		if in.mapping != nil {
			if x := sc.answered[ru.input]; x.ok {
				b = []byte(x.value)
			}
		} else if b = rec.Bytes(in.field); in.path {
			b = normalisePath(b)
		}
		if in.field == parser.Backend && !chosen || in.field == parser.Server && len(b) > 0 && b[0] == '<' {
			b = nil
		}
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
