package parser

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// TestBrief: lines of which Brief tells the same are the same, in all that it stands for.
func TestBrief(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for name, least := range map[string]int{"httplog-26": 1500, "httpslog-26": 1500, "httplogclf-26": 1500, "egress-26": 1500, "json-30": 0, "reload-26-plain": 1500} {
		s := newSet(t, SetOptions{All: true}, corpusFormats(t, name)...)
		r, known, usual := s.NewReader(), map[[2]uint64]string{}, 0
		var rec Record
		for b := block(corpusLines(t, name+".log"), "", rng); len(b) > 0; {
			end := bytes.IndexByte(b, '\n')
			line := b[:end]
			b = b[end+1:]
			if r.Line(line, &rec) != ResultHTTP {
				continue
			}
			samePlace(t, line, &rec)
			method, how, ok := rec.Brief()
			if !ok {
				continue
			}
			usual++
			status, _ := rec.Int(Status)
			e := rec.End()
			if how == 0 || e.Server == 0 || e.Server == '<' || rec.BadRequest() || rec.Plus(TimeActive) || rec.Plus(TimeTotal) || rec.Plus(BytesSent) {
				t.Fatalf("%q is usual", line)
			}
			says := fmt.Sprintf("%q %d %c%c", rec.Bytes(Method), status, e.Origin, e.Phase)
			if was, ok := known[[2]uint64{method, how}]; ok && was != says {
				t.Fatalf("%q says %s, and the same as one that says %s", line, says, was)
			}
			known[[2]uint64{method, how}] = says
		}
		if indexed() && usual < least {
			t.Errorf("%s: %d lines are usual, want %d", name, usual, least)
		}
	}
}

// samePlace compares PathPlace with the path.
func samePlace(t *testing.T, line []byte, rec *Record) {
	t.Helper()
	at, size, slashes, ok := rec.PathPlace()
	if !ok {
		return
	}
	path := unsafe.Slice(at, size)
	if string(path) != string(rec.Bytes(Path)) {
		t.Fatalf("%q: the path is %q, want %q", line, path, rec.Bytes(Path))
	}
	for k, c := range path[:min(size, maskSize)] {
		if slashes != 0 && slashes>>k&1 != 0 != (c == '/') {
			t.Fatalf("%q: the slashes are %b", line, slashes)
		}
	}
}

// TestBriefNeedsAll: whatever is missing or different makes a line one that needs a closer look.
func TestBriefNeedsAll(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index, so no line is usual")
	}
	s := newSet(t, SetOptions{All: true}, presetFormat(t, "httplog"))
	const usual = `10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 0/0/1/2/3 200 4 - - ---- 5/5/2/1/0 0/0 "GET /a HTTP/1.1"`
	read := func(line string) *Record {
		var rec Record
		if res := s.NewReader().Line(append([]byte(line), make([]byte, slack)...)[:len(line)], &rec); res != ResultHTTP {
			t.Fatalf("%s: %s", line, res)
		}
		return &rec
	}
	method, end, ok := read(usual).Brief()
	if !ok {
		t.Fatalf("%s is not usual", usual)
	}
	other := strings.ReplaceAll(strings.ReplaceAll(usual, "/a", "/b?c"), "/s1", "/other")
	if m, e, _ := read(other).Brief(); m != method || e != end {
		t.Errorf("%s: %x %x, want %x %x", other, m, e, method, end)
	}
	for from, to := range map[string]string{"/3 200": "/+3 200", "GET": "PROPFIND", `"GET /a HTTP/1.1"`: `"<BADREQ>"`, "/s1": "/<NOSRV>", " 200 ": " -1 ", "3 200": "3 70000"} {
		if _, _, ok := read(string(bytes.Replace([]byte(usual), []byte(from), []byte(to), 1))).Brief(); ok {
			t.Errorf("with %s it is usual", to)
		}
	}
	for what, change := range map[string]func(rec *Record){
		"no method":                func(rec *Record) { rec.v[Method] = value{} },
		"a method of nowhere":      func(rec *Record) { rec.v[Method] = value{end: 5} },
		"a method of no bytes":     func(rec *Record) { rec.v[Method].end = rec.v[Method].off },
		"a method elsewhere":       func(rec *Record) { rec.v[Method].off |= vScratch },
		"a server elsewhere":       func(rec *Record) { rec.v[Server].off |= vScratch },
		"no server":                func(rec *Record) { rec.v[Server] = value{} },
		"no state":                 func(rec *Record) { rec.v[TerminationState] = value{} },
		"a state elsewhere":        func(rec *Record) { rec.v[TerminationState].off |= vScratch },
		"a state of one byte":      func(rec *Record) { rec.v[TerminationState].end = rec.v[TerminationState].off + 1 },
		"no status":                func(rec *Record) { rec.v[Status].off = 0 },
		"values of something else": func(rec *Record) { rec.v = slices.Clone(rec.v[:quickSlot-1]) },
		"other steps":              func(rec *Record) { rec.plain = false },
	} {
		rec := read(usual)
		change(rec)
		if _, _, ok := rec.Brief(); ok {
			t.Errorf("with %s it is usual", what)
		}
	}
	if _, _, _, ok := new(Record).PathPlace(); ok {
		t.Error("an empty record has a path")
	}
	rec := read(usual)
	rec.buf = slices.Clip(rec.buf)
	if _, _, _, ok := rec.PathPlace(); ok {
		t.Error("a path has a place, and nothing behind it can be read")
	}
}
