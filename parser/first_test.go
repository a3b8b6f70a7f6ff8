package parser

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/guard"
)

// TestFirstAgrees reads blocks line by line, with First as far as it goes and without it: readers that remember the same
// read the same.
func TestFirstAgrees(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for k, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "json-30", "reload-26-plain"} {
		for i, head := range heads() {
			if (i+k)%3 != 0 {
				continue
			}
			s := newSet(t, SetOptions{All: true}, corpusFormats(t, name)...)
			plain := s.NewReader()
			var messages [][]byte
			for _, l := range linesOf(t, name+".log") {
				if msg, _, ok := plain.env.Strip(l); ok {
					messages = append(messages, slices.Clone(msg))
				}
			}
			alike := sameAsLine(t, s, block(messages, head, rng))
			if least := 300; indexed() && len(head) > 4 && head[0] != '3' && !strings.Contains(name, "json") && alike < least {
				t.Errorf("%s behind %q: First read %d lines, want %d", name, head, alike, least)
			}
		}
	}
}

func heads() []string {
	return []string{"2026-11-21T04:53:55.259741+00:00 host haproxy[25441]: ", "<134>Nov 21 04:53:55 haproxy[1]: ", "Nov  1 04:53:55 host haproxy: ", "386 <134>1 2026-11-21T04:53:55Z host haproxy 1 - - ", "h: ", ""}
}

// block is about a thousand lines behind a head, most of them as they were; the last one is followed by slack.
func block(messages [][]byte, head string, rng *rand.Rand) []byte {
	var b []byte
	at := rng.IntN(len(messages))
	for range 3000 {
		if at++; at == len(messages) {
			at = 0
		}
		msg, h := messages[at], head
		switch rng.IntN(60) {
		case 0, 1, 2, 3:
			msg = damaged(msg, rng)
		case 4:
			msg = []byte(fmt.Sprintf("message repeated %d times: [ %s]", 1+rng.IntN(30), msg))
		case 5:
			msg = append(slices.Clone(msg), "\r\t\x00 "[rng.IntN(4)])
		case 6:
			msg = msg[:rng.IntN(min(3, len(msg)))]
		case 7:
			msg = bytes.Repeat(msg, 30)
		case 8:
			h = strings.ReplaceAll(head, "04:53:55", fmt.Sprintf("%02d:53:5%c", rng.IntN(24), "059x"[rng.IntN(4)]))
		case 9:
			h = strings.ReplaceAll(head, "haproxy", "other")
		case 10:
			h = string(damaged([]byte(head), rng))
		case 11:
			h = head[:rng.IntN(len(head)+1)]
			msg = nil
		case 12:
			msg = []byte("Proxy fe started.")
		case 13:
			msg = append([]byte("m"), msg...)
		case 14:
			h = "\x00\x00" + head
		case 15:
			h = heads()[rng.IntN(len(heads()))]
		case 16:
			h, msg = "", []byte(fmt.Sprintf(`{"log":%q,"stream":"stdout"}`, head+string(msg)))
		}
		b = append(append(append(b, h...), bytes.ReplaceAll(msg, []byte("\n"), nil)...), '\n')
	}
	return append(b, make([]byte, slack)...)[:len(b)]
}

// sameAsLine returns how many lines First has read.
func sameAsLine(t *testing.T, s *Set, b []byte) (alike int) {
	t.Helper()
	x, y := s.NewReader(), s.NewReader()
	var recX, recY Record
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		n, res := x.First(b, &recX)
		switch {
		case n >= 0 && n != end:
			t.Fatalf("%q: First read %d bytes, want %d", b[:end], n, end)
		case n >= 0:
			alike++
		default:
			res = x.Line(b[:end], &recX)
		}
		// The other reader gets a copy: nothing of the lines around it.
		line := append(slices.Clone(b[:end]), make([]byte, slack)...)[:end]
		if want := y.Line(line, &recY); res != want {
			t.Fatalf("%q: %v, want %v", line, res, want)
		}
		if x.Envelope() != y.Envelope() || !bytes.Equal(x.Tag(), y.Tag()) || x.env.Missing() != y.env.Missing() {
			t.Fatalf("%q: envelope %s, tag %q, missing %v; want %s, %q, %v", line, x.Envelope(), x.Tag(), x.env.Missing(), y.Envelope(), y.Tag(), y.env.Missing())
		}
		if recX.Repeat() != recY.Repeat() || recX.Cut() != recY.Cut() || recX.BadRequest() != recY.BadRequest() {
			t.Fatalf("%q: stands for %d, cut %v, bad %v", line, recX.Repeat(), recX.Cut(), recX.BadRequest())
		}
		for f := range Field(max(len(recX.v), len(recY.v))) {
			i, okI := recX.Int(f)
			j, okJ := recY.Int(f)
			if !bytes.Equal(recX.Bytes(f), recY.Bytes(f)) || i != j || okI != okJ || recX.Plus(f) != recY.Plus(f) {
				t.Fatalf("%q: field %d is %q %d, want %q %d", line, f, recX.Bytes(f), i, recY.Bytes(f), j)
			}
		}
		b = b[end+1:]
	}
	return alike
}

