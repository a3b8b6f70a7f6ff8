package parser

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const handFormat = `{"t":"%tr","who":"%ci:%cp","fe":"%ft","be":"%b","srv":"%s","http":{"code":%ST,"method":"%HM","uri":"%HU"},"times":[%TR,%Tw,%Tc,%Tr,%Ta],"raw":"%[capture.req.hdr(1)]","ua":"%[capture.req.hdr(0),json(utf8s)]","kind":"egress","term":"%tsc"}`

func objectFields(t *testing.T, p *Program, line string) map[string]string {
	t.Helper()
	var rec Record
	if res := p.Parse([]byte(line), &rec); res != ResultHTTP {
		t.Fatalf("%v: %s", res, line)
	}
	out := map[string]string{}
	for name, f := range map[string]Field{"src": ClientAddr, "port": ClientPort, "fe": Frontend, "be": Backend, "status": Status, "method": Method, "path": Path, "query": Query, "tr": TimeRequest, "ta": TimeActive, "term": TerminationState} {
		if b := rec.Bytes(f); b != nil {
			out[name] = string(b)
		}
	}
	for i := range p.items {
		if it := &p.items[i]; it.label == "ua" || it.label == "raw" {
			if b := rec.Bytes(it.slot); b != nil {
				out[it.label] = string(b)
			}
		}
	}
	return out
}

