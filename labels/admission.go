package labels

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"

	"haproxy_log_exporter/internal/hashindex"
)

// Limits bound what clients can make the exporter remember. Zero values mean the defaults.
type Limits struct {
	Values int // values of one label: 1,000; names of frontends and backends: ten times as many
	Routes int // combinations of values: 20,000
}

func (l Limits) withDefaults() Limits {
	if l.Values <= 0 {
		l.Values = 1000
	}
	if l.Routes <= 0 {
		l.Routes = 20000
	}
	return l
}

// Route is one combination of label values. Routes are immutable, shared by all resolvers of an
// Admission, and equal exactly when their pointers are.
type Route struct {
	ID     uint32   // stable for as long as the label names stay the same, restarts included
	Values []string // in the order of Schema.Names; "" where a request has no value
	SLA    string   // the value of the SLA label when that class is configured, else ""
	Empty  bool     // no label has a value: the request fits no template
	Served bool     // declared, or born by a line that reached a server
}

// Admission decides which label values stand for themselves. It is shared by all sources, locked, and
// used only when a line has not been seen before.
//
// Once admitted, a value stays: later lines with it always go to the same series. Only Reset forgets,
// and even then a value that comes back gets the route it had.
type Admission struct {
	schema *Schema
	limits Limits

	// epoch changes when admitted values are forgotten: caches of resolvers are void.
	epoch atomic.Uint64
	// version changes when a value is admitted: cached decisions for "other" are due for another look.
	version atomic.Uint64

	mu        sync.Mutex
	pools     []pool          // one for each name, then frontend, backend
	routes    hashindex.Index // over list
	list      []*Route
	base      int          // routes that were there at the last Reset; they do not count against the limit
	unserved  int          // routes born by lines that reached no server, since the last Reset
	seed      maphash.Seed // of routes
	offenders *offenders
}

// pool holds the admitted values of one label.
type pool struct {
	closed map[string]struct{} // vocabulary; nil when open
	values map[string]string   // the value and itself, so that all routes share one string
	order  []string            // admitted by lines, oldest first; what the limit counts
}

// NewAdmission returns an Admission for schemas with the same names, vocabularies and declared routes
// as s.
func NewAdmission(s *Schema, lim Limits) *Admission {
	a := &Admission{schema: s, limits: lim.withDefaults(), seed: maphash.MakeSeed(), offenders: newOffenders()}
	a.pools = make([]pool, len(s.names)+2)
	for i := range a.pools {
		p := &a.pools[i]
		p.values = map[string]string{}
		if i < len(s.names) {
			p.closed = s.vocab[i]
		}
		for v := range p.closed {
			p.values[v] = v
		}
	}
	for _, r := range s.routes {
		a.born(r, true)
	}
	a.base = len(a.list)
	return a
}

// Limits returns the limits in force.
func (a *Admission) Limits() Limits { return a.limits }

// candidate is a sanitised value before admission.
type candidate struct {
	value   string
	trusted bool // the operator chose it: no server needs to have been reached
}

// Reason says why a value became "other".
type Reason string

// The reasons of Offender.
const (
	ReasonUnknown  Reason = "not in the vocabulary"
	ReasonUnserved Reason = "new, and no server was reached"
	ReasonLimit    Reason = "limit of values reached"
	ReasonRoutes   Reason = "limit of routes reached"
)

// admit returns the value as it may stand in a label, or "other" with the reason. a.mu is held.
func (a *Admission) admit(label int, c candidate, reached bool) (string, Reason) {
	p := &a.pools[label]
	if c.value == "" || c.value == Other {
		return c.value, ""
	}
	if v, ok := p.values[c.value]; ok {
		return v, ""
	}
	switch {
	case p.closed != nil:
		return Other, ReasonUnknown
	case !reached && !c.trusted:
		return Other, ReasonUnserved
	case len(p.order) >= a.limit(label):
		return Other, ReasonLimit
	}
	p.values[c.value] = c.value
	p.order = append(p.order, c.value)
	a.version.Add(1)
	return c.value, ""
}

