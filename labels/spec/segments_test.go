package spec

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPlainSegmentsAreWhatTheExpressionSays matches the same paths by segments and by regular expression.
func TestPlainSegmentsAreWhatTheExpressionSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 7))
	some := func(of []string, n int) (text string) {
		for range rng.IntN(n + 1) {
			text += of[rng.IntN(len(of))]
		}
		return text
	}
	plain, fit := 0, 0
	for range 4000 {
		text := "/" + some([]string{"/", "/a", "/b/", "{x}", "{}", "{y}", "{z}", "{rest...}", "a", "{n:[a-z]}", "[/a]", "/{x}", "/{y}", "/{z}/"}, 5)
		tpl, err := ParseTemplate(Path, text)
		if err != nil || tpl.plain == nil {
			continue
		}
		plain++
		slow := *tpl
		slow.plain = nil
		for range 20 {
			path := some([]string{"/", "/", "a", "b", "/a", "/b/", "x", "\xff", "é", "\n", "ab"}, 8)
			got, ok := tpl.Match([]byte(path), nil)
			want, wanted := slow.Match([]byte(path), nil)
			if ok != wanted || !slices.Equal(got, want) {
				t.Fatalf("%s on %q: %v %v, want %v %v", text, path, got, ok, want, wanted)
			}
			if ok && len(got) > 0 {
				fit++
			}
		}
	}
	if plain < 200 || fit < 300 {
		t.Errorf("%d templates were plain, %d paths fitted one with names: the test shows little", plain, fit)
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
