package metrics

// slot is one combination of method, code, termination state and the like within a cell: which series of
// requests_total it moves, and what the outcome rules say. A cell counts the usual ones by itself, see kinds; slots are
// for the others. Requests are counted here, in the cache line that is at hand, and added to the series' value when
// the shard is copied.
type slot struct {
	cell     uint32 // Cell.id, 0 for an empty slot
	key      uint32 // gist.key
	requests uint32 // offset
	state    slotState
}

// slotState holds flags, the verdict, and the requests of a slot that were counted since they were added to the value.
type slotState uint32

const (
	slotTimed      slotState = 1 << iota // the verdict may become late
	slotExtra                            // slotTable.extras has more
	slotServed                           // the verdict has a blame, otherwise a reason
	slotOutcome    = 3                   // position of the outcome, three bits
	slotCause      = 6                   // position of the blame or reason, three bits
	slotPending    = 9                   // position of the count
	slotMaxPending = 1<<(32-slotPending) - 1
)

// stateOf returns the state of new slots that the rule decides over.
func stateOf(r *Rule) slotState {
	s, v := slotState(0), r.Verdict
	if r.LateAfterWithin {
		s |= slotTimed
	}
	cause := slotState(v.Reason)
	if v.Outcome != OutcomeNone {
		s |= slotServed
		cause = slotState(v.Blame)
	}
	return s | slotState(v.Outcome)<<slotOutcome | cause<<slotCause
}

func (s slotState) verdict() Verdict {
	v := Verdict{Outcome: Outcome(s >> slotOutcome & 7)}
	if s&slotServed != 0 {
		v.Blame = Blame(s >> slotCause & 7)
	} else {
		v.Reason = Reason(s >> slotCause & 7)
	}
	return v
}

// count counts n requests, if there is room for them.
func (s *slot) count(n uint64) bool {
	if uint64(s.state>>slotPending)+n > slotMaxPending {
		return false
	}
	s.state += slotState(n) << slotPending
	return true
}

// fold adds what the slots counted to the values.
func (t *slotTable) fold(values []uint64) {
	for i := range t.slots {
		t.slots[i].fold(values)
	}
}

func (s *slot) fold(values []uint64) {
	if n := s.state >> slotPending; n > 0 {
		values[s.requests] += uint64(n)
		s.state &= 1<<slotPending - 1
	}
}

// extra holds what few slots have besides.
type extra struct {
	unserved uint32 // 0 unless HAProxy answered itself
	overflow uint32 // overflow_total{label="series"}, when the limit of samples moved the slot to other
}

// combination is what every cell's slot with the same key has in common.
type combination struct {
	state slotState // of a new slot
	text  uint32    // labels of requests_total after the prefix
}

// maxCombinations bounds Shard.combinations, a cache.
const maxCombinations = 1 << 14

// slotTable finds slots by cell and key: open addressing, four slots to a cache line. It is a cache like Cell.
type slotTable struct {
	slots  []slot
	used   int
	extras map[uint64]extra // by cell and key
}

// Bounds of the table: it starts again empty when it is full, and when so many cells were opened that most of its
// slots may be of cells that the resolver has dropped.
const (
	maxSlots  = 1 << 22
	maxExtras = 1 << 16
	maxCells  = 1 << 17
)

func newSlotTable() slotTable { return slotTable{slots: make([]slot, 256), extras: map[uint64]extra{}} }

func slotHash(cell, key uint32) uint64 {
	return ((uint64(cell)<<32 | uint64(key)) * 0x9e3779b97f4a7c15) >> 32
}

// full reports whether the next insert forgets all slots: they have to be folded first.
func (t *slotTable) full() bool { return len(t.slots) >= maxSlots && 4*(t.used+1) > 3*len(t.slots) }

// find returns the slot, nil when it is not open. The result is valid until the next insert.
func (t *slotTable) find(cell, key uint32) *slot {
	mask := uint64(len(t.slots) - 1)
	for i := slotHash(cell, key); ; i++ {
		s := &t.slots[i&mask]
		if s.key == key && s.cell == cell {
			return s
		}
		if s.cell == 0 {
			return nil
		}
	}
}

// extra returns what else belongs to a slot; ok is false when the table has started again since.
func (t *slotTable) extra(s *slot) (x extra, ok bool) {
	x, ok = t.extras[uint64(s.cell)<<32|uint64(s.key)]
	return x, ok
}

func (t *slotTable) insert(s slot, x extra) *slot {
	if 4*(t.used+1) > 3*len(t.slots) {
		t.enlarge()
	}
	t.more(&s, x)
	return t.put(s)
}

// more keeps what else belongs to a slot.
func (t *slotTable) more(s *slot, x extra) {
	if s.state&slotExtra != 0 {
		if len(t.extras) >= maxExtras {
			clear(t.extras)
		}
		t.extras[uint64(s.cell)<<32|uint64(s.key)] = x
	}
}

func (t *slotTable) enlarge() {
	old := t.slots
	if len(old) >= maxSlots { // forget all: what is in use comes back; cells keep theirs
		t.slots, t.used = make([]slot, 256), 0
		return
	}
	t.slots, t.used = make([]slot, 2*len(old)), 0
	for i := range old {
		if old[i].cell != 0 {
			t.put(old[i])
		}
	}
}

func (t *slotTable) put(s slot) *slot {
	mask := uint64(len(t.slots) - 1)
	i := slotHash(s.cell, s.key) & mask
	for t.slots[i].cell != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
	t.used++
	return &t.slots[i]
}
