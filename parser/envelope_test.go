package parser

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const testMessage = `127.0.1.4:52229 [21/Nov/2026:04:53:55.257] fe_egress be/s2 0/0/0/0/0 404 205 - - ---- 6/6/2/0/0 0/0 {a b||c} {} "PUT /x HTTP/1.1"`

// envelopeForms holds a header (and, behind "%", what follows the message) with the tag and kind it must give.
func envelopeForms() []struct{ name, form, tag, kind string } {
	return []struct{ name, form, tag, kind string }{
		{"raw", "%", "", "raw"},
		{"short", "<6>%", "", "priority"},
		{"priority", "<134>%", "", "priority"},
		{"timed", "<6>2026-11-21T04:53:55.259741+00:00 %", "", "time"},
		{"iso", "2026-11-21T04:53:55.259746+00:00 %", "", "time"},
		{"iso zulu", "2026-11-21T04:53:55Z %", "", "time"},
		{"local", "<134>Nov 21 04:53:55 haproxy[25441]: %", "haproxy", "syslog"},
		{"local, day of one digit", "<134>Nov  1 04:53:55 haproxy[25441]: %", "haproxy", "syslog"},
		{"rfc3164", "<134>Nov 21 04:53:54 localhost haproxy[25441]: %", "haproxy", "syslog"},
		{"tag of a development version", "<134>Nov 21 04:53:54 localhost haproxy-v3.5-dev5[25441]: %", "haproxy-v3.5-dev5", "syslog"},
		{"tag without pid", "<134>Nov 21 04:53:54 localhost egress: %", "egress", "syslog"},
		{"tag with a blank", "<134>Nov 21 04:53:54 my proxy one[25441]: %", "my proxy one", "syslog"},
		{"no time", "<134>haproxy[25441]: %", "haproxy", "syslog"},
		{"only a tag", "haproxy[25441]: %", "haproxy", "syslog"},
		{"rfc5424", "<134>1 2026-11-21T04:53:55.259741+00:00 - haproxy 25441 - - %", "haproxy", "rfc5424"},
		{"rfc5424 with data", `<134>1 2026-11-21T04:53:55.259741+00:00 - haproxy 25441 - [lab@1 a="x" b="]\"\\ q"] %`, "haproxy", "rfc5424"},
		{"rfc5424 with two elements", `<134>1 2026-11-21T04:53:55.259741+00:00 - haproxy 25441 - [a b="c"][d e="f"] %`, "haproxy", "rfc5424"},
		{"rfc5424 without time", `<134>1 - - haproxy - - - %`, "haproxy", "rfc5424"},
		{"rfc5424 with a byte order mark", "<134>1 2026-11-21T04:53:55+00:00 h haproxy 1 - - \xEF\xBB\xBF%", "haproxy", "rfc5424"},
		{"rsyslog rfc5424 file", "<134>1 2026-11-21T04:53:54+00:00 localhost haproxy 25441 - -  %", "haproxy", "rfc5424"},
		{"rfc5424 file without priority", "1 2026-11-21T04:53:54+00:00 localhost haproxy 25441 - -  %", "haproxy", "rfc5424"},
		{"rsyslog traditional", "Nov 21 04:53:54 localhost haproxy[25441]: %", "haproxy", "syslog"},
		{"rsyslog without host", "Nov 21 04:53:54 haproxy[25441]: %", "haproxy", "syslog"},
		{"rsyslog without colon", "Nov 21 04:53:54 - haproxy[25441] %", "haproxy", "syslog"},
		{"rsyslog iso", "2026-11-21T04:53:55+00:00 localhost haproxy[25441]: %", "haproxy", "syslog"},
		{"rsyslog iso, precise", "2026-11-21T04:53:55.123456+01:00 localhost haproxy[25441]: %", "haproxy", "syslog"},
		{"octet count", "386 <134>1 2026-11-21T04:53:54.754742+00:00 - haproxy 25441 - - %", "haproxy", "rfc5424"},
		{"octet count, rfc3164", "1023 <134>Nov 21 04:53:54 localhost haproxy[25441]: %", "haproxy", "syslog"},
		{"journald short", "Nov 21 05:10:42 vm hapstdout[24122]: %", "hapstdout", "syslog"},
		{"journald precise", "Nov 21 05:10:42.123456 vm haproxy[24122]: %", "haproxy", "syslog"},
		{"journald iso", "2026-11-21T05:10:42+0000 vm haproxy[24122]: %", "haproxy", "syslog"},
		{"journald full", "Sat 2026-11-21 05:10:42 UTC vm haproxy[24122]: %", "haproxy", "syslog"},
		{"journald unix", "1795237842.734335 vm haproxy[24122]: %", "haproxy", "syslog"},
		{"container runtime", "2026-11-21T04:53:55.259746123Z stdout F %", "", "syslog"},
		{"container runtime, short", "2026-11-21T04:53:55.259746123Z stdout F <6>%", "", "priority"},
		{"NULs in front", "\x00\x00\x00<134>Nov 21 04:53:55 haproxy[25441]: %", "haproxy", "syslog"},
		{"CR behind", "<134>Nov 21 04:53:55 haproxy[25441]: %\r", "haproxy", "syslog"},
	}
}

