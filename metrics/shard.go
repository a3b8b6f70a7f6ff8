package metrics

import (
	"hash/maphash"

	"haproxy_log_exporter/internal/slab"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// Shard is the counts of one source: a flat array of values indexed by the registry's offsets. It has one
// writer; whoever writes or copies holds the source's lock.
type Shard struct {
	table        *Table
	source       string
	vals         []uint64
	lines        [parser.NumResults]uint32 // offsets of lines_total, by result
	results      [parser.NumResults]uint64 // lines that are not in the values yet
	exemplars    *exemplarStore
	main         *Counter
	nextID       uint32
	counters     []*Counter
	generation   uint32 // of the table, plus one, that the caches belong to
	seed         maphash.Seed
	servers      *serverTable
	serverTails  [256 * 6]uint32 // texts of server_requests_total after the prefix, by state and class
	kinds        kinds
	gists        gists
	slots        slotTable
	natives      slab.Of[cellNative]
	dirty        []*Cell // with counts that are not in the values yet
	combinations map[uint32]combination
}

// NewShard returns the counts of a source. source is the configured text, haproxyName the HAProxy that
// writes its lines (used with more than one). Record needs a Counter: see NewCounter.
func (t *Table) NewShard(source, haproxyName string) *Shard {
	s := &Shard{table: t, source: source, exemplars: newExemplarStore(), seed: maphash.MakeSeed(), servers: newServerTable(), slots: newSlotTable(), combinations: map[uint32]combination{}}
	t.mu.Lock()
	for i, r := range catalogue.LineResults() {
		p := t.reg.prefix("", nil, labelsOf("source", labels.Sanitise([]byte(source))))
		s.lines[i] = t.ensureOne(t.fam.lines, p, t.reg.intern(labelsOf("result", r)), true)
	}
	s.grow()
	t.mu.Unlock()
	s.main = &Counter{shard: s, haproxy: haproxyName}
	return s
}

// Source returns the configured text of the source.
func (s *Shard) Source() string { return s.source }

// NewCounter binds the shard to the formats of its source: the resolver finds the labels of a record, set
// the fields that configured counters and exemplars need; those that no family counts are skipped from now on. The
// first Counter is the one that Shard.Record uses; further ones are for lines of other HAProxies in the same source
// (see ForHAProxy).
func (s *Shard) NewCounter(set *parser.Set, r *labels.Resolver[Cell]) *Counter {
	c := s.main
	if c.resolver != nil {
		c = &Counter{shard: s, haproxy: c.haproxy}
	}
	c.resolver = r
	t := s.table
	r.LeaveNames(t.leftNames())
	c.customs = t.bindCounters(set)
	if !t.layout.retries {
		set.Leave(parser.Retries)
	}
	s.counters = append(s.counters, c)
	c.exemplar = parser.FieldNone
	if t.opt.ExemplarField != "" {
		c.exemplar = fieldOrNone(set, t.opt.ExemplarField)
	}
	c.judges = t.layout.judged || c.exemplar != parser.FieldNone
	return c
}

// forget empties the caches that hold admitted values, after Table.ResetLimits.
func (s *Shard) forget() {
	s.servers = newServerTable()
	s.foldCells()
	s.slots.fold(s.vals)
	s.slots = newSlotTable()
	for _, c := range s.counters {
		for _, b := range c.customs {
			clear(b.cache)
		}
	}
}

// ForHAProxy makes the counter count for another HAProxy, for sources that several write to. It is called
// before the first Record.
func (c *Counter) ForHAProxy(name string) *Counter {
	c.haproxy = name
	return c
}

// Record counts one line with the shard's first counter; see Counter.Record.
func (s *Shard) Record(rec *parser.Record, res parser.Result) { s.main.Record(rec, res) }

// SetTime tells the time of reading, in milliseconds since 1970, for exemplars and for when series are born. It is
// called once a block.
func (s *Shard) SetTime(ms int64) { s.exemplars.now = ms }

// lock takes the table's lock for births. They happen at the time that SetTime told.
func (s *Shard) lock() {
	s.table.mu.Lock()
	s.table.births = s.exemplars.now
}

func (s *Shard) unlock() {
	s.grow()
	s.table.births = 0
	s.table.mu.Unlock()
}

// grow makes room for all offsets that are born. It runs when a series is born, never per line. The table's
// lock is held.
func (s *Shard) grow() {
	n := int(s.table.reg.next)
	if n <= len(s.vals) {
		return
	}
	if n > cap(s.vals) {
		v := make([]uint64, len(s.vals), 2*n+256)
		copy(v, s.vals)
		s.vals = v
	}
	s.vals = s.vals[:n]
}

// CopyValues copies the values into dst, which is grown as needed, and returns it. The copy may be shorter
// than that of another shard or of a later cut.
func (s *Shard) CopyValues(dst []uint64) []uint64 {
	s.fold()
	return append(dst[:0], s.vals...)
}

// maxDirty bounds Shard.dirty, which keeps cells that the resolver has dropped.
const maxDirty = 1 << 14

// soil notes that a cell counts by itself from now on.
func (s *Shard) soil(cell *Cell) {
	if len(s.dirty) >= maxDirty {
		s.foldCells()
	}
	cell.dirty = true
	s.dirty = append(s.dirty, cell)
}

func (s *Shard) foldCells() {
	for i, cell := range s.dirty {
		cell.fold(s)
		s.dirty[i] = nil
	}
	s.dirty = s.dirty[:0]
}

// fold brings all values up to date: what is counted elsewhere, because it costs less per line, is added.
func (s *Shard) fold() {
	for i, n := range s.results {
		s.vals[s.lines[i]] += n
		s.results[i] = 0
	}
	s.foldCells()
	s.slots.fold(s.vals)
	t := s.table
	if !t.layout.phases {
		return
	}
	t.mu.Lock()
	blocks := t.layout.route.offs
	t.mu.Unlock()
	for _, off := range blocks {
		if int(off)+atAborts > len(s.vals) {
			break // born by another shard since this one grew
		}
		if v := s.vals[off : off+atAborts]; v[atFull] > 0 {
			for _, p := range [...]int{phaseRequest, phaseQueue, phaseConnect, phaseResponse} {
				v[atObserved+p] += v[atFull]
			}
			v[atFull] = 0
		}
	}
}

// Part is one shard's share of a cut. It can be used again.
type Part struct {
	values    []uint64
	exemplars []exemplar
	taken     bool // nobody else has the values
}

// Copy fills a Part. It is called under the source's lock and does little but copy memory.
func (s *Shard) Copy(p *Part) {
	p.values = s.CopyValues(p.values)
	p.exemplars = s.exemplars.copy(p.exemplars)
	p.taken = false
}

// Take is Copy for a shard that has counted its last line: nothing is copied, and the shard must not be used any
// more. The Part is used up by the next Merge.
func (s *Shard) Take(p *Part) {
	s.fold()
	*p = Part{values: s.vals, exemplars: s.exemplars.list, taken: true}
	s.vals = nil
}

// Remove adds the shard's values to what the table keeps for sources that are gone. The shard must not be
// used any more, and no cut that holds a Part of it may be merged afterwards.
func (t *Table) Remove(s *Shard) {
	s.fold()
	t.mu.Lock()
	t.base = addValues(t.base, s.vals)
	t.mu.Unlock()
	s.vals = nil
}

// addValues adds src to dst, element by element.
func addValues(dst, src []uint64) []uint64 {
	if n := len(src) - len(dst); n > 0 {
		dst = append(dst, make([]uint64, n)...)
	}
	dst = dst[:max(len(dst), len(src))]
	for i, v := range src {
		dst[i] += v
	}
	return dst
}
