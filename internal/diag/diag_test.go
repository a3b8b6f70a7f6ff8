package diag_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/internal/diag"
)

func TestDrawing(t *testing.T) {
	for name, c := range map[string]struct {
		p    diag.Problem
		want string
	}{
		"file": {
			diag.Problem{Source: "a.yml", Line: 3, Col: 3, Len: 6, Text: "  sorces: []", Msg: "unknown key sorces", Hint: "did you mean sources?"},
			"a.yml:3:3: unknown key sorces\n      sorces: []\n      ^^^^^^\n    hint: did you mean sources?",
		},
		"single string": {
			diag.Problem{Source: "log-format", Col: 4, Text: "%ci%cp", Msg: "nothing between"},
			"log-format, column 4: nothing between\n    %ci%cp\n       ^",
		},
		"whole source": {diag.Problem{Source: "a.yml", Msg: "empty file"}, "a.yml: empty file"},
		"line only":    {diag.Problem{Source: "a.map", Line: 7, Msg: "no value", Text: "x"}, "a.map:7: no value\n    x"},
		"no source":    {diag.Problem{Col: 2, Text: "ab", Msg: "bad"}, "column 2: bad\n    ab\n     ^"},
		"after the end": {
			diag.Problem{Source: "t", Col: 4, Text: "abc", Msg: "ends too soon"},
			"t, column 4: ends too soon\n    abc\n       ^",
		},
		"columns are bytes, carets are characters": {
			diag.Problem{Source: "t", Col: 3, Len: 2, Text: "éü!", Msg: "x"}, "t, column 3: x\n    éü!\n     ^",
		},
		"tabs and control characters keep their width": {
			diag.Problem{Source: "t", Col: 3, Text: "\t\x1bx", Msg: "a\nb"}, "t, column 3: a·b\n     ·x\n      ^",
		},
		"underline beyond the end": {diag.Problem{Source: "t", Col: 2, Len: 99, Text: "abc", Msg: "x"}, "t, column 2: x\n    abc\n     ^^"},
		"first line only":          {diag.Problem{Source: "t", Col: 1, Text: "ab\ncd", Msg: "x"}, "t, column 1: x\n    ab\n    ^"},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, c.p.Error()); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestLongTextIsDrawnAroundTheProblem(t *testing.T) {
	for _, col := range []int{1, 60, 500, 990, 1000} {
		text := strings.Repeat("x", col-1) + "!" + strings.Repeat("y", 1000-col)
		lines := strings.Split(diag.Problem{Source: "t", Col: col, Len: 1, Text: text, Msg: "m"}.Error(), "\n")
		if len(lines) != 3 || utf8.RuneCountInString(lines[1]) > 160 {
			t.Fatalf("col %d: %q", col, lines)
		}
		caret := strings.IndexByte(lines[2], '^')
		if got := []rune(lines[1])[caret]; got != '!' {
			t.Errorf("col %d: the caret stands under %q", col, got)
		}
	}
}

func TestListIsSortedAndHoldsEverything(t *testing.T) {
	var l diag.List
	if l.Err() != nil {
		t.Fatal("an empty list is no error")
	}
	l.Add(diag.Problem{Source: "b", Line: 1, Msg: "third"})
	l.Add(diag.Problem{Source: "a", Line: 9, Msg: "second"})
	l.Append("z", fmt.Errorf("loading: %w", diag.List{{Source: "a", Line: 2, Msg: "first"}}))
	l.Append("z", errors.New("last"))
	l.Append("z", nil)
	l.Append("z", fmt.Errorf("x: %w", diag.Problem{Source: "zz", Msg: "very last"}))
	if d := cmp.Diff("a:2: first\na:9: second\nb:1: third\nz: last\nzz: very last", l.Err().Error()); d != "" {
		t.Error(d)
	}
}

func TestWrapMovesProblemsIntoTheFile(t *testing.T) {
	inner := diag.List{{Source: "template", Col: 2, Len: 3, Text: "/{a", Msg: "m"}, {Source: "template", Msg: "whole"}}
	at := diag.Place{Source: "c.yml", Line: 4, Col: 11, Text: "  - {from: '/{a', x: 1}"}
	at.Col = strings.Index(at.Text, "'") + 1
	got := at.Wrap("/{a", inner)
	want := diag.List{
		{Source: "c.yml", Line: 4, Col: at.Col + 2, Len: 3, Text: at.Text, Msg: "m"},
		{Source: "c.yml", Line: 4, Col: at.Col + 1, Len: 3, Text: at.Text, Msg: "whole"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if inner[0].Source != "template" {
		t.Error("Wrap changed its argument")
	}
	// The value was written with an escape: its own text is drawn.
	got = diag.Place{Source: "c.yml", Line: 4, Col: 3, Text: `x: "\x2f{a"`}.Wrap("/{a", inner[:1])
	if d := cmp.Diff("c.yml:4:3, column 2: m\n    /{a\n     ^^", got.Error()); d != "" {
		t.Error(d)
	}
	if got := (diag.Place{}).Wrap("/{a", inner); !cmp.Equal(got, inner) {
		t.Errorf("a value without a place keeps its problems: %v", got)
	}
	if (diag.Place{Source: "x"}).Wrap("v", nil) != nil {
		t.Error("no error, no problems")
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"sources", "labels", "maps", "slas", "state", "web", "limits", "path"}
	for word, want := range map[string]string{
		"sorces": "sources", "Labels": "labels", "lables": "labels", "map": "maps", "pathes": "path", "sla": "slas",
		"limit": "limits", "zzz": "", "quantum": "", "wbe": "web",
	} {
		if got := diag.Nearest(word, keys); got != want {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	if got := diag.DidYouMean("zzz", []string{"a", "b"}); got != "known here: a, b" {
		t.Errorf("%q", got)
	}
}

func FuzzDrawing(f *testing.F) {
	f.Add("t", "ab\tc", 2, 1)
	f.Add("t", "\xff\xfe", 1, 9)
	f.Add("t", strings.Repeat("é", 300), 301, 5)
	f.Fuzz(func(t *testing.T, source, text string, col, n int) {
		out := diag.Problem{Source: source, Text: text, Col: col, Len: n, Msg: "m"}.Error()
		lines := strings.Split(out[len(source):], "\n")
		if strings.Contains(source, "\n") || len(lines) < 2 {
			return
		}
		if len(lines) > 3 {
			t.Fatalf("more lines than text and carets: %q", out)
		}
		for _, r := range lines[1] {
			if r < ' ' {
				t.Fatalf("control character in %q", out)
			}
		}
	})
}
