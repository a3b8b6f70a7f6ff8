package cfg

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/haproxytest"
)

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{"A": "alpha", "SP": " p q  r ", "EMPTY": "", "A1": "x\"y'z\\"}[name]
	return v, ok
}

func TestSplit(t *testing.T) {
	for in, want := range map[string]string{
		``:                                  ``,
		"   # only a comment":               ``,
		`mode http # comment`:               `mode|http`,
		`a#b c`:                             `a`,
		`log-format "%ci # \"x\" %ST"`:      `log-format|%ci # "x" %ST`,
		`log-format %ci\ %ST`:               `log-format|%ci %ST`,
		`'single $A \n "q"' x`:              `single $A \n "q"|x`,
		`"$A-${A}" $A`:                      `alpha-alpha|$A`,
		`"${NOPE-default value}" "${A-no}"`: `default value|alpha`,
		`"${SP[*]}x" end`:                   `p|q|rx|end`,
		`"$EMPTY" b`:                        `|b`,
		`"${A1}"`:                           `x"y'z\`,
		`"\$A" \$A`:                         `$A|\$A`,
		`\x41\t\q\\`:                        "A\t\\q\\",
		"one\ttwo\r":                        `one|two`,
	} {
		tok := tokenizer{lookup: testEnv}
		words, err := tok.split(in)
		if err != nil {
			t.Errorf("%s: %s", in, err.msg)
		}
		if got := strings.Join(texts(words), "|"); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

func TestSplitPlacesWordsAndMistakes(t *testing.T) {
	tok := tokenizer{lookup: testEnv}
	words, _ := tok.split(`  log  "/dev/${A}" local0`)
	if w := words[1]; w.col != 8 || w.size != 11 {
		t.Errorf("word at column %d, %d bytes", w.col, w.size)
	}
	for in, want := range map[string]int{`abc "def`: 5, `a \x4z`: 3, `x "${A"`: 4, `x "$-"`: 4, `"${A[1]}"`: 2, `'`: 1} {
		if _, err := tok.split(in); err == nil || err.col != want {
			t.Errorf("%s: %+v, want column %d", in, err, want)
		}
	}
}

var (
	unknownWord = regexp.MustCompile(`parsing \[[^]]*:(\d+)\] : unknown keyword '(.*)' in 'global' section`)
	lineMistake = regexp.MustCompile(`parsing \[[^]]*:(\d+)\]: `)
)

// TestSplitAsHAProxy gives random words to HAProxy, whose complaint about an unknown keyword
// quotes the word as it understood it.
func TestSplitAsHAProxy(t *testing.T) {
	pieces := []string{"a", "Z", "9", `"`, `'`, `\`, ` `, "#", "$", "{", "}", "A", "$A", "${A}", "${NOPE-x y}", "${SP[*]}", "${SP}", "-", ".", "x41", `\x`, `\ `, `\"`, `\$`, "t", "\t", "é", "_", "\x80", "[*]", `"$A`, "*"}
	rng := rand.New(rand.NewPCG(7, 11))
	const linesPerRun = 45 // HAProxy gives up after 50 mistakes
	var runs []string
	for _, v := range haproxytest.Versions() {
		runs = append(runs, slices.Repeat([]string{v}, 15)...)
	}
	for _, version := range runs {
		var cfg strings.Builder
		var lines []string
		cfg.WriteString("global\n")
		for range linesPerRun {
			line := "w" // keeps clear of directives, sections and empty words
			for range 1 + rng.IntN(8) {
				line += pieces[rng.IntN(len(pieces))]
			}
			lines = append(lines, line)
			cfg.WriteString(line + " second\n")
		}
		file := t.TempDir() + "/haproxy.cfg"
		if err := os.WriteFile(file, []byte(cfg.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := haproxytest.CheckFiles(t, version, []string{"A=alpha", "SP= p q  r ", "NOPE"}, file)
		got, bad := map[int]string{}, map[int]bool{}
		for l := range strings.Lines(out) {
			if m := unknownWord.FindStringSubmatch(l); m != nil {
				n, _ := strconv.Atoi(m[1])
				got[n-2] = m[2]
			} else if m := lineMistake.FindStringSubmatch(l); m != nil {
				n, _ := strconv.Atoi(m[1])
				bad[n-2] = true
			}
		}
		compared := 0
		for i, line := range lines {
			tok := tokenizer{lookup: testEnv}
			words, err := tok.split(line + " second")
			switch theirs, ok := got[i]; {
			case bad[i] != (err != nil):
				t.Errorf("version %q, %s: HAProxy mistake %v, ours %+v", version, line, bad[i], err)
			case ok && words[0].text != theirs:
				t.Errorf("version %q, %s\n   ours %q\nHAProxy %q", version, line, words[0].text, theirs)
			case ok || bad[i]:
				compared++
			}
		}
		// From 3.2 on, a first pass over the file stops before unknown keywords are looked at
		// when any line is mistaken: only the mistakes are compared there.
		if want := map[bool]int{true: 5, false: linesPerRun * 3 / 4}[version != "" && version >= "3.2"]; compared < want {
			t.Errorf("version %q: only %d lines compared; HAProxy said:\n%.2000s", version, compared, out)
		}
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{`a "b ${A-c} d" 'e' \x41 # f`, `"${SP[*]}"`, `"`, `\`, `"${`, `"$`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		tok := tokenizer{lookup: testEnv}
		words, err := tok.split(in)
		last := 0
		for _, w := range words {
			if w.col < 1 || w.size < 0 || w.col-1+w.size > len(in) || w.col < last {
				t.Fatalf("%q: word %+v outside the line", in, w)
			}
			last = w.col
		}
		if err != nil && (err.col < 1 || err.col > len(in)+1 || err.msg == "") {
			t.Fatalf("%q: mistake %+v", in, err)
		}
	})
}

