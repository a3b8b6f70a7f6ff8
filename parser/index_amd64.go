//go:build !purego

package parser

import "golang.org/x/sys/cpu"

// indexed reports whether this processor has what quick steps need.
func indexed() bool { return cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 }

// indexBlocks makes n masks of n*64 bytes, n above 0. It must be called only when indexed.
//
//go:noescape
func indexBlocks(from *byte, to *mask, n int)

// termBlocks makes n termMasks of n*64 bytes, n above 0, and must be called only when indexed, too.
//
//go:noescape
func termBlocks(from *byte, to *termMask, n int, term byte)

// quickInts reads numbers of up to eight digits and returns the index behind the last one, -1 when there is anything
// else among them. Bits of m are the bytes of w that are no digits; w stands at the index i of the message. Slots are
// below quickSlot, and seq is not empty. It must be called only when indexed.
//
//go:noescape
func quickInts(w *[maskSize]byte, m uint64, seq []quickInt, v *[quickSlot]value, i int) int
