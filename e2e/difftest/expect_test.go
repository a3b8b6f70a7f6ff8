package difftest

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/parser"
)

const badReq = "<BADREQ>"

// numeric lists the keys whose values are numbers.
func numeric(key string) bool {
	return slices.Contains(strings.Fields("Ts ms Th Ti TR Tq Tw Tc Tr Td Ta Tt Tu B U ST rc ac fc bc sc sq bq rt lc pid cp fp bp sp x1 x3 x10 x11 x15"), key)
}

// differs compares one field of a record with the truth; "" means equal.
func differs(rec *parser.Record, slot parser.Field, it item, truth string, badRequest bool) string {
	if truth == badReq && slices.Contains(strings.Fields("r HM HU HP HPO HQ HV"), it.key) {
		if !rec.BadRequest() {
			return "not read as a bad request"
		}
		return ""
	}
	if numeric(it.key) {
		if it.key == "rt" && badRequest {
			return "" // without a stream HAProxy counts on with each text it makes of %rt
		}
		return differsNumber(rec, slot, truth)
	}
	want, got := wanted(it, truth), rec.Bytes(slot)
	if it.key == "HP" && want == "*" && len(got) == 0 {
		return "" // %HPO prints nothing for OPTIONS *, and goes before %HP
	}
	switch it.key {
	case "hr", "hs": // the field is kept as logged, with the quotes around the braces
		got = bytes.Trim(got, `"`)
	case "hrl", "hsl":
		if it.quoted { // each header has its own quotes; the truth has none
			want, got = strings.ReplaceAll(want, "-", ""), bytes.ReplaceAll(bytes.ReplaceAll(got, []byte{'"'}, nil), []byte{'-'}, nil)
		}
	}
	switch {
	case it.key == "x9" && (want == "-" || strings.Contains(string(got), "://")):
		// One field with %HU, which is preferred: the expression gives nothing for OPTIONS * and
		// the path alone for HTTP/2.
	case want == "" || want == "-":
		if len(got) > 0 {
			return fmt.Sprintf("%q, want nothing", got)
		}
	case !bytes.Equal(got, []byte(want)) && !sameAddress(string(got), truth):
		return fmt.Sprintf("%q, want %q", got, want)
	}
	return ""
}

func differsNumber(rec *parser.Record, slot parser.Field, truth string) string {
	got, ok := rec.Int(slot)
	want, err := strconv.ParseInt(strings.TrimPrefix(truth, "+"), 10, 64)
	switch {
	case ok != (err == nil):
		return fmt.Sprintf("%d, %v, want %q", got, ok, truth)
	case ok && got != want:
		return fmt.Sprintf("%d, want %d", got, want)
	case rec.Plus(slot) != strings.HasPrefix(truth, "+"):
		return fmt.Sprintf("plus is %v, want %q", rec.Plus(slot), truth)
	}
	return ""
}

// wanted is what a record holds for a text that HAProxy logs.
func wanted(it item, truth string) string {
	switch it.key {
	case "ft":
		return strings.TrimSuffix(truth, "~")
	case "HP", "HPO":
		return withoutAuthority(strings.SplitN(truth, "?", 2)[0])
	case "HQ":
		return strings.TrimPrefix(truth, "?")
	case "ci", "fi", "bi", "si":
		if a, err := netip.ParseAddr(truth); err == nil && it.hex {
			return strings.ToUpper(fmt.Sprintf("%x", a.AsSlice()))
		}
	}
	return truth
}

// sameAddress holds when a format has an address twice, in hexadecimal and not: one field has one text.
func sameAddress(got, truth string) bool {
	a, err := netip.ParseAddr(truth)
	return err == nil && (got == truth || got == strings.ToUpper(fmt.Sprintf("%x", a.AsSlice())))
}

// withoutAuthority takes scheme and authority off an absolute URI.
func withoutAuthority(target string) string {
	_, rest, ok := strings.Cut(target, "://")
	if !ok || strings.HasPrefix(target, "/") {
		return target
	}
	i := strings.IndexByte(rest, '/')
	if i < 0 {
		return "/"
	}
	return rest[i:]
}

// ambiguous returns which fields of a line cannot be told apart by anybody: a text holds what separates it from
// another text.
func ambiguous(items []item, truth map[string]string) []bool {
	skip := make([]bool, len(items))
	for i, it := range items {
		end := it.after
		if it.quoted {
			end = `"` + end
		}
		if i+1 == len(items) || !it.loose() || !strings.Contains(truth[it.key], end) {
			continue
		}
		for j := i; j < len(items) && (j == i || items[j].loose()); j++ {
			skip[j] = skip[j] || j > i || i+1 < len(items) && items[i+1].loose()
		}
	}
	return skip
}