// read does what Reader.Line does: it takes the first reading that the want function accepts.
func read(e *Envelope, line []byte, want func([]byte) bool) (msg []byte, repeat uint64, ok bool) {
	for msg, repeat, ok = e.Strip(line); ok; msg, repeat, ok = e.Next() {
		if want(msg) {
			e.Keep()
			return msg, repeat, true
		}
	}
	return nil, 0, false
}

func TestEnvelopeForms(t *testing.T) {
	for _, f := range envelopeForms() {
		t.Run(f.name, func(t *testing.T) {
			line := []byte(strings.Replace(f.form, "%", testMessage, 1))
			var e Envelope
			msg, repeat, ok := e.Strip(line)
			if !ok || string(msg) != testMessage || repeat != 1 {
				t.Fatalf("first reading of %q:\n got %q, %d, %v", line, msg, repeat, ok)
			}
			if got := string(e.Tag()); got != f.tag {
				t.Errorf("tag %q, want %q", got, f.tag)
			}
			if e.Kind() != f.kind {
				t.Errorf("kind %q, want %q", e.Kind(), f.kind)
			}
			e.Keep()
			later := bytes.ReplaceAll(line, []byte("04:53:5"), []byte("17:01:2"))
			later = bytes.Replace(later, []byte("Nov 21"), []byte("Dec  3"), 1)
			later = append(bytes.Clone(later[:len(later)-5]), "XYZ!!"...)
			msg, _, ok = e.Strip(later)
			want := bytes.ReplaceAll([]byte(testMessage), []byte("04:53:5"), []byte("17:01:2"))
			if f.form == "%" {
				want = bytes.Replace(want, []byte("Nov 21"), []byte("Dec  3"), 1)
			}
			if !ok || len(msg) == 0 || !bytes.HasPrefix(want, msg[:len(want)-6]) {
				t.Errorf("the next line of the same kind gives %q", msg)
			}
			if string(e.Tag()) != f.tag {
				t.Errorf("tag of the next line %q", e.Tag())
			}
			if _, _, again := e.Next(); again && f.kind == "raw" {
				t.Error("a raw line has a second reading")
			}
		})
	}
}

// Every order of two kinds in one file must be read right: a kept kind is only tried first.
func TestEnvelopeKindsMix(t *testing.T) {
	want := func(m []byte) bool { return string(m) == testMessage }
	forms := envelopeForms()
	for _, a := range forms {
		for _, b := range forms {
			var e Envelope
			for i, f := range []string{a.form, b.form, a.form, a.form, b.form, b.form} {
				line := []byte(strings.Replace(f, "%", testMessage, 1))
				if _, _, ok := read(&e, line, want); !ok {
					t.Fatalf("%s, %s: line %d not read", a.name, b.name, i)
				}
			}
		}
	}
}

