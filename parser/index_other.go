//go:build !amd64 || purego

package parser

func indexed() bool { return false }

func termBlocks(*byte, *index, int, byte) { panic("parser: no index on this processor") }

func firstBlocks(*byte, *index, int) { panic("parser: no index on this processor") }

func headedLine(*byte, int, *shape, *index) int { panic("parser: no index on this processor") }

func quickSteps(*index, *step, int, *byte, int, int, *[quickSlot]value) (int, int) {
	panic("parser: no quick steps on this processor")
}

func sameHead(*byte, *headWord, int) bool { panic("parser: no index on this processor") }

func slashMask(*byte) uint64 { panic("parser: no index on this processor") }
