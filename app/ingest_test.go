package app

import (
	"fmt"
	"strings"
	"testing"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/parser"
)

// testIngest returns what counts the lines of a format.
func testIngest(t *testing.T, format string) *ingest {
	t.Helper()
	p, err := planOf(Options{Flags: config.Flags{LogFormats: []string{format}}}, []string{"test.log"}, false)
	if err != nil {
		t.Fatal(err)
	}
	in, err := p.newIngest(0, p.newShard(0))
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func feedLines(in *ingest, lines ...string) {
	b := []byte(strings.Join(lines, "\n") + "\n")
	in.block(append(b, make([]byte, slack)...)[:len(b)])
}

func TestEqualLinesAreSuspectedOnlyWhereTimeAndPortAreNamed(t *testing.T) {
	named, bare := testIngest(t, "%ci:%cp [%tr] %ft %ST %HM"), testIngest(t, "%ft %ST %HM")
	feedLines(named, "127.0.0.1:1 [21/Nov/2026:04:50:36.591] f 200 GET", "127.0.0.1:1 [21/Nov/2026:04:50:36.591] f 200 GET")
	feedLines(named, "127.0.0.1:1 [21/Nov/2026:04:50:36.591] f 200 GET") // across blocks too
	feedLines(bare, "f 200 GET", "f 200 GET")
	if n := named.dupes.Load(); n != 2 {
		t.Errorf("%d suspected duplicates, want 2", n)
	}
	if n := bare.dupes.Load(); n != 0 {
		t.Errorf("%d suspected duplicates in a format without time, want 0", n)
	}
}

func TestLineNumbersAreWatched(t *testing.T) {
	in := testIngest(t, "%ft %ST %HM %lc")
	feedLines(in, "f 200 GET 0", "f 200 GET 1", "f 200 GET 5")
	q := in.seq.by["f"]
	if q == nil || len(q.Runs) != 1 || q.Runs[0].Count != 3 || q.Runs[0].Max != 5 {
		t.Errorf("the sequence of f is %+v, want one run of 3 lines up to 5", q)
	}
	if testIngest(t, "%ft %ST %HM").seq != nil {
		t.Error("a format without %lc has a sequence")
	}
}

func TestOctetCountedLines(t *testing.T) {
	in := testIngest(t, "%ft %ST %HM")
	feedLines(in, `17 <134>f 200 GET x17 <134>f 204 PUT x`)
	if got := in.samples.list(""); len(got) != 2 {
		t.Errorf("two frames with one byte too many gave %d refused lines, want 2: %v", len(got), got)
	}
	in = testIngest(t, "%ft %ST %HM")
	feedLines(in, `14 <134>f 200 GET14 <134>f 204 PUT`)
	if got := in.samples.list(""); len(got) != 0 {
		t.Errorf("two frames were refused: %v", got)
	}
}

// TestLinesAlikeAreLookedAt: lines that the reader takes from a block by itself pass by everybody whom other lines pass.
func TestLinesAlikeAreLookedAt(t *testing.T) {
	const head = "2026-11-21T04:53:55.259741+00:00 host haproxy[25441]: "
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("%sf 200 GET %d", head, i))
	}
	lines[7], lines[9] = head+"f 2x0 GET 7", lines[8]
	in := testIngest(t, "%ft %ST %HM %lc")
	feedLines(in, lines...)
	if q := in.seq.by["f"]; q == nil || len(q.Runs) != 1 || q.Runs[0].Max != 19 {
		t.Errorf("the sequence of f is %+v, want one run up to 19", q)
	}
	if got := in.samples.list(""); len(got) != 1 {
		t.Errorf("%d refused lines are shown, want 1: %v", len(got), got)
	}

	in = testIngest(t, "%ci:%cp [%tr] %ft %ST %HM")
	results := map[parser.Result]int{}
	in.each = func(_ *parser.Record, res parser.Result) { results[res]++ }
	line := head + "127.0.0.1:1 [21/Nov/2026:04:50:36.591] f 200 GET"
	feedLines(in, line, line, line, head+"Proxy f started.", line, head+"127.0.0.1:x", line)
	if results[parser.ResultHTTP] != 5 || results[parser.ResultNotice] != 1 || len(results) != 3 {
		t.Errorf("lines were seen as %v", results)
	}
	if n := in.dupes.Load(); n != 2 {
		t.Errorf("%d suspected duplicates, want 2", n)
	}

	in = testIngest(t, "%ft %ST %HM")
	other := *in.counter
	in.tagged = []taggedCounter{{[]byte("haproxy"), &other}}
	in.counter = nil // must not be asked
	feedLines(in, head+"f 200 GET", head+"f 200 GET", head+"f 200 GET")

	in = testIngest(t, "%ft %ST %HM")
	feedLines(in, head+"f 200 GET", head+"f 200 GET", head+"f 2x0 GET", head+"f 200 GET", head+"f 3x0 GET")
	if got := in.samples.list(""); len(got) != 2 {
		t.Errorf("%d refused lines are shown, want 2: %v", len(got), got)
	}
}

func BenchmarkBlock(b *testing.B) {
	p, err := planOf(Options{Flags: config.Flags{LabelsPath: []string{"/{client}/{partner}"}}}, []string{"test.log"}, false)
	if err != nil {
		b.Fatal(err)
	}
	in, err := p.newIngest(0, p.newShard(0))
	if err != nil {
		b.Fatal(err)
	}
	block := []byte(strings.Repeat(`127.0.0.1:34032 [21/Nov/2026:04:50:36.591] egress bank/s1 0/0/1/3/4 200 205 - - ---- 5/5/2/1/0 0/0 "GET /app/bank/x HTTP/1.1"`+"\n", 1000))
	block = append(block, make([]byte, slack)...)[:len(block)]
	in.block(block)
	if n := testing.AllocsPerRun(10, func() { in.block(block) }); n != 0 {
		b.Fatalf("%g allocations for a block of known lines, want 0", n)
	}
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		in.block(block)
	}
}
