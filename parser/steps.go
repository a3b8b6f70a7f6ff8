package parser

import (
	"strings"
	"unsafe"
)

// The quick steps read what nearly every line of a format looks like: names, short numbers, dates, nothing
// captured. They look for the ends of fields in an index of the whole message, made in one go, so that a long
// field costs what a short one does and the processor need not guess lengths. Whatever is not so simple is
// left to the ops: a step either does exactly what its op does, or its op does it afterwards.

// quickSlot is the number of slots that quick steps can fill.
const quickSlot = 64

type stepCode uint8

// The order is that in which quickSteps looks for a step's code.
const (
	stepNone     stepCode = iota // left to the op
	stepWord                     // a name, up to a blank
	stepPart                     // a name, up to a slash
	stepInts                     // numbers
	stepSkip                     // numbers that nobody wants, n bytes at most
	stepDate                     // a date of n bytes
	stepAddr                     // address and port, not wanted
	stepRequest                  // a request line whose target is a path
	stepBare                     // braces that nothing was captured in
	stepName                     // a name, up to the separator
	stepAddrTerm                 // as stepAddr, up to the separator
	stepDash                     // - and the literal
	stepState                    // a termination state of n bytes
	stepTarget                   // a target that is a path, up to the separator
	stepPath                     // a target that is a path, up to a blank or the end
	stepMethod                   // a method, up to a blank
	stepToken                    // a token, up to a blank
	stepRest                     // a token, up to the end
	stepUsual                    // what usual says, else the step
)

// step is the quick form of an op, as quickSteps reads it. It has a cache line to itself.
type step struct {
	lit8  uint64
	mask8 uint64
	odd   uint64    // of stepName: all bits when bytes that no name holds end it, too
	seq   *quickInt // of stepInts: the first number
	usual *usual    // of stepUsual
	at    uint16    // of the value in the Record, in bytes
	code  stepCode
	plain stepCode // of stepUsual: what it is otherwise
	tilde bool
	n     uint8 // bytes
	lit   uint8 // length of the literal
	gives gives
	mark  byte // of stepDate: the byte behind the seconds; of stepPath: not 0 when it goes up to the end
	_     [12]byte
}

// maxSkipped is how many numbers may be skipped at once, maxDigits how many digits a number may have.
const (
	maxSkipped = 20
	maxDigits  = 18
)

// stepShift is the binary logarithm of the size of a step.
const stepShift = 6

var _ [1 << stepShift]byte = [unsafe.Sizeof(step{})]byte{}

// quickInt is a number of stepInts.
type quickInt struct {
	at    uint16 // as in step; that of FieldNone, which is not read, when nobody wants the number
	sep   uint32 // the byte behind it, noSep for the last number
	minus bool   // it may be -1
}

// noSep is no byte.
const noSep = 1 << 8

// usual is what several steps in a row nearly always find: nothing captured, a normal end. The whole of it is
// compared at once; when it is not there, the steps are taken one by one.
type usual struct {
	text, mask [2]uint64
	len        int
	size       int // of the steps
	values     []usualValue
}

// usualValue says where in the text a field is; both are 0 when it is absent.
type usualValue struct {
	from, to uint32
	present  uint32 // all bits, or 0 when the field is absent
	at       uint16 // as in step
}

// valueAt returns where in a Record the value of a field is, in bytes.
func valueAt(slot Field) uint16 { return uint16(slot) * uint16(unsafe.Sizeof(value{})) }

// httpMask and httpWant recognise HTTP/ and a version, of eight bytes of which two are a digit from 0 to 3.
const (
	httpWant = http5 | '0'<<40 | '.'<<48 | '0'<<56
	httpMask = 0xfcfffcffffffffff
)

// makeSteps makes the quick steps of the ops; there are none on processors without a fast index.
func (p *Program) makeSteps() {
	p.steps = nil
	if !indexed() {
		return
	}
	steps := make([]step, len(p.ops)+1) // one to stop at
	any := false
	p.term = p.separator()
	for k := range p.ops {
		steps[k] = p.ops[k].step(p.term)
		any = any || steps[k].code != stepNone
	}
	for k := range steps {
		steps[k].plain = steps[k].code
		steps[k].usual = p.usual(k, steps)
	}
	for k := range steps {
		if steps[k].usual != nil {
			steps[k].code = stepUsual
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
				values = append(values, usualValue{at: valueAt(o.slot)})
			}
			text += "-"
		case stepState:
			values = append(values, usualValue{at: valueAt(o.slot), from: uint32(at), to: uint32(at + o.n), present: ^uint32(0)})
			text += "----"[:o.n]
		case stepBare:
			before := text
			if k > 0 {
				before = p.ops[k-1].lit + text
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
			u.len, u.size, u.values = len(text), (n+1)<<stepShift, values
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
	if u.size < 2<<stepShift {
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
	s := step{at: valueAt(o.slot), n: uint8(o.n), tilde: o.tilde, lit: uint8(len(o.lit)), lit8: o.lit8, mask8: o.mask8}
	switch {
	case o.lit == "" && o.code == opInts:
		s.code = stepInts
	case o.lit == "" && o.put:
		s.part(o, term)
	case o.lit == "" && o.code == opToken && o.last && (o.item.class == clsURL || o.item.class == clsToken):
		s.code = stepRest
	case o.lit == "":
	case o.put:
		s.part(o, term)
	case o.code == opName || o.code == opToken:
		s.name(o, term)
	case o.code == opInts:
		s.code = stepInts
	case o.code == opDate && o.n >= 24:
		if s.code, s.mark = stepDate, ' '; o.n == 24 {
			s.mark = '.'
		}
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
	if it := o.item; strict && it.emptyOK && !o.exact && !o.last && (it.class == clsName || it.class == clsWord) {
		strict = false // as opName, but that it may be empty: then the op reads it
	}
	switch {
	case strict && (o.item.class == clsURL || o.item.class == clsToken) && o.term == ' ' && !o.exact && !o.item.emptyOK && o.item.field != Method:
		s.code = stepToken
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
	if o.code != opToken && o.code != opText || it.class != clsURL || it.slot != FieldNone || it.escaped || len(it.more)+len(it.caps) > 0 {
		return
	}
	method, target := it.field == Method && it.gives == givesMethod && !it.emptyOK, it.field == Target || it.field == Path
	blank := o.code == opToken && !o.last && o.term == ' '
	switch {
	case method && !o.last && o.term == term:
		s.code, s.at, s.odd = stepName, valueAt(Method), ^uint64(0)
	case method && blank:
		s.code, s.at = stepMethod, valueAt(Method)
	case target && o.code == opToken && o.last:
		s.code, s.gives, s.mark = stepPath, it.gives, 1
	case target && blank:
		s.code, s.gives = stepPath, it.gives
	case target && !o.last && o.term == term:
		s.code, s.gives = stepTarget, it.gives
	}
}

// numbers takes over the numbers of an op; it is false when one has no slot for quick steps.
func (s *step) numbers(seq []intStep) bool {
	ints := make([]quickInt, len(seq))
	wanted := false
	for i, n := range seq {
		wanted = wanted || n.slot != FieldNone
		last := i == len(seq)-1
		if n.slot >= quickSlot || n.sep == 0 && !last {
			return false
		}
		ints[i] = quickInt{at: valueAt(n.slot), sep: noSep, minus: n.minus}
		if !last {
			ints[i].sep = uint32(n.sep)
		}
	}
	s.seq = &ints[0]
	if !wanted && len(seq) < maxSkipped {
		s.code, s.n = stepSkip, uint8(2*(len(seq)-1)+maxDigits)
	}
	return true
}
