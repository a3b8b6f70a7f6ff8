package parser

import "strings"

// readTime reads the time of a header at p and returns the position behind it, 0 when there is none:
// "Nov 21 04:53:55[.123456]", "2026-11-21T04:53:55[.123456][+00:00|Z]", "Sat 2026-11-21 04:53:55 UTC".
func readTime(b []byte, p int) int {
	if p >= len(b) {
		return 0
	}
	if b[p]-'0' < 10 {
		return readISO(b, p)
	}
	if end := readBSD(b, p); end > 0 {
		return end
	}
	return readWeekday(b, p)
}

// readBSD reads the time of RFC 3164 section 4.1.2, to which journalctl adds microseconds on demand.
func readBSD(b []byte, p int) int {
	if len(b)-p < 15 || b[p+3] != ' ' || b[p+6] != ' ' || !isName(b[p:p+3], "JanFebMarAprMayJunJulAugSepOctNovDec") {
		return 0
	}
	if b[p+4] != ' ' && b[p+4]-'0' > 3 || b[p+5]-'0' > 9 || !isClock(b, p+7) {
		return 0
	}
	return skipFraction(b, p+15)
}

// readISO reads the time of RFC 3339, with a T or a blank, with or without zone.
func readISO(b []byte, p int) int {
	if len(b)-p < 19 || b[p+4] != '-' || b[p+7] != '-' || b[p+10] != 'T' && b[p+10] != ' ' || !isClock(b, p+11) {
		return 0
	}
	for _, i := range [...]int{0, 1, 2, 3, 5, 6, 8, 9} {
		if b[p+i]-'0' > 9 {
			return 0
		}
	}
	p = skipFraction(b, p+19)
	if p >= len(b) {
		return p
	}
	switch b[p] {
	case 'Z':
		return p + 1
	case '+', '-':
		n := p + 1
		for n < len(b) && n < p+6 && (b[n]-'0' < 10 || b[n] == ':') {
			n++
		}
		if n == p+5 || n == p+6 {
			return n
		}
	}
	return p
}

// readWeekday reads journalctl's short-full: "Sat 2026-11-21 05:10:42 UTC".
func readWeekday(b []byte, p int) int {
	if len(b)-p < 23 || b[p+3] != ' ' || !isName(b[p:p+3], "MonTueWedThuFriSatSun") {
		return 0
	}
	q := readISO(b, p+4)
	if q == 0 || q >= len(b) || b[q] != ' ' {
		return 0
	}
	zone := q + 1
	for q = zone; q < len(b) && q < zone+6 && (upperCase(b[q]) || q > zone && b[q]-'0' < 10 || b[q] == '+' || b[q] == '-'); q++ {
	}
	if q == zone {
		return 0
	}
	return q
}

// readUnixTime reads journalctl's short-unix, "1795237842.734335 ", and returns the position of the blank.
func readUnixTime(b []byte, p int) int {
	if len(b)-p < 18 || b[p+10] != '.' || b[p+17] != ' ' {
		return 0
	}
	for i := range 17 {
		if i != 10 && b[p+i]-'0' > 9 {
			return 0
		}
	}
	return p + 17
}

// isClock reports "04:53:55" at p; the caller has checked the length.
func isClock(b []byte, p int) bool {
	return b[p]-'0' < 10 && b[p+1]-'0' < 10 && b[p+2] == ':' && b[p+3]-'0' < 10 && b[p+4]-'0' < 10 &&
		b[p+5] == ':' && b[p+6]-'0' < 10 && b[p+7]-'0' < 10
}

func skipFraction(b []byte, p int) int {
	if p+1 >= len(b) || b[p] != '.' && b[p] != ',' || b[p+1]-'0' > 9 {
		return p
	}
	for p++; p < len(b) && b[p]-'0' < 10; p++ {
	}
	return p
}

func upperCase(c byte) bool { return c-'A' < 26 }

// isName reports that three bytes are one of the names of three letters in list.
func isName(b []byte, list string) bool {
	if !upperCase(b[0]) {
		return false
	}
	i := strings.Index(list, string(b))
	return i >= 0 && i%3 == 0
}
