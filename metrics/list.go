package metrics

// list is a slice that grows without moving what is in it: it costs what it holds, and a copy of it stays good while
// more is added. Elements up to the copy's length may be read without a lock, if nobody changes them.
type list[T any] struct {
	chunks []*[listChunk]T
	n      int
}

// listChunk is how many elements are made at a time, a power of two.
const listChunk = 128

func (l *list[T]) len() int { return l.n }

// at returns an element, which must be there.
func (l *list[T]) at(i uint32) *T { return &l.chunks[i/listChunk][i%listChunk] }

// add appends an element and returns it.
func (l *list[T]) add(x T) *T {
	i := uint32(l.n)
	if i%listChunk == 0 {
		l.chunks = append(l.chunks, new([listChunk]T))
	}
	l.n++
	p := l.at(i)
	*p = x
	return p
}
