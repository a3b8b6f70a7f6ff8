package labels

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unsafe"

	"haproxy_log_exporter/internal/hashindex"
	"haproxy_log_exporter/internal/list"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// Entry is what a Resolver found for a record: the route, and names that are part of many metrics. Lines
// with the same route, names and fate share one Entry. Its fields are not changed but for Data.
type Entry[T any] struct {
	// Data belongs to the caller. It is only a cache: the resolver may drop the entry at any time and
	// make a new one with the zero value for the same lines. It is first, so that it begins a cache line.
	Data     T
	Route    *Route
	Frontend string // as a label value; empty when left out, see Resolver.LeaveNames
	Backend  string
	Reached  bool    // a server was reached: its name is known, and HAProxy did not answer by itself
	Chosen   bool    // a backend was chosen, or the line does not tell
	Overflow []uint8 // indexes of the labels that became "other"; see Schema.LabelName
}

// Bounds of a resolver's cache. The first table is for lines whose labels all stand for themselves, the
// second for all others, so that a flood of odd requests does not push out what real traffic needs.
const (
	hotKeys    = 1 << 16
	hotBytes   = 8 << 20
	oddKeys    = 1 << 11
	oddBytes   = 1 << 19
	maxEntries = 1 << 15
	maxKey     = 1 << 10 // longer keys are decided each time
)

// Resolver finds the Entry of each record. It is for one goroutine; its Admission may be shared.
type Resolver[T any] struct {
	core
	entries list.Of[Entry[T]]
	index   hashindex.Index // over entries
}

// core is the part of a resolver that does not depend on the caller's type.
type core struct {
	schema *Schema
	adm    *Admission
	seed   uint64
	births maphash.Seed // for what is hashed when an entry is born
	// keySeed is for hashKey and findKey, which are used when probes.
	keySeed keySeed
	probes  bool
	epoch   uint64
	byPath  bool
	// segments of the path decide: all when negative, none when labels do not come from it.
	segments int
	simple   bool // quick can answer
	pathOnly bool // … and the path is all that decides
	// Of what frontend and backend are called: whether labels depend on it, and which of the two entries hold.
	byNames, frontend, backend bool
	inputs                     []boundInput // the ones beside path, frontend and backend
	others                     others       // their values for the record at hand
	names                      []byte       // see join
	key                        []byte       // see hashKey
	hot                        *keyTable
	odd                        *keyTable
	odds                       []oddLine
	// pending counts refused lines that the Admission was not told of.
	pending int
	scratch scratch
}

// Fate tells of a request whether a server was reached and whether a backend was chosen.
type Fate uint8

const (
	flagReached Fate = 1 << iota
	flagChosen       // a backend was chosen
)

type boundInput struct {
	field parser.Field
	index int       // in Schema.inputs
	ids   *mapCache // nil without a map
}

// entryKey is what makes entries differ.
type entryKey struct {
	route       *Route
	front, back string
	flags       Fate
	overflow    uint64 // a bit for each label that became "other"
}

func (k *entryKey) hash(seed maphash.Seed) uint32 {
	first := uint64(k.route.ID)<<2 ^ k.overflow<<32 ^ uint64(k.flags)
	return hashindex.Texts(seed, first, k.front, k.back)
}

// oddLine is what is kept of a key with values that became "other".
type oddLine struct {
	entry   uint32 // index in Resolver.entries
	version uint64 // of the Admission when it was decided
	lines   uint64 // since the Admission was told
	refused []refusal
}

// scratch is reused memory of the slow path.
type scratch struct {
	cands    []candidate
	refused  []refusal
	spans    []spec.Span
	rest     []byte
	answered []mapAnswer
}

