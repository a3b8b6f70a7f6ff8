package metrics

import "math/bits"

// Cell is what a shard keeps with each resolved combination of route, frontend and backend: where its values
// are. It is a cache: a resolver may drop it at any time, and it is then found again in the registry. What a
// line needs is inside the cell, in the order of use, because following a pointer costs more than counting.
//
// The cell counts by itself, in few bytes, what it would otherwise have to look for in memory: its requests by kind,
// their times, and good requests by server. Cell.fold adds these counts to the values.
type Cell struct {
	// Every request needs these, up to the counts of the first kinds: a cache line.
	opened     uint64 // a bit for each kind whose offset is in offs
	generation uint32 // of the table, plus one, when the offsets were found; 0 for a new cell
	within     uint32 // ms; 0 when the SLA has no limit
	left       uint8  // requests that counts has room for
	dirty      bool   // it is in Shard.dirty
	noBackend  uint8  // 1 when no backend was chosen: %b is then the frontend's name

	// Times that are shorter than quickMS are counted here: their sums by histogram, and their buckets among counts.
	sums [quickHistograms]uint32 // ms

	// Requests by kind, of the first kinds (see kindAt), then times by bucket (see histogramAt), then the other kinds: a
	// request of a usual kind needs two cache lines, even where there are hundreds of cells and none is near.
	counts [firstKinds + quickBuckets + moreKinds]uint8

	// Servers: a cache line.
	serverKeys [servers]uint64 // Shard.serverKey of servers, 0 for none
	serverN    [servers]uint64 // their requests with 2xx and -- that are not in the values yet

	native *cellNative // nil without native histograms
	rare   *cellRare   // nil when nothing of it is there

	slotted    uint64           // a bit for each kind that may have a slot
	route      uint32           // the route's block
	backend    uint32           // the block of the route's backend
	frontend   uint32           // frontend_requests_total
	offs       [maxKinds]uint32 // requests_total of each kind
	serverOffs [servers]uint32  // server_requests_total of each server
	id         uint32           // unique within the shard, for slotTable

	// For births.
	backendID     uint32 // in the shard's serverTable
	routePrefix   uint32
	backendPrefix uint32
	reqPrefix     uint32   // of requests_total; 0 when the limit does not allow the cell its own
	_             [48]byte // an Entry is a number of cache lines: an odd one, for those of many to spread over the caches
}

// cellNative is the part of a Cell for the native histogram: its buckets by octave. It has no pointers.
type cellNative struct {
	octaves uint32 // a bit for each whose offset is in offs
	zeros   uint8  // observations of 0 ms
	buckets [quickOctaves * nativePerOctave]uint8
	offs    [knownOctaves]uint32 // with these, an odd number of cache lines as in Cell
}

// cellRare is the part of a Cell that few have.
type cellRare struct {
	overflow []uint32 // overflow_total of each label of the route that became other
	sessions []sessionSlot
}

// What a cell counts by itself. The others are in the shard's tables, or counted in the values at once.
const (
	servers         = 4
	quickHistograms = 4
	quickBuckets    = 92
	quickOctaves    = 11 // up to 2 s
	knownOctaves    = 24 // up to 4 hours
)

// Neither a count of so many requests nor their times overflow: maxLeft requests of less than quickMS each. Wider counts would
// need settle less often, but then fewer cells have room in the caches.
const (
	maxLeft = 1<<8 - 1
	quickMS = 1 << 16
)

// fold adds to the values what the cell counted.
func (cell *Cell) fold(s *Shard) {
	cell.settle(s, 1)
	for i, n := range cell.serverN {
		if n > 0 {
			s.vals[cell.serverOffs[i]] += n
			cell.serverN[i] = 0
		}
	}
	cell.dirty = false
}

// settle adds to the values the counts of kinds and times, each n times.
func (cell *Cell) settle(s *Shard, n uint64) {
	l, values, total := &s.table.layout, s.vals, uint64(0)
	for open := cell.opened; open != 0; open &= open - 1 {
		k := bits.TrailingZeros64(open)
		at := kindAt(uint32(k))
		if cell.counts[at] == 0 {
			continue
		}
		count := uint64(cell.counts[at]) * n
		cell.counts[at] = 0
		total += count
		values[cell.offs[k]] += count
		cell.tally(l, values, s.kinds.states[k][cell.noBackend].verdict(), count)
	}
	values[cell.frontend] += total
	for i := range l.histograms {
		h := &l.histograms[i]
		if h.below == 0 {
			continue
		}
		v := values[cell.backend+h.at:]
		v[0] += uint64(cell.sums[h.sum]) * n
		cell.sums[h.sum] = 0
		move(v[1:], cell.counts[h.first:h.first+h.buckets], n)
	}
	cell.left = maxLeft
	if x := cell.native; x != nil {
		values[cell.backend+l.zero] += uint64(x.zeros) * n
		x.zeros = 0
		x.settle(values, n)
	}
}

// settle adds to the values the counts of the buckets, each n times.
func (x *cellNative) settle(values []uint64, n uint64) {
	for open := x.octaves % (1 << quickOctaves); open != 0; open &= open - 1 {
		o := bits.TrailingZeros32(open)
		move(values[x.offs[o]:], x.buckets[o*nativePerOctave:][:nativePerOctave], n)
	}
}

// move adds counts to values, each n times, and clears them.
func move(values []uint64, counts []uint8, n uint64) {
	values = values[:len(counts)]
	for i, x := range counts {
		values[i] += uint64(x) * n
	}
	clear(counts)
}

// tally counts the outcome of n requests.
func (cell *Cell) tally(l *layouts, values []uint64, v Verdict, n uint64) {
	if v.Outcome == OutcomeNone {
		return
	}
	if l.outcomes {
		values[cell.outcome(v.Outcome)] += n
	}
	if v.Outcome == OutcomeFailed && l.failures {
		values[cell.route+atFailures+uint32(v.Blame)-1] += n
	}
}

// outcome returns the offset of an outcome.
func (cell *Cell) outcome(o Outcome) uint32 { return cell.backend + atMet + 1 - uint32(o) }

type sessionSlot struct {
	term  uint8
	total uint32
	hist  uint32
}
