package haproxy

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"haproxy_log_exporter/metrics/catalogue"
)

// persistVersion is the first byte of the state. Unknown versions are refused.
const persistVersion = 1

// MarshalBinary returns what has to survive a restart of the exporter: the workers, what each was last seen with,
// the sums of finished ones, and the count of reloads. It is small: a few bytes for each counter that is not 0.
func (in *Instance) MarshalBinary() ([]byte, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	e := encoder{b: []byte{persistVersion}}
	scopes := catalogue.Scopes()
	e.uint(uint64(len(scopes)))
	for _, s := range scopes { // the order of fields may differ in the version that reads this
		e.uint(uint64(len(in.schema.fields[s])))
		for i := range in.schema.fields[s] {
			e.text(fieldKey(&in.schema.fields[s][i]))
		}
	}
	r := in.reload
	e.uint(r.Total)
	e.int(int64(r.MasterPID))
	e.int(r.MasterUptime)
	e.int(int64(r.MasterCount))
	e.worker(r.Newest)
	e.uint(in.acc.resets)
	e.bool(in.acc.shared.believed)
	e.sockets(in)
	e.workers(in.acc)
	return e.b, nil
}

func (e *encoder) sockets(in *Instance) {
	e.uint(uint64(len(in.at)))
	for _, socket := range sortedKeys(in.at, cmp.Compare[string]) {
		e.text(socket)
		e.worker(in.at[socket])
	}
	e.uint(uint64(len(in.errors)))
	for _, k := range sortedKeys(in.errors, func(a, b SocketError) int {
		return cmp.Or(cmp.Compare(a.Socket, b.Socket), cmp.Compare(a.Reason, b.Reason))
	}) {
		e.text(k.Socket)
		e.text(string(k.Reason))
		e.uint(in.errors[k])
	}
}

func (e *encoder) workers(a *accumulator) {
	ids := sortedKeys(a.workers, func(a, b WorkerID) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.PID, b.PID)) })
	e.uint(uint64(len(ids)))
	index := map[*worker]uint64{}
	for i, id := range ids {
		w := a.workers[id]
		index[w] = uint64(i)
		e.worker(id)
		e.text(w.version)
		e.int(w.seen)
		e.int(w.replaced)
		e.int(w.uptime)
		e.float(w.sessions)
		e.bool(w.live)
		e.bool(w.buried)
		e.bool(w.stopping)
	}
	e.uint(uint64(len(a.tombs)))
	for _, id := range a.tombs {
		e.worker(id)
	}
	keys := sortedKeys(a.objects, func(x, y objectKey) int {
		return cmp.Or(cmp.Compare(x.scope, y.scope), cmp.Compare(x.proxy, y.proxy), cmp.Compare(x.name, y.name))
	})
	e.uint(uint64(len(keys)))
	for _, k := range keys {
		o := a.objects[k]
		e.uint(uint64(k.scope))
		e.text(k.proxy)
		e.text(k.name)
		e.floats(o.base)
		e.uint(uint64(len(o.parts)))
		for _, p := range o.parts {
			e.uint(index[p.w])
			e.bool(p.shadowed)
			e.floats(p.last)
			e.floats(p.extra)
		}
	}
}

