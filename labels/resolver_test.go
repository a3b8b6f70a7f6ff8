package labels

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"haproxy_log_exporter/parser"
)

func TestHashCoversEveryByte(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for n := range 80 {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		h := hashBytes(7, b)
		if h != hashBytes(7, append(bytes.Clone(b), 'x')[:n:n]) {
			t.Fatalf("%d bytes: the hash depends on what follows", n)
		}
		if h == hashBytes(8, b) || h == hashBytes(7, append(bytes.Clone(b), 0)) {
			t.Fatalf("%d bytes: seed or length do not matter", n)
		}
		for i := range b {
			b[i] ^= 1
			if hashBytes(7, b) == h {
				t.Fatalf("%d bytes: byte %d does not matter", n, i)
			}
			b[i] ^= 1
		}
	}
}

func TestDecisiveSegments(t *testing.T) {
	for _, c := range []struct {
		path  string
		seg   int
		taken string
		whole bool
	}{
		{"/a/b/c/d", 2, "/a/b", false},
		{"/a/b/c/d", 4, "/a/b/c/d", false},
		{"/a/b/c/d", 9, "/a/b/c/d", false},
		{"/a/b/", 2, "/a/b", false},
		{"/abcdefg/h", 1, "/abcdefg", false},
		{"/abcdef/h", 1, "/abcdef", false},
		{"/abcdefgh/i", 1, "/abcdefgh", false},
		{"//a/b/c", 2, "//a/b/c", true},
		{"/abcdef//h/i", 2, "/abcdef//h/i", true},             // within a word
		{"/abcdefg//h/i", 3, "/abcdefg//h/i", true},           // across two words
		{"/abcdef//hijklmn/o", 3, "/abcdef//hijklmn/o", true}, // the first slash ends a word
		{"*", 2, "*", true},
		{"host:443", 1, "host:443", true},
		{"", 2, "", false},
		{"/", 2, "/", false},
	} {
		n, whole := decisive([]byte(c.path), c.seg)
		if c.path[:n] != c.taken || whole != c.whole {
			t.Errorf("%s with %d: %s %v, want %s %v", c.path, c.seg, c.path[:n], whole, c.taken, c.whole)
		}
	}
}

// TestPathHashes looks for paths that hash alike: none may.
func TestPathHashes(t *testing.T) {
	seen := map[uint64]string{}
	for i := range 20000 {
		path := fmt.Sprintf("/a%d/%s/c", i%200, strings.Repeat("x", i/200))
		n, _ := decisive([]byte(path), 2)
		h := hashBytes(7, []byte(path[:n]))
		if other, ok := seen[h]; ok && other != path[:n] {
			t.Fatalf("%s and %s have one hash", path[:n], other)
		}
		seen[h] = path[:n]
	}
}

// TestCacheAgreesWithFirstSight resolves random lines with one warm resolver and with a new one each time:
// whatever the cache holds, the labels must be those of a line that is seen for the first time.
func TestCacheAgreesWithFirstSight(t *testing.T) {
	for name, s := range map[string]Spec{
		"path":        rules("path", "/{a}/{b}"),
		"prefix":      rules("path", "/{a}[/{b}]/x"),
		"whole path":  rules("path", "/{a:.*}/{b}"),
		"backend":     rules("path", "/{a}/{b}", "backend", "{b}:{c}"),
		"more fields": rules("path", "/{a}", "src", "10.{net}.{rest...}", "%HM", "{verb}"),
		"no path":     rules("backend", "{b}"),
		"map":         {Rules: append(rules("path", "/{a}").Rules, mapRule("src", "{net}", "cidr", "10.1.0.0/16 one\n10.0.0.0/8 ten"))},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, s, Limits{})
			rnd := rand.New(rand.NewPCG(1, 2))
			pick := func(v ...string) string { return v[rnd.IntN(len(v))] }
			for range 3000 {
				q := req{
					path:    pick("/", "//", "", "/") + pick("a", "ab", "abcdefgh", "%61b", "a#22") + pick("/", "//", "/") + pick("b", "bb", "longer-name") + pick("", "/", "/x", "//x", "/x/y/z", "?q=/1"),
					backend: pick("p:q", "p:r", "egress", "bbb"), frontend: pick("egress", "edge"), server: pick("s1", "<NOSRV>"),
					ts: pick("--", "PR", "SC", "LR"), src: pick("10.1.0.1", "10.1.0.2", "10.2.0.1", "192.168.0.1"), method: pick("GET", "POST"),
				}
				warm := f.resolve(q)
				cold := NewResolver[int](f.schema, f.adm).Resolve(&f.rec)
				if warm.Route != cold.Route || warm.Frontend != cold.Frontend || warm.Backend != cold.Backend || warm.Reached != cold.Reached || !bytes.Equal(warm.Overflow, cold.Overflow) {
					t.Fatalf("%+v: the cache says %v %+v, first sight %v %+v", q, warm.Route.Values, warm, cold.Route.Values, cold)
				}
			}
		})
	}
}

