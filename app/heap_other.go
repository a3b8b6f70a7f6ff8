//go:build !linux

package app

// adviseHuge does nothing: other systems have huge pages in their own ways.
func adviseHuge([]byte) {}
