package metrics

import (
	"strings"
	"testing"

	"haproxy_log_exporter/labels"
)

// TestMethodNumbers compares the numbers of methods with labels.Method, whatever stands behind the method in its line.
func TestMethodNumbers(t *testing.T) {
	table := newMethodTable()
	words := append(labels.Methods(), "", "X", "GE", "GETS", "get", "\x00", "GET\x00", "PROPFINDS", "\x00\x00\x00\x00\x00\x00\x00", "CONNECT", "CONNECTS")
	for _, w := range words {
		if len(w) > 0 {
			words = append(words, w[:len(w)-1], w+"\x00", strings.ToLower(w), w+w)
		}
	}
	for _, w := range words {
		for _, behind := range []string{"", " /path HTTP/1.1", "S", "\x00\x00\x00\x00\x00\x00\x00\x00"} {
			line := []byte(w + behind)
			for _, m := range [][]byte{line[:len(w)], line[:len(w):len(w)]} {
				if got, want := table.names[table.id(m)], labels.Method(m); got != want {
					t.Errorf("%q before %q, %d bytes of memory: %q, want %q", m, behind, cap(m), got, want)
				}
			}
		}
	}
	for _, m := range []string{"GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT"} {
		if s := table.short[methodHash(wordOf(m))]; table.names[s.id] != m {
			t.Errorf("%s is not among the short ones", m)
		}
	}
}
