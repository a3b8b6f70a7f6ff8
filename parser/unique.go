package parser

import (
	"bytes"
	"strings"
)

// analyse finds out which fields have more than one possible end, and whether a line can have
// more than one reading.
//
// Given its start, a field has one end when the text after it begins with a byte it cannot hold.
// Given its end, it has one start when the text before it ends with such a byte. So everything
// before the first loose field is fixed from the left, and everything after the last one, as far
// as the second rule goes, from the right: numbers there cannot be forged by what a client sends.
// Typed fields between two loose ones are not fixed. For them a byte is sought that separates all
// fields: a line that holds it exactly as often as the format has one reading; other lines are
// read in every possible way, and refused when a typed field could stand at two places.
func (p *Program) analyse() {
	n := len(p.items)
	p.loose, p.fixed = make([]int, n), make([]bool, n)
	p.tail = n
	for p.tail > 0 {
		if it := &p.items[p.tail-1]; it.vanish || it.class == clsLiteral && it.lit == " " {
			p.tail--
			continue
		}
		break
	}
	typed := 0
	for k := range p.items {
		it := &p.items[k]
		p.loose[k] = -1
		if it.class == clsLiteral {
			continue
		}
		if !p.oneEnd(k, -1) {
			p.loose[k] = p.looseItems
			p.looseItems++
		}
		if !it.class.loose() {
			p.fixed[k] = true
			typed++
		}
		if it.http || it.field == Status || it.field == Method {
			p.http = true
		}
	}
	p.weak, p.rank, p.strict = typed == 0, typed, typed > 0
	for k := range p.items {
		if c := p.items[k].class; c == clsText || c == clsList {
			p.strict = false
		}
	}
	p.countNeeds()
	if p.proven(-1, false) {
		return
	}
	p.check = true
	p.cookies = p.proven(-1, true)
	for c := 255; c >= ' '; c-- {
		if p.proven(c, false) && !p.vanishing(c) {
			n := 0
			for k := range p.items {
				n += bytes.Count([]byte(p.items[k].lit), []byte{byte(c)})
			}
			if n > 0 {
				p.guard, p.guardCount = byte(c), n
				return
			}
		}
	}
}

// oneEnd reports whether field k has one possible end, given its start; without is a byte that
// fields are known not to hold, or -1.
func (p *Program) oneEnd(k, without int) bool {
	it := &p.items[k]
	if _, own := it.ownEnd(nil, 0); own && !it.vanish || p.addrShape(k) {
		return true
	}
	if k+1 == len(p.items) {
		return !it.vanish
	}
	next := &p.items[k+1]
	if it.vanish {
		return it.class == clsBraces && next.class == clsLiteral
	}
	if next.class != clsLiteral {
		for c := range 256 {
			if c != without && it.class.holds(byte(c)) && next.begins(byte(c)) {
				return false
			}
		}
		return !next.vanish
	}
	return int(next.lit[0]) == without || !it.class.holds(next.lit[0])
}

// oneStart reports whether item k has one possible start, given its end.
func (p *Program) oneStart(k, without int) bool {
	it := &p.items[k]
	switch {
	case it.class == clsLiteral || it.fixedWidth() > 0 || it.class == clsBraces || k == 0:
		return true
	case it.vanish || it.class >= clsJSONText:
		return false
	}
	prev := &p.items[k-1]
	if prev.class != clsLiteral {
		return false
	}
	c := prev.lit[len(prev.lit)-1]
	if it.class == clsEscaped && c == '"' {
		return true // every quote inside stands after a backslash, this one does not
	}
	return int(c) == without || !it.class.holds(c)
}

// countNeeds lets the matcher give up early: a field cannot end where too few separators follow.
func (p *Program) countNeeds() {
	p.need = make([]int, len(p.items))
	for k := range p.items {
		if k+1 == len(p.items) || p.items[k].class == clsLiteral || p.items[k+1].class != clsLiteral {
			continue
		}
		c := p.items[k+1].lit[0]
		for _, it := range p.items[k+1:] {
			p.need[k] += strings.Count(it.lit, string(rune(c)))
			if c >= 0x80 || it.vanish && c == ' ' {
				p.need[k] = 0
				break
			}
		}
		if p.tail < len(p.items) && c == ' ' {
			p.need[k] = 0
		}
	}
}

// proven reports whether no typed field can stand at two places, given that fields do not hold the
// byte without (-1: any), and that no cookie was captured if noCookie is set: "-" has one end.
func (p *Program) proven(without int, noCookie bool) bool {
	first, last := 0, len(p.items)-1
	for first < len(p.items) && (p.items[first].class == clsLiteral || noCookie && p.items[first].class == clsCookie || p.oneEnd(first, without)) {
		first++
	}
	for last >= 0 && p.oneStart(last, without) {
		last--
	}
	for k := first; k <= last; k++ {
		if p.fixed[k] {
			return false
		}
	}
	return true
}

// vanishing reports whether a field could take the byte c with it when it prints nothing.
func (p *Program) vanishing(c int) bool {
	for k := range p.items {
		if p.items[k].vanish && c == ' ' {
			return true
		}
	}
	return false
}