// TestFirstKeepsTheOrder: what a loose format would take belongs to a more specific one.
func TestFirstKeepsTheOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := newSet(t, SetOptions{All: true}, Format{Name: "loose", Text: "%[req.hdr(a)]"}, Format{Name: "some", Text: "%ci:%cp %[var(txn.x)]"}, presetFormat(t, "httplog"))
	sameAsLine(t, s, block([][]byte{[]byte("anything"), []byte("anything at all"), []byte("1.2.3.4:5 x"), []byte(usualHTTP), []byte(usualHTTP)}, heads()[0], rng))
	s = newSet(t, SetOptions{All: true}, Format{Name: "loose", Text: "%[var(txn.a)] %[var(txn.b)] %ST"}, Format{Name: "strict", Text: "%ft %Ta %ST"})
	sameAsLine(t, s, block([][]byte{[]byte("f x 200"), []byte("f 5 200"), []byte("f 6 200"), []byte("f y 200"), []byte("f z 200")}, heads()[0], rng))
	// Where a line may have two readings, one pass is not enough.
	s = newSet(t, SetOptions{All: true}, Format{Name: "two", Text: "%lc,%CC, %[var(txn.v2)] %Bp %[var(txn.v4)]/%[var(txn.v5)] x=%bi|%Ts"})
	messages := [][]byte{[]byte("5,-, v 80 a/b x=1.2.3.4|17"), []byte("6,SID=a, v 80 a/b x=1.2.3.4|17"), []byte("7,SID=a, v 80 a/b x=1.2.3.4|17, v 80 a/b x=1.2.3.4|17"), []byte("8,S=1, v 8, v 80 a/b x=1.2.3.4|17")}
	sameAsLine(t, s, block(messages, heads()[0], rng))
}

// TestOnlyCountsBeginWithDigits: lines that may begin with an octet count must be split before they are read.
func TestOnlyCountsBeginWithDigits(t *testing.T) {
	for head, want := range map[string]bool{"2026-11-21T04:53:55Z h x: ": true, "04:53:55 h x: ": false, "20261121 h x: ": false, "<1>": true, "1 ": false, "": false} {
		s := shape{head: []byte(head)}
		s.setWords()
		if s.alike != (want && indexed()) {
			t.Errorf("%q: alike %v", head, s.alike)
		}
	}
}

// TestFirstNeedsAWholeLine gives First parts of a block, in front of memory that must not be touched.
func TestFirstNeedsAWholeLine(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	mem := guard.Page(t)
	size := len(mem)
	const head = "2026-11-21T04:53:55.259741+00:00 host haproxy[25441]: "
	line := head + usualHTTP + "\n"
	r := newSet(t, SetOptions{}, presetFormat(t, "httplog")).NewReader()
	var rec Record
	for range 2 {
		r.Line([]byte(line[:len(line)-1]), &rec)
	}
	for n := range len(line) + 1 {
		for k := range 2 * (slack + 1) {
			behind := k / 2
			at := size - n - behind
			b := mem[at : at+n : size]
			for i := copy(b, line); i < n+behind; i++ {
				mem[at+i] = "\nx"[k%2] // would end the line, or not
			}
			got, res := r.First(b, &rec)
			if whole := n == len(line) && behind >= slack; whole && (got != n-1 || res != ResultHTTP) || !whole && got >= 0 {
				t.Fatalf("%d of %d bytes and %d behind them: %d", n, len(line), behind, got)
			}
		}
	}
	// Long messages, up to and beyond those that are indexed.
	for _, n := range []int{maxQuick - 1, maxQuick, maxQuick + 1} {
		b := []byte(head + strings.Repeat("x", n) + "\n" + string(make([]byte, slack)))
		got, _ := r.First(b[:len(b)-slack], &rec)
		if want := len(head) + n; n < maxQuick && got != want || n > maxQuick && got >= 0 || got >= 0 && got != want {
			t.Errorf("a message of %d bytes: %d", n, got)
		}
	}
	if got, _ := r.First(nil, &rec); got >= 0 {
		t.Error("nothing has a first line")
	}
	if got, _ := r.First([]byte(line + string(make([]byte, slack)))[:len(line)], new(Record)); got >= 0 {
		t.Error("a record that is not ready is filled")
	}
}
