package metrics

import (
	"hash/maphash"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// A series is one label set of a family. Its values start at off in every shard and in every cut; how
// many there are is the family's width. Series are never removed or changed, so that a cut can read the
// slices it took without a lock.
type series struct {
	created int64  // ms since 1970, when its value last started at 0
	suffix  string // label text after the prefix, escaped, without braces; nearly always shared with others
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

// family is a family of the registry: its series and an index over them.
type family struct {
	*Family
	width    int // values of one series; 0 for families whose value is always 1
	lines    int // samples of one series in the exposition
	buckets  *buckets
	series   []series
	index    []uint32 // open addressing over series, index plus one
	restarts uint64
}

// registry holds the families and label texts. Table.mu guards it.
type registry struct {
	seed      maphash.Seed
	multi     bool     // texts begin with haproxy
	names     []string // of the route labels
	families  []*family
	byName    map[string]*family
	prefixes  []prefix
	prefixIDs map[string]uint32
	suffixes  map[string]string // one copy of each text
	next      uint32            // first free offset
	samples   int               // samples that the series born so far expose
	key       []byte
}

func newRegistry(multi bool, names []string) registry {
	return registry{
		seed: maphash.MakeSeed(), multi: multi, names: names, byName: map[string]*family{},
		prefixIDs: map[string]uint32{}, suffixes: map[string]string{},
		next: 1, // offset 0 stands for "not born"
	}
}

func (r *registry) hash(p uint32, suffix string) uint64 {
	h := uint64(p+1) * 0x9e3779b97f4a7c15
	if suffix != "" {
		h ^= maphash.String(r.seed, suffix)
	}
	return h ^ h>>32
}

// find returns the position of the series in f.series, -1 when it is not born.
func (r *registry) find(f *family, p uint32, suffix string) int {
	if len(f.index) == 0 {
		return -1
	}
	mask := uint64(len(f.index) - 1)
	for i := r.hash(p, suffix) & mask; ; i = (i + 1) & mask {
		k := f.index[i]
		if k == 0 {
			return -1
		}
		if s := &f.series[k-1]; s.prefix == p && s.suffix == suffix {
			return int(k - 1)
		}
	}
}

// add gives birth to a series that find did not find. suffix is kept.
func (r *registry) add(f *family, p uint32, suffix string, created int64) *series {
	if 4*(len(f.series)+1) > 3*len(f.index) {
		f.index = make([]uint32, max(16, 2*len(f.index)))
		for i := range f.series {
			r.place(f, i)
		}
	}
	f.series = append(f.series, series{created: created, suffix: suffix, prefix: p, off: r.next})
	r.place(f, len(f.series)-1)
	r.next += uint32(f.width)
	r.samples += f.lines
	return &f.series[len(f.series)-1]
}

// align moves the next offset to the begin of a cache line, for series whose values are used together.
func (r *registry) align() { r.next = (r.next + 7) &^ 7 }

func (r *registry) place(f *family, pos int) {
	s := &f.series[pos]
	mask := uint64(len(f.index) - 1)
	i := r.hash(s.prefix, s.suffix) & mask
	for f.index[i] != 0 {
		i = (i + 1) & mask
	}
	f.index[i] = uint32(pos + 1)
}

// intern returns the one copy of a text.
func (r *registry) intern(b []byte) string {
	if s, ok := r.suffixes[string(b)]; ok {
		return s
	}
	s := string(b)
	r.suffixes[s] = s
	return s
}

// prefix returns the index of a prefix, and adds it when it is new. values is nil for families without
// route labels; haproxy is empty for families that belong to no HAProxy, and when there is only one.
func (r *registry) prefix(haproxy string, values []string, extra []byte) uint32 {
	k := append(r.key[:0], haproxy...)
	for _, v := range values {
		k = append(k, 0) // no value holds a control character
		k = append(k, v...)
	}
	if values == nil {
		k = append(k, 1)
	}
	k = append(k, 2)
	k = append(k, extra...)
	r.key = k
	if id, ok := r.prefixIDs[string(k)]; ok {
		return id
	}
	var text []byte
	if r.multi && haproxy != "" {
		text = appendLabel(text, catalogue.HAProxyLabel, haproxy)
	}
	for i, v := range values {
		text = appendLabel(text, r.names[i], v)
	}
	key := string(k)
	p := prefix{haproxy: haproxy, values: values, extra: string(extra)}
	if len(extra) > 0 {
		p.route = r.prefix(haproxy, values, nil)
		if len(text) > 0 {
			text = append(text, ',')
		}
		text = append(text, extra...)
	} else {
		p.route = uint32(len(r.prefixes))
	}
	p.text = string(text)
	id := uint32(len(r.prefixes))
	r.prefixes = append(r.prefixes, p)
	r.prefixIDs[key] = id
	return id
}

// labelText returns the whole label text of a series.
func labelText(prefixes []prefix, s *series) string {
	p := prefixes[s.prefix].text
	if p == "" || s.suffix == "" {
		return p + s.suffix
	}
	var b strings.Builder
	b.WriteString(p)
	b.WriteByte(',')
	b.WriteString(s.suffix)
	return b.String()
}
