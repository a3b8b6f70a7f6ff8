package metrics

// countShort counts times that are shorter than directMS in the cell. It returns a bit for each of quick, the histograms that
// cells have room for, that it did not count: the time is longer, or the line does not have it. shortTimes does the same.
func (cell *Cell) countShort(times *[maxTimes]int64, quick []histogramAt, direct *[directMS]uint8) (left uint64) {
	for i := range quick {
		h := &quick[i]
		ms := uint64(times[h.time%maxTimes])
		if ms >= directMS {
			left |= 1 << i
			continue
		}
		cell.sums[h.sum] += uint32(ms)
		cell.counts[h.first+uint32(direct[ms])]++
	}
	return left
}