// TestConditionsAsHAProxy lets HAProxy evaluate the same conditions.
func TestConditionsAsHAProxy(t *testing.T) {
	terms := []string{"0", "1", "-3", "0x0", "defined(A)", "defined(NOPE)", `streq("$A",alpha)`, `streq("$A",beta)`, `strneq("$A",beta)`, "!defined(A)", "!!1", "(1)", "(0 || 1)", "!(1 && 0)", "version_atleast(2.4)", "version_before(2.4)", "version_atleast(9.9)", "strneq(a,a)"}
	rng := rand.New(rand.NewPCG(3, 5))
	for _, version := range haproxytest.Versions() {
		conds := []string{""}
		for range 300 {
			c := terms[rng.IntN(len(terms))]
			for range rng.IntN(4) {
				c += []string{" && ", "||", " || ", "&&"}[rng.IntN(4)] + terms[rng.IntN(len(terms))]
			}
			conds = append(conds, c)
		}
		var cfg strings.Builder
		for i, c := range conds {
			fmt.Fprintf(&cfg, ".if %s\n.warning \"yes-%d\"\n.endif\n", c, i)
		}
		file := t.TempDir() + "/haproxy.cfg"
		if err := os.WriteFile(file, []byte(cfg.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		out, _ := haproxytest.CheckFiles(t, version, []string{"A=alpha"}, file)
		if !strings.Contains(out, "yes-") {
			t.Fatalf("version %q: no condition was true:\n%s", version, out)
		}
		for i, c := range conds {
			tok := tokenizer{lookup: testEnv}
			words, lineErr := tok.split(c)
			if lineErr != nil {
				t.Fatal(lineErr.msg)
			}
			ours, err := (&condition{lookup: testEnv, version: []int{2, 6}}).eval(strings.Join(texts(words), " "))
			if err != nil {
				t.Errorf("%s: %v", c, err)
			}
			if theirs := regexp.MustCompile(fmt.Sprintf(`yes-%d\b`, i)).MatchString(out); ours != theirs {
				t.Errorf("version %q, %s: ours %v, HAProxy %v", version, c, ours, theirs)
			}
		}
	}
}

func TestConditionMistakes(t *testing.T) {
	for _, c := range []string{"defined(A", "nonsense(A)", "1 &&", "(1", "1 1", "word", strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100)} {
		if v, err := (&condition{lookup: testEnv}).eval(c); err == nil {
			t.Errorf("%.40s: %v without an error", c, v)
		}
	}
	c := condition{lookup: testEnv}
	if v, err := c.eval("version_atleast(2.8)"); !v || err != nil || !c.guessed {
		t.Errorf("unknown version: %v %v guessed %v", v, err, c.guessed)
	}
}
