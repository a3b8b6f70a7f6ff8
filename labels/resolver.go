package labels

import (
	"encoding/binary"
	"math/rand/v2"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// Entry is what a Resolver found for a record: the route, and names that are part of many metrics. Lines
// with the same route, names and fate share one Entry. Its fields are not changed but for Data.
type Entry[T any] struct {
	Route    *Route
	Frontend string // as a label value
	Backend  string
	Reached  bool    // a server was reached: its name is known, and HAProxy did not answer by itself
	Overflow []uint8 // indexes of the labels that became "other"; see Schema.LabelName
	// Data belongs to the caller. It is only a cache: the resolver may drop the entry at any time and
	// make a new one with the zero value for the same lines.
	Data T
}

// Bounds of a resolver's cache, in keys. The first is for lines whose labels all stand for themselves,
// the second for all others, so that a flood of odd requests does not push out what real traffic needs.
const (
	cacheKeys    = 1 << 16
	volatileKeys = 1 << 11
	cacheEntries = 1 << 15
)

// Resolver finds the Entry of each record. It is for one goroutine; its Admission may be shared.
type Resolver[T any] struct {
	schema   *Schema
	adm      *Admission
	seed     uint64
	epoch    uint64
	segments int
	byPath   bool
	inputs   []boundInput // the ones beside path, frontend and backend
	hot      *table[T]
	volatile *table[T]
	entries  map[entryKey]*Entry[T]
	pending  int // refused lines not yet told to the Admission

	// What the fields of the record at hand are; valid during one Resolve.
	path, front, back []byte
	n                 int // decisive bytes of path
	whole             bool
	flags             uint8
	ids               []uint32 // of inputs with a map: their map's answer

	scratch scratch
}

const (
	flagReached uint8 = 1 << iota
	flagChosen        // a backend was chosen
)

type boundInput struct {
	field parser.Field
	index int // in Schema.inputs
	ids   *mapCache
}

type entryKey struct {
	route       *Route
	front, back string
	reached     bool
	overflow    uint64
}

// scratch is reused memory of the slow path.
type scratch struct {
	cands    []candidate
	refused  []refusal
	spans    []spec.Span
	key      []byte
	answered []mapAnswer
}

// NewResolver returns a resolver for one goroutine. a was made for s or for a schema of the same Spec.
func NewResolver[T any](s *Schema, a *Admission) *Resolver[T] {
	r := &Resolver[T]{schema: s, adm: a, seed: rand.Uint64() | 1, epoch: a.epoch.Load(), segments: s.segments}
	r.hot, r.volatile = newTable[T](1<<10, cacheKeys), newTable[T](1<<8, volatileKeys)
	r.entries = map[entryKey]*Entry[T]{}
	for i, in := range s.inputs {
		switch {
		case in.path:
			r.byPath = true
		case in.mapping == nil && (in.field == parser.Frontend || in.field == parser.Backend):
		default:
			b := boundInput{field: in.field, index: i}
			if in.mapping != nil {
				b.ids = newMapCache(in.mapping)
			}
			r.inputs = append(r.inputs, b)
		}
	}
	r.scratch.cands = make([]candidate, len(s.names))
	r.ids = make([]uint32, len(r.inputs))
	return r
}

// Resolve returns the entry of the record, never nil. The result is valid until the next call.
//
// The fast path is one hash over the raw bytes that decide the labels, one probe and a comparison; it
// does not allocate.
func (r *Resolver[T]) Resolve(rec *parser.Record) *Entry[T] {
	if r.adm.epoch.Load() != r.epoch {
		r.forget()
	}
	r.front, r.back = rec.Bytes(parser.Frontend), rec.Bytes(parser.Backend)
	r.flags = fate(rec, r.front, r.back)
	h := hashBytes(hashBytes(r.seed, r.front), r.back)
	r.n, r.whole = 0, false
	if r.byPath {
		r.path = rec.Bytes(parser.Path)
		if r.segments >= 0 {
			h, r.n, r.whole = hashPath(h, r.path, r.segments)
		} else {
			h, r.n = hashBytes(h, r.path), len(r.path)
		}
	}
	for i := range r.inputs {
		b := &r.inputs[i]
		v := rec.Bytes(b.field)
		if b.ids != nil {
			r.ids[i] = b.ids.id(r.seed, v)
			h = mix(h, uint64(r.ids[i]))
		} else {
			h = hashBytes(h, v)
		}
	}
	h = mix(h, uint64(r.flags)) | 1
	if s := r.find(r.hot, h, rec); s != nil {
		return s.entry
	}
	return r.second(h, rec)
}

// find returns the slot of the record at hand, or nil.
func (r *Resolver[T]) find(t *table[T], h uint64, rec *parser.Record) *slot[T] {
	mask := uint64(len(t.hashes) - 1)
	for i := h & mask; t.hashes[i] != 0; i = (i + 1) & mask {
		if t.hashes[i] != h {
			continue
		}
		s := &t.slots[i]
		a, b := int(s.path), int(s.path+s.front)
		c := b + int(s.back)
		if a == r.n && s.flags == r.flags && s.key[:a] == string(r.path[:a]) && s.key[a:b] == string(r.front) &&
			s.key[b:c] == string(r.back) && (len(r.inputs) == 0 || r.sameInputs(s.key[c:], rec)) {
			return s
		}
	}
	return nil
}

// sameInputs compares the other inputs with their part of a key.
func (r *Resolver[T]) sameInputs(key string, rec *parser.Record) bool {
	for i := range r.inputs {
		b := &r.inputs[i]
		if b.ids != nil {
			if len(key) < 4 || le32(key) != r.ids[i] {
				return false
			}
			key = key[4:]
			continue
		}
		v := rec.Bytes(b.field)
		if len(key) < 4+len(v) || le32(key) != uint32(len(v)) || key[4:4+len(v)] != string(v) {
			return false
		}
		key = key[4+len(v):]
	}
	return key == ""
}

func le32(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}

// fate tells whether a server was reached and whether a backend was chosen.
//
// Without a server field the status has to tell: HAProxy's own answers are errors and redirects of
// its rules, so only 2xx counts; without a status either, a line in the log is all there is to know.
func fate(rec *parser.Record, front, back []byte) uint8 {
	server := rec.Bytes(parser.Server)
	var reached bool
	switch {
	case len(server) > 0:
		reached = server[0] != '<' // <NOSRV>, <STATS>, <lua.NAME>: manual section 8.2.3, field 6
	default:
		code, ok := rec.Int(parser.Status)
		reached = !ok || code >= 200 && code < 300
	}
	flags := flagChosen
	if len(server) > 0 && server[0] == '<' && string(front) == string(back) {
		flags = 0
	}
	if reached {
		ts := rec.Bytes(parser.TerminationState)
		if len(ts) < 2 || ts[1] != 'R' || ts[0] != 'P' && ts[0] != 'L' {
			flags |= flagReached
		}
	}
	return flags
}

// forget empties the caches after Admission.Reset.
func (r *Resolver[T]) forget() {
	r.epoch = r.adm.epoch.Load()
	r.hot.reset()
	r.volatile.reset()
	clear(r.entries)
}

// appendInputs writes the other inputs as sameInputs reads them.
func (r *Resolver[T]) appendInputs(dst []byte, rec *parser.Record) []byte {
	for i := range r.inputs {
		b := &r.inputs[i]
		if b.ids != nil {
			dst = binary.LittleEndian.AppendUint32(dst, r.ids[i])
			continue
		}
		v := rec.Bytes(b.field)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(len(v)))
		dst = append(dst, v...)
	}
	return dst
}
