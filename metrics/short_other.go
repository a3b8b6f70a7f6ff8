//go:build !amd64 || purego

package metrics

import "unsafe"

func shortTimes(cell *Cell, times *[maxTimes]int64, quick *histogramAt, n int, direct *[directMS]uint8) uint64 {
	return cell.countShort(times, unsafe.Slice(quick, n), direct)
}
