//go:build !amd64 || purego

package parser

func indexed() bool { return false }

func indexBlocks(*byte, *mask, int) { panic("parser: no index on this processor") }