// TestObjects reads one request as HAProxy prints it and as other programs write it again.
func TestObjects(t *testing.T) {
	p, err := Compile(handFormat)
	if err != nil {
		t.Fatal(err)
	}
	own := `{"t":"21/Nov/2026:04:49:59.036","who":"2001:db8::7:5555","fe":"egress~","be":"bank","srv":"s1","http":{"code":200,"method":"GET","uri":"/app/bank?x=1"},"times":[0,1,2,3,6],"raw":"x/y","ua":"a\"b\\c é","kind":"egress","term":"--NI"}`
	want := objectFields(t, p, own)
	if want["ua"] != `a"b\c é` || want["path"] != "/app/bank" || want["port"] != "5555" || want["ta"] != "6" || len(want) != 13 {
		t.Fatalf("%v", want)
	}
	for name, line := range map[string]string{
		"blanks":       `{ "t" : "21/Nov/2026:04:49:59.036", "who": "2001:db8::7:5555",	"fe": "egress~", "be": "bank", "srv": "s1", "http": { "code": 200, "method": "GET", "uri": "/app/bank?x=1" }, "times": [ 0, 1, 2, 3, 6 ], "term": "--NI", "ua": "a\"b\\c é", "raw": "x/y", "kind": "egress" }`,
		"order":        `{"kind":"egress","raw":"x/y","times":[0,1,2,3,6],"ua":"a\"b\\c é","term":"--NI","http":{"uri":"/app/bank?x=1","method":"GET","code":200},"srv":"s1","be":"bank","fe":"egress~","who":"2001:db8::7:5555","t":"21/Nov/2026:04:49:59.036"}`,
		"escapes":      `{"t":"21\/Nov\/2026:04:49:59.036","who":"2001:db8::7:5555","fe":"egress~","be":"bank","srv":"s1","http":{"code":200,"method":"\u0047ET","uri":"\/app\/bank?x=1"},"times":[0,1,2,3,6],"term":"--NI","ua":"a\u0022b\u005cc \u00e9","raw":"x\/y","kind":"egress"}`,
		"escaped keys": `{"t":"21/Nov/2026:04:49:59.036","who":"2001:db8::7:5555","f\u0065":"egress~","be":"bank","srv":"s1","http":{"code":200,"method":"GET","uri":"/app/bank?x=1"},"times":[0,1,2,3,6],"term":"--NI","ua":"a\"b\\c é","raw":"x/y","kind":"egress"}`,
		"extra keys":   `{"@timestamp":"2026-11-21T04:49:59Z","host":{"name":"lb1","ips":["::1"]},"t":"21/Nov/2026:04:49:59.036","who":"2001:db8::7:5555","fe":"egress~","be":"bank","srv":"s1","http":{"code":200,"x":null,"method":"GET","uri":"/app/bank?x=1"},"times":[0,1,2,3,6,9],"term":"--NI","ua":"a\"b\\c é","raw":"x/y","kind":"egress","n":1.5e3,"ok":true}`,
		"texts":        `{"t":"21/Nov/2026:04:49:59.036","who":"2001:db8::7:5555","fe":"egress~","be":"bank","srv":"s1","http":{"code":"200","method":"GET","uri":"/app/bank?x=1"},"times":["0","1","2","3","6"],"term":"--NI","ua":"a\"b\\c é","raw":"x/y","kind":"egress"}`,
	} {
		if d := cmp.Diff(want, objectFields(t, p, line)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	for name, c := range map[string]struct{ old, new string }{
		"a key is missing":        {`,"term":"--NI"`, ``},
		"a key stands twice":      {`"code":200`, `"code":200, "code":503`},
		"a number that is none":   {`"code":200`, `"code" : 200.5`},
		"a text with a quote":     {`"code":200`, `"code" : "200,\"method\":\"PUT\""`},
		"an object for a text":    {`"be":"bank"`, `"be": {"name":"bank"}`},
		"another constant":        {`"kind":"egress"`, `"kind": "ingress"`},
		"too few in a list":       {`[0,1,2,3,6]`, `[0, 1, 2, 3]`},
		"not closed":              {`"uri":"/app/bank?x=1"}`, `"uri": "/app/bank?x=1"`},
		"something behind":        {`"--NI"}`, `"--NI"} x`},
		"no colon":                {`"be":"bank"`, `"be" "bank"`},
		"a word that is no value": {`"be":"bank"`, `"be": bank`},
	} {
		line := strings.Replace(own, c.old, c.new, 1)
		var rec Record
		if res := p.Parse([]byte(line), &rec); line == own || res.Counted() {
			t.Errorf("%s: %v", name, res)
		}
	}
}

// rewrite writes a JSON object as another program would: keys sorted, no blanks, <>& and / escaped, more keys.
func rewrite(t testing.TB, line []byte) ([]byte, bool) {
	t.Helper()
	var doc map[string]any
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		return nil, false
	}
	doc["@version"], doc["tags"] = "1", []any{"a", map[string]any{"status": 599}}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	out = bytes.ReplaceAll(out, []byte("/"), []byte(`\/`))
	return out, true
}

// TestCorporaRewritten reads the JSON corpora after another program has written them again. The lines that
// are no JSON as HAProxy printed them (facts: +209, raw control bytes) are left as they are.
func TestCorporaRewritten(t *testing.T) {
	for name, invalid := range map[string]int{"json-30": 1, "jsonhand-26": 7} {
		t.Run(name, func(t *testing.T) {
			set := newSet(t, SetOptions{}, corpusFormats(t, name)...)
			want := replay(t, set, name+".log")
			got, r := newCounts(), set.NewReader()
			var rec Record
			again := 0
			for _, line := range linesOf(t, name+".log") {
				if line[0] == '{' {
					if out, ok := rewrite(t, line); ok {
						line = out
						again++
					}
				}
				got.add(r.Line(line, &rec), &rec)
			}
			if again != 360-invalid {
				t.Errorf("%d lines were written again, want %d", again, 360-invalid)
			}
			for what, pair := range map[string][2]any{"results": {want.results, got.results}, "labels": {want.labels, got.labels}, "sums": {want.sums, got.sums}} {
				if d := cmp.Diff(pair[0], pair[1]); d != "" {
					t.Errorf("%s (-want +got):\n%s", what, d)
				}
			}
		})
	}
}

// TestObjectsDoNotTakeOtherFormats: a line that one format prints is not read as the JSON of another that
// has fewer keys.
func TestObjectsDoNotTakeOtherFormats(t *testing.T) {
	small := Format{Name: "small", Text: `{"be":"%b","tt":%Tt}`}
	large := Format{Name: "large", Text: `{"fe":"%f","be":"%b","tt":%Tt,"code":%ST}`}
	for _, formats := range [][]Format{{small, large}, {large, small}} {
		r := newSet(t, SetOptions{}, formats...).NewReader()
		var rec Record
		for line, want := range map[string]Result{
			`{"be":"db","tt":5}`:                           ResultTCP,
			`{"fe":"f","be":"db","tt":5,"code":200}`:       ResultHTTP,
			`{"code": 200, "tt": 5, "be": "db","fe": "f"}`: ResultHTTP,
			`{"tt": 5, "be": "db"}`:                        ResultTCP,
		} {
			for range 2 {
				if res := r.Line([]byte(line), &rec); res != want {
					t.Errorf("%s is %v, want %v", line, res, want)
				}
			}
		}
	}
}

func TestShapes(t *testing.T) {
	for format, leaves := range map[string]int{
		`{"a":"%b","n":{"c":%ST}}`:                 2,
		`{"a":"%ci:%cp","k":"c","l":[%ST,"%b"]}`:   4,
		`%{+json}o %(a)b %(s)ST`:                   2,
		`%ST {"a":"%b"}`:                           0,
		`{%hr} %ST`:                                0,
		`{"a":%ST`:                                 0,
		`{"%b":%ST}`:                               0,
		`{"a":"%b"} {"s":%ST}`:                     0,
		`{'a':'%b','s':%ST}`:                       0,
		`{"a":"%b",%ST}`:                           0,
		`{"a":{"b":{"c":["%b",{"d":%ST}]}},"e":1}`: 3,
	} {
		p, err := Compile(format)
		if err != nil {
			t.Errorf("%s: %v", format, err)
			continue
		}
		switch {
		case leaves == 0 && p.shaped != nil:
			t.Errorf("%s has a shape", format)
		case leaves > 0 && (p.shaped == nil || p.shaped.leaves != leaves):
			t.Errorf("%s: %+v, want %d values", format, p.shaped, leaves)
		}
	}
}

func TestObjectsAllocateNothing(t *testing.T) {
	set := newSet(t, SetOptions{}, corpusFormats(t, "json-30")...)
	r := set.NewReader()
	var lines [][]byte
	for _, line := range linesOf(t, "json-30.log") {
		if line[0] == '{' {
			if out, ok := rewrite(t, line); ok {
				lines = append(lines, out)
			}
		}
	}
	var rec Record
	for _, l := range lines {
		r.Line(l, &rec)
	}
	i := 0
	if n := testing.AllocsPerRun(500, func() {
		if i++; r.Line(lines[i%len(lines)], &rec) != ResultHTTP {
			t.Error("refused")
		}
	}); n > 0 {
		t.Errorf("%v allocations a line", n)
	}
}

// FuzzObject: no message makes the reader panic, and what it takes as JSON it also takes in another order.
func FuzzObject(f *testing.F) {
	p, err := Compile(handFormat)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{ "t" : "21/Nov/2026:04:49:59.036", "who": "::1:5555", "fe": "f", "be": "b", "srv": "s1", "http": { "code": 200, "method": "GET", "uri": "/a" }, "times": [ 0, 1, 2, 3, 6 ], "term": "--NI", "ua": "a\"b\\c", "raw": "x", "kind": "egress" }`))
	f.Add([]byte(`{"t":null,"who":[],"http":{"code":{}}}`))
	f.Add([]byte("{\"a\\u0000\":\"\x00\xff\",[[[["))
	f.Fuzz(func(t *testing.T, msg []byte) {
		var rec, again Record
		res, ok := p.object(msg, &rec)
		if !ok || !res.Counted() || !json.Valid(msg) {
			return
		}
		out, ok := rewrite(t, msg)
		if !ok || bytes.Contains(msg, []byte(`\u`)) || bytes.Contains(msg, []byte(`\/`)) || !bytes.Equal(bytes.ToValidUTF8(msg, nil), msg) {
			return // lone surrogates and the like: encoding/json replaces them
		}
		if got, ok := p.object(out, &again); !ok || got != res {
			t.Fatalf("%v, written again %v %v\n%s\n%s", res, got, ok, msg, out)
		}
		for _, fd := range []Field{Status, TimeActive, Backend, Method, TerminationState} {
			if !bytes.Equal(rec.Bytes(fd), again.Bytes(fd)) {
				t.Fatalf("%v is %q and %q\n%s", fd, rec.Bytes(fd), again.Bytes(fd), msg)
			}
		}
	})
}

// TestObjectsAtRandom writes lines of random values in random order.
func TestObjectsAtRandom(t *testing.T) {
	p, err := Compile(`{"fe":"%f","be":"%b","code":%ST,"times":{"tr":%TR,"ta":%Ta},"uri":"%HU","ua":"%[capture.req.hdr(0),json]"}`)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	texts := []string{"a", `quote "`, `back\slash`, "tab\t", "é", "-x", "{}", "a,b:c"}
	for range 500 {
		want := map[string]any{"fe": "f", "be": "b", "code": rng.IntN(600), "times": map[string]any{"tr": rng.IntN(9) - 1, "ta": rng.IntN(1e6)},
			"uri": "/x", "ua": texts[rng.IntN(len(texts))] + texts[rng.IntN(len(texts))]}
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var rec Record
		if res := p.Parse(line, &rec); !res.Counted() {
			t.Fatalf("%v: %s", res, line)
		}
		code, _ := rec.Int(Status)
		ta, _ := rec.Int(TimeActive)
		times := want["times"].(map[string]any)
		if int(code) != want["code"] || int(ta) != times["ta"] {
			t.Errorf("%s: %d, %d", line, code, ta)
		}
		for i := range p.items {
			if it := &p.items[i]; it.label == "ua" && string(rec.Bytes(it.slot)) != want["ua"] {
				t.Errorf("%q, want %q", rec.Bytes(it.slot), want["ua"])
			}
		}
	}
}

func BenchmarkObject(b *testing.B) {
	set := newSet(b, SetOptions{}, corpusFormats(b, "json-30")...)
	r := set.NewReader()
	var lines [][]byte
	for _, line := range linesOf(b, "json-30.log") {
		if out, ok := rewrite(b, line); ok {
			lines = append(lines, out)
		}
	}
	var rec Record
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
