package metrics

import (
	"unsafe"

	"haproxy_log_exporter/parser"
)

// countShort counts times that are shorter than directMS in the cell. It returns a bit for each of quick, the histograms that
// cells have room for, that it did not count: the time is longer, or the line does not have it. shortTimes does the same.
func (cell *Cell) countShort(times *parser.Timers, quick []histogramAt, direct *[directMS]uint8) (left uint64) {
	for i := range quick {
		h := &quick[i]
		ms := uint64(times[h.time].MS)
		if ms >= directMS {
			left |= 1 << i
			continue
		}
		cell.sums[h.sum] += uint32(ms)
		cell.counts[h.first+uint32(direct[ms])]++
	}
	return left
}

// timerShift is the binary logarithm of the size of a parser.Timer, timerMS where it holds its milliseconds.
const (
	timerShift = 4
	timerMS    = unsafe.Offsetof(parser.Timer{}.MS)
)

var _ [1 << timerShift]byte = [unsafe.Sizeof(parser.Timer{})]byte{}
