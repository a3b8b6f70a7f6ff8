package haproxy

import (
	"math"

	"haproxy_log_exporter/metrics/catalogue"
)

// sharing finds counters that several workers have in common (shm-stats-file, HAProxy 3.3 and later): an old and
// a new worker show the same numbers then, and a sum would count them twice. HAProxy does not say which objects
// are shared (those with a guid; backends are not), so it is found out when a new worker appears:
//
// An object is a candidate when the new worker starts with at least what the worker before it was last seen with,
// in every counter. Candidates are believed when an object shows more than a worker of that age could have counted
// itself, or when most of the traffic is in candidates and a busy object is exactly equal. A believed object takes
// the newest worker's numbers alone. When both workers are seen again and their numbers cannot be those of one
// counter (one is below what the other had before), the object is summed again: it rises to the truth then.
type sharing struct {
	forced   int8 // 1 always, -1 never, 0 find out
	believed bool // objects of this HAProxy were found to be shared
	watch    bool // keep the values of the scrape before
	pairs    []sharedPair
	shadows  map[*part]*shadow
}

// sharedPair is an object that a new worker has, and the worker before it had.
type sharedPair struct {
	scope     catalogue.Scope
	old, new  *part
	candidate bool
	equal     bool
	sessions  float64 // of the old worker
}

type shadow struct {
	by    *part
	scope catalogue.Scope
}

// mayShare says whether a version can have shared counters at all: the first is 3.3.
func mayShare(version string) bool { return versionAtLeast(version, 3, 3) }

func (s *sharing) begin(answered []*worker) {
	s.pairs = s.pairs[:0]
	s.watch = false
	if s.forced < 0 {
		return
	}
	for _, w := range answered {
		if s.forced > 0 || mayShare(w.version) {
			s.watch = true
		}
	}
}

// first notes the first row of a worker for an object.
func (s *sharing) first(o *object, p *part, r *Row, fields []catalogue.NativeField) {
	if !s.watch || p.w.buried || s.forced == 0 && !mayShare(p.w.version) || r.Scope == catalogue.ScopeProcess || r.Scope == catalogue.ScopeResolver {
		return
	}
	var before *part
	for _, q := range o.parts {
		if !q.shadowed && (before == nil || q.w.id.Start > before.w.id.Start) && q.w.id.Start <= p.w.id.Start {
			before = q
		}
	}
	if before == nil {
		return
	}
	pair := sharedPair{scope: r.Scope, old: before, new: p, candidate: true, equal: true}
	traffic := false
	old := before.before()
	for i := range fields {
		if fields[i].Aggregate != catalogue.Accumulate || math.IsNaN(old[i]) || math.IsNaN(r.Values[i]) {
			continue
		}
		traffic = traffic || old[i] > 0
		pair.candidate = pair.candidate && r.Values[i] >= old[i]
		pair.equal = pair.equal && r.Values[i] == old[i]
		if fields[i].Field == "stot" {
			pair.sessions = old[i]
		}
	}
	if traffic {
		s.pairs = append(s.pairs, pair)
	}
}

// before returns the values of the scrape before this one, or the last ones.
func (p *part) before() []float64 {
	if p.prev != nil {
		return p.prev
	}
	return p.last
}

func (s *sharing) end(a *accumulator) {
	s.disprove(a)
	if !s.verdict() {
		return
	}
	s.believed = true
	for _, p := range s.pairs {
		if p.candidate {
			p.old.shadowed = true
			if s.shadows == nil {
				s.shadows = map[*part]*shadow{}
			}
			s.shadows[p.old] = &shadow{by: p.new, scope: p.scope}
		}
	}
}

// enough is how many sessions an object needs to be evidence.
const enough = 20

func (s *sharing) verdict() bool {
	if s.forced > 0 {
		return true
	}
	total, candidates, equal := 0.0, 0.0, false
	for _, p := range s.pairs {
		if p.scope == catalogue.ScopeBackend || p.scope == catalogue.ScopeListener {
			continue
		}
		total += p.sessions
		if !p.candidate {
			continue
		}
		candidates += p.sessions
		equal = equal || p.equal && p.sessions >= enough
		if p.sessions >= enough && p.new.w.uptime*4 <= p.old.w.uptime {
			return true
		}
	}
	return candidates > 0 && (s.believed || equal && candidates*2 >= total)
}

// disprove takes back what turns out not to be shared.
func (s *sharing) disprove(a *accumulator) {
	for old, sh := range s.shadows {
		if !old.w.live || s.forced > 0 {
			delete(s.shadows, old) // the old worker has finished: nothing more to learn
			continue
		}
		if old.row == nil || sh.by.row == nil || old.prev == nil || sh.by.prev == nil {
			continue
		}
		for i, f := range a.schema.fields[sh.scope] {
			if f.Aggregate == catalogue.Accumulate && (old.last[i] < sh.by.prev[i] || sh.by.last[i] < old.prev[i]) {
				old.shadowed, s.believed = false, false
				delete(s.shadows, old)
				break
			}
		}
	}
}
