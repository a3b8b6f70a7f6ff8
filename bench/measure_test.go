package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOutput: what a command leaves in its file is what it wrote, however much was there before.
func TestOutput(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	for _, text := range []string{"a text", "a longer text", "less", ""} {
		if _, err := once(command{name: "printf", args: []string{"printf", "%s", text}, out: out}, false); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(out); err != nil || string(b) != text {
			t.Errorf("%q, %v; want %q", b, err, text)
		}
	}
}