// NewResolver returns a resolver for one goroutine. a was made for s or for a schema of the same Spec.
func NewResolver[T any](s *Schema, a *Admission) *Resolver[T] {
	r := &Resolver[T]{core: core{schema: s, adm: a, seed: rand.Uint64(), births: maphash.MakeSeed(), keySeed: newKeySeed(), probes: probes(), epoch: a.epoch.Load(),
		hot: newKeyTable(1<<10, hotKeys, hotBytes), odd: newKeyTable(1<<8, oddKeys, oddBytes)}}
	for i, in := range s.inputs {
		switch {
		case in.path:
			r.byPath, r.segments = true, s.segments
		case in.mapping == nil && (in.field == parser.Frontend || in.field == parser.Backend):
			r.byNames = true
		default:
			b := boundInput{field: in.field, index: i}
			if in.mapping != nil {
				b.ids = newMapCache(in.mapping)
			}
			r.inputs = append(r.inputs, b)
		}
	}
	r.LeaveNames(false, false)
	r.others = others{values: make([][]byte, len(r.inputs)), ids: make([]uint32, len(r.inputs))}
	r.scratch.cands = make([]candidate, len(s.names))
	r.scratch.answered = make([]mapAnswer, len(s.inputs))
	return r
}

// LeaveNames tells that the caller does not need Entry.Frontend, or Entry.Backend: lines that differ in nothing but that
// share an entry. It is called before the first Resolve.
func (r *Resolver[T]) LeaveNames(frontend, backend bool) {
	r.frontend, r.backend = !frontend, !backend
	r.simple = r.probes && len(r.inputs) == 0 && r.segments >= 0
	r.pathOnly = r.simple && !r.named() && r.segments > 0
}

// named reports whether frontend and backend are part of a line's key.
func (c *core) named() bool { return c.byNames || c.frontend || c.backend }

// Resolve returns the entry of the record, never nil. The result is valid until the next call.
//
// The fast path is one hash over the raw bytes that decide the labels, one probe and a comparison; it
// does not allocate.
func (r *Resolver[T]) Resolve(rec *parser.Record) *Entry[T] {
	return r.ResolveFate(rec, FateOf(rec, rec.End()))
}

// ResolveFate is Resolve for callers that know the record's FateOf.
func (r *Resolver[T]) ResolveFate(rec *parser.Record, flags Fate) *Entry[T] {
	if r.adm.epoch.Load() != r.epoch {
		r.forget()
	}
	i := r.quick(rec, flags)
	if i >= 0 {
		return r.entries.At(uint32(i))
	}
	return r.resolve(rec, flags, i == missing)
}

// resolve is Resolve for lines that quick does not know; asked tells that the first table does not have them.
func (r *Resolver[T]) resolve(rec *parser.Record, flags Fate, asked bool) *Entry[T] {
	l := line{flags: flags}
	h := r.hash(rec, &l)
	if !asked {
		if s := r.hot.find(h, &l); s != nil {
			return r.entries.At(s.entry)
		}
	}
	return r.second(h, &l, rec)
}

// What quick returns instead of an entry's index.
const (
	missing = -1 // the first table does not have the line
	unknown = -2 // it was not asked
)

// quick asks the first table for the entry of a line of the common kind, and returns the entry's index.
func (c *core) quick(rec *parser.Record, flags Fate) int {
	if c.pathOnly {
		path, size, slashes, ok := rec.PathPlace()
		if !ok {
			return unknown
		}
		return findKey(c.hot, &c.keySeed, nil, 0, path, size, slashes, c.segments, keySizes(0, 0, 0, 0, flags))
	}
	if !c.simple {
		return unknown
	}
	names, n, front, back, path, size, slashes, ok := rec.Place()
	if !ok {
		return unknown
	}
	if c.segments == 0 {
		size = 0
	}
	if !c.named() {
		n, front, back = 0, 0, 0
	}
	return findKey(c.hot, &c.keySeed, names, n, path, size, slashes, c.segments, keySizes(0, n, front, back, flags))
}

