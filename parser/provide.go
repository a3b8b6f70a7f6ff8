package parser

import "strings"

// gives are the parts of a request that a field provides. Each part is taken from one field of a
// format, the best there is.
type gives uint8

const (
	givesMethod gives = 1 << iota
	givesTarget
	givesPath
	givesQuery
	givesProtocol
	givesHost
)

// provide decides which field each part of the request comes from, and which names of keys stand
// for a canonical field that no alias gives.
func (p *Program) provide() {
	p.adoptLabels()
	parts := []struct {
		part  gives
		ranks [4]Field // best first
	}{
		{givesMethod, [4]Field{Method, RequestLine}},
		{givesTarget, [4]Field{Target, RequestLine}},
		{givesPath, [4]Field{Path, Target, RequestLine}},
		{givesQuery, [4]Field{Query, Target, RequestLine}},
		{givesProtocol, [4]Field{Protocol, RequestLine}},
		{givesHost, [4]Field{Host, Target, Path, RequestLine}},
	}
	for _, part := range parts {
		if it := p.best(part.ranks[:]); it != nil {
			it.gives |= part.part
		}
	}
}

// best returns the first item with the best field. %HPO is preferred to %HP, which may carry an
// authority, and an alias to an expression.
func (p *Program) best(ranks []Field) *item {
	for _, f := range ranks {
		var found *item
		for i := range p.items {
			it := &p.items[i]
			if f == FieldNone || it.field != f {
				continue
			}
			if found == nil || it.alias == "HPO" && found.alias != "HPO" || it.alias != "" && found.alias == "" {
				found = it
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// adoptLabels gives expressions without a canonical meaning the meaning of their JSON key or name,
// as in "method":"%[var(txn.method),json]", when the format has no other field for it.
func (p *Program) adoptLabels() {
	have := map[Field]bool{}
	for i := range p.items {
		have[p.items[i].field] = true
	}
	if have[RequestLine] {
		have[Method], have[Target], have[Path] = true, true, true
	}
	if have[Target] {
		have[Path] = true
	}
	for i := range p.items {
		it := &p.items[i]
		if it.alias != "" || it.field != FieldNone || !strings.HasPrefix(it.expr, "var(") && !strings.HasPrefix(it.expr, "capture.req.hdr(") {
			continue
		}
		if f := fieldOfLabel(it.label); f != FieldNone && !have[f] {
			it.field, have[f] = f, true
		}
	}
}

func fieldOfLabel(label string) Field {
	switch label {
	case "method", "http_method", "req_method", "request_method":
		return Method
	case "path", "http_path", "uri_path", "request_path":
		return Path
	case "url", "uri", "http_uri", "req_url", "request_uri":
		return Target
	case "status", "status_code", "http_status", "http_status_code":
		return Status
	case "host", "http_host", "uri_host":
		return Host
	}
	return FieldNone
}

// wants says which fields are asked for.
type wants struct {
	all   bool
	names map[string]Field // extra slots by name, as Set.Field hands them out
	left  map[Field]bool   // that nobody counts, see Set.Leave
}

// keeps reports whether a canonical field is kept.
func (w *wants) keeps(f Field) bool {
	return w.all || always(f) && !w.left[f] || w.canonical(f)
}

// always lists the fields that are kept whether or not anybody asks by name: what the catalogue
// counts. The others cost a store per line and are kept on request only: see Set.Field and Set.Leave.
func always(f Field) bool {
	switch f {
	case Frontend, Backend, Server, Method, Path, Status, BytesSent, BytesReceived,
		TimeHandshake, TimeIdle, TimeRequest, TimeTq, TimeQueue, TimeConnect, TimeResponse, TimeData,
		TimeActive, TimeTotal, TimeUser, TerminationState, Retries, Origin, FrontendError:
		return true
	}
	return false
}

// bind returns a copy of the program that keeps the wanted fields.
func (p *Program) bind(w *wants, f *Format) *Program {
	q := *p
	q.items = append([]item(nil), p.items...)
	taken := map[Field]bool{}
	q.slots = max(int(NumFields), quickSlot)
	w.leave(q.items)
	for i := range q.items {
		it := &q.items[i]
		it.slot, it.more = FieldNone, nil
		if it.class == clsLiteral {
			continue
		}
		g := it.primary()
		if g != FieldNone && !taken[g] && w.keeps(g) {
			it.slot, taken[g] = g, true
		}
		it.caps = nil
		for name, slot := range w.names {
			q.slots = max(q.slots, int(slot)+1)
			if slot < NumFields || taken[slot] {
				continue
			}
			if it.called(name) {
				it.more, taken[slot] = append(it.more, slot), true
			} else if alias, n, ok := capture(f, name); ok && (it.alias == alias || it.alias == alias+"l") && !p.calls(name) {
				it.caps = append(it.caps, capSlot{n, slot})
			}
		}
		if it.slot == FieldNone && len(it.more) > 0 {
			it.slot, it.more = it.more[0], it.more[1:]
		}
		if w.all && it.slot == FieldNone && len(it.more) == 0 {
			it.slot = Field(q.slots)
			q.slots++
		}
	}
	q.assemble()
	return &q
}

// leave takes away the parts of the request that are not kept. Of the fields that print <BADREQ> one has to stay: it
// tells whether the request was read at all.
func (w *wants) leave(items []item) {
	kept := make([]gives, len(items))
	tells := false
	for i := range items {
		kept[i] = items[i].gives
		for k, f := range partFields() {
			if !w.keeps(f) {
				kept[i] &^= 1 << k
			}
		}
		tells = tells || kept[i] != 0 && items[i].alias != ""
	}
	for i := range items {
		if tells || items[i].alias == "" {
			items[i].gives = kept[i]
		}
	}
}

// partFields are the fields of the parts, in the order of gives.
func partFields() [6]Field { return [...]Field{Method, Target, Path, Query, Protocol, Host} }

// calls reports whether a field of the format has the name itself.
func (p *Program) calls(name string) bool {
	for i := range p.items {
		if p.items[i].called(name) {
			return true
		}
	}
	return false
}

// primary is the slot that the field as a whole goes to. Path, target and the like go there as
// parts (gives), from whichever field is best.
func (it *item) primary() Field {
	switch it.field {
	case Method, Target, Path, Query, Protocol, Host:
		return FieldNone
	}
	return it.field
}

func (w *wants) canonical(f Field) bool {
	for _, g := range w.names {
		if g == f {
			return true
		}
	}
	return false
}

// called reports whether the item goes by that name: its alias, its expression, its JSON key or
// the word before it.
func (it *item) called(name string) bool {
	if it.class == clsLiteral || name == "" {
		return false
	}
	return name == it.name || name == it.expr || name == it.label || it.alias != "" && name == it.alias
}
