package metrics

import (
	"slices"
	"unicode/utf8"

	"haproxy_log_exporter/parser"
)

// maxExemplars bounds the exemplars of a shard.
const maxExemplars = 4096

// maxExemplarText is how long an exemplar's label name and value may be together (OpenMetrics 1.0: 128
// characters; counted in bytes here).
const maxExemplarText = 128

// exemplar is the last late or failed request that moved a value: a bucket or an outcome.
type exemplar struct {
	off  uint32 // of the value
	n    uint8
	text [maxExemplarText]byte
	ms   int64 // the request's time
	at   int64 // ms since 1970
}

func (x *exemplar) id() []byte { return x.text[:x.n] }

// exemplarStore holds at most one exemplar for each value.
type exemplarStore struct {
	now  int64
	list []exemplar
	at   map[uint32]int32
}

func newExemplarStore() *exemplarStore { return &exemplarStore{at: map[uint32]int32{}} }

func (s *exemplarStore) put(off uint32, id []byte, ms int64) {
	i, ok := s.at[off]
	if !ok {
		if len(s.list) >= maxExemplars {
			return
		}
		i = int32(len(s.list))
		s.list = append(s.list, exemplar{off: off})
		s.at[off] = i
	}
	x := &s.list[i]
	x.n = uint8(copy(x.text[:], id))
	x.ms, x.at = ms, s.now
}

func (s *exemplarStore) copy(dst []exemplar) []exemplar { return append(dst[:0], s.list...) }

// remember keeps the request in c.f as exemplar of its outcome, whose value is at off, and of its bucket.
func (c *Counter) remember(cell *Cell, off uint32, rec *parser.Record) {
	id := rec.Bytes(c.exemplar)
	t := c.shard.table
	if len(id) == 0 || len(id)+len(t.opt.ExemplarLabel) > maxExemplarText || !utf8.Valid(id) {
		return
	}
	f, active := &c.f, c.f.times[timeActive].MS
	c.shard.exemplars.put(off, id, max(active, 0))
	if t.layout.hasDuration && active >= 0 && !f.early && !f.up {
		c.shard.exemplars.put(cell.backend+t.layout.duration+1+uint32(t.buckets.find(active)), id, active)
	}
}

// mergeExemplars keeps the youngest exemplar of each value, ordered by offset.
func mergeExemplars(parts []*Part) []exemplar {
	var all []exemplar
	for _, p := range parts {
		all = append(all, p.exemplars...)
	}
	slices.SortFunc(all, func(a, b exemplar) int {
		if a.off != b.off {
			return int(a.off) - int(b.off)
		}
		return int(b.at - a.at)
	})
	return slices.CompactFunc(all, func(a, b exemplar) bool { return a.off == b.off })
}