// hash fills l, whose flags are known, and returns the hash of what is in it.
func (c *core) hash(rec *parser.Record, l *line) uint64 {
	names, n, front, back, _, m, ok := rec.Route(max(c.segments, 0))
	known := ok && c.segments >= 0 // how much of the path decides
	if !ok {
		names, n, front, back, _, _, ok = rec.Route(0)
	}
	switch {
	case !c.named():
	case ok:
		l.names, l.front, l.back = unsafe.Slice(names, n), front, back
	default:
		c.join(rec, l)
	}
	if c.byPath {
		l.path = rec.Bytes(parser.Path)
		switch {
		case known:
			l.n = m
		case c.segments < 0:
			l.n = len(l.path)
		default:
			l.n, l.whole = decisive(l.path, c.segments)
		}
	}
	l.sizes = keySizes(l.n, len(l.names), l.front, l.back, l.flags)
	h := c.hashKey(l)
	if len(c.inputs) > 0 {
		h = c.hashOthers(h, rec, l)
	}
	return h
}

func (c *core) hashKey(l *line) uint64 {
	if c.probes {
		n := len(l.names)
		c.key = slices.Grow(append(append(c.key[:0], l.names...), l.path[:l.n]...), keySlack)
		return hashKey(&c.keySeed, &c.key[:n+1][0], n, &c.key[n : n+1][0], l.n, l.sizes)
	}
	// The two are hashed independently, so that the processor can work on both at once.
	return mix(hashBytes(c.seed, l.names)^l.sizes, bits.RotateLeft64(hashBytes(c.seed, l.path[:l.n]), 32))
}

// join puts the names together that do not stand side by side in the line.
func (c *core) join(rec *parser.Record, l *line) {
	front, back := rec.Bytes(parser.Frontend), rec.Bytes(parser.Backend)
	c.names = append(append(append(c.names[:0], front...), 0), back...)
	l.names, l.front, l.back = c.names, len(front), len(back)
}

func (c *core) hashOthers(h uint64, rec *parser.Record, l *line) uint64 {
	l.rest = &c.others
	for i := range c.inputs {
		b := &c.inputs[i]
		v := rec.Bytes(b.field)
		if b.ids != nil {
			id := b.ids.id(c.seed, v)
			l.rest.ids[i] = id
			h = mix(h, c.seed^uint64(id))
			continue
		}
		if v == nil {
			v = none
		}
		l.rest.values[i] = v
		h = mix(h, hashBytes(c.seed, v))
	}
	return h
}

// none is an absent value: empty, but not nil, which marks inputs with a map. It is never written.
var none = []byte{}

// FateOf tells whether a server was reached and whether a backend was chosen.
//
// Without a server field the status has to tell: HAProxy's own answers are errors and redirects of
// its rules, so only 2xx counts; without a status either, a line in the log is all there is to know.
func FateOf(rec *parser.Record, end parser.End) Fate {
	answered := end.Phase == 'R' && (end.Origin == 'P' || end.Origin == 'L') // by HAProxy itself
	switch end.Server {
	case 0:
		return fateByStatus(rec, answered)
	case '<': // <NOSRV>, <STATS>, <lua.NAME>: manual section 8.2.3, field 6
		if string(rec.Bytes(parser.Frontend)) == string(rec.Bytes(parser.Backend)) {
			return 0
		}
		return flagChosen
	}
	if answered {
		return flagChosen
	}
	return flagChosen | flagReached
}

func fateByStatus(rec *parser.Record, answered bool) Fate {
	code, ok := rec.Int(parser.Status)
	if answered || ok && (code < 200 || code >= 300) {
		return flagChosen
	}
	return flagChosen | flagReached
}

// forget empties the caches after Admission.Reset.
func (r *Resolver[T]) forget() {
	r.epoch = r.adm.epoch.Load()
	r.clear()
}

// clear empties the caches. Entries that callers hold stay valid.
func (r *Resolver[T]) clear() {
	r.hot.clear()
	r.clearOdd()
	r.entries = list.Of[Entry[T]]{}
	r.index.Clear()
}
