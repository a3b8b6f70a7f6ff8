package app

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBlocks(t *testing.T) {
	long := strings.Repeat("x", 2*lineLimit)
	for name, c := range map[string]struct {
		in   string
		want []string
		long int
	}{
		"nothing":               {"", nil, 0},
		"whole lines":           {"a\nb\n", []string{"a", "b"}, 0},
		"no newline at the end": {"a\nb", []string{"a", "b"}, 0},
		"empty lines":           {"\n\na\n", []string{"", "", "a"}, 0},
		"a line over a block":   {strings.Repeat("y", blockSize+10) + "\nb\n", []string{strings.Repeat("y", blockSize+10), "b"}, 0},
		"too long":              {"a\n" + long + "\nb\n", []string{"a", "b"}, 1},
		"too long at the end":   {"a\n" + long, []string{"a"}, 1},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{"at once": func(r io.Reader) io.Reader { return r }, "halves": iotest.HalfReader, "data with EOF": iotest.DataErrReader} {
			t.Run(name+"/"+how, func(t *testing.T) {
				var got []string
				tooLong := 0
				err := blocks(wrap(strings.NewReader(c.in)), func(b []byte) {
					if cap(b) < len(b)+slack {
						t.Fatalf("a block of %d bytes has %d bytes behind it, want %d", len(b), cap(b)-len(b), slack)
					}
					for l := range bytes.Lines(b) {
						got = append(got, strings.TrimSuffix(string(l), "\n"))
					}
				}, func() { tooLong++ })
				if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) || tooLong != c.long {
					t.Errorf("got %d lines, %d too long, %v; want %d lines, %d too long", len(got), tooLong, err, len(c.want), c.long)
				}
			})
		}
	}
}

func TestSplitReadsEveryLineOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "line %d %s\n", i, strings.Repeat("x", i%97))
	}
	if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	for parts := 2; parts < 9; parts++ {
		jobs, size, err := split(path, parts, 1)
		if err != nil || len(jobs) != parts || size != int64(text.Len()) {
			t.Fatalf("%d jobs of %d bytes, %v; want %d of %d", len(jobs), size, err, parts, text.Len())
		}
		got := ""
		for _, j := range jobs {
			part := text.String()[j.start:j.end]
			if !strings.HasSuffix(part, "\n") {
				t.Errorf("a part ends with %q", part[max(0, len(part)-10):])
			}
			got += part
		}
		if got != text.String() {
			t.Errorf("%d parts do not make the file", parts)
		}
	}
}
