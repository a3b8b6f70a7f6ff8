package haproxy

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// feed observes numbers and settles every 100 lines, then three times at the end.
func feed(s *Sequence, pid int, numbers []uint64) {
	for i, n := range numbers {
		s.Observe(pid, n, uint64(i))
		if i%100 == 99 {
			s.Settle()
		}
	}
	for range 3 {
		s.Settle()
	}
}

func numbers(from, to int) []uint64 {
	var out []uint64
	for n := from; n < to; n++ {
		out = append(out, uint64(n))
	}
	return out
}

func without(in []uint64, lost ...int) []uint64 {
	gone := map[uint64]bool{}
	for _, n := range lost {
		gone[uint64(n)] = true
	}
	var out []uint64
	for _, n := range in {
		if !gone[n] {
			out = append(out, n)
		}
	}
	return out
}

func TestSequence(t *testing.T) {
	swap := numbers(0, 1000) // lines overtake each other, by up to 5
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := 0; i+5 < len(swap); i += 5 {
		rnd.Shuffle(5, func(a, b int) { swap[i+a], swap[i+b] = swap[i+b], swap[i+a] })
	}
	twice := numbers(0, 1000) // a number written twice, the next one left out, everywhere
	for i := 0; i+1 < len(twice); i += 7 {
		twice[i+1] = twice[i]
	}
	before := numbers(0, 1000) // a number left out, the next one twice
	for i := 1; i+1 < len(before); i += 7 {
		before[i] = before[i+1]
	}
	for name, c := range map[string]struct {
		in   []uint64
		want uint64
	}{
		"complete":             {numbers(0, 1000), 0},
		"joined later":         {numbers(5000, 6000), 0},
		"some lost":            {without(numbers(0, 1000), 5, 99, 100, 101, 700), 5},
		"lost after joining":   {without(numbers(5000, 6000), 5010, 5999), 1}, // the last one cannot be known
		"overtaking":           {swap, 0},
		"overtaking with loss": {without(swap, 10, 500, 600), 3},
		"twice, then left out": {twice, 0},
		"left out, then twice": {before, 0},
		"older than the start": {append([]uint64{100, 101, 98, 99}, numbers(102, 200)...), 0},
		"few lines":            {[]uint64{0, 1, 3}, 1},
	} {
		for _, pid := range []int{0, 4711} {
			var s Sequence
			feed(&s, pid, c.in)
			if s.Lost != c.want {
				t.Errorf("%s, pid %d: %d lost, want %d", name, pid, s.Lost, c.want)
			}
		}
	}
}

// TestSequenceReload: the old worker goes on while the new one starts at 0; both lose lines.
func TestSequenceReload(t *testing.T) {
	for _, pids := range [][2]int{{10, 11}, {0, 0}} {
		var s Sequence
		feed(&s, pids[0], without(numbers(0, 5000), 17))
		old, fresh := without(numbers(5000, 5010), 5003), without(numbers(0, 300), 0, 200)
		for i, n := range fresh {
			if i%30 == 0 && len(old) > 0 {
				s.Observe(pids[0], old[0], 6000)
				old = old[1:]
			}
			s.Observe(pids[1], n, 6000)
		}
		for range 3 {
			s.Settle()
		}
		if s.Lost != 4 || len(s.Runs) != 2 {
			t.Errorf("pids %v: %d lost in %d runs, want 4 in 2", pids, s.Lost, len(s.Runs))
		}
	}
}

// TestSequenceLate: a line may take longer than the time between two Settles.
func TestSequenceLate(t *testing.T) {
	var s Sequence
	feed(&s, 1, numbers(0, 10))
	for _, n := range without(numbers(10, 100), 50) {
		s.Observe(1, n, 0)
	}
	s.Settle()
	s.Settle()
	s.Observe(1, 50, 0)
	for range 3 {
		s.Settle()
	}
	if s.Lost != 0 {
		t.Errorf("%d lost: a late line was given up", s.Lost)
	}
}

// TestSequenceSamePID: in a container the new worker has the old one's process id.
func TestSequenceSamePID(t *testing.T) {
	var s Sequence
	feed(&s, 8, without(numbers(0, 1000), 3))
	feed(&s, 8, without(numbers(0, 1000), 4, 5))
	if s.Lost != 3 || len(s.Runs) != 1 {
		t.Errorf("%d lost in %d runs, want 3 in 1", s.Lost, len(s.Runs))
	}
}

// TestSequenceBounded: many workers come and go; few are remembered and what they lost is kept.
func TestSequenceBounded(t *testing.T) {
	var s Sequence
	for pid := 1; pid <= 100; pid++ {
		for _, n := range without(numbers(0, 50), 20) {
			s.Observe(pid, n, uint64(pid))
		}
		last := s.Lost
		if s.Settle() < last {
			t.Fatal("the count fell")
		}
	}
	s.Settle()
	s.Settle()
	if len(s.Runs) > maxRuns || s.Lost != 100 {
		t.Errorf("%d runs, %d lost, want 100", len(s.Runs), s.Lost)
	}
}

func TestSequenceState(t *testing.T) {
	var s, again Sequence
	feed(&s, 1, without(numbers(0, 500), 7))
	b, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := again.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	feed(&again, 1, without(numbers(500, 900), 600))
	if again.Lost != 2 {
		t.Errorf("%d lost, want 2", again.Lost)
	}
	for _, bad := range []string{"", "{", `{"Runs":[null]}`, `{"Runs":[{"First":5,"Max":1}]}`} {
		if again.UnmarshalBinary([]byte(bad)) == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestSequenceAllocations(t *testing.T) {
	var s Sequence
	s.Observe(1, 0, 0)
	n := uint64(0)
	if a := testing.AllocsPerRun(1000, func() { n++; s.Observe(1, n, n) }); a != 0 {
		t.Errorf("%v allocations a line", a)
	}
}

func FuzzSequence(f *testing.F) {
	f.Add([]byte{1, 0, 1, 1, 2, 0, 1, 5})
	f.Fuzz(func(t *testing.T, b []byte) {
		var s Sequence
		last := uint64(0)
		for i := 0; i+1 < len(b); i += 2 {
			s.Observe(int(b[i]%4), uint64(b[i+1])<<(b[i]%8), uint64(i))
			if b[i]%16 == 0 {
				got := s.Settle()
				if got < last || len(s.Runs) > maxRuns {
					t.Fatal(fmt.Sprint("fell from ", last, " to ", got))
				}
				last = got
			}
		}
	})
}