// A log format that begins like a header keeps its first fields.
func TestEnvelopeRawThatLooksLikeAHeader(t *testing.T) {
	for _, line := range []string{
		`2026-11-21T04:53:55Z 10.0.0.1 GET /`, `2026-11-21 04:53:55 fe: be/s1 200`, `<6> x`, `Nov 21 04:53:55 fe be: 200`,
		`1795236627.209123 a b[1]: c`, `12 <x> y`, `{"MESSAGE":"x","__CURSOR":"y","a":1}`, `haproxy[1]: x`, `1 - a b c d - e`,
	} {
		var e Envelope
		for i := range 3 {
			msg, _, ok := read(&e, []byte(line), func(m []byte) bool { return string(m) == line })
			if !ok {
				t.Fatalf("%q: the whole line is none of the readings", line)
			}
			if first, _, _ := e.Strip([]byte(line)); i > 0 && string(first) != string(msg) {
				t.Errorf("%q: what was kept is not tried first: %q", line, first)
			}
		}
	}
}

// What is tried first follows what was understood last.
func TestEnvelopeOrder(t *testing.T) {
	const header = "Nov 21 04:53:54 localhost haproxy[25441]: "
	first := func(e *Envelope, line string) string {
		msg, _, _ := e.Strip([]byte(line))
		return string(msg)
	}
	keep := func(e *Envelope, line, want string) {
		t.Helper()
		if _, _, ok := read(e, []byte(line), func(m []byte) bool { return string(m) == want }); !ok {
			t.Fatalf("%q is no reading of %q", want, line)
		}
	}
	var e Envelope
	keep(&e, header+"a", "a")
	if got := first(&e, "not-any-time-15 localhost haproxy[25441]: b"); got != "not-any-time-15 localhost haproxy[25441]: b" {
		t.Errorf("a header without a time was taken off: %q", got)
	}
	if got := first(&e, "Nov 21 04:53:5x localhost haproxy[25441]: b"); got == "b" {
		t.Error("a header with a broken time was taken off")
	}
	keep(&e, "raw line", "raw line")
	keep(&e, header+"a", "a")
	if got := first(&e, "Nov 21 04:53:54 other egress[7]: c"); got != "c" {
		t.Errorf("after a header, another one is not taken off: %q", got)
	}
	// A format that begins with "name other: " behind HAProxy's own timed header.
	var timed Envelope
	keep(&timed, "<6>2026-11-21T04:53:55Z fe be: 200", "fe be: 200")
	if got := first(&timed, "<3>2026-11-21T04:53:55.123Z fe be: 503"); got != "fe be: 503" {
		t.Errorf("the kind of the last message is not tried first: %q", got)
	}
}

func TestEnvelopeRepeated(t *testing.T) {
	for _, c := range []struct {
		msg, want string
		n         uint64
	}{
		{"message repeated 49 times: [ fe be 200 -- GET]", "fe be 200 -- GET", 49},
		{"message repeated 2 times: [fe [x]]", "fe [x]", 2},
		{"message repeated 0 times: [ fe]", "message repeated 0 times: [ fe]", 1},
		{"message repeated x times: [ fe]", "message repeated x times: [ fe]", 1},
		{"message repeated 3 times: [ ]", "message repeated 3 times: [ ]", 1},
		{"message repeated 12345678901234 times: [ fe]", "message repeated 12345678901234 times: [ fe]", 1},
		{"message repeated", "message repeated", 1},
	} {
		var e Envelope
		for range 2 { // by analysis, then by the kept header
			msg, n, ok := e.Strip([]byte("Nov 21 04:53:54 localhost haproxy[25441]: " + c.msg))
			if !ok || string(msg) != c.want || n != c.n {
				t.Errorf("%q: got %q × %d", c.msg, msg, n)
			}
			e.Keep()
		}
	}
}

func TestEnvelopeNothing(t *testing.T) {
	for _, line := range []string{"", "\r", "\r\n", "\x00\x00", "\x00\r"} {
		var e Envelope
		if msg, _, ok := e.Strip([]byte(line)); ok {
			t.Errorf("%q: message %q", line, msg)
		}
		if _, _, ok := e.Next(); ok {
			t.Errorf("%q: a second reading", line)
		}
	}
}

func TestEnvelopeMissing(t *testing.T) {
	var e Envelope
	header := []byte("Nov 21 04:53:54 localhost haproxy[25441]: ")
	e.Strip(append(header, "a"...))
	e.Keep()
	if e.Missing() {
		t.Error("a header is there")
	}
	for m, _, ok := e.Strip([]byte("          rest")); ok; m, _, ok = e.Next() {
		_ = m
	}
	if !e.Missing() {
		t.Error("the header is missing")
	}
	var raw Envelope
	raw.Strip([]byte("a b"))
	raw.Keep()
	raw.Strip([]byte("c d"))
	if raw.Missing() {
		t.Error("no line had a header")
	}
}

