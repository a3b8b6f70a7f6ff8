package labels

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestSanitise(t *testing.T) {
	long := strings.Repeat("é", 100)
	for in, want := range map[string]string{
		"":                              "",
		"plain":                         "plain",
		"  a b\t":                       "a b",
		"a\x00b\nc\x7f":                 "a\ufffdb\ufffdc\ufffd",
		"gr\u00f6\u00dfe":               "gr\u00f6\u00dfe",
		"\xff\xfeab":                    "\ufffd\ufffdab",
		"a\u202eb\u2028c\u200bd":        "a\ufffdb\ufffdc\ufffdd",
		"a\u00a0b":                      "a\ufffdb",
		"a\u0085b":                      "a\ufffdb",
		"tab\there":                     "tab\ufffdhere",
		`quote"back\slash{}|`:           `quote"back\slash{}|`,
		strings.Repeat("x", 300):        strings.Repeat("x", 128),
		long:                            strings.Repeat("é", 64),
		"x" + long:                      "x" + strings.Repeat("é", 63),
		strings.Repeat("\xff", 99):      strings.Repeat("\ufffd", 42),
		strings.Repeat("a", 127) + " b": strings.Repeat("a", 127),
	} {
		if got := Sanitise([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		in, want string
		d        decoding
	}{
		{"my#22back", `my"back`, decodeHash},
		{"#C3#A4#7B#7C#7D#23", "ä{|}#", decodeHash},
		{"#41", "#41", decodeHash},       // HAProxy does not escape an A
		{"#c3#a4", "#c3#a4", decodeHash}, // nor in lower case
		{"#2", "#2", decodeHash},
		{"#2", "#2", decodeNone},
		{"#22", "#22", decodeNone},
		{"a%2Fb%20c%c3%A4", "a/b cä", decodeURL},
		{"a%2Fb", "a%2Fb", decodeHash},
		{"%", "%", decodeURL}, {"%2", "%2", decodeURL}, {"%zz", "%zz", decodeURL}, {"%%41", "%A", decodeURL},
		{"#2341", "#41", decodeURL}, // the client's # and two digits
		{"%2341", "#41", decodeURL}, // what comes out is not decoded again
		{"#25#34#31", "#25#34#31", decodeURL},
	} {
		if got := string(decode([]byte(c.in), c.d)); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestNormalisePath(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b":                  "/a/b",
		"//a//b///":             "/a/b/",
		"/a/b?x=//":             "/a/b",
		"https://host:1/a/b?c":  "/a/b",
		"http://host":           "",
		"*":                     "*",
		"":                      "",
		"host:443":              "host:443",
		"/redirect/http://x//y": "/redirect/http:/x/y",
		"/%2F%2f":               "/%2F%2f",
	} {
		if got := string(normalisePath([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMethod(t *testing.T) {
	for in, want := range map[string]string{
		"GET": "GET", "PROPFIND": "PROPFIND", "VERSION-CONTROL": "VERSION-CONTROL", "": "", "<BADREQ>": "",
		"get": "other", "GETX": "other", "BREW": "other", strings.Repeat("A", 60): "other",
	} {
		if got := Method([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for _, m := range Methods() {
		if Method([]byte(m)) != m {
			t.Errorf("%s is not itself", m)
		}
	}
	b := []byte("GET")
	if n := testing.AllocsPerRun(100, func() { Method(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzSanitise checks what every label value promises, for any bytes and any decoding.
func FuzzSanitise(f *testing.F) {
	for _, s := range []string{"a", "%41#22", "\xff\x00", strings.Repeat("é", 99), "  \u2028 ", "a\u202e"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for d := decodeNone; d <= decodeURL; d++ {
			in := string(b)
			v := Sanitise(decode(b, d))
			if string(b) != in {
				t.Fatal("the input was changed")
			}
			if !utf8.ValidString(v) || len(v) > MaxValue || strings.TrimSpace(v) != v {
				t.Fatalf("%q gives %q", in, v)
			}
			for _, r := range v {
				if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029' {
					t.Fatalf("%q gives %q with %U", in, v, r)
				}
			}
			if again := Sanitise([]byte(v)); again != v {
				t.Fatalf("%q becomes %q the second time", v, again)
			}
		}
		if p := normalisePath(b); strings.Contains(string(p), "//") {
			t.Fatalf("%q keeps repeated slashes: %q", b, p)
		}
	})
}

func BenchmarkSanitise(b *testing.B) {
	for name, in := range map[string]string{"ascii": "partner-service", "utf8": "größe"} {
		v := []byte(in)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Sanitise(v)
			}
		})
	}
}
