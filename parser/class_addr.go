package parser

// fitsAddr accepts -, unix, an IPv4 and an IPv6 address (RFC 4291 section 2.2). net/netip would do, but
// it makes an error value for every text that is none, and this is asked for many of those.
func fitsAddr(t []byte) bool {
	if len(t) == 0 || len(t) > 45 {
		return false
	}
	switch string(t) {
	case "-", "unix":
		return true
	}
	return fitsIPv4(t) || fitsIPv6(t)
}

func fitsIPv4(t []byte) bool {
	part, n, value := 0, 0, 0
	for _, c := range t {
		switch {
		case isDigit(c):
			if n > 0 && value == 0 {
				return false // no leading zeros
			}
			value = value*10 + int(c-'0')
			if n++; value > 255 {
				return false
			}
		case c == '.' && n > 0 && part < 3:
			part, n, value = part+1, 0, 0
		default:
			return false
		}
	}
	return part == 3 && n > 0
}

func fitsIPv6(t []byte) bool {
	for i, c := range t {
		if c == '%' { // a zone
			return i+1 < len(t) && fitsIPv6(t[:i])
		}
	}
	groups, short := 0, false
	for i := 0; i < len(t); {
		if t[i] == ':' {
			if i+1 >= len(t) || t[i+1] != ':' || short {
				return false
			}
			short = true
			if i += 2; i == len(t) {
				break
			}
		}
		n := 0
		for i+n < len(t) && isHex(t[i+n]) {
			n++
		}
		switch end := i + n; {
		case end < len(t) && t[end] == '.':
			groups += 2
			return fitsIPv4(t[i:]) && (groups == 8 || short && groups < 8)
		case n == 0 || n > 4:
			return false
		case end == len(t):
			i = end
		case t[end] != ':':
			return false
		case end+1 < len(t) && t[end+1] == ':':
			i = end // the double colon is read next
		case end+1 == len(t):
			return false
		default:
			i = end + 1
		}
		groups++
	}
	return groups == 8 || short && groups < 8
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
