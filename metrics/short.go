package metrics

// quickAt is what short times need of a histogramAt.
type quickAt struct {
	time  uint32 // index in facts.times
	first uint32 // of its buckets in Cell.times
}

// countShort counts times that are shorter than directMS in the cell, and returns a bit for each of quick that was not: it is
// longer, or the line does not have it. shortTimes does the same.
func (cell *Cell) countShort(times *[maxTimes]int64, quick []quickAt, direct *[directMS]uint8) (left uint64) {
	for i, q := range quick {
		ms := uint64(times[q.time%maxTimes])
		if ms >= directMS {
			left |= 1 << i
			continue
		}
		cell.sums[i] += uint32(ms)
		cell.times[q.first+uint32(direct[ms])]++
	}
	return left
}
