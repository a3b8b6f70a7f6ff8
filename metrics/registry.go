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
	suffix  string // label text after the prefix, escaped, without braces
	prefix  uint32 // index in Table.prefixes
	off     uint32
}

// A prefix is label text that many series share: the HAProxy's name, and the values of a route.
type prefix struct {
	haproxy string
	values  []string // of the route labels, nil when the prefix has none
	text    string   // escaped label text
	block   uint32   // offset of the route's values that need no further label; 0 until born
}

// family is a family of the registry: its series and an index over them.
type family struct {
	*Family
	width    int // values of one series; 0 for families whose value is always 1
	lines    int // samples of one series in the exposition
	buckets  *buckets
	octaves  bool // values are octaves of the native histogram of request_duration; never a family of its own
	series   []series
	index    []uint32 // open addressing over series, index plus one
	restarts uint64
}

// registry holds the families and label texts. Table.mu guards it.
type registry struct {
	seed      maphash.Seed
	families  []*family // in the order of exposition
	byName    map[string]*family
	prefixes  []prefix
	prefixIDs map[string]uint32
	next      uint32 // first free offset
	samples   int    // samples that the series born so far expose
}

func newRegistry() registry {
	return registry{
		seed:      maphash.MakeSeed(),
		byName:    map[string]*family{},
		prefixIDs: map[string]uint32{},
		next:      1, // offset 0 stands for "not born"
	}
}

func (f *family) hash(seed maphash.Seed, p uint32, suffix string) uint64 {
	return maphash.String(seed, suffix) ^ uint64(p)*0x9e3779b97f4a7c15
}

// find returns the position of the series in f.series, -1 when it is not born.
func (r *registry) find(f *family, p uint32, suffix string) int {
	if len(f.index) == 0 {
		return -1
	}
	mask := uint64(len(f.index) - 1)
	for i := mix(f.hash(r.seed, p, suffix)) & mask; ; i = (i + 1) & mask {
		k := f.index[i]
		if k == 0 {
			return -1
		}
		if s := &f.series[k-1]; s.prefix == p && s.suffix == suffix {
			return int(k - 1)
		}
	}
}

// add gives birth to a series that find did not find.
func (r *registry) add(f *family, p uint32, suffix string, created int64) *series {
	if 4*(len(f.series)+1) > 3*len(f.index) {
		r.rehash(f)
	}
	f.series = append(f.series, series{created: created, suffix: suffix, prefix: p, off: r.next})
	r.place(f, len(f.series)-1)
	r.next += uint32(f.width)
	r.samples += f.lines
	return &f.series[len(f.series)-1]
}

func (r *registry) place(f *family, pos int) {
	s := &f.series[pos]
	mask := uint64(len(f.index) - 1)
	i := mix(f.hash(r.seed, s.prefix, s.suffix)) & mask
	for f.index[i] != 0 {
		i = (i + 1) & mask
	}
	f.index[i] = uint32(pos + 1)
}

func (r *registry) rehash(f *family) {
	f.index = make([]uint32, max(16, 2*len(f.index)))
	for i := range f.series {
		r.place(f, i)
	}
}

// mix spreads the bits of a hash over the low ones, which the index uses.
func mix(h uint64) uint64 { return h ^ h>>32 }

// prefix returns the index of the prefix with these values, and adds it when it is new.
func (r *registry) prefix(haproxy string, multi bool, names, values []string) uint32 {
	var key strings.Builder
	key.WriteString(haproxy)
	for _, v := range values {
		key.WriteByte(0) // no value holds a control character
		key.WriteString(v)
	}
	if values == nil {
		key.WriteByte(1)
	}
	if id, ok := r.prefixIDs[key.String()]; ok {
		return id
	}
	var text []byte
	if multi {
		text = appendLabel(text, catalogue.HAProxyLabel, haproxy)
	}
	for i, v := range values {
		text = appendLabel(text, names[i], v)
	}
	id := uint32(len(r.prefixes))
	r.prefixes = append(r.prefixes, prefix{haproxy: haproxy, values: values, text: string(text)})
	r.prefixIDs[key.String()] = id
	return id
}

// labelText returns the whole label text of a series.
func labelText(prefixes []prefix, s *series) string {
	p := prefixes[s.prefix].text
	switch {
	case p == "":
		return s.suffix
	case s.suffix == "":
		return p
	default:
		return p + "," + s.suffix
	}
}
