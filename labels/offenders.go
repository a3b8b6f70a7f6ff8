package labels

import (
	"cmp"
	"slices"
)

// Offender is a label value that became "other".
type Offender struct {
	Label  string
	Value  string
	Reason Reason
	Lines  uint64 // close to the number of lines
}

// refusal is one label value of one line that became "other".
type refusal struct {
	label  int
	value  string
	reason Reason
}

// offenderSlots bounds the memory: this many values are remembered.
const offenderSlots = 256

// offenders finds the most frequent refusals of a stream with bounded memory: when all slots are taken,
// a new value takes over the slot of the rarest and its count (the Space-Saving algorithm). A value that
// makes up more than 1/256 of the refusals is never missed.
type offenders struct {
	index map[refusal]int
	slots []offenderSlot
	// least is a lower bound of all counts, and hand where the search for a slot with it goes on:
	// a flood of different values finds one in a few steps instead of looking at all.
	least uint64
	hand  int
}

type offenderSlot struct {
	refusal
	n uint64
}

func newOffenders() *offenders { return &offenders{index: map[refusal]int{}} }

func (o *offenders) add(r refusal, n uint64) {
	if i, ok := o.index[r]; ok {
		o.slots[i].n += n
		return
	}
	if len(o.slots) < offenderSlots {
		o.index[r] = len(o.slots)
		o.slots = append(o.slots, offenderSlot{r, n})
		return
	}
	i := o.rarest()
	s := &o.slots[i]
	delete(o.index, s.refusal)
	s.refusal = r
	s.n += n
	o.index[r] = i
}

// rarest returns a slot with the smallest count.
func (o *offenders) rarest() int {
	for range o.slots {
		o.hand = (o.hand + 1) % len(o.slots)
		if o.slots[o.hand].n <= o.least {
			return o.hand
		}
	}
	for i := range o.slots {
		if o.slots[i].n < o.slots[o.hand].n {
			o.hand = i
		}
	}
	o.least = o.slots[o.hand].n
	return o.hand
}

func (o *offenders) top(n int, name func(int) string) []Offender {
	out := make([]Offender, 0, len(o.slots))
	for _, s := range o.slots {
		out = append(out, Offender{Label: name(s.label), Value: s.value, Reason: s.reason, Lines: s.n})
	}
	slices.SortFunc(out, func(a, b Offender) int {
		return cmp.Or(cmp.Compare(b.Lines, a.Lines), cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value))
	})
	return out[:min(n, len(out))]
}
