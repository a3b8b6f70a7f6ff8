package tail

import (
	"io"
	"slices"
)

// marks remember places in a generation that was read, close together near the position and
// ever wider apart before it. After a power loss a log can come back shorter than the
// position and grow again with other lines: the last mark whose bytes still agree is where
// the old content ends, to within one block.
type marks struct {
	list []mark
}

type mark struct {
	off int64
	sum uint64 // of the bytes before off
}

const (
	marksMax  = 128
	marksKeep = 64 // the newest ones that are never thinned out
)

// sumOf is FNV-1a: the sums are stored, so they must be the same in every process.
func sumOf(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}

// add notes a position; tail is the bytes before it. When the list is full every second one
// of the older half goes.
func (m *marks) add(off int64, tail []byte) {
	m.list = append(m.list, mark{off, sumOf(tail)})
	if len(m.list) < marksMax {
		return
	}
	keep := m.list[:0]
	for i, x := range m.list {
		if i >= marksMax-marksKeep || i%2 == 0 {
			keep = append(keep, x)
		}
	}
	m.list = keep
}

// lastAgreeing returns the greatest mark up to size whose bytes r still holds, 0 when there
// is none, and whether a later mark up to size disagrees.
func (m *marks) lastAgreeing(r io.ReaderAt, size int64) (off int64, disagreed bool) {
	for _, x := range slices.Backward(m.list) {
		if x.off > size {
			continue
		}
		b := readBefore(r, x.off, min(tailMax, x.off))
		if len(b) > 0 && (sumOf(b) == x.sum) {
			return x.off, disagreed
		}
		disagreed = true
	}
	return 0, disagreed
}

// cut drops the marks behind an offset.
func (m *marks) cut(off int64) {
	m.list = slices.DeleteFunc(m.list, func(x mark) bool { return x.off > off })
}
