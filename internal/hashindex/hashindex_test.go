package hashindex_test

import (
	"hash/maphash"
	"testing"

	"haproxy_log_exporter/internal/hashindex"
)

func TestIndex(t *testing.T) {
	var x hashindex.Index
	if _, ok := x.Find(7, func(uint32) bool { return true }); ok {
		t.Error("an empty index holds something")
	}
	for i := range uint32(1000) {
		x.Add(i%3, i) // many have the same hash
	}
	for i := range uint32(1000) {
		if place, ok := x.Find(i%3, func(place uint32) bool { return place == i }); !ok || place != i {
			t.Fatalf("%d is at %d %v", i, place, ok)
		}
	}
	asked := 0
	if _, ok := x.Find(1, func(place uint32) bool {
		if asked++; place%3 != 1 {
			t.Fatalf("%d has another hash", place)
		}
		return false
	}); ok || asked != 333 {
		t.Errorf("%d of 333 were asked, found %v", asked, ok)
	}
	if x.Len() != 1000 {
		t.Errorf("%d places", x.Len())
	}
	x.Clear()
	if _, ok := x.Find(1, func(uint32) bool { return true }); ok || x.Len() != 0 {
		t.Error("a cleared index holds something")
	}
}

func TestTexts(t *testing.T) {
	seed := maphash.MakeSeed()
	h := hashindex.Texts(seed, 1, "ab", "c")
	if h != hashindex.Texts(seed, 1, "ab", "c") {
		t.Error("not the same twice")
	}
	for _, other := range []uint32{
		hashindex.Texts(seed, 1, "a", "bc"), hashindex.Texts(seed, 1, "c", "ab"), hashindex.Texts(seed, 1, "ab", "c", ""), hashindex.Texts(seed, 2, "ab", "c"),
		hashindex.Texts(maphash.MakeSeed(), 1, "ab", "c"),
	} {
		if other == h {
			t.Error("something else has the same hash")
		}
	}
}
