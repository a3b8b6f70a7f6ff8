package parser

import (
	"bytes"
	"strings"
	"testing"
)

func FuzzEnvelope(f *testing.F) {
	for _, c := range envelopeForms() {
		f.Add([]byte(strings.Replace(c.form, "%", testMessage, 1)), []byte(c.form))
	}
	f.Add([]byte(`{"MESSAGE":[1,2,3],"__CURSOR":"x"}`), []byte(`{"log":"a","stream":"b"}`))
	f.Add([]byte("message repeated 3 times: [ a]"), []byte("12 <1>a12 <1>b"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var e Envelope
		for i, line := range [][]byte{first, second, first, first} {
			before := bytes.Clone(line)
			readings := 0
			for msg, n, ok := e.Strip(line); ok; msg, n, ok = e.Next() {
				if len(msg) == 0 || n == 0 {
					t.Fatalf("empty message of %q", line)
				}
				if readings++; readings > 12 {
					t.Fatalf("%q has too many readings", line)
				}
				e.Tag()
				Recognise(msg)
				if line[0] != '{' && line[0] != 0 && !bytes.Contains(line, msg) {
					t.Fatalf("message %q is not in %q", msg, line)
				}
				if readings == 1+i%2 {
					e.Keep()
					break
				}
			}
			if readings == 0 && len(trim(line)) > 0 {
				t.Fatalf("no reading of %q", line)
			}
			if !bytes.Equal(before, line) {
				t.Fatal("the line was changed")
			}
		}
		for rest := first; len(rest) > 0; {
			var frame []byte
			n := len(rest)
			if frame, rest = NextFrame(rest); len(frame)+len(rest) != n || len(frame) == 0 {
				t.Fatal("bytes lost between frames")
			}
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	var sink int
	for _, c := range envelopeForms() {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			lines := make([][]byte, 8)
			for i := range lines {
				l := []byte(strings.Replace(c.form, "%", testMessage, 1))
				lines[i] = bytes.Replace(l, []byte("04:53:5"), []byte{'0', byte('0' + i), ':', '5', '3', ':', byte('0' + i%6)}, 1)
			}
			var e Envelope
			e.Strip(lines[0])
			e.Keep()
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				msg, _, _ := e.Strip(lines[i&7])
				sink += len(msg)
			}
		})
	}
	_ = sink
}

func BenchmarkEnvelopeJournaldJSON(b *testing.B) {
	lines := corpusLines(b, "journald-26-json.log")
	var e Envelope
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		e.Strip(lines[i%len(lines)])
		e.Keep()
	}
}

func BenchmarkRecognise(b *testing.B) {
	msgs := [][]byte{
		[]byte("Server be/s1 is DOWN, changed from CLI. 0 active"), []byte("Health check for server be/s1 succeeded, reason"),
		[]byte("127.0.1.1:33815 [21/Nov/2026:04:49:59.538] fe_tls/1: SSL handshake failure"), []byte(testMessage),
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		Recognise(msgs[i&3])
	}
}

func TestEnvelopeAllocatesNothing(t *testing.T) {
	for _, c := range envelopeForms() {
		line := []byte(strings.Replace(c.form, "%", testMessage, 1))
		other := bytes.ReplaceAll(line, []byte("04:53:5"), []byte("04:59:1"))
		unknown := []byte("Server be/s1 is DOWN, changed from CLI.")
		var e Envelope
		read := func() {
			e.Strip(line)
			e.Keep()
			e.Strip(other)
			for m, _, ok := e.Strip(unknown); ok; m, _, ok = e.Next() {
				Recognise(m)
			}
		}
		read()
		if n := testing.AllocsPerRun(100, read); n != 0 {
			t.Errorf("%s: %v allocations a line", c.name, n)
		}
	}
	lines := corpusLines(t, "journald-26-json.log")
	var e Envelope
	all := func() {
		for _, l := range lines {
			e.Strip(l)
			e.Keep()
		}
	}
	all()
	if n := testing.AllocsPerRun(10, all); n != 0 {
		t.Errorf("journald: %v allocations in %d lines", n, len(lines))
	}
}
