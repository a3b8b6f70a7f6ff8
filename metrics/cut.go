package metrics

import (
	"iter"

	"haproxy_log_exporter/internal/list"
	"haproxy_log_exporter/metrics/catalogue"
)

// Cut is the sum of all sources as of one moment: what a scrape answers from and what is saved. It does not
// change any more, so any number of goroutines may read it.
type Cut struct {
	table     *Table
	at        int64 // ms since 1970
	families  []cutFamily
	native    list.Of[series]
	prefixes  list.Of[prefix]
	texts     []string // see registry
	values    []uint64
	exemplars []exemplar
	admitted  map[string][]string
	restarts  map[string]uint64
	expired   uint64
	samples   int
}

// cutFamily is a family with the series that were born when the cut was taken.
type cutFamily struct {
	*family
	series list.Of[series]
	hidden []bool // idle series, nil when none is
}

// shown walks over the series that are exposed: the position of each, and the exemplars from its values on. ex and the
// series are in the order of offsets.
func (f *cutFamily) shown(ex []exemplar) iter.Seq2[int, []exemplar] {
	return func(yield func(int, []exemplar) bool) {
		for i := range f.series.Len() {
			if f.hidden != nil && f.hidden[i] {
				continue
			}
			for len(ex) > 0 && ex[0].off < f.series.At(uint32(i)).off {
				ex = ex[1:]
			}
			if !yield(i, ex) {
				return
			}
		}
	}
}

// Merge adds up the shards. Each Part has to be a copy of another shard, and all shards that are not removed
// have to be there; positions that are saved with the cut have to be taken together with the Parts.
func (t *Table) Merge(parts ...*Part) *Cut {
	c := &Cut{table: t, at: t.opt.Now().UnixMilli()}
	c.exemplars = mergeExemplars(parts)
	if t.opt.IdleTTL > 0 {
		t.idle.mu.Lock()
		defer t.idle.mu.Unlock()
	}
	t.mu.Lock() // series are born meanwhile, so only what has to be of one moment is taken under the lock
	n := t.startValues(c, parts)
	c.prefixes, c.texts = t.reg.prefixes, t.reg.texts
	c.families = make([]cutFamily, len(t.reg.families))
	for i, f := range t.reg.families {
		c.families[i] = cutFamily{family: f, series: f.series}
	}
	if t.fam.native != nil {
		c.native = t.fam.native.series
	}
	c.restarts = t.restarts()
	c.admitted = t.admittedValues()
	c.samples, c.expired = t.reg.samples, t.idle.expired
	declared := t.idle.declared
	t.mu.Unlock()
	for _, p := range parts {
		c.values = addValues(c.values, p.values)
		if p.taken {
			p.values = nil
		}
	}
	if k := n - len(c.values); k > 0 {
		c.values = append(c.values, make([]uint64, k)...)
	}
	if t.opt.IdleTTL > 0 {
		hidden, expired := t.idle.update(t, c, declared)
		t.mu.Lock()
		t.idle.hidden = hidden
		t.idle.expired += expired
		c.samples, c.expired = c.samples-hidden, t.idle.expired
		t.mu.Unlock()
	}
	return c
}

// startValues sets the cut's values to those of the base and returns how many there are to be. The parts'
// values are added to them; those of a single taken part are the cut's. t.mu is held.
func (t *Table) startValues(c *Cut, parts []*Part) int {
	n := int(t.reg.next)
	if len(t.base) == 0 && len(parts) > 0 && parts[0].taken {
		c.values, parts[0].values = parts[0].values, nil
		return n
	}
	if v, ok := t.pool.Get().(*[]uint64); ok {
		c.values = (*v)[:0]
	}
	if cap(c.values) < n {
		c.values = make([]uint64, 0, n+n/8)
	}
	c.values = append(c.values, t.base...)
	return n
}

// Release gives the cut's memory back for the next one. Nobody may use the cut any more. Calling it is optional.
func (c *Cut) Release() {
	v := c.values
	c.values = nil
	c.table.pool.Put(&v)
}

func (t *Table) restarts() map[string]uint64 {
	var m map[string]uint64
	for _, f := range t.reg.families {
		if f.restarts > 0 {
			if m == nil {
				m = map[string]uint64{}
			}
			m[f.Name] = f.restarts
		}
	}
	return m
}

func (t *Table) admittedValues() map[string][]string {
	m := make(map[string][]string, len(t.values))
	for l, set := range t.values {
		for v := range set {
			m[l] = append(m[l], v)
		}
	}
	return m
}

// SelfSamples adds what the registry tells about itself.
func (c *Cut) SelfSamples(s *Samples) {
	s.Add(catalogue.Series, float64(c.samples))
	s.Add(catalogue.SeriesLimit, float64(c.table.opt.SampleLimit))
	s.Add(catalogue.SeriesExpiredTotal, float64(c.expired))
	for _, f := range c.families {
		if n := c.restarts[f.Name]; n > 0 {
			s.Add(catalogue.SchemaRestartsTotal, float64(n), f.Name)
		}
	}
}

// Samples returns the number of samples the cut exposes, those of the limit.
func (c *Cut) Samples() int { return c.samples }

// ResetLimits lets series that became other for want of room be tried again, from the next line on. What
// was counted as other stays there.
func (t *Table) ResetLimits() {
	t.mu.Lock()
	clear(t.values)
	t.mu.Unlock()
	t.generation.Add(1)
}
