package haproxy

import (
	"cmp"
	"math"
	"slices"
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

// How long a finished worker is kept apart from the base: one that comes back within it (two workers that answer
// in turn behind one TCP address, a glitch of the list) goes on where it was.
const (
	keepFinished    = 10 * time.Minute
	keepFinishedMax = 4
	maxTombs        = 1024
)

// accumulator sums the counters of the workers of one HAProxy. A worker contributes what it was last seen with,
// also after its end; the sum of an object never goes down while a living worker has the object.
// It is not safe for concurrent use.
type accumulator struct {
	schema  *schema
	workers map[WorkerID]*worker
	tombs   []WorkerID // finished workers that are part of the base, oldest first
	objects map[objectKey]*object
	resets  uint64
	shared  sharing
}

type worker struct {
	id       WorkerID
	version  string
	seen     int64 // Unix seconds of the last answer
	replaced int64 // Unix seconds when a newer worker was first seen; 0 while it is the newest
	live     bool  // exists, as far as is known
	answered bool  // in the present scrape
	newest   bool
	buried   bool // came back after it became part of the base: only what it adds now counts
	uptime   int64
	sessions float64
	stopping bool
	rank     int    // place among those that answered, 0 is the newest
	reply    *reply // of the present scrape
}

type objectKey struct {
	scope       catalogue.Scope
	proxy, name string
}

type object struct {
	base  []float64 // of workers that are forgotten
	parts []*part
}

// part is what one worker contributes to one object: extra + last.
type part struct {
	w        *worker
	row      *Row      // of the present scrape, nil when the worker did not answer or has no such row
	last     []float64 // last seen
	prev     []float64 // seen before that; kept only while shared counters are looked for
	extra    []float64 // what was counted before a counter went down; nil for none
	shadowed bool      // its numbers are part of a newer worker's (shared memory): only extra counts
}

func newAccumulator(s *schema) *accumulator {
	return &accumulator{schema: s, workers: map[WorkerID]*worker{}, objects: map[objectKey]*object{}}
}

// identify returns the worker that answered, a new one when it has not been seen before. HAProxy before 2.5 does
// not say when it started; the time is computed then and may be off by a second.
func (a *accumulator) identify(info *Info, now int64) (w *worker, isNew bool) {
	id := WorkerID{PID: info.PID, Start: info.Start}
	if id.Start == 0 {
		id.Start = now - info.Uptime
		for known := range a.workers {
			if d := known.Start - id.Start; known.PID == id.PID && d >= -2 && d <= 2 {
				id = known
				break
			}
		}
	}
	if w = a.workers[id]; w != nil {
		return w, false
	}
	w = &worker{id: id, buried: slices.Contains(a.tombs, id)}
	a.workers[id] = w
	return w, true
}

// begin starts a scrape: nobody has answered yet.
func (a *accumulator) begin() {
	for _, w := range a.workers {
		w.answered, w.reply = false, nil
	}
	for _, o := range a.objects {
		for _, p := range o.parts {
			p.row = nil
		}
	}
}

// answer notes the reply of one worker. The second reply of the same worker in one scrape (two sockets of one
// process) is ignored.
func (a *accumulator) answer(r *reply, now int64) *worker {
	w, _ := a.identify(r.info, now)
	if w.answered {
		return w
	}
	w.answered, w.live, w.reply, w.seen = true, true, r, now
	w.version, w.uptime, w.stopping = r.info.Version, r.info.Uptime, r.info.Stopping
	w.sessions = 0
	scur := a.schema.find(catalogue.ScopeFrontend, "scur")
	for i := range r.rows {
		if v := r.rows[i].Values; r.rows[i].Scope == catalogue.ScopeFrontend && !math.IsNaN(v[scur]) {
			w.sessions += v[scur]
		}
	}
	return w
}

// sorted returns the workers that f accepts, the newest first.
func (a *accumulator) sorted(f func(*worker) bool) []*worker {
	var out []*worker
	for _, w := range a.workers {
		if f(w) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(x, y *worker) int {
		if x.stopping != y.stopping { // a failed reload: the youngest process may be on its way out
			if x.stopping {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(y.id.Start, x.id.Start), cmp.Compare(y.id.PID, x.id.PID))
	})
	return out
}

// commit counts the replies of the scrape. Call it after every answer and after live has been set.
func (a *accumulator) commit(now int64) {
	alive := a.sorted(func(w *worker) bool { return w.live })
	for i, w := range alive {
		w.newest = i == 0
		if i > 0 && w.replaced == 0 {
			w.replaced = min(now, max(alive[i-1].id.Start, w.id.Start))
		}
	}
	answered := a.sorted(func(w *worker) bool { return w.answered })
	for i, w := range answered {
		w.rank = i
	}
	a.shared.begin(answered)
	for i := len(answered) - 1; i >= 0; i-- { // the oldest first: parts are in the order of workers
		w := answered[i]
		reset := false
		for r := range w.reply.rows {
			reset = a.count(w, &w.reply.rows[r]) || reset
		}
		for r := range w.reply.resolvers {
			reset = a.count(w, &w.reply.resolvers[r]) || reset
		}
		if a.count(w, &w.reply.info.row) || reset {
			a.resets++
		}
	}
	a.shared.end(a)
	if len(answered) > 0 {
		a.drop()
	}
	a.bury(now)
}

// count takes over one row of one worker; it reports whether a counter went down.
func (a *accumulator) count(w *worker, r *Row) (reset bool) {
	key := objectKey{r.Scope, r.Proxy, r.Name}
	o := a.objects[key]
	if o == nil {
		o = &object{}
		a.objects[key] = o
	}
	fields := a.schema.fields[r.Scope]
	p := o.part(w)
	if p == nil {
		p = &part{w: w, last: slices.Clone(r.Values)}
		if w.buried {
			p.extra = make([]float64, len(fields))
			for i := range fields {
				if monotonic(&fields[i]) && !math.IsNaN(r.Values[i]) {
					p.extra[i] = -r.Values[i]
				}
			}
		}
		for i := range fields {
			if fields[i].Aggregate == catalogue.Carry && !w.newest {
				p.last[i] = math.NaN() // the newest worker counts this time already
			}
		}
		a.shared.first(o, p, r, fields)
		o.parts = append(o.parts, p)
		p.row = r
		return false
	}
	if p.row != nil {
		return false // a second row of the same name (two bind lines with one name): the first one counts
	}
	p.row, p.prev = r, nil
	if a.shared.watch {
		p.prev = slices.Clone(p.last)
	}
	for i := range fields {
		v, old := r.Values[i], p.last[i]
		switch {
		case fields[i].Aggregate == catalogue.Carry && !w.newest, math.IsNaN(v) && monotonic(&fields[i]):
			continue
		case monotonic(&fields[i]) && v < old:
			if p.extra == nil {
				p.extra = make([]float64, len(fields))
			}
			p.extra[i] += old
			reset = true
		}
		p.last[i] = v
	}
	return reset
}

func (o *object) part(w *worker) *part {
	for _, p := range o.parts {
		if p.w == w {
			return p
		}
	}
	return nil
}

// held says whether a living worker has the object, as far as is known.
func (o *object) held() bool {
	for _, p := range o.parts {
		if p.w.live && (p.row != nil || !p.w.answered) {
			return true
		}
	}
	return false
}

// drop forgets objects that no living worker has; they start at 0 when they come back.
func (a *accumulator) drop() {
	for k, o := range a.objects {
		if !o.held() {
			delete(a.objects, k)
		}
	}
}

// bury makes finished workers part of the base once they are not expected to come back.
func (a *accumulator) bury(now int64) {
	finished := a.sorted(func(w *worker) bool { return !w.live })
	slices.SortFunc(finished, func(x, y *worker) int { return cmp.Compare(y.seen, x.seen) })
	for i, w := range finished {
		if i < keepFinishedMax && now-w.seen <= int64(keepFinished/time.Second) {
			continue
		}
		for k, o := range a.objects {
			o.bury(w, a.schema.fields[k.scope])
		}
		delete(a.workers, w.id)
		a.tombs = append(a.tombs, w.id)
	}
	if n := len(a.tombs) - maxTombs; n > 0 {
		a.tombs = slices.Delete(a.tombs, 0, n)
	}
}

func (o *object) bury(w *worker, fields []catalogue.NativeField) {
	for i, p := range o.parts {
		if p.w != w {
			continue
		}
		if o.base == nil {
			o.base = make([]float64, len(fields))
		}
		for f := range fields {
			if monotonic(&fields[f]) {
				o.base[f] += p.amount(f)
			}
		}
		o.parts = slices.Delete(o.parts, i, i+1)
		return
	}
}

// amount is what the part adds to the sum of a monotonic field.
func (p *part) amount(f int) float64 {
	v := 0.0
	if !p.shadowed && !math.IsNaN(p.last[f]) {
		v = p.last[f]
	}
	if p.extra != nil {
		v += p.extra[f]
	}
	return v
}
