package parser

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/guard"
)

func TestIndex(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	const stops = "| /\"?09:\t\x00\xff!,{}~"
	var x index
	for round := range 3000 {
		e := rng.IntN(300)
		if round%100 == 0 {
			e = maxQuick - rng.IntN(3)
		}
		b := make([]byte, e+slack)
		for i := range b {
			if b[i] = byte(rng.Uint32()); rng.IntN(4) == 0 {
				b[i] = stops[rng.IntN(len(stops))]
			}
		}
		term := "|,;a\xff"[rng.IntN(5)]
		if e > 0 {
			x.separate(b, e, term)
		}
		x.make(b, e)
		for i, c := range b[:e] {
			w := i / 64
			for name, is := range map[string][2]bool{
				"blank": {x.blank[w]>>(i%64)&1 != 0, c <= ' '},
				"slash": {x.slash[w]>>(i%64)&1 != 0, c == '/'},
				"other": {x.other[w]>>(i%64)&1 != 0, !isDigit(c)},
				"term":  {x.term[w]>>(i%64)&1 != 0, c == term},
				"odd":   {x.odd[w]>>(i%64)&1 != 0, !clsName.holds(c)},
			} {
				if is[0] != is[1] {
					t.Fatalf("%s at %d of %q: %v", name, i, b[:e], is[0])
				}
			}
		}
		for k := range 2 {
			if w := (e+63)/64 + k; x.blank[w]&x.slash[w]&x.other[w] != ^uint64(0) {
				t.Fatalf("mask %d behind %d bytes", k, e)
			}
		}
	}
}

// blanks is a format in which method and target stand alone.
const blanks = `%ci:%cp %ft %b/%s %HM %HU %HV %ST %B %TR/%Tw/%Tc/%Tr/%Ta %tsc %HPO`

// custom is a format with a separator of its own.
const custom = `%HM|%ST|%tsc|%TR/%Tw/%Tc/%Tr/%Ta|%ft|%b|%s|%ci:%cp|%B|%rc|%sq/%bq|%ac/%fc/%bc/%sc|[%tr]|%HU|%HV`

// TestQuickStepsTakeWholeLines: usual lines of the formats in wide use need nothing but quick steps.
func TestQuickStepsTakeWholeLines(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	for _, c := range []struct{ format, line string }{
		{"httplog", `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress~ example_prod_www_low/s1 0/0/0/12/14 200 20512 - - ---- 5/5/2/1/0 0/0 "GET /legacy-soap/prod/example/orders/4711?b=status&st=404 HTTP/1.1"`},
		{"httplog", `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress be/<NOSRV> 0/0/0/12/14 503 20512 - - ---- 5/5/2/1/0 0/0 "POST / HTTP/2.0"`},
		{"tcplog", `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress be/s1 0/0/1204 20512 -- 5/5/2/1/0 0/0`},
		{blanks, `10.3.118.249:52558 egress~ partner:uat:high/s2 GET /client/prod/v1/orders/8049237?a=b HTTP/1.1 200 1181 0/0/1/113/114 ---- /client/prod`},
		{custom, `GET|200|----|0/0/1/113/114|egress~|partner:uat:high|s2|10.3.118.249:52558|1181|0|0/0|844/426/24/1|[21/Nov/2026:00:00:00.000]|/client/prod/v1/orders/8049237?a=b|HTTP/1.1`},
	} {
		text, ok := Preset(c.format)
		if !ok {
			text = c.format
		}
		s := newSet(t, SetOptions{}, Format{Name: c.format, Text: text})
		p := s.NewReader().programs[0]
		line := append([]byte(c.line), make([]byte, slack)...)
		var rec Record
		rec.begin(p, line[:len(c.line)])
		rec.index = new(index)
		rec.index.make(line, len(c.line))
		if p.term != 0 {
			rec.index.separate(line, len(c.line), p.term)
		}
		if k, i := quickSteps(rec.index, &p.steps[0], 0, &line[0], len(c.line), 0, (*[quickSlot]value)(rec.v)); k != len(p.ops) || i != len(c.line) {
			t.Errorf("%s: the quick steps stopped at op %d of %d before %q", c.format, k, len(p.ops), c.line[min(i, len(c.line)):])
		}
	}
}

