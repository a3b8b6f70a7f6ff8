package parser

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"
)

// TestPrefix compares prefix with a walk over the path, for paths around the 64 bytes of which the slashes are known.
func TestPrefix(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	known, unknown := 0, 0
	for range 20000 {
		path := []byte("/" + strings.Repeat("x", rnd.IntN(80)))
		for range rnd.IntN(9) {
			path[rnd.IntN(len(path))] = '/'
		}
		mask := uint64(0)
		for i, b := range string(path) + " HTTP/1.1//" {
			if b == '/' && i < 64 {
				mask |= 1 << i
			}
		}
		segments := 1 + rnd.IntN(7)
		want, repeated, left := len(path), false, segments+1
		for i, b := range path {
			if b != '/' {
				continue
			}
			repeated = repeated || i > 0 && path[i-1] == '/'
			if left--; left == 0 {
				want = i
				break
			}
		}
		n, ok := prefix(mask, uint32(len(path)), segments)
		switch {
		case ok && (repeated || int(n) != want):
			t.Fatalf("%s with %d: %d, want %d, repeated slashes %v", path, segments, n, want, repeated)
		case !ok && !repeated && want < 64:
			t.Fatalf("%s with %d: unknown", path, segments)
		case ok:
			known++
		default:
			unknown++
		}
	}
	if known < 5000 || unknown < 1000 {
		t.Errorf("%d paths were decided by their slashes, %d were not", known, unknown)
	}
	if _, ok := prefix(0, 10, 2); ok {
		t.Error("a path whose slashes nobody found is decided by them")
	}
}

func TestRoute(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	for _, c := range []struct {
		format, line string
		segments     int
		want         string // names, lengths, path; empty when it is not simple
	}{
		{"%ft %b/%s %ST %{+Q}r", `f~ back/s 200 "GET /a/b/c HTTP/1.1"`, 2, `"f~ back" 1 4 "/a/b"`},
		{"%ft %b/%s %ST %{+Q}r", `f back/s 200 "GET /a/b/c HTTP/1.1"`, 0, `"f back" 1 4 ""`},
		{"%ft %b/%s %ST %{+Q}r", `f back/s 200 "GET /a//b/c HTTP/1.1"`, 2, ""},
		{"%ft %b/%s %ST %{+Q}r", `f back/s 200 "GET http://h/a/b/c HTTP/1.1"`, 2, `"f back" 1 4 "/a/b"`},
		{"%ft %b/%s %ST %{+Q}r", `f back/s 200 "OPTIONS * HTTP/1.1"`, 2, ""},
		{"%ft %b/%s %ST %{+Q}HPO", `f back/s 200 "/a/b/c"`, 2, `"f back" 1 4 "/a/b"`},
		{"%ft %b/%s %ST %{+Q}r", `f back/s 400 "<BADREQ>"`, 2, `"f back" 1 4 ""`},
		{"%ft|%b|%ST|%s|%HU|%TR", `f|back|200|s|/a/b?c/d|1`, 3, `"f|back" 1 4 "/a/b"`},
		{"%ft %s %b %ST %HU", `f s back 200 /a`, 1, ""},
		{"%ft %b %s %ST %{+Q,+E}HU", `f back s 200 "/a/b"`, 1, `"f back" 1 4 "/a"`},
		{"%ft %b %s %ST %{+Q,+E}HU", `f back s 200 "/a\]/b"`, 1, ""}, // unescaped elsewhere
		{"%b %ft %ST %HU", `back f 200 /a`, 1, ""},
		{"%ft - %b %ST %HU", `f - back 200 /a`, 0, ""},
		{"%b %ST %HU", `back 200 /a`, 1, ""},
	} {
		s := newSet(t, SetOptions{}, Format{Name: c.format, Text: c.format})
		var rec Record
		if res := s.NewReader().Line(append([]byte(c.line), make([]byte, slack)...)[:len(c.line)], &rec); res != ResultHTTP {
			t.Fatalf("%s: %s", c.line, res)
		}
		names, n, front, back, path, m, ok := rec.Route(c.segments)
		got := ""
		if ok {
			got = fmt.Sprintf("%q %d %d %q", unsafe.Slice(names, n), front, back, unsafe.Slice(path, m))
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
	if _, _, _, _, _, _, ok := new(Record).Route(2); ok {
		t.Error("an empty record has a route")
	}
}
