package metrics

import (
	"math"
	"slices"
	"strconv"
)

// directMS is the number of whole milliseconds whose bucket is found by one look-up. It covers nearly
// every answer; larger values take a short search.
const directMS = 2560

// defaultBounds fit calls to partners: fine where services answer, coarse towards timeouts. In milliseconds.
func defaultBounds() []int64 {
	return []int64{5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000}
}

// buckets is the layout of the classic histograms: one set of bounds for every family. Times are whole
// milliseconds in the log, so finding a bucket is a look-up. Immutable.
type buckets struct {
	bounds []int64 // upper bounds in milliseconds, ascending, without +Inf
	direct [directMS]uint8
	from   int      // first bucket that holds values of directMS and more
	le     []string // `le="…"` of each bucket and of +Inf in the text format
	leOM   []string // the same in OpenMetrics, where numbers look like floats
}

// newBuckets merges the bounds (seconds; nil for the default) with T and 1.05 T of each SLA: a request
// that ran into its timeout is logged a few milliseconds after it and has to be told from one just below.
func newBuckets(seconds []float64, slas []SLA) *buckets {
	var ms []int64
	if len(seconds) == 0 {
		ms = defaultBounds()
	}
	for _, s := range seconds {
		ms = append(ms, int64(math.Round(s*1000)))
	}
	for _, s := range slas {
		if t := s.Timeout.Milliseconds(); t > 0 {
			ms = append(ms, t, t+t/20)
		}
	}
	slices.Sort(ms)
	ms = slices.Compact(ms)
	ms = slices.DeleteFunc(ms, func(v int64) bool { return v <= 0 })
	b := &buckets{bounds: ms}
	for v := range directMS {
		b.direct[v] = uint8(b.search(int64(v), 0))
	}
	b.from = b.search(directMS, 0)
	for _, v := range ms {
		b.le = append(b.le, `le="`+string(appendSeconds(nil, uint64(v), false))+`"`)
		b.leOM = append(b.leOM, `le="`+string(appendSeconds(nil, uint64(v), true))+`"`)
	}
	b.le = append(b.le, `le="+Inf"`)
	b.leOM = append(b.leOM, `le="+Inf"`)
	return b
}

// MaxBuckets is the largest number of bounds that a configuration may ask for, SLA timeouts included.
const MaxBuckets = 200

func (b *buckets) search(ms int64, from int) int {
	for from < len(b.bounds) && ms > b.bounds[from] {
		from++
	}
	return from
}

// width is the number of values of one histogram: the sum, then a count for each bucket and +Inf.
func (b *buckets) width() int { return len(b.bounds) + 2 }

// lines is the number of samples of one histogram: buckets, +Inf, _sum and _count.
func (b *buckets) lines() int { return len(b.bounds) + 3 }

// observe adds n observations of ms to the histogram whose values start at v[0].
func (b *buckets) observe(v []uint64, ms int64, n uint64) {
	v[0] += uint64(ms) * n
	v[1+b.find(ms)] += n
}

// find returns the index of the bucket that holds ms.
func (b *buckets) find(ms int64) int {
	if uint64(ms) < directMS {
		return int(b.direct[ms])
	}
	return b.search(ms, b.from)
}

// key describes the layout, to see whether a saved family has the same.
func (b *buckets) key() string {
	var k []byte
	for _, v := range b.bounds {
		k = strconv.AppendInt(k, v, 10)
		k = append(k, ' ')
	}
	return string(k)
}

// Native histograms: exponential buckets of schema 3, eight to each doubling. Their values are kept by
// doubling ("octave"), and an octave is allocated when its first observation comes.
const (
	nativeSchema    = 3
	nativePerOctave = 1 << nativeSchema
	nativeFirstKey  = -79 // the bucket of 1 ms, the smallest time that is not 0
	nativeOctaves   = 32  // up to 2^22 s
)

// nativeIndex finds native buckets of whole milliseconds. Immutable.
type nativeIndex struct {
	limit  []int64 // largest whole milliseconds of each bucket, by index
	direct [directMS]uint8
}

func newNativeIndex() *nativeIndex {
	x := &nativeIndex{limit: make([]int64, nativeOctaves*nativePerOctave)}
	for i := range x.limit {
		// Bounds at whole powers of two are exact in binary; no other bound is a whole millisecond.
		x.limit[i] = int64(math.Floor(1000 * math.Exp2(float64(i+nativeFirstKey)/nativePerOctave)))
	}
	for ms := range directMS {
		k, _ := slices.BinarySearch(x.limit, int64(ms))
		x.direct[ms] = uint8(k)
	}
	return x
}

// find returns the index of the bucket of ms > 0; index+nativeFirstKey is its key in schema 3.
func (x *nativeIndex) find(ms int64) int {
	if ms < directMS {
		return int(x.direct[ms])
	}
	k, _ := slices.BinarySearch(x.limit, ms)
	return min(k, len(x.limit)-1)
}