func TestResolveDoesNotAllocate(t *testing.T) {
	for name, c := range map[string]struct {
		s Spec
		q req
	}{
		"path":     {rules("path", egressPath, "backend", egressBackend), req{path: "/myback/prod/bank/prod/pay/high/x/1"}},
		"overflow": {rules("path", egressPath), noServer("/myback/prod/bank/prod/pay/high/x/1")},
		"odd path": {rules("path", egressPath), req{path: "//myback/prod/bank/prod/pay/high/x/1"}},
		"map":      {Spec{Rules: append(rules("path", "/{a}").Rules, mapRule("src", "{net}", "cidr", "10.0.0.0/8 ten"))}, req{path: "/a"}},
		"fields":   {rules("src", "{a}", "%HM", "{b}"), req{path: "/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, c.s, Limits{})
			rec := f.parse(c.q.line())
			f.res.Resolve(rec)
			if n := testing.AllocsPerRun(1000, func() { f.res.Resolve(rec) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func TestDataIsKeptWithTheEntry(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}"), Limits{})
	f.resolve(req{path: "/a/1"}).Data = 42
	if got := f.resolve(req{path: "/a/2"}).Data; got != 42 {
		t.Errorf("data %d", got)
	}
	if got := f.resolve(req{path: "/%61"}).Data; got != 42 {
		t.Errorf("another spelling of the same labels has data %d", got)
	}
	if got := f.resolve(req{path: "/b"}).Data; got != 0 {
		t.Errorf("another route has data %d", got)
	}
}

// TestFloodStaysBounded sends what a client can vary: memory stays where it was, nothing is admitted by
// lines that reached no server, and real traffic keeps its fast path.
func TestFloodStaysBounded(t *testing.T) {
	f := newFixture(t, rules("path", egressPath, "backend", egressBackend), Limits{})
	real := req{path: "/myback/prod/bank/prod/pay/high/x"}
	entry := f.resolve(real)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	flood := func(n int, q func(i int) req) {
		for i := range n {
			f.resolve(q(i))
		}
	}
	scan := func(i int) req {
		return noServer(fmt.Sprintf("/c%d/%s/%d/%d/%d/%d", i, strings.Repeat("x", i%300), i, i, i, i))
	}
	flood(20_000, scan)
	before := heap()
	flood(60_000, scan)
	if after := heap(); after > before+1<<20 {
		t.Errorf("a scan grew the heap from %d to %d KiB", before>>10, after>>10)
	}
	for _, u := range f.adm.Usage()[:6] {
		if u.Values != 1 {
			t.Errorf("the scan admitted %d values of %s", u.Values, u.Label)
		}
	}
	if n := len(f.adm.Routes()); n > 3 {
		t.Errorf("%d routes", n)
	}
	if f.resolve(real) != entry {
		t.Error("the scan pushed out real traffic")
	}
	// Through a catch-all backend that answers, a client does get values: up to the limits.
	flood(30_000, func(i int) req {
		return req{path: fmt.Sprintf("//c%d/e%d/p%d/%d/%d/high/%d", i, i%7, i%2000, i, i, i)}
	})
	before = heap()
	flood(60_000, func(i int) req {
		return req{path: fmt.Sprintf("/c%d/e%d/p%d/%d/%d/high/%d", i+50_000, i%7, i, i, i%5000, i)}
	})
	if after := heap(); after > before+24<<20 {
		t.Errorf("a flood that reaches a server grew the heap from %d to %d KiB", before>>10, after>>10)
	}
	for _, u := range f.adm.Usage() {
		if u.Values > u.Limit {
			t.Errorf("%d values of %s", u.Values, u.Label)
		}
	}
	if n := len(f.adm.Routes()); n > 20_000+1000+100 {
		t.Errorf("%d routes", n)
	}
	if f.res.hot.n > hotKeys || f.res.odd.n > oddKeys || len(f.res.odds) > oddKeys || f.res.entries.Len() > maxEntries || len(f.res.hot.arena) > hotBytes {
		t.Errorf("cache: %d, %d, %d, %d", f.res.hot.n, f.res.odd.n, len(f.res.odds), f.res.entries.Len())
	}
	if got := join(f.resolve(real).Route.Values); got != "myback,prod,bank,prod,pay,high" {
		t.Errorf("after the flood: %s", got)
	}
}

func TestKeyTableFindsWhatItHolds(t *testing.T) {
	tab := newKeyTable(4, 100, 8000)
	at := func(i int) (uint64, *line) {
		p := fmt.Appendf(nil, "/path/%d", i)
		l := &line{path: p, n: len(p), names: fmt.Appendf(nil, "f b%d", i%3), front: 1, back: 2, flags: Fate(i % 2)}
		l.sizes = keySizes(l.n, len(l.names), l.front, l.back, l.flags)
		return hashBytes(3, p) & 3 << sizeBits, l
	}
	for i := range 100 { // all hashes collide
		h, l := at(i)
		if tab.full(20) {
			t.Fatalf("full with %d keys", tab.n)
		}
		tab.insert(h, l, nil).entry = uint32(i)
	}
	if !tab.full(1) {
		t.Error("not full with as many keys as allowed")
	}
	for i := range 110 {
		h, l := at(i)
		s := tab.find(h, l)
		if (s != nil) != (i < 100) || s != nil && s.entry != uint32(i) {
			t.Fatalf("%d: %+v", i, s)
		}
		for what, change := range map[string]func(){
			"backend":                  func() { l.names = []byte("f bx") },
			"frontend":                 func() { l.names = fmt.Appendf(nil, "g b%d", i%3) },
			"border between the names": func() { l.front, l.back = 2, 1 },
			"gap between the names":    func() { l.back = 3 },
			"fate":                     func() { l.flags ^= 1 },
		} {
			h, l = at(i)
			change()
			l.sizes = keySizes(l.n, len(l.names), l.front, l.back, l.flags)
			if tab.find(h, l) != nil {
				t.Fatalf("%d: another %s is found", i, what)
			}
		}
	}
	tab.clear()
	if h, l := at(1); tab.find(h, l) != nil || tab.full(8000-cacheLine) || !tab.full(8001-cacheLine) {
		t.Error("clear")
	}
}

func TestKeyTableComparesOtherInputs(t *testing.T) {
	tab := newKeyTable(4, 100, 2000)
	l := &line{rest: &others{values: [][]byte{[]byte("PUT"), nil}, ids: []uint32{0, 7}}}
	tab.insert(1, l, l.appendRest(nil))
	if tab.find(1, l) == nil {
		t.Error("the same inputs are not found")
	}
	for _, o := range []others{
		{values: [][]byte{[]byte("PUL"), nil}, ids: []uint32{0, 7}},
		{values: [][]byte{[]byte("PUTT"), nil}, ids: []uint32{0, 7}},
		{values: [][]byte{[]byte("PUT"), nil}, ids: []uint32{0, 8}},
		{values: [][]byte{none, nil}, ids: []uint32{0, 7}},
	} {
		if tab.find(1, &line{rest: &o}) != nil {
			t.Errorf("%v is taken for another", o)
		}
	}
}

func TestEntriesAreBounded(t *testing.T) {
	f := newFixture(t, rules("path", "/{a}"), Limits{})
	for i := range 350 {
		for j := range 100 {
			f.resolve(req{path: fmt.Sprint("/a", i), backend: fmt.Sprint("b", j)})
		}
	}
	if n := f.res.entries.Len(); n > maxEntries || n == 0 || f.res.index.Len() != n {
		t.Errorf("%d entries", n)
	}
	if e := f.resolve(req{path: "/a0", backend: "b0"}); join(e.Route.Values) != "a0" || e.Backend != "b0" {
		t.Errorf("%+v", e)
	}
}

// TestHashesDoNotDecide puts other entries and routes under the hashes of those that are sought.
func TestHashesDoNotDecide(t *testing.T) {
	f := newFixture(t, rules("path", "/{a}"), Limits{})
	for _, q := range []req{{path: "/a", backend: "b"}, {path: "/c", backend: "d"}} {
		f.resolve(q)
	}
	some := f.res.entries.At(0)
	for i := range f.res.entries.Len() {
		for _, k := range []entryKey{
			{route: some.Route, front: some.Frontend, back: "new", flags: some.flags()}, {route: some.Route, front: "new", back: some.Backend, flags: some.flags()},
			{route: some.Route, front: some.Frontend, back: some.Backend, flags: some.flags() ^ flagReached}, {route: some.Route, front: some.Frontend, back: some.Backend, flags: some.flags() ^ flagChosen},
			{route: some.Route, front: some.Frontend, back: some.Backend, flags: some.flags(), overflow: 2},
			{route: f.res.entries.At(1).Route, front: some.Frontend, back: some.Backend, flags: some.flags()},
		} {
			f.res.index.Add(k.hash(f.res.births), uint32(i))
			if n, ok := f.res.find(&k); ok {
				t.Errorf("%+v is taken for entry %d", k, n)
			}
		}
		f.adm.routes.Add(f.adm.hash([]string{"new"}), uint32(i))
	}
	if r := f.adm.find([]string{"new"}); r != nil {
		t.Errorf("a new value has the route of %v", r.Values)
	}
}

func TestLongKeysAreNotRemembered(t *testing.T) {
	f := newFixture(t, rules("path", "/{a:.*}"), Limits{})
	q := req{path: "/" + strings.Repeat("x", 2000)}
	if got := f.values(q); got != strings.Repeat("x", 128) {
		t.Errorf("%d bytes", len(got))
	}
	if f.res.hot.n != 0 || f.res.odd.n != 0 {
		t.Error("a key of 2,000 bytes is kept")
	}
}

func TestMapCacheStartsAgainWhenFull(t *testing.T) {
	m := mapRule("src", "{net}", "cidr", "10.0.0.0/9 low\n10.128.0.0/9 high").Map
	compiled, err := m.Compile()
	if err != nil {
		t.Fatal(err)
	}
	c := newMapCache(compiled)
	for i := range 3 * mapCacheSize {
		addr := fmt.Appendf(nil, "10.%d.%d.%d", i>>16&0xff, i>>8&0xff, i&0xff)
		want := "low"
		if i>>16 >= 128 {
			want = "high"
		}
		if got := c.answer(c.id(9, addr)); got.value != want || !got.ok {
			t.Fatalf("%s is %+v", addr, got)
		}
		if c.n > mapCacheSize/2 {
			t.Fatalf("%d keys", c.n)
		}
	}
	if c.answer(c.id(9, []byte("11.0.0.1"))).ok || len(c.values) > 2 {
		t.Errorf("%d values", len(c.values))
	}
}

// FuzzResolve resolves each path with a warm and with a cold resolver.
func FuzzResolve(f *testing.F) {
	for _, s := range []string{"/a/b/c", "//a//b", "/a%2Fb/#22/c", "http://x/a/b", "*", "/", "/abcdefgh/abcdefg/abcdef"} {
		f.Add(s, true)
	}
	x := newFixture(f, rules("path", "/{a}/{b}", "backend", "{b}:{c}"), Limits{})
	f.Fuzz(func(t *testing.T, path string, served bool) {
		if path == "" || strings.ContainsAny(path, " \n") || len(path) > 4000 {
			return
		}
		q := req{path: path, backend: "p:q"}
		if !served {
			q = noServer(path)
		}
		if x.reader.Line(q.line(), &x.rec) != parser.ResultHTTP {
			return
		}
		warm := x.res.Resolve(&x.rec)
		warm = x.res.Resolve(&x.rec)
		cold := NewResolver[int](x.schema, x.adm).Resolve(&x.rec)
		if warm.Route != cold.Route || !bytes.Equal(warm.Overflow, cold.Overflow) {
			t.Fatalf("%q: %v and %v", path, warm.Route.Values, cold.Route.Values)
		}
		for _, v := range warm.Route.Values {
			if v != Sanitise([]byte(v)) {
				t.Fatalf("%q gives %q", path, v)
			}
		}
	})
}

// TestRepeatedSlashesBehindTheLabels: a path whose decisive segments are what they seem is an ordinary key, whatever
// follows, both when it is new and when it is known.
func TestRepeatedSlashesBehindTheLabels(t *testing.T) {
	f := newFixture(t, rules("path", "/{a}/{b}"), Limits{})
	for i, path := range []string{"/%s/y/z", "/%s/y//z", "/%s/y/z//", "/%s/y//", "//%s/y/z"} {
		a := string(rune('a' + i))
		l := req{path: fmt.Sprintf(path, a)}.line()
		l = append(l, make([]byte, keySlack)...)[:len(l)]
		for range 2 {
			if got := join(f.res.Resolve(f.parse(l)).Route.Values); got != a+",y" {
				t.Errorf("%s: %s", path, got)
			}
		}
	}
	if probes() && f.res.odd.n > 1 {
		t.Errorf("%d paths are taken for odd ones, want 1", f.res.odd.n)
	}
}
