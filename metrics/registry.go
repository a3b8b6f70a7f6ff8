package metrics

import (
	"hash/maphash"
	"slices"

	"haproxy_log_exporter/internal/hashindex"
	"haproxy_log_exporter/internal/list"
	"haproxy_log_exporter/metrics/catalogue"
)

// A series is one label set of a family. Its values start at off in every shard and in every cut; how
// many there are is the family's width. Series are never removed or changed, so that a cut can read the
// slices it took without a lock. A series is 24 bytes without pointers, which the garbage collector skips.
type series struct {
	created int64  // ms since 1970, when its value last started at 0
	suffix  uint32 // index in registry.texts: label text after the prefix, shared with others
	prefix  uint32 // index in registry.prefixes
	off     uint32
}

// A prefix is label text that series share: a HAProxy's name, the values of a route, and what else comes
// before the labels that vary most.
type prefix struct {
	haproxy string
	values  []string // of the route labels, nil when the prefix has none
	extra   string   // escaped label text after these
	text    string   // all of it
	route   uint32   // the prefix with the same haproxy and values, and nothing more
}

// family is a family of the registry: its series and how to find them. Series that are born in blocks stand
// in f.series in the order of the blocks' births, so that their places are known by counting; the others
// have an index.
type family struct {
	*Family
	block    *block   // nil for series that are born alone
	items    []uint32 // suffixes of the family's series in the block, in order
	width    int      // values of one series; 0 for families whose value is always 1
	lines    int      // samples of one series in the exposition
	buckets  *buckets
	series   list.Of[series]
	index    hashindex.Index // over series
	restarts uint64
}

// registry holds the families and label texts. Table.mu guards it.
type registry struct {
	multi    bool     // texts begin with haproxy
	names    []string // of the route labels
	families []*family
	byName   map[string]*family
	prefixes list.Of[prefix]
	byText   hashindex.Index // over prefixes
	seed     maphash.Seed
	texts    []string          // label texts after prefixes, escaped, without braces; the first is empty
	textIDs  map[string]uint32 // index in texts
	next     uint32            // first free offset
	samples  int               // samples that the series born so far expose
	text     []byte            // scratch of prefixes
	labels   []byte            // scratch of labelsOf
}

func newRegistry(multi bool, names []string) registry {
	return registry{
		multi: multi, names: names, byName: map[string]*family{},
		seed: maphash.MakeSeed(), texts: []string{""}, textIDs: map[string]uint32{"": 0},
		next: 8, // offset 0 stands for "not born"; scrap follows
	}
}

// scrap is the offset that takes what belongs to families that are left out: nobody reads it.
const scrap = 1

func hashSeries(p, suffix uint32) uint32 {
	h := (uint64(suffix)<<32 | uint64(p)) * 0x9e3779b97f4a7c15
	return uint32(h ^ h>>32)
}

// find returns the position of the series in f.series, -1 when it is not born.
func (r *registry) find(f *family, p, suffix uint32) int {
	if f.block != nil {
		i, k := f.block.number(p), slices.Index(f.items, suffix)
		if i < 0 || k < 0 {
			return -1
		}
		return i*len(f.items) + k
	}
	if i, ok := f.index.Find(hashSeries(p, suffix), func(i uint32) bool {
		s := f.series.At(i)
		return s.prefix == p && s.suffix == suffix
	}); ok {
		return int(i)
	}
	return -1
}

// add gives birth to a series that find did not find.
func (r *registry) add(f *family, p, suffix uint32, created int64) *series {
	if f.block == nil {
		f.index.Add(hashSeries(p, suffix), uint32(f.series.Len()))
	}
	s := f.series.Add(series{created: created, suffix: suffix, prefix: p, off: r.next})
	r.next += uint32(f.width)
	r.samples += f.lines
	return s
}

// align moves the next offset to the begin of a cache line, for series whose values are used together.
func (r *registry) align() { r.next = (r.next + 7) &^ 7 }

// intern returns the number of a text.
func (r *registry) intern(b []byte) uint32 {
	if id, ok := r.textIDs[string(b)]; ok {
		return id
	}
	s, id := string(b), uint32(len(r.texts))
	r.texts = append(r.texts, s)
	r.textIDs[s] = id
	return id
}

// prefix returns the index of a prefix, and adds it when it is new. values is nil for families without
// route labels; haproxy is empty for families that belong to no HAProxy, and when there is only one.
func (r *registry) prefix(haproxy string, values []string, extra []byte) uint32 {
	h := r.hashValues(haproxy, values)
	route, ok := r.byText.Find(h, func(i uint32) bool {
		p := r.prefixes.At(i)
		return p.route == i && p.haproxy == haproxy && (p.values == nil) == (values == nil) && slices.Equal(p.values, values)
	})
	if !ok {
		route = uint32(r.prefixes.Len())
		r.addPrefix(h, prefix{haproxy: haproxy, values: values, text: string(r.withLabels(haproxy, values)), route: route})
	}
	return r.under(route, extra)
}

// under returns the index of the prefix that is a route's with extra after it.
func (r *registry) under(route uint32, extra []byte) uint32 {
	if len(extra) == 0 {
		return route
	}
	h := r.hashExtra(route, extra)
	i, ok := r.byText.Find(h, func(i uint32) bool {
		p := r.prefixes.At(i)
		return p.route == route && p.extra == string(extra)
	})
	if ok {
		return i
	}
	p := *r.prefixes.At(route)
	b := append(r.text[:0], p.text...)
	if len(b) > 0 {
		b = append(b, ',')
	}
	r.text = append(b, extra...)
	p.text = string(r.text)
	p.extra = p.text[len(p.text)-len(extra):]
	return r.addPrefix(h, p)
}

func (r *registry) addPrefix(h uint32, p prefix) uint32 {
	id := uint32(r.prefixes.Len())
	r.prefixes.Add(p)
	r.byText.Add(h, id)
	return id
}

func (r *registry) hashExtra(route uint32, extra []byte) uint32 {
	return uint32(maphash.Bytes(r.seed, extra)) + route*0x9e3779b1
}

func (r *registry) hashValues(haproxy string, values []string) uint32 {
	return hashindex.Texts(r.seed, maphash.String(r.seed, haproxy), values...)
}

// withLabels returns the text of a route's prefix, in memory that the next call uses again.
func (r *registry) withLabels(haproxy string, values []string) []byte {
	b := r.text[:0]
	if r.multi && haproxy != "" {
		b = appendLabel(b, catalogue.HAProxyLabel, haproxy)
	}
	for i, v := range values {
		b = appendLabel(b, r.names[i], v)
	}
	r.text = b
	return b
}

// labelText returns the whole label text of a series.
func (c *Cut) labelText(s *series) string { return string(c.labels(nil, s)) }