// limit is the number of values that lines may bring to a label. Names of frontends and backends are the
// operator's, and an egress controller has many; they are bounded because a forged line may hold any.
func (a *Admission) limit(label int) int {
	if label >= len(a.schema.names) {
		return 10 * a.limits.Values
	}
	return a.limits.Values
}

// route returns the route of the candidates, and which labels became "other". values is scratch and
// holds the result's values. overflow is appended to.
func (a *Admission) route(cands []candidate, reached bool, overflow []refusal) (*Route, []refusal) {
	values := make([]string, len(cands))
	served := reached
	for i, c := range cands {
		v, why := a.admit(i, c, reached)
		if why != "" {
			overflow = append(overflow, refusal{label: i, value: c.value, reason: why})
		}
		values[i] = v
	}
	if r := a.find(values); r != nil {
		return r, overflow
	}
	// Known values can still be combined at will. Combinations of lines that reached no server have
	// a small budget of their own, so that a scanner cannot use up the one of real traffic.
	full := len(a.list)-a.base-a.unserved >= a.limits.Routes
	if !served {
		full = a.unserved >= a.limits.Values
	}
	if full && !uniform(values) {
		overflow = overflow[:0]
		for i, c := range cands {
			if c.value != "" {
				values[i] = Other
				overflow = append(overflow, refusal{label: i, value: c.value, reason: ReasonRoutes})
			}
		}
		if r := a.find(values); r != nil {
			return r, overflow
		}
	}
	return a.born(values, served), overflow
}

// uniform reports whether all values are "" or "other": such routes are few, and the way out at the limit.
func uniform(values []string) bool {
	return !slices.ContainsFunc(values, func(v string) bool { return v != "" && v != Other })
}

// find returns the route with these values, nil when there is none.
func (a *Admission) find(values []string) *Route {
	i, ok := a.routes.Find(a.hash(values), func(i uint32) bool { return slices.Equal(a.list[i].Values, values) })
	if !ok {
		return nil
	}
	return a.list[i]
}

func (a *Admission) hash(values []string) uint32 { return hashindex.Texts(a.seed, 0, values...) }

func (a *Admission) born(values []string, served bool) *Route {
	if r := a.find(values); r != nil {
		return r
	}
	r := &Route{ID: uint32(len(a.list)), Values: slices.Clone(values), Served: served}
	r.Empty = !slices.ContainsFunc(values, func(v string) bool { return v != "" })
	if k := a.schema.sla; k >= 0 {
		if _, ok := a.schema.slas[values[k]]; ok {
			r.SLA = values[k]
		}
	}
	a.routes.Add(a.hash(values), r.ID)
	a.list = append(a.list, r)
	if !served {
		a.unserved++
	}
	a.version.Add(1)
	return r
}

// Routes returns all routes in the order of their birth (Route.ID). The slice is a copy.
func (a *Admission) Routes() []*Route {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.list)
}

// Use is how full a label is.
type Use struct {
	Label  string
	Values int // admitted by lines since the last Reset
	Limit  int
	Closed int // size of the vocabulary, 0 when the label is open
}

// Usage returns how full each label is: those of Names, then frontend and backend.
func (a *Admission) Usage() []Use {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]Use, 0, len(a.pools))
	for i := range a.pools {
		p := &a.pools[i]
		out = append(out, Use{Label: a.schema.LabelName(i), Values: len(p.order), Limit: a.limit(i), Closed: len(p.closed)})
	}
	return out
}

// Reset forgets the values that lines brought, so that others can be admitted: what was refused gets a
// series of its own again, for future lines only. Values that come back continue their old series.
func (a *Admission) Reset() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.pools {
		p := &a.pools[i]
		for _, v := range p.order {
			delete(p.values, v)
		}
		p.order = nil
	}
	a.base, a.unserved = len(a.list), 0
	a.offenders = newOffenders()
	a.epoch.Add(1)
	a.version.Add(1)
}

// TopOffenders returns the values that most lines lost to "other" since the start or the last Reset,
// most frequent first, at most n. Counts are close, not exact: only so many values are remembered.
func (a *Admission) TopOffenders(n int) []Offender {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.offenders.top(n, a.schema.LabelName)
}
