package metrics

// idleState finds series that did not change for the configured time. They leave the exposition, keep their
// place and value in the registry (8 bytes for a counter, beside the label text), and come back with the
// next change. Table.mu guards it. It is empty unless a time is configured.
//
// A series alone goes when it did not move. Series that are born in blocks go and come with their whole
// route, so that a route in use always has its zeros; declared routes stay.
type idleState struct {
	hidden   int // samples that are not exposed
	expired  uint64
	series   map[*family][]seriesAge
	prefixes []int64 // last change of any series of the prefix
	declared map[uint32]bool
}

type seriesAge struct {
	last   uint64 // what the values added up to
	at     int64  // when that changed
	hidden bool
}

// update looks for changes and marks the cut's hidden series.
func (s *idleState) update(t *Table, c *Cut) {
	ttl := t.opt.IdleTTL.Milliseconds()
	if ttl <= 0 {
		return
	}
	if s.series == nil {
		s.series = map[*family][]seriesAge{}
	}
	for len(s.prefixes) < len(c.prefixes) {
		s.prefixes = append(s.prefixes, c.at)
	}
	for i := range c.families {
		s.changes(c, &c.families[i])
	}
	s.hidden = 0
	for i := range c.families {
		f := &c.families[i]
		if f.lines == 0 {
			continue
		}
		ages := s.series[f.family]
		for k := range f.series {
			a := &ages[k]
			idle := c.at-a.at > ttl
			if f.block != nil || f.family == t.fam.backendInfo {
				p := c.prefixes[f.series[k].prefix].route
				idle = c.at-s.prefixes[p] > ttl && !s.declared[p]
			}
			if idle && !a.hidden {
				s.expired++
			}
			a.hidden = idle
			if idle {
				if f.hidden == nil {
					f.hidden = make([]bool, len(f.series))
				}
				f.hidden[k] = true
				s.hidden += f.lines
			}
		}
	}
}

func (s *idleState) changes(c *Cut, f *cutFamily) {
	ages := s.series[f.family]
	for k := range f.series {
		sr := &f.series[k]
		var sum uint64
		for _, v := range c.values[sr.off : sr.off+uint32(f.width)] {
			sum += v
		}
		if k == len(ages) {
			ages = append(ages, seriesAge{last: sum, at: c.at})
		}
		if ages[k].last != sum {
			ages[k].last, ages[k].at = sum, c.at
			s.prefixes[c.prefixes[sr.prefix].route] = c.at
		}
	}
	s.series[f.family] = ages
}
