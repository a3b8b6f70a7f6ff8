package parser

import (
	"bytes"
	"strings"
)

type span struct{ off, end int32 }

// matcher finds the fields of a message by trying every place where a field can end, shortest
// first. It is the reference for the flat program of program.go, and what a line falls back to
// when the flat program gives up: a cookie or header holds a delimiter, the line is cut, or of
// another format. It allocates only when it grows for a bigger format.
type matcher struct {
	p     *Program
	b     []byte
	spans []span

	// The deepest refusal: item, position, and whether the item's value or its absence was wrong.
	failItem, failPos int
	failValue         bool
	// The deepest item that the end of the line left unfinished, with the spans before it.
	cutItem int
	cutPos  int
	cut     []span

	// all makes match visit every solution, to see whether the line has more than one reading.
	// memo keeps what is known of (loose item, position): 1 no way on, 2 a way on.
	all       bool
	prune     bool // give fields up that too few separators follow; off to find where a line was cut
	memo      []uint8
	first     []span // the first solution, once found
	found     bool
	places    []span // per item: where it stands in the solutions seen, -1 none yet
	ambiguous bool
}

func (m *matcher) reset(p *Program, b []byte) {
	m.p, m.b = p, b
	n := len(p.items)
	if cap(m.spans) < n {
		m.spans, m.cut, m.places, m.first = make([]span, n), make([]span, n), make([]span, n), make([]span, n)
	}
	m.spans, m.cut, m.places, m.first = m.spans[:n], m.cut[:n], m.places[:n], m.first[:n]
	for i := range m.spans {
		m.spans[i] = span{-1, -1}
	}
	m.failItem, m.failPos, m.failValue = -1, 0, false
	m.cutItem, m.cutPos = -1, 0
	m.all, m.prune, m.ambiguous = false, true, false
	m.clearMemo()
}

func (m *matcher) clearMemo() {
	size := m.p.looseItems * (len(m.b) + 1)
	if cap(m.memo) < size {
		m.memo = make([]uint8, size+size/2)
	}
	m.memo = m.memo[:size]
	clear(m.memo)
}

// every visits every reading of the message, and leaves the first in spans; ambiguous tells then
// whether a typed field stood at another place in another one.
func (m *matcher) every() bool {
	m.all, m.found = true, false
	for i := range m.places {
		m.places[i] = span{-1, -1}
	}
	if !m.match(0, 0, false) {
		return false
	}
	copy(m.spans, m.first)
	return true
}

func (m *matcher) fail(k, i int, value bool) {
	if k > m.failItem || k == m.failItem && i > m.failPos {
		m.failItem, m.failPos, m.failValue = k, i, value
	}
}

// reached is how far into the message the matcher came: where the field or text begins that
// stopped it.
func (m *matcher) reached() int {
	if m.cutItem > m.failItem {
		return m.cutPos
	}
	return m.failPos
}

// ended notes that item k, starting at i, was not finished when the line ended.
func (m *matcher) ended(k, i int) {
	if k > m.cutItem {
		m.cutItem, m.cutPos = k, i
		copy(m.cut, m.spans[:k])
		for j := k; j < len(m.cut); j++ {
			m.cut[j] = span{-1, -1}
		}
	}
}

// match reads items k… from position i; skip means that the blank at the beginning of the literal
// k was swallowed by a field that printed nothing.
func (m *matcher) match(k, i int, skip bool) bool {
	items, b := m.p.items, m.b
	for k < len(items) {
		it := &items[k]
		if it.class != clsLiteral {
			return m.field(k, i)
		}
		lit := it.lit
		if skip {
			lit, skip = lit[1:], false
		}
		n := common(b[i:], lit)
		if n < len(lit) {
			if i+n == len(b) {
				if k >= m.p.tail || k == len(items)-1 && lit[n:] == " " {
					m.spans[k] = span{-1, -1}
					for j := k; j < len(items); j++ {
						m.spans[j] = span{-1, -1}
					}
					m.solved()
					return true
				}
				if n == 0 && k > 0 && m.spans[k-1].off >= 0 {
					m.ended(k-1, int(m.spans[k-1].off)) // the field before it may go on
				} else {
					m.ended(k, i)
				}
			} else {
				m.fail(k, i+n, false)
			}
			return false
		}
		m.spans[k] = span{int32(i), int32(i + n)}
		i += n
		k++
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\r') && len(b)-i <= 2 {
		i++ // what an editor or a transport added
	}
	if i < len(b) {
		m.fail(k, i, false)
		return false
	}
	m.solved()
	return true
}

// solved keeps the first solution while all are visited.
func (m *matcher) solved() {
	if m.all && !m.found {
		m.found = true
		copy(m.first, m.spans)
	}
}

func common(b []byte, lit string) int {
	n := min(len(b), len(lit))
	for i := range n {
		if b[i] != lit[i] {
			return i
		}
	}
	return n
}

// field tries the ends of field k, which starts at i.
func (m *matcher) field(k, i int) bool {
	it := &m.p.items[k]
	key := -1
	if l := m.p.loose[k]; l >= 0 {
		key = l*(len(m.b)+1) + i
		if m.memo[key] != 0 {
			return m.memo[key] == 2
		}
		m.memo[key] = 1
	}
	ok := false
	opens := it.opens(m.b, i)
	if it.vanish && !opens && m.vanished(k, i) {
		ok = true
	}
	if (!ok || m.all) && !(it.vanish && it.delimited() && !opens) {
		if m.ends(k, i) {
			ok = true
		}
	}
	if !ok && opens && it.class == clsList && k+1 < len(m.p.items) && strings.HasPrefix(strings.TrimPrefix(m.p.items[k+1].lit, " "), `"`) {
		ok = m.vanished(k, i) // the quote may belong to the text after it
	}
	if ok && key >= 0 {
		m.memo[key] = 2
	}
	return ok
}

