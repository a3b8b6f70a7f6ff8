// Package slab makes things many at a time.
package slab

import "unsafe"

// Of makes values of one type one after the other in memory that is asked for by the page: those of a size that is a
// multiple of a cache line then begin one. A value keeps its neighbours alive. The zero value is ready for use, by one
// goroutine at a time.
type Of[T any] struct{ spare []T }

// least is how much memory is asked for at a time, in bytes, or a little more: so much begins a page.
const least = 1 << 15

// New returns a zero value that nobody else has.
func (s *Of[T]) New() *T {
	if len(s.spare) == 0 {
		var zero T
		s.spare = make([]T, 1+least/max(1, unsafe.Sizeof(zero)))
	}
	x := &s.spare[0]
	s.spare = s.spare[1:]
	return x
}