func corpusPath(name string) string { return filepath.Join("..", "testdata", "corpora", name) }

func corpusLines(t testing.TB, name string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(corpusPath(name))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSuffix(b, []byte{'\n'}), []byte{'\n'})
	var frames [][]byte
	for _, l := range lines {
		for rest := l; len(rest) > 0; {
			var f []byte
			f, rest = NextFrame(rest)
			frames = append(frames, f)
		}
	}
	return frames
}

// One traffic was logged through twelve transports: every one must give the messages of the raw one.
func TestEnvelopeTransports(t *testing.T) {
	raw := corpusLines(t, "wrap-26-stdout-raw.log")
	// The transports have different limits of length; ports and times make the first bytes unique.
	begin := func(m string) string { return m[:min(len(m), 400)] }
	known := map[string]int{}
	for _, l := range raw {
		known[begin(string(l))]++
	}
	files, err := filepath.Glob(corpusPath("wrap-26-*.log"))
	if err != nil || len(files) < 11 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		name := filepath.Base(f)
		t.Run(name, func(t *testing.T) {
			left := map[string]int{}
			for k, n := range known {
				left[k] = n
			}
			lines, lost := corpusLines(t, name), 0
			var e Envelope
			for _, l := range lines {
				msg, n, ok := e.Strip(l)
				if !ok || n != 1 {
					t.Fatalf("no message in %q", l)
				}
				e.Keep()
				m := begin(string(msg))
				// rsyslog writes a control byte as #ooo; the lines have a TAB.
				if strings.Contains(name, "rsyslog") {
					m = begin(strings.ReplaceAll(string(msg), "#011", "\t"))
				}
				if left[m]--; left[m] < 0 {
					t.Errorf("message that the raw log does not have: %.200q", msg)
				}
			}
			for _, n := range left {
				lost += n
			}
			wantLost := 0
			if name == "wrap-26-unix-default.log" {
				wantLost = 206 - 189 // dropped by the kernel: the socket's queue was full
			}
			if lost != wantLost {
				t.Errorf("%d of %d lines; %d messages missing, want %d", len(lines), len(raw), lost, wantLost)
			}
			if wantTag := "haproxy"; !strings.Contains(name, "raw") && !strings.Contains(name, "iso") && string(e.Tag()) != wantTag {
				t.Errorf("tag %q", e.Tag())
			}
		})
	}
}

// The journal was read in two forms; the JSON form keeps what the short one cannot print.
func TestEnvelopeJournald(t *testing.T) {
	count := func(name string) (messages []string, blobs int) {
		var e Envelope
		for _, l := range corpusLines(t, name) {
			msg, _, ok := e.Strip(l)
			if !ok {
				t.Fatalf("no message in %q", l)
			}
			if res, ok := Recognise(msg); ok && res == ResultCut {
				blobs++
			}
			e.Keep()
			messages = append(messages, string(msg))
		}
		return messages, blobs
	}
	short, shortBlobs := count("journald-26-short.log")
	full, fullBlobs := count("journald-26-json.log")
	if shortBlobs != 2 || fullBlobs != 0 {
		t.Errorf("blobs: short %d, json %d", shortBlobs, fullBlobs)
	}
	found := 0
	for _, m := range full {
		first, _, _ := strings.Cut(m, "\n")
		if slices.Contains(short, first) {
			found++
		}
	}
	// Two with bytes that are not text are blobs in the short form, which was taken before the last three notices.
	if found != len(full)-5 {
		t.Errorf("%d of %d messages of the JSON form are in the short one", found, len(full))
	}
	withControl := slices.ContainsFunc(full, func(m string) bool { return strings.ContainsAny(m, "\x01\t") })
	if !withControl {
		t.Error("no message of the JSON form has the control bytes")
	}
}

