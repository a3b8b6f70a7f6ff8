package syslog

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// feed gives a stream to a splitter in pieces and returns the lines, the rest and what was too long.
func feed(b []byte, piece, maxLine int) (got []string, rest string, long int, err error) {
	f := &frames{max: maxLine, tooLong: func() { long++ }}
	f.block = func(b []byte) {
		for _, l := range bytes.SplitAfter(b, []byte{'\n'}) {
			if len(l) > 0 {
				got = append(got, string(l))
			}
		}
	}
	for len(b) > 0 && err == nil {
		n := copy(f.room(), b[:min(piece, len(b))])
		b = b[n:]
		err = f.took(n)
	}
	return got, string(f.rest()), long, err
}

// However a stream is cut into pieces, the same lines come out.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("a\nbb\n\nccc"), uint8(1))
	f.Add([]byte("5 <134>3 <1>12 <134>aaaa\nbb 9 "), uint8(2))
	f.Add([]byte("127.0.0.1:5 x\n"), uint8(3))
	f.Add([]byte("99999999 <134>\n"), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		const most = 1000 // longer lines may be cut off at different places
		if len(b) > most {
			b = b[:most]
		}
		whole, rest, _, err := feed(b, len(b)+1, most)
		got, gotRest, _, gotErr := feed(b, int(piece)+1, most)
		if !slices.Equal(whole, got) || (err == nil) != (gotErr == nil) || err == nil && rest != gotRest {
			t.Fatalf("in one piece %q %q %v\nin pieces of %d %q %q %v", whole, rest, err, int(piece)+1, got, gotRest, gotErr)
		}
		for _, l := range got {
			if strings.Count(l, "\n") != 1 || !strings.HasSuffix(l, "\n") {
				t.Fatalf("no whole line: %q", l)
			}
		}
		if len(got) > 0 && !strings.Contains(string(b), " <") && strings.Join(whole, "")+rest != string(b) {
			t.Fatal("bytes are missing")
		}
	})
}

func BenchmarkFrames(b *testing.B) {
	line := strings.Repeat("x", 270)
	for name, text := range map[string]string{"lines": line + "\n", "octets": "275 <134>" + line} {
		b.Run(name, func(b *testing.B) {
			block := []byte(strings.Repeat(text, 100))
			f := &frames{max: 1 << 17, block: func([]byte) {}, tooLong: func() {}}
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				for p := block; len(p) > 0; {
					n := copy(f.room(), p)
					p = p[n:]
					if err := f.took(n); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
