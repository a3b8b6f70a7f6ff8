package spec

import "strings"

// Span is a part [Start, End) of the matched bytes; both are -1 when an optional part was left out.
type Span struct{ Start, End int }

// Of returns the span's bytes of b, nil when it was left out.
func (s Span) Of(b []byte) []byte {
	if s.Start < 0 {
		return nil
	}
	return b[s.Start:s.End]
}

// Match matches b and appends one span for each of Names to dst. It reports whether b fits; when it
// does not, dst is returned as it was.
func (t *Template) Match(b []byte, dst []Span) ([]Span, bool) {
	if t.plain != nil {
		return matchSegments(t.plain, b, dst)
	}
	m := t.shortest.FindSubmatchIndex(b)
	if m == nil {
		return dst, false
	}
	for _, g := range t.groups {
		dst = append(dst, Span{m[2*g], m[2*g+1]})
	}
	return dst, true
}

// Values matches s and returns the value of each name; names of optional parts that were left out are missing.
func (t *Template) Values(s string) (map[string]string, bool) {
	spans, ok := t.Match([]byte(s), nil)
	if !ok {
		return nil, false
	}
	values := map[string]string{}
	for i, n := range t.names {
		if sp := spans[i]; sp.Start >= 0 {
			values[n] = s[sp.Start:sp.End]
		}
	}
	return values, true
}

// Alternative returns how s could be read otherwise: with the longest instead of the shortest match
// for each name. ok is false when there is no second way.
func (t *Template) Alternative(s string) (values map[string]string, ok bool) {
	first := t.shortest.FindStringSubmatchIndex(s)
	second := t.longest.FindStringSubmatchIndex(s)
	if first == nil || second == nil {
		return nil, false
	}
	values = map[string]string{}
	for i, g := range t.groups {
		ok = ok || first[2*g] != second[2*g] || first[2*g+1] != second[2*g+1]
		if second[2*g] >= 0 {
			values[t.names[i]] = s[second[2*g]:second[2*g+1]]
		}
	}
	return values, ok
}

// Why says in a few words why s does not fit, or "" when it does. It is for people, and slow.
func (t *Template) Why(s string) string {
	if t.shortest.MatchString(s) {
		return ""
	}
	if s == "" {
		return "no value"
	}
	fit, reach := 0, 0
	for i := range t.parts {
		if t.parts[i].kind == partOpen || depth(t.parts[:i+1]) > 0 {
			continue // an optional part is tried as a whole
		}
		re, _, err := compile(t.parts[:i+1], t.kind, true, false)
		if err != nil {
			break
		}
		m := re.FindStringIndex(s)
		if m == nil {
			break
		}
		fit, reach = i+1, m[1]
	}
	// The last name that fits is the shortest; what follows it decides where it really ends.
	if fit == len(t.parts) {
		return "text follows after the template's end: " + quote(s[reach:])
	}
	next := t.parts[fit]
	end := fit
	for depth(t.parts[fit:end+1]) > 0 {
		end++
	}
	want := t.text[next.col-1 : t.parts[end].end-1]
	done := t.text[:next.col-1]
	if done == "" {
		return "does not begin with " + want
	}
	return "fits " + done + ", then " + want + " is missing"
}

func depth(parts []part) int {
	d := 0
	for _, x := range parts {
		switch x.kind {
		case partOpen:
			d++
		case partClose:
			d--
		}
	}
	return d
}

func quote(s string) string {
	if len(s) > 40 {
		s = s[:40] + "…"
	}
	return `"` + strings.ToValidUTF8(s, "?") + `"`
}
