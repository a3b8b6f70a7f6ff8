package parser

import "strings"

// The quick steps read what nearly every line of a format looks like: names, short numbers, dates, nothing
// captured. They look for the ends of fields in an index of the whole message, made in one go, so that a long
// field costs what a short one does and the processor need not guess lengths. Whatever is not so simple is
// left to the ops: a step either does exactly what its op does, or its op does it afterwards.

// quickSlot is the number of slots that quick steps can fill, a power of two.
const quickSlot = 64

type stepCode uint8

const (
	stepNone     stepCode = iota // for run
	stepWord                     // a name, up to a blank
	stepPart                     // a name, up to a slash
	stepName                     // a name, up to the separator
	stepRest                     // a token, up to the end
	stepInts                     // numbers
	stepDate                     // a date of n bytes
	stepState                    // a termination state of n bytes
	stepDash                     // - and the literal
	stepAddr                     // address and port, not wanted
	stepAddrTerm                 // the same, up to the separator
	stepBare                     // braces that nothing was captured in
	stepRequest                  // a request line
	stepTarget                   // a target, up to the separator
	stepUsual                    // several steps at once that find what they usually do
)

// step is the quick form of an op.
type step struct {
	code  stepCode
	tilde bool
	slot  uint8
	n     uint8
	lit   uint8  // length of the literal
	odd   uint64 // of stepName: all bits when bytes that no name holds end it, too
	gives gives
	lit8  uint64
	mask8 uint64
	seq   []quickInt
	usual *usual
}

// usual is what several ops in a row nearly always find: nothing captured, a normal end. The whole of it is
// compared at once; when it is not there, the first of the ops is left to run.
type usual struct {
	text, mask [2]uint64
	len        int
	steps      int
	values     []usualValue
}

// usualValue says where in the text a field is.
type usualValue struct {
	slot    uint8
	at, len uint32
	present uint32 // all bits, or 0 when the field is absent
}

type quickInt struct{ slot, sep uint8 }

// makeSteps makes the quick steps of the ops; there are none on processors without a fast index.
func (p *Program) makeSteps() {
	p.steps = nil
	if !indexed() {
		return
	}
	steps := make([]step, len(p.ops))
	any := false
	p.term = p.separator()
	for k := range p.ops {
		steps[k] = p.ops[k].step(p.term)
		any = any || steps[k].code != stepNone
	}
	for k := range steps {
		if u := p.usual(k, steps); u != nil {
			steps[k] = step{code: stepUsual, usual: u}
		}
	}
	if any {
		p.steps = steps
	}
}

// usual returns what the ops from k on usually find, nil when these are fewer than two.
func (p *Program) usual(k int, steps []step) *usual {
	var text string
	var values []usualValue
	u := &usual{}
	bare := -1 // in text, where braces would stand
	for n, o := range p.ops[k:] {
		at, lit := len(text), o.lit
		switch steps[k+n].code {
		case stepDash:
			if o.slot != FieldNone {
				values = append(values, usualValue{slot: uint8(o.slot)})
			}
			text += "-"
		case stepState:
			values = append(values, usualValue{slot: uint8(o.slot), at: uint32(at), len: uint32(o.n), present: ^uint32(0)})
			text += "----"[:o.n]
		case stepBare:
			before := text
			if n == 0 && k > 0 {
				before = p.ops[k-1].lit
			}
			if bare, lit = at, lit[1:]; !strings.HasSuffix(before, " ") {
				return u.orNil()
			}
		default:
			return u.orNil()
		}
		if text += lit; len(text) > 16 {
			break
		}
		if bare < len(text) && (bare < 0 || text[bare] != '{') {
			u.len, u.steps, u.values = len(text), n+1, values
			u.text, u.mask = [2]uint64{}, [2]uint64{}
			for i := range len(text) {
				u.text[i/8] |= uint64(text[i]) << (i % 8 * 8)
				u.mask[i/8] |= 0xff << (i % 8 * 8)
			}
		}
	}
	return u.orNil()
}

func (u *usual) orNil() *usual {
	if u.steps < 2 {
		return nil
	}
	return u
}

// separator returns the byte that most names end at when it is neither a blank nor a slash, else 0.
func (p *Program) separator() (term byte) {
	var count [256]int
	for k := range p.ops {
		o := &p.ops[k]
		switch o.code {
		case opName, opToken, opText, opAddrPort:
			if o.lit != "" && o.term != ' ' && o.term != '/' {
				if count[o.term]++; count[o.term] > count[term] {
					term = o.term
				}
			}
		}
	}
	return term
}

// step returns the quick form of an op, the zero value when it has none. term is the format's separator.
func (o *op) step(term byte) step {
	if o.long || o.slot >= quickSlot {
		return step{}
	}
	s := step{slot: uint8(o.slot), n: uint8(o.n), tilde: o.tilde, lit: uint8(len(o.lit)), lit8: o.lit8, mask8: o.mask8}
	switch {
	case o.lit == "" && o.code == opInts:
		s.code = stepInts
	case o.lit == "" && o.code == opToken && o.last && !o.put && (o.item.class == clsURL || o.item.class == clsToken):
		s.code = stepRest
	case o.lit == "":
	case o.put:
		s.part(o, term)
	case o.code == opName || o.code == opToken:
		s.name(o, term)
	case o.code == opInts:
		s.code = stepInts
	case o.code == opDate:
		s.code = stepDate
	case o.code == opState:
		s.code = stepState
	case o.code == opNone:
		s.code = stepDash
	case o.code == opAddrPort && o.term == ' ':
		s.code = stepAddr
	case o.code == opAddrPort && o.term == term:
		s.code = stepAddrTerm
	case o.code == opRequest && o.slot == FieldNone:
		s.code, s.gives = stepRequest, o.item.gives
	case o.code == opBraces && o.bare:
		s.code, s.lit, s.lit8, s.mask8 = stepBare, s.lit-1, s.lit8>>8, s.mask8>>8
	}
	if s.code == stepInts && !s.numbers(o.seq) || s.code == stepNone {
		return step{}
	}
	return s
}

// name makes the step for a name that is kept as it is.
func (s *step) name(o *op, term byte) {
	strict := o.code == opToken // every byte must be one that a name holds
	switch {
	case strict && (o.item.class != clsName || !o.exact || o.item.emptyOK):
	case o.term == term:
		s.code = stepName
		if strict {
			s.odd = ^uint64(0)
		}
	case strict || o.tilde && o.term == '/':
	case o.term == ' ':
		s.code = stepWord
	case o.term == '/':
		s.code = stepPart
	}
}

// part makes the step for a method or a target that stands alone.
func (s *step) part(o *op, term byte) {
	it := o.item
	if o.code != opToken && o.code != opText || o.term != term || it.class != clsURL || it.slot != FieldNone || it.escaped || it.emptyOK || len(it.more)+len(it.caps) > 0 {
		return
	}
	switch {
	case it.field == Method && it.gives == givesMethod:
		s.code, s.slot, s.odd = stepName, uint8(Method), ^uint64(0)
	case it.field == Target || it.field == Path:
		s.code, s.gives = stepTarget, it.gives
	}
}

// numbers takes over the numbers of an op; it is false when one has no slot for quick steps.
func (s *step) numbers(seq []intStep) bool {
	for _, n := range seq {
		if n.slot >= quickSlot {
			return false
		}
		s.seq = append(s.seq, quickInt{uint8(n.slot), n.sep})
	}
	return true
}
