//go:build !amd64 || purego

package metrics

import (
	"unsafe"

	"haproxy_log_exporter/parser"
)

func shortTimes(cell *Cell, times *parser.Timers, quick *histogramAt, n int, direct *[directMS]uint8) uint64 {
	return cell.countShort(times, unsafe.Slice(quick, n), direct)
}
