// Package guard gives tests memory with an end that is noticed.
package guard

import (
	"testing"

	"golang.org/x/sys/unix"
)

// Page returns a page of memory behind which nothing can be read or written: whoever tries ends the test. It is given
// back when the test ends.
func Page(t testing.TB) []byte {
	t.Helper()
	size := unix.Getpagesize()
	mem, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mprotect(mem[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return mem[:size:size]
}