func TestEnvelopeJSON(t *testing.T) {
	for _, c := range []struct{ line, want, tag string }{
		{`{"MESSAGE":"a \"b\" \\ \u00e9\ud83d\ude00\n","__CURSOR":"x","SYSLOG_IDENTIFIER":"hap"}`, "a \"b\" \\ é😀", "hap"},
		{`{"__REALTIME_TIMESTAMP":"1","MESSAGE":[97,32,255,1,10]}`, "a \xff\x01", ""},
		{`{"_X":{"MESSAGE":"no"},"__CURSOR":"x","MESSAGE":"yes"}`, "yes", ""},
		{`{ "MESSAGE" : "yes" , "__CURSOR" : "x" }`, "yes", ""},
		{`{"MESSAGE":null,"__CURSOR":"x"}`, "[blob data]", ""},
		{`{"log":"<6>127.0.0.1 x\n","stream":"stdout","time":"2026-11-21T04:53:55.2Z"}`, "127.0.0.1 x", ""},
	} {
		var e Envelope
		msg, _, ok := e.Strip([]byte(c.line))
		if !ok || string(msg) != c.want || string(e.Tag()) != c.tag {
			t.Errorf("%s:\n got %q, tag %q", c.line, msg, e.Tag())
		}
		if cap(msg) < len(msg)+slack {
			t.Errorf("%s: no room behind the message", c.line)
		}
		if raw, _, ok := e.Next(); c.tag != "" && (!ok || string(raw) != c.line) {
			t.Errorf("second reading %q", raw)
		}
	}
	for _, line := range []string{
		`{"a":1}`, `{"MESSAGE":"x"}`, `{"MESSAGE":"x","__CURSOR":"y"`, `{"MESSAGE":"\x","__CURSOR":"y"}`, `{"MESSAGE":[1,256],"__CURSOR":"y"}`,
		`{"MESSAGE":[1,,2],"__CURSOR":"y"}`, `{"MESSAGE":[[1]],"__CURSOR":"y"}`, `{"MESSAGE":7,"__CURSOR":"y"}`, `{`, `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":"`, `{"a":1,`, `{}`,
	} {
		var e Envelope
		if msg, _, ok := e.Strip([]byte(line)); !ok || string(msg) != line {
			t.Errorf("%s: not taken as it is: %q", line, msg)
		}
	}
}

func TestNextFrame(t *testing.T) {
	one, two := "<134>1 - - h 1 - - a", "<134>1 - - h 1 - - bcd"
	line := []byte(fmt.Sprintf("%d %s%d %s", len(one), one, len(two), two))
	frame, rest := NextFrame(line)
	if string(frame) != fmt.Sprintf("%d %s", len(one), one) || string(rest) != fmt.Sprintf("%d %s", len(two), two) {
		t.Fatalf("%q | %q", frame, rest)
	}
	if frame, rest = NextFrame(rest); rest != nil || string(frame) != fmt.Sprintf("%d %s", len(two), two) {
		t.Fatalf("%q | %q", frame, rest)
	}
	for _, l := range []string{"", "1", "12 <", "5 <134>", "127.0.0.1 x", "0 <1>", "20 <134>1 - - h 1 - - atail", "99999999 <1>x"} {
		if frame, rest := NextFrame([]byte(l)); string(frame) != l || rest != nil {
			t.Errorf("%q: %q | %q", l, frame, rest)
		}
	}
	if n := len(corpusLines(t, "wrap-26-ring-octet.log")); n != 206 {
		t.Errorf("%d frames, want 206", n)
	}
}

// TestKnownHeaders changes headers in every byte: what passes as the known header in one compare must have its shape.
func TestKnownHeaders(t *testing.T) {
	for _, c := range envelopeForms() {
		line := []byte(strings.Replace(c.form, "%", testMessage, 1))
		var e Envelope
		if _, _, ok := e.Strip(line); !ok {
			continue
		}
		e.Keep()
		s := &e.shapes[0]
		known := 0
		for i := range min(len(s.head), len(line)) {
			for b := range 256 {
				l := bytes.Clone(line)
				l[i] = byte(b)
				if !s.quick(l) {
					continue
				}
				known++
				if start, ok := s.match(l); !ok || start != len(s.head) {
					t.Fatalf("%s: %q is taken for the known header, match says %d %v", c.name, l, start, ok)
				}
			}
		}
		if s.quick(line) && known < len(s.head) {
			t.Errorf("%s: the header itself is known at %d of %d bytes only", c.name, known, len(s.head))
		}
	}
}