// vanished tries that field k prints nothing. After a blank the blank that follows goes too.
func (m *matcher) vanished(k, i int) bool {
	it := &m.p.items[k]
	m.spans[k] = span{-1, -1}
	afterBlank := i == 0 || m.b[i-1] == ' '
	if !it.swallow && i < len(m.b) && m.b[i] == ' ' {
		afterBlank = false // both blanks are there: 2.9 and earlier
	}
	if afterBlank && k+1 < len(m.p.items) && m.p.items[k+1].class == clsLiteral && m.p.items[k+1].lit[0] == ' ' {
		if m.match(k+1, i, true) {
			return true
		}
		if it.swallow {
			return false
		}
	}
	return m.match(k+1, i, false)
}

// ends tries every end of field k that starts at i, shortest first.
func (m *matcher) ends(k, i int) bool {
	it := &m.p.items[k]
	b := m.b
	if end, own := it.ownEnd(b, i); own {
		switch {
		case end > len(b):
			m.ended(k, i)
			return false
		case end < 0 || !it.fits(b[i:end]):
			m.fail(k, i, true)
			return false
		}
		return m.try(k, i, end)
	}
	run := i
	switch it.class {
	case clsText, clsCookie, clsList, clsEscaped:
		run = len(b)
	default:
		for holds := &held[it.class]; run < len(b) && holds[b[run]]; {
			run++
		}
	}
	least := i + 1
	if it.emptyOK && !it.vanish {
		least = i
	}
	last := k+1 == len(m.p.items)
	if run == len(b) && !last {
		m.ended(k, i)
	}
	found := false
	switch {
	case last:
		end := run
		switch {
		case end < len(b):
			m.fail(k, i, true)
			return false
		case end < least || !it.fits(b[i:end]):
			m.ended(k, i) // the line ends in it
			return false
		}
		return m.try(k, i, end)
	case it.alias == "CC" && k+2 < len(m.p.items) && m.p.items[k+1].class == clsLiteral && m.p.items[k+2].alias == "CS":
		// A request cookie may hold blanks; the response cookie after it seldom does. Other fields have ends that tell.
		lit := m.p.items[k+1].lit
		for p := run - 1; p >= least; p-- {
			if b[p] == lit[0] && m.attempt(k, i, p) {
				if found = true; !m.all {
					return true
				}
			}
		}
	case m.p.items[k+1].class == clsLiteral:
		lit := m.p.items[k+1].lit
		need, left := m.p.need[k], -1
		for p := least; p <= run; p++ {
			n := indexLit(b[p:], lit)
			if n < 0 || p+n > run {
				break
			}
			p += n
			if left < 0 && need > 1 {
				left = bytes.Count(b[p:], []byte(lit[:1]))
			} else if need > 1 {
				left -= bytes.Count(b[p-n-1:p], []byte(lit[:1]))
			}
			if left < need && need > 1 && m.prune {
				break // too few separators are left for the other fields
			}
			if it.class == clsRequest && versionFollows(b[i:], p-i) {
				continue
			}
			if m.attempt(k, i, p) {
				if found = true; !m.all {
					return true
				}
			}
		}
		if !found && k+1 >= m.p.tail && run == len(b) && m.attempt(k, i, run) {
			return true // a blank at the end was stripped on the way
		}
		if !found && run < len(b) && m.failItem < k {
			m.fail(k, run, true)
		}
	default:
		for p := least; p <= run; p++ {
			if m.attempt(k, i, p) {
				if found = true; !m.all {
					return true
				}
			}
		}
	}
	return found
}

// versionFollows reports that the blank at end of a request line without version is the one before
// its version.
func versionFollows(b []byte, end int) bool {
	if end+6 > len(b) || string(b[end:end+6]) != " HTTP/" {
		return false
	}
	_, target, stop := splitRequest(b[:end])
	return target > 0 && stop == end
}

// indexLit is bytes.Index, where a literal cut by the end of the line counts as found.
func indexLit(b []byte, lit string) int {
	for from := 0; ; {
		n := bytes.IndexByte(b[from:], lit[0])
		if n < 0 {
			return -1
		}
		n += from
		if c := common(b[n:], lit); c == len(lit) || n+c == len(b) {
			return n
		}
		from = n + 1
	}
}

func (m *matcher) attempt(k, i, end int) bool {
	if !m.p.items[k].fits(m.b[i:end]) {
		m.fail(k, i, true)
		return false
	}
	return m.try(k, i, end)
}

func (m *matcher) try(k, i, end int) bool {
	before := m.spans[k]
	m.spans[k] = span{int32(i), int32(end)}
	if m.match(k+1, end, false) {
		if m.all && m.p.fixed[k] {
			here := span{int32(i), int32(end)}
			if m.places[k].off >= 0 && m.places[k] != here {
				m.ambiguous = true
			}
			m.places[k] = here
		}
		return true
	}
	m.spans[k] = before
	return false
}
