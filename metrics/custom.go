package metrics

import (
	"encoding/binary"
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// customName returns the full name of a configured counter.
func customName(name string) string { return "haproxy_log_" + name + "_total" }

// customCounter is a counter of the configuration; what depends on log formats is in customBinding.
type customCounter struct {
	spec   *spec.Counter
	name   string
	labels []customLabel
	family *family
}

// customLabel says where a label's value comes from.
type customLabel struct {
	name  string
	route int    // index in the route labels, or -1
	entry string // frontend or backend, or empty
	field string // name of a field otherwise
}

// compileCounters checks the configured counters.
func (t *Table) compileCounters() []error {
	var errs []error
	for i := range t.opt.Counters {
		c := &t.opt.Counters[i]
		cc := &customCounter{spec: c, name: customName(c.Name.Value)}
		if _, taken := catalogue.Find(cc.name); taken || !spec.ValidName(c.Name.Value) ||
			slices.ContainsFunc(t.counters, func(o *customCounter) bool { return o.name == cc.name }) {
			errs = append(errs, diag.List{c.Name.Problem("the counter's metric "+cc.name+" exists already, or is no valid name", "another name")})
		}
		for _, l := range c.Labels {
			cl := labelSource(l.Value, t.opt.RouteLabels)
			if slices.ContainsFunc(cc.labels, func(o customLabel) bool { return o.name == cl.name }) {
				errs = append(errs, diag.List{l.Problem("the label "+cl.name+" is there twice", "")})
			}
			cc.labels = append(cc.labels, cl)
		}
		t.counters = append(t.counters, cc)
	}
	return errs
}

// labelSource says where the value of a label of a configured counter comes from.
func labelSource(name string, routeLabels []string) customLabel {
	l := customLabel{name: labelName(name), route: slices.Index(routeLabels, name)}
	switch {
	case l.route >= 0:
	case name == "frontend" || name == "backend":
		l.entry = name
	default:
		l.field = name
	}
	return l
}

// labelName makes a label name of a field's name: %[var(txn.tenant)] becomes var_txn_tenant.
func labelName(field string) string {
	var b strings.Builder
	for _, c := range field {
		switch {
		case c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z':
			b.WriteRune(c)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	name := strings.TrimRight(b.String(), "_")
	if name == "" || name[0] >= '0' && name[0] <= '9' || strings.HasPrefix(name, "__") {
		name = "field_" + strings.TrimLeft(name, "_")
	}
	return name
}

func (t *Table) customFamilies() []catalogue.Family {
	var l []catalogue.Family
	for _, c := range t.counters {
		f := catalogue.Family{Name: c.name, Type: catalogue.Counter, Help: c.spec.Help}
		if f.Help == "" {
			f.Help = "HTTP requests, by the labels that the configuration asks for."
		}
		for _, cl := range c.labels {
			f.Labels = append(f.Labels, cl.name)
		}
		l = append(l, f)
	}
	return l
}

// customBinding is a custom counter for the formats of one source. Its cache maps what the labels are
// read from to the value's offset; it is bounded and may be dropped at any time.
type customBinding struct {
	*customCounter
	fields []parser.Field // by label; FieldNone for route labels, frontend and backend
	when   []boundCondition
	perRun bool // some label comes from the route, frontend or backend
	cache  map[string]uint32
}

type boundCondition struct {
	*spec.Condition
	field parser.Field
}

// cachedCustom bounds the cache of a binding.
const cachedCustom = 8192

// bindCounters resolves the fields. One that no format of this source has is empty, and a condition on it
// does not hold: another source may have it, and who wires the sources refuses a field that none has.
func (t *Table) bindCounters(set *parser.Set) []*customBinding {
	var bound []*customBinding
	for _, c := range t.counters {
		c.family = t.reg.byName[c.name]
		b := &customBinding{customCounter: c, cache: map[string]uint32{}}
		for _, l := range c.labels {
			f := parser.FieldNone
			if l.field != "" {
				f = fieldOrNone(set, l.field)
			} else {
				b.perRun = true
			}
			b.fields = append(b.fields, f)
		}
		for i := range c.spec.When {
			w := &c.spec.When[i]
			b.when = append(b.when, boundCondition{w, fieldOrNone(set, w.Field)})
		}
		bound = append(bound, b)
	}
	return bound
}

func fieldOrNone(set *parser.Set, name string) parser.Field {
	f, err := set.Field(name)
	if err != nil {
		return parser.FieldNone
	}
	return f
}

func (w *boundCondition) holds(rec *parser.Record) bool {
	if w.Numeric {
		v, ok := rec.Int(w.field)
		if ok {
			return w.number(v)
		}
		if w.Op >= spec.OpLess && w.Op <= spec.OpGreaterEqual {
			return false
		}
	}
	v := rec.Bytes(w.field)
	if v == nil {
		return false
	}
	switch w.Op {
	case spec.OpEqual:
		return string(v) == w.Value
	case spec.OpNotEqual:
		return string(v) != w.Value
	case spec.OpMatch:
		return w.Regexp.Match(v)
	case spec.OpNotMatch:
		return !w.Regexp.Match(v)
	}
	return false
}

func (w *boundCondition) number(v int64) bool {
	switch w.Op {
	case spec.OpEqual:
		return v == w.Number
	case spec.OpNotEqual:
		return v != w.Number
	case spec.OpLess:
		return v < w.Number
	case spec.OpLessEqual:
		return v <= w.Number
	case spec.OpGreater:
		return v > w.Number
	case spec.OpGreaterEqual:
		return v >= w.Number
	}
	return false
}

// custom counts one request for every configured counter.
func (c *Counter) custom(e *labels.Entry[Cell], rec *parser.Record, n uint64) {
next:
	for _, b := range c.customs {
		for i := range b.when {
			if !b.when[i].holds(rec) {
				continue next
			}
		}
		c.key = c.key[:0]
		if b.perRun {
			c.key = binary.LittleEndian.AppendUint32(c.key, e.Data.id)
		}
		for _, f := range b.fields {
			if f != parser.FieldNone {
				v := headOf(rec.Bytes(f))
				c.key = binary.LittleEndian.AppendUint16(c.key, uint16(len(v)))
				c.key = append(c.key, v...)
			}
		}
		off, ok := b.cache[string(c.key)]
		if !ok {
			off = c.openCustom(b, e, rec)
		}
		c.shard.vals[off] += n
	}
}

// openCustom finds or gives birth to the series of a request, outside the steady state.
func (c *Counter) openCustom(b *customBinding, e *labels.Entry[Cell], rec *parser.Record) uint32 {
	t := c.shard.table
	c.shard.lock()
	var text, over []byte
	for i, l := range b.labels {
		v := ""
		switch {
		case l.route >= 0:
			v = e.Route.Values[l.route]
		case l.entry == "frontend":
			v = e.Frontend
		case l.entry == "backend":
			v = e.Backend
		default:
			v = t.admit(b.name+" "+l.name, labels.Sanitise(headOf(rec.Bytes(b.fields[i]))))
		}
		text = appendLabel(text, l.name, v)
		over = appendLabel(over, l.name, catalogue.Other)
	}
	p := t.reg.prefix(t.name(c.haproxy), nil, nil)
	off := t.ensureOne(b.family, p, t.reg.intern(text), false)
	if off == 0 {
		off = t.ensureOne(b.family, p, t.reg.intern(over), true)
	}
	c.shard.unlock()
	if len(b.cache) >= cachedCustom {
		clear(b.cache)
	}
	b.cache[string(c.key)] = off
	return off
}

// headOf cuts what is far longer than a label value can be, so that the cache stays small.
func headOf(v []byte) []byte { return v[:min(len(v), 4*labels.MaxValue)] }

// admit bounds the values of a label that labels.Admission does not know: beyond the limit a new value
// becomes other. t.mu is held.
func (t *Table) admit(label, value string) string {
	set := t.values[label]
	if set == nil {
		set = map[string]struct{}{}
		t.values[label] = set
	}
	if _, ok := set[value]; ok || value == "" {
		return value
	}
	if len(set) >= t.opt.ValueLimit {
		return catalogue.Other
	}
	set[value] = struct{}{}
	return value
}
