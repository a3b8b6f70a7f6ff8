package metrics

import "sync"

// idleState finds series that did not change for the configured time. They leave the exposition, keep their
// place and value in the registry (8 bytes for a counter, beside the label text), and come back with the
// next change. It is empty unless a time is configured.
//
// A series alone goes when it did not move. Series that are born in blocks go and come with their whole
// route, so that a route in use always has its zeros; declared routes stay.
type idleState struct {
	hidden   int      // samples that are not exposed; Table.mu guards it and the next two
	expired  uint64   // series that left, ever
	declared []uint32 // prefixes of declared routes

	mu       sync.Mutex // guards what follows; it is taken before Table.mu
	series   map[*family][]seriesAge
	prefixes []int64 // last change of any series of the prefix
	stay     []bool  // prefixes that are declared
}

type seriesAge struct {
	last   uint64 // what the values added up to
	at     int64  // when that changed
	hidden bool
}

// update looks for changes and marks the cut's hidden series. It returns how many samples are hidden, and how
// many series left now.
func (s *idleState) update(t *Table, c *Cut, declared []uint32) (hidden int, expired uint64) {
	ttl := t.opt.IdleTTL.Milliseconds()
	if s.series == nil {
		s.series = map[*family][]seriesAge{}
	}
	for len(s.prefixes) < c.prefixes.Len() {
		s.prefixes = append(s.prefixes, c.at)
		s.stay = append(s.stay, false)
	}
	for _, p := range declared {
		s.stay[p] = true
	}
	for i := range c.families {
		s.changes(c, &c.families[i])
	}
	for i := range c.families {
		f := &c.families[i]
		if f.lines == 0 {
			continue
		}
		ages := s.series[f.family]
		for k := range f.series.Len() {
			a := &ages[k]
			idle := c.at-a.at > ttl
			if f.block != nil || f.family == t.fam.backendInfo {
				p := c.prefixes.At(f.series.At(uint32(k)).prefix).route
				idle = c.at-s.prefixes[p] > ttl && !s.stay[p]
			}
			if idle && !a.hidden {
				expired++
			}
			a.hidden = idle
			if idle {
				if f.hidden == nil {
					f.hidden = make([]bool, f.series.Len())
				}
				f.hidden[k] = true
				hidden += f.lines
			}
		}
	}
	return hidden, expired
}

func (s *idleState) changes(c *Cut, f *cutFamily) {
	ages := s.series[f.family]
	for k := range f.series.Len() {
		sr := f.series.At(uint32(k))
		var sum uint64
		for _, v := range c.values[sr.off : sr.off+uint32(f.width)] {
			sum += v
		}
		if k == len(ages) {
			ages = append(ages, seriesAge{last: sum, at: c.at})
		}
		if ages[k].last != sum {
			ages[k].last, ages[k].at = sum, c.at
			s.prefixes[c.prefixes.At(sr.prefix).route] = c.at
		}
	}
	s.series[f.family] = ages
}