// UnmarshalBinary restores the state; on an error nothing changes and the error says what is wrong. Families that
// this version does not know are left out, new ones start at 0.
func (in *Instance) UnmarshalBinary(b []byte) error {
	d := decoder{b: b}
	if v := d.byte(); v != persistVersion {
		return fmt.Errorf("state of the sockets: version %d, this program reads %d", v, persistVersion)
	}
	d.fields(in.schema)
	var r reloadState
	r.Total, r.MasterPID, r.MasterUptime, r.MasterCount, r.Newest = d.uint(), int(d.int()), d.int(), int(d.int()), d.worker()
	acc := in.newAccumulator()
	acc.resets, acc.shared.believed = d.uint(), d.bool()
	at, errs := map[string]WorkerID{}, map[SocketError]uint64{}
	for range d.count() {
		socket := d.text()
		at[socket] = d.worker()
	}
	for range d.count() {
		k := SocketError{d.text(), Reason(d.text())}
		errs[k] = d.uint()
	}
	d.accumulator(acc)
	if d.err == nil && len(d.b) > 0 {
		d.err = errors.New("more bytes than expected")
	}
	if d.err != nil {
		return fmt.Errorf("state of the sockets: %w", d.err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.acc, in.reload, in.at, in.errors = acc, r, at, errs
	return nil
}

func (d *decoder) accumulator(a *accumulator) {
	var workers []*worker
	for range d.count() {
		w := &worker{id: d.worker(), version: d.text(), seen: d.int(), replaced: d.int(), uptime: d.int(), sessions: d.float(), live: d.bool(), buried: d.bool(), stopping: d.bool()}
		workers = append(workers, w)
		a.workers[w.id] = w
	}
	for range d.count() {
		a.tombs = append(a.tombs, d.worker())
	}
	for range d.count() {
		k := objectKey{catalogue.Scope(d.uint()), d.text(), d.text()}
		if _, ok := a.schema.fields[k.scope]; !ok {
			d.fail("an object of a scope that does not exist")
			return
		}
		o := &object{base: d.floats(k.scope, 0)}
		for range d.count() {
			i := d.uint()
			if i >= uint64(len(workers)) {
				d.fail("a counter of a worker that is not listed")
				return
			}
			p := &part{w: workers[i], shadowed: d.bool(), last: d.floats(k.scope, math.NaN()), extra: d.floats(k.scope, 0)}
			if p.last == nil {
				p.last = nans(len(a.schema.fields[k.scope]))
			}
			o.parts = append(o.parts, p)
		}
		a.objects[k] = o
	}
}

// fieldKey names a field across versions of the exporter.
func fieldKey(f *catalogue.NativeField) string { return f.Suffix + "|" + f.Code }

func sortedKeys[K comparable, V any](m map[K]V, by func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, by)
	return keys
}

type encoder struct{ b []byte }

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)   { e.b = binary.AppendVarint(e.b, v) }
func (e *encoder) text(s string) { e.uint(uint64(len(s))); e.b = append(e.b, s...) }
func (e *encoder) bool(v bool)   { e.b = append(e.b, map[bool]byte{true: 1}[v]) }

// float writes the bits with the low ones first: whole numbers take one to five bytes.
func (e *encoder) float(v float64)   { e.uint(bits.ReverseBytes64(math.Float64bits(v))) }
func (e *encoder) worker(w WorkerID) { e.int(int64(w.PID)); e.int(w.Start) }

// floats writes a vector of a scope's fields; nil is empty.
func (e *encoder) floats(v []float64) {
	e.uint(uint64(len(v)))
	for _, x := range v {
		if math.IsNaN(x) {
			x = math.NaN() // one spelling
		}
		e.float(x)
	}
}

// decoder reads what encoder wrote. After the first error everything is zero; memory is bounded by the input.
type decoder struct {
	b      []byte
	err    error
	places map[catalogue.Scope][]int // index of each written field in this version's list, -1 for none
	width  map[catalogue.Scope]int
}

func (d *decoder) fail(text string) {
	if d.err == nil {
		d.err = errors.New(text)
	}
	d.b = nil
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail("it ends early")
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bool() bool { return d.byte() != 0 }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail("it ends early")
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail("it ends early")
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads a number of items, each of which takes at least one byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail("a number of items that cannot be")
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.count()
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) float() float64   { return math.Float64frombits(bits.ReverseBytes64(d.uint())) }
func (d *decoder) worker() WorkerID { return WorkerID{int(d.int()), d.int()} }

func (d *decoder) fields(s *schema) {
	d.places, d.width = map[catalogue.Scope][]int{}, map[catalogue.Scope]int{}
	scopes := catalogue.Scopes()
	if d.count() != len(scopes) {
		d.fail("another number of scopes")
		return
	}
	for _, scope := range scopes {
		d.width[scope] = len(s.fields[scope])
		for range d.count() {
			key := d.text()
			d.places[scope] = append(d.places[scope], slices.IndexFunc(s.fields[scope], func(f catalogue.NativeField) bool { return fieldKey(&f) == key }))
		}
	}
}

func (d *decoder) floats(scope catalogue.Scope, missing float64) []float64 {
	n := d.count()
	if n == 0 || d.err != nil {
		return nil
	}
	if n != len(d.places[scope]) {
		d.fail("another number of counters")
		return nil
	}
	out := make([]float64, d.width[scope])
	for i := range out {
		out[i] = missing
	}
	for _, at := range d.places[scope] {
		if v := d.float(); at >= 0 {
			out[at] = v
		}
	}
	return out
}