// TestQuickStepsAgree reads lines of every corpus, whole and damaged, with quick steps and without.
func TestQuickStepsAgree(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	var rec pair
	for _, name := range []string{"httplog-26", "httpslog-26", "httplogclf-26", "egress-26", "pipe-26", "json-30", "jsonhand-26", "reload-26-plain"} {
		s := newSet(t, SetOptions{}, corpusFormats(t, name)...)
		r := s.NewReader()
		lines := linesOf(t, name+".log")
		for k, l := range lines {
			if k%7 != 0 && len(lines) > 2000 || testing.Short() && k%50 != 0 {
				continue
			}
			msg, _, ok := r.env.Strip(l)
			if !ok {
				continue
			}
			r.env.Keep()
			for _, p := range r.programs {
				sameWithout(t, p, msg, &rec, rng)
				for range 30 {
					sameWithout(t, p, damaged(msg, rng), &rec, rng)
				}
			}
		}
	}
	for _, f := range []Format{presetFormat(t, "httplog"), {Text: custom}, {Text: strings.ReplaceAll(custom, "|", ";")}, {Text: strings.ReplaceAll(custom, "|", "?")}, {Text: blanks}, {Text: strings.TrimSuffix(blanks, " %HPO")}} {
		s := newSet(t, SetOptions{Want: []string{"host", "query"}}, f)
		p := s.NewReader().programs[0]
		s.Leave(Retries)
		left := s.NewReader().programs[0]
		usual := usualHTTP
		switch {
		case p.term != 0:
			usual = strings.ReplaceAll(usualCustom, "|", string(p.term))
		case strings.HasPrefix(f.Text, "%ci:%cp %ft"):
			usual = usualBlanks
		}
		for k, l := range oddLines() {
			if k%2 == 0 {
				p, left = left, p
			}
			if p.term != 0 {
				l = strings.ReplaceAll(l, "|", string(p.term))
			}
			sameWithout(t, p, []byte(l), &rec, rng)
			sameWithout(t, p, []byte(usual), &rec, rng) // nothing of the odd line may be left
			for range 3 {
				sameWithout(t, p, damaged([]byte(l), rng), &rec, rng)
			}
		}
	}
}

// TestQuickTokens: what nobody wants is no less strict than what is kept, and "-" is kept as nothing.
func TestQuickTokens(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, all := range []bool{false, true} {
		for format, line := range map[string]string{
			"%ft %HM %HM %HU %ID %ST %Ta": "f GET X /a x 200 1",
			"%ft %ST %Ta %HM %HU %ID":     "f 200 1 GET /a X",
			"%ft %ST %Ta %HM %HV %HU":     "f 200 1 GET X /a",
			"%ft %ST %Ta %HM %HU %HV":     "f 200 1 GET /a X",
			"%ft %sslv %ST %Ta %HM":       "f X 200 1 GET",
			"%ft %ST %Ta %HM %sslv":       "f 200 1 GET X",
		} {
			p := newSet(t, SetOptions{All: all}, Format{Name: format, Text: format}).NewReader().programs[0]
			var rec pair
			for _, x := range []string{"X", "-", "<BADREQ>", "P/T", `P"T`, "a b", "", "A-LONG-METHOD-WITH-A\"QUOTE", "A-LONG-TOKEN-WITHOUT-ONE-IN-MORE-THAN-THIRTY-TWO-BYTES", "/a?b"} {
				for _, y := range []string{x, "X"} {
					l := strings.Replace(strings.Replace(line, "X", x, 1), "GET", y, 1)
					sameWithout(t, p, []byte(l), &rec, rng)
					sameWithout(t, p, []byte(line), &rec, rng)
				}
			}
		}
	}
}

