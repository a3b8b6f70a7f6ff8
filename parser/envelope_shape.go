package parser

import "encoding/binary"

// kind says which part of a header ends where the message begins.
type kind uint8

const (
	kindRaw     kind = iota // nothing in front
	kindPri                 // <134>
	kindTime                // a time, with or without <134>
	kindWord1               // time and host
	kindWord2               // time, host and a tag with neither pid nor colon
	kindTag                 // …tag[pid]:
	kindRFC5424             // version, time, host, app, pid, msgid, structured data
	kindJSON                // a field of a JSON object
)

func (k kind) String() string {
	switch k {
	case kindRaw:
		return "raw"
	case kindPri:
		return "priority"
	case kindTime:
		return "time"
	case kindWord1:
		return "time and host"
	case kindWord2, kindTag:
		return "syslog"
	case kindRFC5424:
		return "rfc5424"
	case kindJSON:
		return "json"
	}
	return "unknown"
}

// candidate is one reading of a header. Offsets count from the begin of the line.
type candidate struct {
	kind             kind
	start            int // where the message begins
	timeStart        int // the time stamp, empty when there is none
	timeEnd          int
	tagStart, tagEnd int
	sd               int // where structured data begins; 0 when the header has none
}

// shape is a header that was kept. A line has it when it equals the header but for the digits of the time.
type shape struct {
	candidate
	head []byte // own copy up to the message, or up to the structured data
	base int    // bytes of the octet count in front of it, not part of head
	// The head as words, for headers that are compared as a whole: neither octet count nor structured data.
	words []headWord
	wide  bool // with sameHead
	alike bool // with headedLine: words, wide, and no line of it is Framed
}

// headWord is a part of a head. Bytes of mask are ff where the line must have the same byte, f0 where it
// must have a digit, 0 beyond the head; plus has 06 for digits, which takes anything above 9 out of 30 to 3f.
type headWord struct{ want, mask, plus, high [wordSize]byte }

const wordSize = 32

// quick reports whether the line has this header, digits of the time aside. When it does not, match may
// still say that it has.
func (s *shape) quick(line []byte) bool {
	words := s.words
	if len(words) == 0 || len(line) < wordSize*len(words) {
		return false
	}
	if s.wide {
		return sameHead(&line[0], &words[0], len(words))
	}
	diff := uint64(0)
	for k := range words {
		x := &words[k]
		for i := 0; i < wordSize; i += 8 {
			w, want := binary.LittleEndian.Uint64(line[wordSize*k+i:]), binary.LittleEndian.Uint64(x.want[i:])
			plus, mask, high := binary.LittleEndian.Uint64(x.plus[i:]), binary.LittleEndian.Uint64(x.mask[i:]), binary.LittleEndian.Uint64(x.high[i:])
			diff |= (w^want)&mask | ((w+plus)^want)&high
		}
	}
	return diff == 0
}

// setWords prepares quick.
func (s *shape) setWords() {
	s.words, s.wide, s.alike = s.words[:0], indexed(), false
	if s.base > 0 || s.sd > 0 {
		return
	}
	for k, c := range s.head {
		at := k % wordSize
		if at == 0 {
			s.words = append(s.words, headWord{})
		}
		x := &s.words[k/wordSize]
		if k >= s.timeStart && k < s.timeEnd && isDigit(c) {
			x.want[at], x.mask[at], x.plus[at], x.high[at] = 0x30, 0xf0, 0x06, 0xf0
		} else {
			x.want[at], x.mask[at] = c, 0xff
		}
	}
	s.alike = s.wide && len(s.head) > 0 && (!isDigit(s.head[0]) || len(s.head) > 4 && s.head[4] == '-')
}

func (s *shape) set(c candidate, line []byte) {
	s.base = 0
	if _, at := octetCount(line); at > 0 && c.start >= at {
		s.base = at
	}
	end := c.start
	if c.sd > 0 {
		end = c.sd + 1 // with the bracket
	}
	s.candidate = c
	s.head = append(s.head[:0], line[s.base:end]...)
	s.setWords()
}

// match returns where the message begins when the line has this shape.
func (s *shape) match(line []byte) (start int, ok bool) {
	off := 0
	if s.base > 0 {
		if _, off = octetCount(line); off != s.base {
			return 0, false // another number of digits: the slow path learns it
		}
	}
	end := off + len(s.head)
	if len(line) < end {
		return 0, false
	}
	if len(s.head) > 0 && string(line[off:end]) != string(s.head) && !s.sameButTime(line[off:end]) {
		return 0, false
	}
	if s.sd > 0 {
		return skipStructured(line, end-1)
	}
	return end, true
}

// sameButTime compares a header with the kept one; the digits in the time may differ.
func (s *shape) sameButTime(h []byte) bool {
	from, to := s.timeStart-s.base, s.timeEnd-s.base
	if to <= from || string(h[:from]) != string(s.head[:from]) || string(h[to:]) != string(s.head[to:]) {
		return false
	}
	a, b := h[from:to], s.head[from:to:to]
	for i := range b {
		if a[i] == b[i] {
			continue
		}
		if !sameClass(a[i], b[i]) {
			return false
		}
	}
	return true
}

// sameClass reports that both are digits (or the blank that pads a day) or both letters.
func sameClass(a, b byte) bool {
	if a-'0' < 10 || a == ' ' {
		return b-'0' < 10 || b == ' '
	}
	return (a|0x20)-'a' < 26 && (b|0x20)-'a' < 26
}

// skipStructured returns where the message begins after the structured data of RFC 5424 section 6.3
// that begins at p with a bracket. A quote, a backslash and a bracket within a value are behind a backslash.
func skipStructured(line []byte, p int) (int, bool) {
	for p < len(line) && line[p] == '[' {
		quoted := false
		p++
	element:
		for {
			if p >= len(line) {
				return 0, false
			}
			switch c := line[p]; {
			case c == '\\' && quoted:
				p++
			case c == '"':
				quoted = !quoted
			case c == ']' && !quoted:
				p++
				break element
			}
			p++
		}
	}
	return skipBlank5424(line, p), p <= len(line)
}

// skipBlank5424 steps over the blank before a message, the second one that rsyslog writes, and a byte order mark.
func skipBlank5424(line []byte, p int) int {
	for i := 0; i < 2 && p < len(line) && line[p] == ' '; i++ {
		p++
	}
	if len(line)-p >= 3 && line[p] == 0xEF && line[p+1] == 0xBB && line[p+2] == 0xBF {
		p += 3
	}
	return p
}
