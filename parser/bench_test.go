package parser

import (
	"bytes"
	"testing"
)

// benchLines keeps the lines of a corpus that are requests or sessions.
func benchLines(tb testing.TB, name string, s *Set) ([][]byte, int) {
	r := s.NewReader()
	var rec Record
	var lines [][]byte
	size := 0
	for _, l := range linesOf(tb, name+".log") {
		if r.Line(l, &rec) == ResultHTTP {
			lines = append(lines, l)
			size += len(l) + 1
		}
	}
	// One block, as a reader has it.
	block := make([]byte, 0, size+slack)
	for i, l := range lines {
		at := len(block)
		block = append(append(block, l...), '\n')
		lines[i] = block[at : len(block)-1]
	}
	return lines, size
}

func benchmarkCorpus(b *testing.B, name string, opt SetOptions) {
	s := newSet(b, opt, corpusFormats(b, name)...)
	lines, size := benchLines(b, name, s)
	r := s.NewReader()
	var rec Record
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if r.Line(lines[i], &rec) != ResultHTTP {
			b.Fatalf("%s", lines[i])
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
}

func BenchmarkLine(b *testing.B) {
	for _, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "pipe-26", "json-30", "jsonhand-26", "reload-26-plain"} {
		b.Run(name, func(b *testing.B) { benchmarkCorpus(b, name, SetOptions{}) })
	}
}

// BenchmarkSimilar parses one line over and over: the cost without cache and branch misses.
func BenchmarkSimilar(b *testing.B) {
	line := []byte(`10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress example_prod_www_low/s1 0/0/0/12/14 200 20512 - - ---- 5/5/2/1/0 0/0 "GET /legacy-soap/prod/example/prod/www/low/orders/4711?b=status&st=404 HTTP/1.1"`)
	line = append(line, make([]byte, slack)...)[:len(line)]
	s := newSet(b, SetOptions{}, presetFormat(b, "httplog"))
	r := s.NewReader()
	var rec Record
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if r.Line(line, &rec) != ResultHTTP {
			b.Fatal("refused")
		}
	}
	if !bytes.Equal(rec.Bytes(Method), []byte("GET")) {
		b.Fatal("wrong")
	}
}