// TestQuickSigns: signs stand where the ops allow them only.
func TestQuickSigns(t *testing.T) {
	if !indexed() {
		t.Skip("this processor makes no index")
	}
	const numbers = "%rt/%ST/%cp/%Ta/%pid/%B"
	s := newSet(t, SetOptions{}, Format{Name: numbers, Text: numbers})
	if _, err := s.Field("rt"); err != nil {
		t.Fatal(err)
	}
	p := s.NewReader().programs[0]
	rng := rand.New(rand.NewPCG(3, 4))
	var rec pair
	for k := range 6 {
		for _, sign := range []string{"-1", "-2", "+1", "-", "-10", "--1", "-1-"} {
			fields := []string{"1", "200", "3", "4", "5", "6"}
			fields[k] = sign
			sameWithout(t, p, []byte(strings.Join(fields, "/")), &rec, rng)
		}
	}
}

const (
	usualHTTP   = `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] fe_egress~ be/s1 0/0/0/12/14 200 20512 - - ---- 5/5/2/1/0 0/0 "GET /a/b HTTP/1.1"`
	usualBlanks = `10.3.118.249:52558 egress~ be/s2 GET /client/prod?a HTTP/1.1 200 1181 0/0/1/113/114 ---- /client/prod`
	usualCustom = `GET|200|----|0/0/1/113/114|egress~|be:uat|s2|10.3.118.249:52558|1181|0|0/0|844/426/24/1|[21/Nov/2026:00:00:00.000]|/client/prod|HTTP/1.1`
)

// TestNextLineIsNotRead cuts lines at every byte by a newline: what stands behind it completes the line, but belongs to
// the next one.
func TestNextLineIsNotRead(t *testing.T) {
	for format, line := range map[string]string{
		presetFormat(t, "httplog").Text: usualHTTP,
		custom:                          usualCustom,
		blanks:                          usualBlanks,
		"%ci:%cp [%tr] %hr %hs %ST %HM": `10.20.3.4:40883 [21/Nov/2026:04:49:59.036] {a} {b} 200 GET`,
		"%ft %ST %Ta %tsc%hr":           `fe 200 12 ----`,
		"%ft %ST %Ta %HM %tsc":          `fe 200 12 GET ----`,
		"%ft %tsc %ST %Ta":              `fe ---- 200 1234`,
	} {
		p := newSet(t, SetOptions{}, Format{Name: format, Text: format}).NewReader().programs[0]
		var rec Record
		for k := range len(line) {
			block := append([]byte(line+"\n"+line), make([]byte, slack)...)
			block[k] = '\n'
			if msg := block[:k]; p.ops != nil && p.run(msg, &rec) {
				for f := range rec.v {
					if b := rec.Bytes(Field(f)); len(b) > 0 && !bytes.Contains(msg, b) {
						t.Fatalf("%s\n%q: field %d is %q", format, msg, f, b)
					}
				}
			}
		}
	}
}

