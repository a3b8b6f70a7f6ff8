//go:build !purego

package parser

import "golang.org/x/sys/cpu"

// indexed reports whether this processor makes the index of a message faster than it saves.
func indexed() bool { return cpu.X86.HasAVX2 }

// indexBlocks makes n masks of n*64 bytes, n above 0. It must be called only when indexed.
//
//go:noescape
func indexBlocks(from *byte, to *mask, n int)
