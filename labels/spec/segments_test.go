package spec

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestPlainSegmentsAreWhatTheExpressionSays matches the same paths by segments and by regular expression.
func TestPlainSegmentsAreWhatTheExpressionSays(t *testing.T) {
	plain, fit := 0, 0
	piece := rapid.SampledFrom([]string{"/", "/a", "/b/", "{x}", "{}", "{y}", "{z}", "{rest...}", "a", "{n:[a-z]}", "[/a]", "/{x}", "/{y}", "/{z}/"})
	part := rapid.SampledFrom([]string{"/", "/", "a", "b", "/a", "/b/", "x", "\xff", "é", "\n", "ab"})
	rapid.Check(t, func(t *rapid.T) {
		text := "/"
		for range rapid.IntRange(0, 5).Draw(t, "pieces") {
			text += piece.Draw(t, "piece")
		}
		tpl, err := ParseTemplate(Path, text)
		if err != nil || tpl.plain == nil {
			return
		}
		plain++
		for range 20 {
			path := ""
			for range rapid.IntRange(0, 8).Draw(t, "parts") {
				path += part.Draw(t, "part")
			}
			got, ok := tpl.Match([]byte(path), nil)
			slow := *tpl
			slow.plain = nil
			want, wanted := slow.Match([]byte(path), nil)
			if ok != wanted || !slices.Equal(got, want) {
				t.Fatalf("%s on %q: %v %v, want %v %v", text, path, got, ok, want, wanted)
			}
			if ok && len(got) > 0 {
				fit++
			}
		}
	})
	if plain == 0 || fit == 0 {
		t.Errorf("%d templates were plain, %d paths fitted one with names: the test shows nothing", plain, fit)
	}
}

func TestPlainSegmentsEnd(t *testing.T) {
	tpl, err := ParseTemplate(Path, "/api/{x}/end")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/api/a/end": true, "/api/a/end/": true, "/api/a/end/b": true, "/api/a/ender": false, "/api/a/en": false, "/api//end": false, "/api/a": false} {
		if _, ok := tpl.Match([]byte(path), nil); ok != want || tpl.plain == nil {
			t.Errorf("%s: %v, want %v", path, ok, want)
		}
	}
}

func TestWhichTemplatesArePlain(t *testing.T) {
	for text, want := range map[string]bool{
		"/{client}/{env}/{partner}": true, "/{client}/{env}/{rest...}": true, "/api/v1-{client}/x/{sla}/": true, "/a/{}/{b}": true,
		"/{client}-{env}": false, "/{client}x/": false, "/{n:[0-9]+}/x": false, "/{a}[/{b}]": false, "/{a}/x{rest...}": false, "/{a}/": true,
	} {
		tpl, err := ParseTemplate(Path, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tpl.plain != nil; got != want {
			t.Errorf("%s: plain is %v, want %v", text, got, want)
		}
	}
}
