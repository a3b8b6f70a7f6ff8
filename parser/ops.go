package parser

import "slices"

// A bound program is flattened to ops: one per field, or per run of numbers, each with the literal
// that follows it. run executes them in one pass without going back. What it cannot decide in one
// pass it leaves to the matcher; what it accepts, the matcher accepts with the same values.

type opCode uint8

const (
	opLiteral  opCode = iota // text at the beginning
	opInts                   // numbers with one byte between them
	opName                   // up to the first byte of the literal, or to a blank; no further checks
	opDate                   // a date of n bytes
	opState                  // a termination state of n bytes
	opNone                   // - or rarely a cookie
	opFixed                  // n bytes of a termination state or of milliseconds, the general way
	opToken                  // up to the first byte of the literal; no blanks
	opString                 // a JSON string, or another JSON value
	opNumber                 // a JSON number or null
	opAddrPort               // address, colon, port, neither wanted
	opText                   // up to the literal, whatever it holds
	opCookie                 // - or name=value
	opRequest                // a request line in quotes
	opEscaped                // up to a quote without a backslash
	opValue                  // a JSON value
	opBraces                 // {a|b} or nothing; from here on at the end of the line too
	opList                   // "a" "b" or nothing
	opQuery                  // ?a=b or nothing
)

// op is one step. lit8 and mask8 compare up to eight bytes of the literal at once.
type op struct {
	code   opCode
	term   byte // first byte of lit
	last   bool // nothing follows: the field goes to the end of the line
	exact  bool // every byte must be one the class holds: the field may begin too early
	put    bool // the field takes the general way into the Record
	long   bool // lit has more than eight bytes
	tilde  bool // as in the item
	bare   bool // of opBraces: nothing to forget, and a blank follows
	signed bool // it reads a timer, or a number that may have a +: see Record.plain
	slot   Field
	n      int
	lit8   uint64
	mask8  uint64
	lit    string
	item   *item
	seq    []intStep
}

// intStep is one number of an opInts and the byte after it.
type intStep struct {
	slot  Field
	sep   byte
	plus  bool
	minus bool
	dash  bool // - alone stands for no number
}

// assemble flattens the bound items. A shape that has no op leaves ops nil.
func (p *Program) assemble() {
	p.ops, p.steps = nil, nil
	var ops []op
	for k := 0; k < len(p.items); k++ {
		it := &p.items[k]
		if it.class == clsLiteral {
			if k > 0 {
				return // cannot happen: literals belong to the field before
			}
			o := op{code: opLiteral}
			o.literal(it.lit)
			ops = append(ops, o)
			continue
		}
		o, used := p.op(k)
		if used == 0 {
			return
		}
		if n := len(ops) - 1; o.code == opInts && n >= 0 && ops[n].code == opInts && len(ops[n].lit) == 1 {
			ops[n].join(&o)
		} else {
			ops = append(ops, o)
		}
		k += used - 1
	}
	for k := range ops {
		ops[k].signed = ops[k].signs()
	}
	p.ops = ops
	p.makeSteps()
}

func (o *op) literal(lit string) {
	o.lit, o.last, o.long = lit, lit == "", len(lit) > 8
	o.lit8, o.mask8 = 0, 0
	if lit == "" {
		return
	}
	o.term = lit[0]
	for i := range min(len(lit), 8) {
		o.lit8 |= uint64(lit[i]) << (8 * i)
		o.mask8 |= 0xff << (8 * i)
	}
}

// signs returns whether the op reads a field of which Record.plain says something.
func (o *op) signs() bool {
	sensitive := func(f Field) bool {
		return f >= TimeHandshake && f <= TimeTotal || f == BytesSent || f == Retries || f == TimeUser
	}
	if o.item != nil && (sensitive(o.item.slot) || slices.ContainsFunc(o.item.more, sensitive)) {
		return true
	}
	return sensitive(o.slot) || slices.ContainsFunc(o.seq, func(s intStep) bool { return sensitive(s.slot) })
}

// join appends the numbers of b to those of o: the literal of o is the byte between.
func (o *op) join(b *op) {
	o.seq = append(o.seq[:len(o.seq):len(o.seq)], b.seq...)
	o.literal(b.lit)
}

// op builds the step for field k and returns how many items it covers, 0 when there is no step.
func (p *Program) op(k int) (op, int) {
	it := &p.items[k]
	o := op{slot: it.slot, item: it, tilde: it.tilde}
	used := 1
	if k+1 < len(p.items) {
		if next := &p.items[k+1]; next.class == clsLiteral {
			o.literal(next.lit)
			used = 2
		} else if it.fixedWidth() == 0 && !it.class.delimited() || it.vanish || it.class > clsState4 {
			return o, 0
		} else {
			o.literal("")
			o.last = false
		}
	} else {
		o.literal("")
	}
	if p.addrPort(k) {
		return p.addrPortOp(k, o)
	}
	for j := range k {
		o.exact = o.exact || p.loose[j] >= 0 && (it.class == clsName || it.class == clsWord)
	}
	o.put = it.escaped || len(it.more) > 0 || len(it.caps) > 0 || it.gives != 0
	if !p.code(k, &o) {
		return o, 0
	}
	o.quicken()
	if used == 2 && k+2 == len(p.items) {
		o.last = false // the literal ends the line
	}
	return o, used
}

