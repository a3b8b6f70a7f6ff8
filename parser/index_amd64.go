//go:build !purego

package parser

import "golang.org/x/sys/cpu"

// indexed reports whether this processor has what quick steps need.
func indexed() bool { return cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 }

// termBlocks makes n words of term and odd of n*64 bytes, n above 0. It must be called only when indexed.
//
//go:noescape
func termBlocks(from *byte, to *index, n int, term byte)

// firstBlocks makes n words of blank, slash and other of n*64 bytes, and two behind them. It must be called only when indexed.
//
//go:noescape
func firstBlocks(from *byte, to *index, n int)

// headedLine returns the length of the message of a line that has the head of s, and makes blank, slash and other of it.
// It is -1 when the line, of which n bytes are there and slack behind them, has another head, is longer than maxQuick, does
// not end within them, or needs a second look: it is empty, ends with a blank or below, or begins like a repetition. n is more
// than the length of the head, and s is alike. It must be called only when indexed.
//
//go:noescape
func headedLine(line *byte, n int, s *shape, to *index) int

// quickSteps takes the steps from k on at the place i of the message b[:e] and returns the step and the place where it
// stopped: at stepNone, or at the first that cannot take what it finds. b has slack behind e, which is at most maxQuick,
// and v has quickSlot values. The index of the message must be there.
// It must be called only when indexed.
//
//go:noescape
func quickSteps(x *index, steps *step, k int, b *byte, e, i int, v *[quickSlot]value) (int, int)

// sameHead is shape.quick for a line of at least n times wordSize bytes, n above 0. It must be called only when indexed.
//
//go:noescape
func sameHead(line *byte, words *headWord, n int) bool

// slashMask returns a bit for each of 64 bytes that is a slash. It must be called only when indexed.
//
//go:noescape
func slashMask(from *byte) uint64