// oddLines are lines that the quick steps of httplog have to leave to the ops at some place, cut at every byte,
// and with fields moved over any length of what an index holds.
func oddLines() (all []string) {
	for _, l := range []string{
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] - -/- 0/0/0/12/14 200 205 - - ---- 5/5/2/1/0 0/0 "GET /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] ~ b/s 0/0/123456789/12345678/98765432 200 205 - - ---- 5/5/2/1/0 0/0 "GET /a?b HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/-1/+12/14 200 +205 - - ---- 5/5/2/1/+1 0/0 "GET /a? HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/-1/-12/14 -1 -1 - - ---- 5/5/2/1/0 0/0 "GET /a? HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/-1/-1/-1/-0 -1 0 - - ---- 5/5/2/1/0 0/0 "GET /a? HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 -1 - - ---- 5/5/2/1/0 0/0 "GET /a? HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5//2/1/0 0/0 "GET /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/1234567890123456789/2/1/0 0/0 "GET /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/5/2/1/-1 0/0 "GET /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/-1/2/1/1 0/0 "GET /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 c=1 - sH-- 5/5/2/1/1 0/0 {x|y} {} "GET /a??b?c HTTP/1.1"`,
		`unix:1 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - -- 5/5/2/1/1 0/0 "GET /a?b HTTP/1.1 x"`,
		`::1:80 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/5/2/1/1 0/0 "GET?x /a HTTP/1.1"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/5/2/1/1 0/0 "<BADREQ>"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/5/2/1/1 0/0 "GET /a"`,
		`10.0.0.1:5 [21/Nov/2026:04:49:59.036] a b/s 0/0/1/12/14 200 205 - - ---- 5/5/2/1/1 0/0 "GET http://h/a?b HTTP/1.1"`,
		`GET|200|----|0/0/1/113/114|egress~|partner:uat:high|s2|10.3.118.249:52558|1181|0|0/0|844/426/24/1|[21/Nov/2026:00:00:00.000]|/a/prod/v1?a=b?|HTTP/1.1`,
		`-|200|----|0/0/1/113/114|-|-|<NOSRV>|::1:52558|1181|+1|0/0|844/426/24/1|[21/Nov/2026:00:00:00.000]|http://h/a?b|-`,
		`<BADREQ>|400|CR--|0/0/-1/-1/0|e,g|x/y|{s}|10.3.118.249:8|1|0|0/0|8/4/2/1|[21/Nov/2026:00:00:00.000]|<BADREQ>|<BADREQ>`,
		`P"T|400|CR--|0/0/-1/-1/0|e"g|x|s|10.3.118.249:8|1|0|0/0|8/4/2/1|[21/Nov/2026:00:00:00.000]|/a"b?c|HTTP/1"1`,
		`10.3.118.249:52558 egress~ be/s2 GET /client/prod?a HTTP/1.1 200 1181 0/0/1/113/114 ---- /client/prod`,
		`10.3.118.249:52558 egress~ be/s2 P"T /client/prod?a HTTP/1.1 200 1181 0/0/1/113/114 ---- /client/"prod`,
		`10.3.118.249:52558 egress~ be/s2 P/T /client/prod?a HTTP/1.1 200 1181 0/0/1/113/114 ---- /client/prod?b?c`,
		`10.3.118.249:52558 egress~ be/s2 A-METHOD-WITH-MANY-BYTES http://h/client/prod?a HTTP/1.1 200 1181 0/0/1/113/114 ---- http://h/client/prod`,
		`10.3.118.249:52558 egress~ be/s2 <BADREQ> <BADREQ> <BADREQ> 400 1181 0/0/-1/-1/114 CR-- <BADREQ>`,
		`10.3.118.249:52558 egress~ be/s2 - - - 400 1181 0/0/-1/-1/114 CR-- -`,
		`10.3.118.249:52558 egress~ be/s2 OPTIONS * HTTP/1.1 400 1181 0/0/-1/-1/114 CR-- /a b`,
		"10.3.118.249:52558 egress~ be/s2 GET /a\x01b HTTP/1.1 400 1181 0/0/-1/-1/114 CR-- /a\x01b",
		`P/T|400|----|0/0/1/1/0|eg|x|s|10.3.118.249:8|1|0|0/0|8/4/2/1|[21/Nov/2026:00:00:00.000]|/a?b"c|HTTP`,
	} {
		for n := range len(l) + 1 {
			all = append(all, l[:n])
		}
		for n := range 70 {
			long := l[:8] + strings.Repeat("9", n) + l[8:]
			all = append(all, long, long[:strings.IndexByte(long+`"`, '"')], long[:len(long)-9])
		}
	}
	return all
}

// pair holds a Record for each way; they are used again and again, as a Reader does.
type pair struct{ with, without Record }

// damaged returns a copy with a byte changed, taken away or put in, or cut.
func damaged(msg []byte, rng *rand.Rand) []byte {
	const odd = " /\"?0-+:~{}|\t\x00\xff<"
	m := slices.Clone(msg)
	if len(m) == 0 {
		return m
	}
	i, c := rng.IntN(len(m)), odd[rng.IntN(len(odd))]
	switch rng.IntN(4) {
	case 0:
		m[i] = c
	case 1:
		m = slices.Delete(m, i, i+1)
	case 2:
		m = slices.Insert(m, i, c)
	case 3:
		m = m[:i]
	}
	return m
}

