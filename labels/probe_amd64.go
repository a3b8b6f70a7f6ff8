//go:build !purego

package labels

import "golang.org/x/sys/cpu"

// probes reports whether this processor has what hashKey and findKey need.
func probes() bool { return cpu.X86.HasAES && cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasBMI2 }

// hashKey returns the hash of a key whose names are n bytes and whose path is m bytes. From either text on
// keySlack bytes must be readable. It must be called only when probes.
//
//go:noescape
func hashKey(seed *keySeed, names *byte, n int, path *byte, m int, sizes uint64) uint64

// findKey returns the entry of a line in a table whose keys have no other inputs, missing when it is not there, unknown when its path
// of size bytes is not simple enough to tell. The first segments of the path decide, at least one unless size is 0; slashes
// are those of parser.Record.Place, and sizes is keySizes without the path. It must be called only when probes, and with
// texts as for hashKey.
//
//go:noescape
func findKey(t *keyTable, seed *keySeed, names *byte, n int, path *byte, size int, slashes uint64, segments int, sizes uint64) int
