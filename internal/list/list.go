// Package list holds lists that grow without moving what is in them.
package list

// Of is a slice that grows without moving what is in it: it costs what it holds, and a copy of it stays good while
// more is added. Elements up to the copy's length may be read without a lock, if nobody changes them. Large elements of a
// size that is a multiple of a cache line begin one. The zero value is empty.
type Of[T any] struct {
	chunks []*[chunk]T
	n      int
}

// chunk is how many elements are made at a time, a power of two.
const chunk = 128

// Len returns the number of elements.
func (l *Of[T]) Len() int { return l.n }

// At returns an element, which must be there.
func (l *Of[T]) At(i uint32) *T { return &l.chunks[i/chunk][i%chunk] }

// Add appends an element and returns it.
func (l *Of[T]) Add(x T) *T {
	i := uint32(l.n)
	if i%chunk == 0 {
		l.chunks = append(l.chunks, new([chunk]T))
	}
	l.n++
	p := l.At(i)
	*p = x
	return p
}
