package haproxy

import (
	"encoding/json"
	"errors"
)

// Sequence counts lines of one frontend that never arrived, by HAProxy's own line number %lc. A worker numbers the
// lines of each frontend from 0, so that "largest number + 1" is how many it wrote. Neighbours are not compared:
// threads write now and then a number twice and leave the next one out, and lines overtake each other. Instead the
// lines up to a mark are counted: at each Settle everything up to the largest number of the Settle before should
// have arrived.
//
// A new worker starts a new run at 0 while the old one still writes. With the process id of the line's tag runs
// are told apart exactly; without one (pid 0) a line belongs to the run that it continues best. At most maxRuns
// runs are kept: memory is bounded whatever the log holds. Not safe for concurrent use: it belongs to the shard
// that counts the lines.
type Sequence struct {
	Runs  []*SequenceRun
	Lost  uint64 // lines known to be lost; never goes down
	Ended int64  // lost in runs that are over: part of Lost
	Seen  bool   // a run is known: later ones are expected to start at 0
}

// SequenceRun is what is known of one worker's numbers.
type SequenceRun struct {
	PID          int
	First, Max   uint64
	Count        int64 // lines seen
	Mark         uint64
	Below        int64 // lines seen up to Mark
	Marked       bool
	Deficit      int64 // at the mark before the last
	HasDeficit   bool
	Settled      int64 // what is believed to be lost
	LastObserved uint64
}

const (
	maxRuns = 8
	// overtaking is by how much a line's number may lie behind one that was seen before it.
	overtaking = 1024
	// restart is below which a number can be the first of a new run.
	restart = 64
)

// Observe notes the number of one line. pid is the process id of the line's tag, 0 when it has none. It does not
// allocate but for the first line of a run.
func (s *Sequence) Observe(pid int, n uint64, tick uint64) {
	r := s.run(pid, n)
	if r == nil {
		r = s.start(pid, n)
	}
	r.LastObserved = tick
	if n < r.First {
		return // from before we joined: it was not expected
	}
	r.Count++
	if r.Marked && n <= r.Mark {
		r.Below++
	}
	if n > r.Max {
		r.Max = n
	}
}

// run returns the run that a line belongs to, nil for a new one.
func (s *Sequence) run(pid int, n uint64) *SequenceRun {
	var best *SequenceRun
	var bestGap uint64
	for _, r := range s.Runs {
		if r.PID != pid {
			continue
		}
		behind := n <= r.Max
		gap := n - r.Max
		if behind {
			gap = r.Max - n
		}
		if behind && n < restart && r.Max > 2*restart && r.First == 0 {
			continue // back at the start: the process id came back, or it is another worker
		}
		if pid == 0 && (behind && gap > overtaking || !behind && gap > 64*overtaking) {
			continue
		}
		if best == nil || gap < bestGap {
			best, bestGap = r, gap
		}
	}
	return best
}

func (s *Sequence) start(pid int, n uint64) *SequenceRun {
	r := &SequenceRun{PID: pid, First: n, Max: n}
	if s.Seen && n <= overtaking {
		r.First = 0 // we have been watching: what is missing before n is missing
	}
	s.Seen = true
	for i, old := range s.Runs {
		if pid != 0 && old.PID == pid { // the process id came back: the run before is over
			s.end(i)
			break
		}
	}
	if len(s.Runs) == maxRuns {
		oldest := 0
		for i, o := range s.Runs {
			if o.LastObserved < s.Runs[oldest].LastObserved {
				oldest = i
			}
		}
		s.end(oldest)
	}
	s.Runs = append(s.Runs, r)
	return r
}

// missing is what a run lacks up to its largest number.
func (r *SequenceRun) missing() int64 { return int64(r.Max-r.First) + 1 - r.Count }

// end takes the final count of a run.
func (s *Sequence) end(i int) {
	s.Ended += max(s.Runs[i].Settled, s.Runs[i].missing(), 0)
	s.Runs = append(s.Runs[:i], s.Runs[i+1:]...)
}

// Settle counts what should have arrived by now. Call it at each scrape, at least a second apart, so that every
// line written before the last call has been read. It returns Lost.
func (s *Sequence) Settle() uint64 {
	total := s.Ended
	for _, r := range s.Runs {
		if r.Marked {
			d := int64(r.Mark-r.First) + 1 - r.Below
			if r.HasDeficit { // a number that is written twice and the one left out may stand on both sides of a mark
				r.Settled = max(r.Settled, min(d, r.Deficit))
			}
			r.Deficit, r.HasDeficit = d, true
		}
		r.Mark, r.Below, r.Marked = r.Max, r.Count, true
		total += max(r.Settled, 0)
	}
	if t := uint64(max(total, 0)); t > s.Lost {
		s.Lost = t
	}
	return s.Lost
}

// MarshalBinary returns the state for the snapshot.
func (s *Sequence) MarshalBinary() ([]byte, error) {
	type plain Sequence
	return json.Marshal((*plain)(s))
}

// UnmarshalBinary restores the state; on an error nothing changes.
func (s *Sequence) UnmarshalBinary(b []byte) error {
	type plain Sequence
	var p plain
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	if len(p.Runs) > maxRuns {
		return errors.New("line numbers: more runs than are kept")
	}
	for _, r := range p.Runs {
		if r == nil || r.Max < r.First {
			return errors.New("line numbers: a run without numbers")
		}
	}
	*s = Sequence(p)
	return nil
}
