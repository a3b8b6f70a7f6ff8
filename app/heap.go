package app

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapFloor is memory that is never touched, so that it costs none, but counts for the collector: what the first
	// lines of a log bring stays, and would be looked through four times while the heap is small.
	heapFloor = 16 << 20
	// hugeHeap is how much of the heap should be in huge pages. A log with thousands of routes touches some 15 MiB
	// at random: in small pages each is a fault, and then a miss of the processor's table of pages.
	hugeHeap = 32 << 20
)

// prepareHeap makes the heap ready for the series of whole logs, until done is called. The runtime has no way to ask for
// huge pages; so the kernel is told that a block would like them, and the block is given back untouched: what is allocated
// from then on stands in its place.
func prepareHeap() (done func()) {
	percent := debug.SetGCPercent(-1)
	block := make([]byte, hugeHeap)
	adviseHuge(block)
	floor := make([]byte, heapFloor) // behind the block
	runtime.KeepAlive(block)
	runtime.GC()
	debug.SetGCPercent(percent)
	return func() { runtime.KeepAlive(floor) }
}
