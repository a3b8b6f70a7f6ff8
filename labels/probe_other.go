//go:build !amd64 || purego

package labels

func probes() bool { return false }

func hashKey(*keySeed, *byte, int, *byte, int, uint64) uint64 {
	panic("labels: no such instructions on this processor")
}

func findKey(*keyTable, *keySeed, *byte, int, *byte, int, uint64, int, uint64) int {
	panic("labels: no such instructions on this processor")
}
