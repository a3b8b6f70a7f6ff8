package parser

import (
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

type fieldName struct {
	name  string
	field Field
}

// fieldNames returns the names of the canonical fields, for configuration and messages.
func fieldNames() []fieldName {
	return []fieldName{
		{"src", ClientAddr}, {"src_port", ClientPort}, {"dst", FrontendAddr}, {"dst_port", FrontendPort},
		{"backend_src", BackendAddr}, {"backend_src_port", BackendPort}, {"server_addr", ServerAddr}, {"server_port", ServerPort},
		{"frontend", Frontend}, {"backend", Backend}, {"server", Server},
		{"method", Method}, {"target", Target}, {"path", Path}, {"query", Query}, {"protocol", Protocol}, {"host", Host},
		{"request_line", RequestLine}, {"status", Status}, {"bytes_sent", BytesSent}, {"bytes_received", BytesReceived},
		{"time_handshake", TimeHandshake}, {"time_idle", TimeIdle}, {"time_request", TimeRequest}, {"time_tq", TimeTq},
		{"time_queue", TimeQueue}, {"time_connect", TimeConnect}, {"time_response", TimeResponse}, {"time_data", TimeData},
		{"time_active", TimeActive}, {"time_total", TimeTotal}, {"time_user", TimeUser},
		{"termination_state", TerminationState}, {"retries", Retries},
		{"active_conns", ActiveConns}, {"frontend_conns", FrontendConns}, {"backend_conns", BackendConns}, {"server_conns", ServerConns},
		{"server_queue", ServerQueue}, {"backend_queue", BackendQueue},
		{"request_cookie", RequestCookie}, {"response_cookie", ResponseCookie},
		{"request_headers", RequestHeaders}, {"response_headers", ResponseHeaders},
		{"accept_date", AcceptDate}, {"accept_seconds", AcceptSeconds}, {"milliseconds", Milliseconds}, {"request_date", RequestDate},
		{"request_counter", RequestCounter}, {"log_counter", LogCounter}, {"origin", Origin},
		{"tls_cipher", TLSCipher}, {"tls_version", TLSVersion}, {"unique_id", UniqueID}, {"pid", ProcessID}, {"hostname", Hostname},
		{"fc_err", FrontendError},
	}
}

// String returns the canonical name of the field, "field N" for those of a Set.
func (f Field) String() string {
	for _, n := range fieldNames() {
		if n.field == f {
			return n.name
		}
	}
	return "field " + strconv.Itoa(int(f))
}

// provides reports whether lines of the format carry the canonical field.
func (p *Program) provides(f Field) bool {
	part := gives(0)
	switch f {
	case Method:
		part = givesMethod
	case Target:
		part = givesTarget
	case Path:
		part = givesPath
	case Query:
		part = givesQuery
	case Protocol:
		part = givesProtocol
	case Host:
		part = givesHost
	}
	for i := range p.items {
		if it := &p.items[i]; it.class != clsLiteral && (part == 0 && it.field == f || it.gives&part != 0) {
			return true
		}
	}
	return false
}

// capture finds the captured header that a name means in this format: "capture.req.hdr(1)",
// "req.hdr:User-Agent", or a header's name alone.
func capture(f *Format, name string) (alias string, index int, ok bool) {
	for _, c := range []struct {
		fetch, prefix, alias string
		names                []string
	}{
		{"capture.req.hdr(", "req.hdr:", "hr", f.Captures},
		{"capture.res.hdr(", "res.hdr:", "hs", f.ResponseCaptures},
	} {
		if rest, found := strings.CutPrefix(name, c.fetch); found {
			n, err := strconv.Atoi(strings.TrimSuffix(rest, ")"))
			return c.alias, n, err == nil && n >= 0
		}
		header := strings.TrimPrefix(name, c.prefix)
		if header == name && c.alias == "hs" {
			continue // a bare name means a request header
		}
		for i, declared := range c.names {
			if strings.EqualFold(headerName(declared), header) {
				return c.alias, i, true
			}
		}
	}
	return "", 0, false
}

// headerName takes the name out of a declaration: "request header Host len 32", "Host".
func headerName(declaration string) string {
	words := strings.Fields(declaration)
	for i, w := range words {
		if w == "header" && i+1 < len(words) {
			return words[i+1]
		}
	}
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// canonical resolves the names that do not depend on a format's own words.
func canonical(name string) (Field, bool) {
	for _, n := range fieldNames() {
		if n.name == name {
			return n.field, true
		}
	}
	return FieldNone, false
}

// KnownField reports whether a name means a field of HAProxy's own, whether or not a format prints it: a
// canonical name (path) or an alias (%HM).
func KnownField(name string) bool {
	if _, ok := canonical(name); ok {
		return true
	}
	_, ok := findAlias(strings.TrimPrefix(name, "%"))
	return ok
}

// lookup resolves a name to a canonical field, or to the wish for an extra slot.
func (s *Set) lookup(name string) (f Field, extra, ok bool) {
	bare := strings.TrimSpace(name)
	if rest, found := strings.CutPrefix(bare, "%["); found {
		bare = strings.TrimSpace(strings.TrimSuffix(rest, "]"))
	} else if rest, found := strings.CutPrefix(bare, "%"); found {
		a, known := findAlias(rest)
		return a.field, false, known && s.provided(a.field)
	} else if f, known := canonical(bare); known && s.provided(f) {
		return f, false, true
	} else if s.called(bare) {
		return FieldNone, true, true
	} else if a, known := findAlias(bare); known && s.provided(a.field) {
		return a.field, false, true
	}
	if s.called(bare) {
		return FieldNone, true, true
	}
	if f := exprField(bare); f != FieldNone && s.provided(f) {
		return f, false, true
	}
	for i := range s.formats {
		if alias, n, found := capture(&s.formats[i], bare); found && s.programs[i].hasCapture(alias, n) {
			return FieldNone, true, true
		}
	}
	return FieldNone, false, false
}

func (s *Set) provided(f Field) bool {
	return slices.ContainsFunc(s.programs, func(p *Program) bool { return p.provides(f) })
}

// called reports whether a field of any format has that name as its expression, key or word, and
// no canonical meaning that says the same.
func (s *Set) called(name string) bool {
	for _, p := range s.programs {
		for i := range p.items {
			if it := &p.items[i]; it.class != clsLiteral && name != "" && (name == it.label || name == it.expr && exprField(it.expr) == FieldNone) {
				return true
			}
		}
	}
	return false
}

func (p *Program) hasCapture(alias string, n int) bool {
	for i := range p.items {
		it := &p.items[i]
		if (it.alias == alias || it.alias == alias+"l") && (it.count == 0 || n < it.count) && (it.class != clsList || it.quoted) {
			return true
		}
	}
	return false
}

// Names lists what Field accepts for these formats.
func (s *Set) Names() []string {
	var names []string
	for _, n := range fieldNames() {
		if s.provided(n.field) {
			names = append(names, n.name)
		}
	}
	for i, p := range s.programs {
		for k := range p.items {
			it := &p.items[k]
			if it.class == clsLiteral {
				continue
			}
			if it.expr != "" {
				names = append(names, it.name)
			}
			if it.label != "" {
				names = append(names, it.label)
			}
		}
		for _, c := range s.formats[i].Captures {
			names = append(names, "req.hdr:"+headerName(c))
		}
		for _, c := range s.formats[i].ResponseCaptures {
			names = append(names, "res.hdr:"+headerName(c))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Field returns the slot of a field by name: a canonical name (path, method, status …), an alias
// ("%HM", "HM"), a sample expression of the format ("%[var(txn.x)]", "src"), a captured header
// ("capture.req.hdr(0)", "req.hdr:User-Agent"), a JSON key, or the word before a "=". A key or
// word of the format goes before an alias of the same spelling. Ask before NewReader: readers keep
// what was asked for until then. The error lists what exists.
func (s *Set) Field(name string) (Field, error) {
	f, extra, ok := s.lookup(name)
	if !ok {
		names := s.Names()
		hint := diag.DidYouMean(name, names)
		if hint == "" {
			hint = "known here: " + strings.Join(names, ", ")
		}
		return FieldNone, diag.List{{Source: "field", Col: 1, Len: len(name), Text: name, Msg: "no log format has a field " + name, Hint: hint}}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !extra {
		if !s.wants.all {
			s.want("\x00"+f.String(), f) // a name no item has: only keeps the canonical slot
		}
		return f, nil
	}
	bare := strings.TrimSpace(name)
	if rest, found := strings.CutPrefix(bare, "%["); found {
		bare = strings.TrimSpace(strings.TrimSuffix(rest, "]"))
	}
	if g, known := s.wants.names[bare]; known {
		return g, nil
	}
	if int(s.next) >= 1<<15 {
		return FieldNone, diag.List{{Source: "field", Msg: "too many fields asked for"}}
	}
	g := s.next
	s.next++
	s.want(bare, g)
	return g, nil
}
