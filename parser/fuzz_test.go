package parser

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// rendered is a random line and what it must be read as.
type rendered struct {
	format, line string
	fields       []rendering
}

type rendering struct {
	field Field
	class class
	want  string // "" for absent
}

// render makes a random format from the table of aliases, with random separators and flags, and a
// line that HAProxy could print for it. Values of loose fields may hold the separators.
func render(rng *rand.Rand) rendered {
	var out rendered
	var format, line strings.Builder
	table, texts := aliases(), samples()
	seps := []string{" ", " ", " ", "/", "|", ", ", "; ", " x=", `","k":"`, ":", " - "}
	hostile := []string{"", " ", "|", "/", `"`, " 200 ", "{a}", "1/2/3", "\\", "#22", "\x01\xff", "-"}
	used := map[Field]bool{}
	n := 1 + rng.IntN(12)
	for i := range n {
		if i > 0 {
			s := seps[rng.IntN(len(seps))]
			format.WriteString(s)
			line.WriteString(s)
		}
		if rng.IntN(5) == 0 {
			fmt.Fprintf(&format, "%%[var(txn.v%d)]", i)
			fmt.Fprintf(&line, "v%d%s%s", i, hostile[rng.IntN(len(hostile))], hostile[rng.IntN(len(hostile))])
			continue
		}
		a := table[rng.IntN(len(table))]
		name := a.name
		if a.canon != "" {
			name = a.canon
		}
		rows := texts[name]
		row := rows[rng.IntN(len(rows))]
		text := row.text
		if row.text == "" && strings.HasSuffix(line.String(), " ") && rng.IntN(2) == 0 {
			continue // left out below by vanishing; both spellings are in TestVanishing
		}
		flag := ""
		if rng.IntN(4) == 0 && a.flags&aliasQuote != 0 && a.class != clsBraces && a.class != clsList {
			flag = "{+Q}"
			if text == "-" {
				text = ""
			}
			text = `"` + text + `"`
		}
		format.WriteString("%" + flag + a.name)
		line.WriteString(text)
		if !used[a.field] {
			out.fields = append(out.fields, rendering{a.field, a.class, row.want})
		}
		used[a.field] = true
	}
	out.format, out.line = format.String(), line.String()
	return out
}

// checkRendered parses a rendered line: it is refused, or every typed field has its value.
func checkRendered(t *testing.T, r rendered) bool {
	t.Helper()
	p, err := Compile(r.format)
	if err != nil {
		return false // two fields without anything between
	}
	var rec Record
	res := p.Parse([]byte(r.line), &rec)
	if res.Refused() || rec.Cut() {
		return false
	}
	for _, f := range r.fields {
		switch f.field {
		case Method, Target, Path, Query, Protocol, RequestLine, Host:
			continue // several aliases give them
		}
		if f.class.loose() {
			continue // loose texts next to each other have several readings
		}
		if got := string(rec.Bytes(f.field)); got != f.want {
			t.Fatalf("format %q\nline   %q\n%v is %q, want %q", r.format, r.line, f.field, got, f.want)
		}
	}
	return true
}

func FuzzRender(f *testing.F) {
	for i := range uint64(8) {
		f.Add(i, i*i)
	}
	f.Fuzz(func(t *testing.T, a, b uint64) { checkRendered(t, render(rand.New(rand.NewPCG(a, b)))) })
}

func TestRender(t *testing.T) {
	read := 0
	const n = 20000
	for i := range uint64(n) {
		r := render(rand.New(rand.NewPCG(i, 7)))
		if checkRendered(t, r) {
			read++
		}
	}
	t.Logf("%d of %d lines read, the others refused", read, n)
	if read < n/2 {
		t.Errorf("only %d of %d lines were read", read, n)
	}
}

// FuzzParse feeds any line to any format: no panic, no slice outside of the line, and the flat
// program never sees another value than the matcher.
func FuzzParse(f *testing.F) {
	for _, name := range PresetNames() {
		text, _ := Preset(name)
		f.Add(text, []byte(httpLine))
	}
	f.Add(`%{+json}o %(a)ST %(b)[src] %(c)hrl`, []byte(`{"a": 200, "b": "x\"\u00e9", "c": ["a"]}`))
	f.Add(`{"a":"%HU","b":%ST,"c":"%[req.hdr(x),json(utf8s)]"}`, []byte(`{"a":"/x","b":-1,"c":"\/\""}`))
	f.Add(`%[req.hdr(a)]|%ST|%[req.hdr(b)]`, []byte("x|y|200|z"))
	f.Add(`%{+Q,+E}[req.hdr(a)] %ST %hr %hs %{+Q}hrl %HQ`, []byte(`"a\"b" 200 {a|b}  ?x`))
	f.Add(`%{+X}o %ci:%cp %Ts %ms %tsc%ST`, []byte("7F000001:E18C 6B012666 009 ----200"))
	f.Fuzz(func(t *testing.T, format string, line []byte) {
		if len(format) > 400 || len(line) > 2000 {
			return
		}
		p, err := Compile(format)
		if err != nil {
			return
		}
		checkParse(t, p, line)
	})
}

func checkParse(t *testing.T, p *Program, line []byte) {
	t.Helper()
	given := bytes.Clone(line)
	var rec, slow Record
	res := p.Parse(line, &rec)
	if !bytes.Equal(line, given) {
		t.Fatalf("%q: the line was changed", p.text)
	}
	for i := range rec.v {
		b := rec.Bytes(Field(i))
		if len(b) > len(line) {
			t.Fatalf("%q %q: field %d is %q", p.text, line, i, b)
		}
	}
	p.Explain(line)
	if p.ops == nil || len(line) == 0 {
		return
	}
	if _, ok := p.search(line, &slow); !ok || !res.Counted() || rec.cut {
		return
	}
	if rec.filled = nil; !p.run(line, &rec) {
		return
	}
	for i := range rec.v {
		if i == 0 {
			continue
		}
		f := Field(i)
		a, okA := rec.Int(f)
		b, okB := slow.Int(f)
		if p.check || !bytes.Equal(rec.Bytes(f), slow.Bytes(f)) && !p.looseSlot(f) || okA != okB || a != b {
			if p.check {
				return // several readings: checked by the matcher
			}
			t.Fatalf("format %q\nline %q\n%v: flat %q %d, matcher %q %d", p.text, line, f, rec.Bytes(f), a, slow.Bytes(f), b)
		}
	}
}

// looseSlot reports whether the slot holds a text whose place may differ between readings.
func (p *Program) looseSlot(f Field) bool {
	for k := range p.items {
		it := &p.items[k]
		if p.loose[k] >= 0 && (it.slot == f || it.gives != 0) {
			return true
		}
	}
	return false
}

// Collected formats and lines, each line also with every other format.
func TestFlatEqualsMatcher(t *testing.T) {
	for _, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "pipe-26", "json-30", "jsonhand-26"} {
		s := newSet(t, SetOptions{All: true}, corpusFormats(t, name)...)
		flat := 0
		for _, line := range linesOf(t, name+".log") {
			for _, p := range s.ready() {
				var rec Record
				if p.run(line, &rec) {
					flat++
				}
				checkParse(t, p, line)
			}
		}
		if flat < 30 {
			t.Errorf("%s: the flat program took only %d lines", name, flat)
		}
	}
}