// sameWithout runs p over the message with and without quick steps; what stands behind it must not matter.
func sameWithout(t *testing.T, p *Program, msg []byte, rec *pair, rng *rand.Rand) {
	t.Helper()
	if p.ops == nil {
		return
	}
	padded := make([]byte, len(msg)+slack)
	behind := " \n/\"0-a"[rng.IntN(7)]
	if n := len(msg); n > 0 && msg[n-1] == ' ' {
		behind = '/' // as if a path came
	}
	for i := copy(padded, msg); i < len(padded); i++ {
		padded[i] = behind
	}
	msg = padded[:len(msg)]
	slow := *p
	slow.steps = nil
	with, without := &rec.with, &rec.without
	if with.filled != p {
		with.begin(p, msg)
		without.begin(p, msg)
	}
	without.filled = &slow
	got, want := p.run(msg, with), slow.run(msg, without)
	if without.filled = p; got != want {
		t.Fatalf("%q\n%q\nbehind it %q: quick %v, slow %v", p.text, msg, behind, got, want)
	}
	if !got { // what a refused line leaves behind is not defined
		with.filled = nil
		return
	}
	for _, r := range []*Record{with, without} {
		got := r.Timers(new(Timers))
		for k := range got {
			want := int64(NoTimer)
			if n, ok := r.Int(TimeHandshake + Field(k)); ok {
				want = max(n, -1)
			}
			if got[k].MS != want {
				t.Fatalf("%q\n%q: timer %d is %d, want %d", p.text, msg, k, got[k].MS, want)
			}
		}
	}
	if m := uint64(with.v[Path].num); m != 0 {
		for k, c := range with.Bytes(Path) {
			if k < 64 && m>>k&1 != 0 != (c == '/') {
				t.Fatalf("%q\n%q: the slashes are %b", p.text, msg, m)
			}
		}
		with.v[Path].num = 0
	}
	if !slices.Equal(with.v[1:], without.v[1:]) || with.badReq != without.badReq || with.cookie != without.cookie {
		t.Fatalf("%q\n%q:\nquick %v\nslow  %v", p.text, msg, with.v[1:], without.v[1:])
	}
}

// TestNothingBehindTheSlackIsRead puts messages in front of memory that must not be read: what is written in
// assembly has no other guard.
func TestNothingBehindTheSlackIsRead(t *testing.T) {
	mem := guard.Page(t)
	size := len(mem)
	var rec Record
	read := func(p *Program, l, behind string) {
		padded := mem[size-len(l)-slack : size : size]
		for i := copy(padded, l); i < len(padded); i++ {
			padded[i] = behind[(i-len(l))%len(behind)]
		}
		p.run(padded[:len(l)], &rec)
	}
	httplog := newSet(t, SetOptions{}, presetFormat(t, "httplog")).NewReader().programs[0]
	for _, l := range oddLines() {
		for _, behind := range []string{"0", " ", "/", "\"", "a"} {
			read(httplog, l, behind)
		}
	}
	for n := range 70 { // names that end anywhere in what an index holds
		line := usualHTTP[:8] + strings.Repeat("9", n) + usualHTTP[8:]
		for k := range 20 {
			read(httplog, line[:45+n+k], "a")
		}
	}
	numbers := newSet(t, SetOptions{All: true}, Format{Text: "%ac/%fc/%bc/%sc/%rc/%sq/%bq/%B/%U/%Ta/%Tc/%Td/%Th/%Ti/%TR/%Tr/%Tt/%Tw/%Tu/%pid/%rt/%lc/%ST"}).NewReader().programs[0]
	behind := newSet(t, SetOptions{All: true}, Format{Text: "%ft ------%ac/%fc/%bc/%sc/%rc/%sq/%bq/%B/%U/%Ta/%Tc/%Td/%Th/%Ti"}).NewReader().programs[0]
	states := newSet(t, SetOptions{All: true}, Format{Text: "%ft " + strings.Repeat("%tsc ", 30) + "%ST"}).NewReader().programs[0]
	for n := range 9 { // numbers that begin behind the message, and more of what is usual than can be read
		read(behind, "f", " ------"+strings.Repeat("7", n)+"/"+strings.Repeat("7777777/", 8))
		read(states, "f"+strings.Repeat(" ----", n), " ----")
	}
	for n := range 9 { // numbers that begin anywhere in what an index holds, up to where nothing may be read
		read(numbers, "1", strings.Repeat("7", n)+"/")
		read(numbers, "1", "/"+strings.Repeat("7", n)+"/1")
	}
}