// quicken chooses a quicker code where the field needs less than the class in general.
func (o *op) quicken() {
	it := o.item
	switch {
	case o.put:
	case o.code == opToken && (it.class == clsName || it.class == clsWord) && !o.exact && !o.last && o.lit != "" && !it.emptyOK:
		o.code = opName
	case o.code == opFixed && it.fixedWidth() == o.n:
		o.code = opState
	case o.code == opCookie && o.lit != "" && !it.emptyOK:
		o.code = opNone
	case o.code == opBraces:
		o.bare = o.lit != "" && o.lit[0] == ' ' && len(o.lit) <= 8 && len(it.more)+len(it.caps) == 0
	}
}

// code chooses the code of an op by class.
func (p *Program) code(k int, o *op) bool {
	it := &p.items[k]
	held := o.lit != "" && it.class.holds(o.term)
	if it.class == clsOptInt && !o.put && !held && !it.emptyOK {
		o.code, o.seq = opInts, []intStep{{slot: it.slot, minus: true, dash: true}}
		if len(o.lit) > 0 {
			o.seq[0].sep = o.lit[0]
		}
		return true
	}
	switch it.class {
	case clsInt, clsUint, clsMs, clsPort, clsJSONNumber:
		if it.emptyOK || held || len(it.more) > 0 {
			return false
		}
		if it.class == clsJSONNumber {
			o.code = opNumber
			return true
		}
		o.code, o.put = opInts, false // numbers have no escapes
		sep := byte(0)
		if len(o.lit) > 0 {
			sep = o.lit[0]
		}
		o.seq = []intStep{{slot: it.slot, sep: sep, plus: it.plus, minus: it.class == clsInt, dash: it.class == clsPort}}
		if it.class == clsMs {
			o.code, o.n, o.put = opFixed, 3, true
			return len(o.lit) > 0 || o.last
		}
	case clsDateMs:
		o.code, o.n = opDate, 24
	case clsDateZone:
		o.code, o.n = opDate, 26
	case clsState2:
		o.code, o.n = opFixed, 2
	case clsState4:
		o.code, o.n = opFixed, 4
	case clsName, clsWord, clsToken, clsURL:
		o.code = opToken
		if held {
			o.code, o.put = opText, true
		}
	case clsAddr, clsOptInt, clsHex, clsPortQ:
		if o.code = opToken; held && it.class == clsAddr {
			return false // IPv6 before a colon: only the port beyond tells where it ends
		}
		o.put = o.put || it.slot != FieldNone
	case clsText:
		o.code = opText
	case clsCookie:
		o.code = opCookie
	case clsRequest:
		if o.code, o.put = opRequest, false; o.term != '"' || it.escaped || len(it.more) > 0 {
			return false
		}
	case clsQuery:
		o.code, o.put = opQuery, true
	case clsBraces:
		o.code, o.put = opBraces, o.put || it.slot != FieldNone
		return !it.quoted
	case clsList:
		o.code, o.put = opList, o.put || it.slot != FieldNone
		o.n = it.count
		if o.n == 0 && k+2 < len(p.items) && p.items[k+2].class == clsList {
			o.n = 1
		}
		return it.quoted
	case clsEscaped:
		o.code = opEscaped
		return o.term == '"'
	case clsJSONText, clsJSONAny:
		o.code, o.put = opString, o.put || it.class == clsJSONAny && it.field != FieldNone || it.tilde
	case clsJSONList, clsJSONBool:
		o.code, o.put = opValue, true
	default:
		return false
	}
	return it.fixedWidth() == 0 || !it.emptyOK
}

// addrShape reports whether items k… are an address, a colon and a port, with something after
// them that no address holds: then the last colon is the one between.
func (p *Program) addrShape(k int) bool {
	if k+2 >= len(p.items) || p.items[k].class != clsAddr || p.items[k+1].lit != ":" || p.items[k+2].class != clsPort {
		return false
	}
	if k+3 == len(p.items) {
		return true
	}
	next := &p.items[k+3]
	return next.class == clsLiteral && !clsAddr.holds(next.lit[0])
}

// addrPort reports whether an op can take items k… as an address and its port.
func (p *Program) addrPort(k int) bool {
	return p.addrShape(k) && k+3 < len(p.items) && len(p.items[k].more)+len(p.items[k+2].more) == 0 && !p.items[k].emptyOK
}

func (p *Program) addrPortOp(k int, o op) (op, int) {
	port := &p.items[k+2]
	o.code = opAddrPort
	o.put = o.item.slot != FieldNone || port.slot != FieldNone
	o.literal(p.items[k+3].lit)
	o.last = false
	o.seq = []intStep{{slot: port.slot, dash: true}}
	return o, 4
}
