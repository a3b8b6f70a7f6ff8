package haproxy

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"haproxy_log_exporter/internal/wire"
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
	d := decoder{Decoder: wire.NewDecoder(b)}
	if v := d.Byte(); v != persistVersion {
		return fmt.Errorf("state of the sockets: version %d, this program reads %d", v, persistVersion)
	}
	d.fields(in.schema)
	var r reloadState
	r.Total, r.MasterPID, r.MasterUptime, r.MasterCount, r.Newest = d.Uint(), int(d.Int()), d.Int(), int(d.Int()), d.worker()
	acc := in.newAccumulator()
	acc.resets, acc.shared.believed = d.Uint(), d.Bool()
	at, errs := map[string]WorkerID{}, map[SocketError]uint64{}
	for range d.Count(1) {
		socket := d.Text()
		at[socket] = d.worker()
	}
	for range d.Count(1) {
		k := SocketError{d.Text(), Reason(d.Text())}
		errs[k] = d.Uint()
	}
	d.accumulator(acc)
	if err := d.End(); err != nil {
		return fmt.Errorf("state of the sockets: %w", err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.acc, in.reload, in.at, in.errors = acc, r, at, errs
	return nil
}

func (d *decoder) accumulator(a *accumulator) {
	var workers []*worker
	for range d.Count(1) {
		w := &worker{id: d.worker(), version: d.Text(), seen: d.Int(), replaced: d.Int(), uptime: d.Int(), sessions: d.float(), live: d.Bool(), buried: d.Bool(), stopping: d.Bool()}
		workers = append(workers, w)
		a.workers[w.id] = w
	}
	for range d.Count(1) {
		a.tombs = append(a.tombs, d.worker())
	}
	for range d.Count(1) {
		k := objectKey{catalogue.Scope(d.Uint()), d.Text(), d.Text()}
		if _, ok := a.schema.fields[k.scope]; !ok {
			d.Fail(errors.New("an object of a scope that does not exist"))
			return
		}
		o := &object{base: d.floats(k.scope, 0)}
		for range d.Count(1) {
			i := d.Uint()
			if i >= uint64(len(workers)) {
				d.Fail(errors.New("a counter of a worker that is not listed"))
				return
			}
			p := &part{w: workers[i], shadowed: d.Bool(), last: d.floats(k.scope, math.NaN()), extra: d.floats(k.scope, 0)}
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
func (e *encoder) text(s string) { e.b = wire.AppendText(e.b, s) }
func (e *encoder) bool(v bool)   { e.b = wire.AppendBool(e.b, v) }

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

// decoder reads what encoder wrote.
type decoder struct {
	wire.Decoder
	places map[catalogue.Scope][]int // index of each written field in this version's list, -1 for none
	width  map[catalogue.Scope]int
}

func (d *decoder) float() float64   { return math.Float64frombits(bits.ReverseBytes64(d.Uint())) }
func (d *decoder) worker() WorkerID { return WorkerID{int(d.Int()), d.Int()} }

func (d *decoder) fields(s *schema) {
	d.places, d.width = map[catalogue.Scope][]int{}, map[catalogue.Scope]int{}
	scopes := catalogue.Scopes()
	if d.Count(1) != len(scopes) {
		d.Fail(errors.New("another number of scopes"))
		return
	}
	for _, scope := range scopes {
		d.width[scope] = len(s.fields[scope])
		for range d.Count(1) {
			key := d.Text()
			d.places[scope] = append(d.places[scope], slices.IndexFunc(s.fields[scope], func(f catalogue.NativeField) bool { return fieldKey(&f) == key }))
		}
	}
}

func (d *decoder) floats(scope catalogue.Scope, missing float64) []float64 {
	n := d.Count(1)
	if n == 0 || d.Failed() {
		return nil
	}
	if n != len(d.places[scope]) {
		d.Fail(errors.New("another number of counters"))
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
