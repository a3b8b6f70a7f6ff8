package labels

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"haproxy_log_exporter/labels/spec"
)

func TestNewValuesNeedAServer(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}/{partner}"), Limits{})
	for _, c := range []struct {
		q    req
		want string
	}{
		{noServer("/scanner/x"), "other,other"},
		{req{path: "/a/x", ts: "PR"}, "other,other"},
		{req{path: "/a/x", ts: "LR"}, "other,other"},
		{req{path: "/a/x", server: "<lua.hello>"}, "other,other"},
		{req{path: "/a/x", ts: "sH"}, "a,x"}, // a partner that times out was reached
		{noServer("/a/x"), "a,x"},            // known now
		{noServer("/a/y"), "a,other"},        // known client
		{noServer("/scanner/y"), "other,other"},
		{req{path: "/a/y", ts: "PD"}, "a,y"},
	} {
		if got := f.values(c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	e := f.resolve(noServer("/scanner/y2"))
	if e.Reached || !slices.Equal(e.Overflow, []uint8{0, 1}) || f.schema.LabelName(1) != "partner" {
		t.Errorf("%+v", e)
	}
}

func TestReachedWithoutServerField(t *testing.T) {
	f := &fixture{t: t, set: testSet(t, "%f %b %ST %HM %HU")}
	var err error
	if f.schema, err = Compile(rules("path", "/{client}"), f.set); err != nil {
		t.Fatal(err)
	}
	f.adm = NewAdmission(f.schema, Limits{})
	f.res, f.reader = NewResolver[int](f.schema, f.adm), f.set.NewReader()
	for _, c := range []struct{ line, want string }{
		{"fe be 404 GET /a", "other"}, {"fe be 503 GET /a", "other"}, {"fe be 302 GET /a", "other"}, {"fe be 200 GET /a", "a"}, {"fe be 404 GET /a", "a"},
	} {
		if got := join(f.res.Resolve(f.parse([]byte(c.line))).Route.Values); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

func TestBackendNamesNeedNoServer(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}/{partner}", "backend", "{partner}:{env}"), Limits{})
	if got := f.values(req{path: "/x", backend: "bank:prod", server: "<NOSRV>", ts: "SC"}); got != ",bank,prod" {
		t.Errorf("all servers down from the start: %s", got)
	}
}

func TestLimitOfValues(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}"), Limits{Values: 3})
	for i, want := range []string{"c0", "c1", "c2", "other", "other"} {
		if got := f.values(req{path: fmt.Sprintf("/c%d", i)}); got != want {
			t.Errorf("value %d is %s, want %s", i, got, want)
		}
	}
	if got := f.values(req{path: "/c1"}); got != "c1" {
		t.Errorf("an admitted value became %s", got)
	}
	for i := range 40 {
		f.resolve(req{path: "/c0", frontend: fmt.Sprint("f", i), backend: fmt.Sprint("b", i)})
	}
	e := f.resolve(req{path: "/c0", frontend: "f99", backend: "b99"})
	if e.Frontend != Other || e.Backend != Other || f.schema.LabelName(int(e.Overflow[0])) != "frontend" || f.schema.LabelName(int(e.Overflow[1])) != "backend" {
		t.Errorf("%+v", e)
	}
	u := f.adm.Usage()
	if u[0] != (Use{Label: "client", Values: 3, Limit: 3}) || u[1].Label != "frontend" || u[1].Values != 30 || u[1].Limit != 30 {
		t.Errorf("usage %+v", u)
	}
}

func TestVocabulary(t *testing.T) {
	s := rules("path", "/{client}/{sla}")
	s.Vocabularies = []spec.Vocabulary{vocabulary("sla", "high", "low")}
	f := newFixture(t, s, Limits{Values: 1})
	for path, want := range map[string]string{"/a/high": "a,high", "/a/low": "a,low", "/a/x": "a,other", "/a/LOW": "a,other"} {
		if got := f.values(req{path: path}); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if u := f.adm.Usage()[1]; u.Closed != 2 || u.Values != 0 {
		t.Errorf("%+v", u)
	}
}

func TestCombinationsAreLimited(t *testing.T) {
	f := newFixture(t, rules("path", "/{a}/{b}"), Limits{Values: 20, Routes: 30})
	for i := range 20 {
		f.resolve(req{path: fmt.Sprintf("/a%d/b%d", i, i)})
	}
	// A scanner combines known values: its budget is that of values.
	routes := func() int { return len(f.adm.Routes()) }
	for i := range 20 {
		for j := range 20 {
			f.resolve(noServer(fmt.Sprintf("/a%d/b%d", i, j)))
		}
	}
	if n := routes(); n > 20+20+1 {
		t.Errorf("%d routes after the scan", n)
	}
	// Real traffic still gets its own.
	if got := f.values(req{path: "/a19/b18"}); got != "a19,b18" {
		t.Errorf("%s", got)
	}
	for i := range 20 {
		for j := range 20 {
			f.resolve(req{path: fmt.Sprintf("/a%d/b%d", i, j)})
		}
	}
	if n := routes(); n > 30+20+1 {
		t.Errorf("%d routes", n)
	}
	e := f.resolve(req{path: "/a18/b17"})
	if join(e.Route.Values) != "other,other" || len(e.Overflow) != 2 {
		t.Errorf("%v %v", e.Route.Values, e.Overflow)
	}
	f.res.Flush()
	if o := f.adm.TopOffenders(1000); !slices.ContainsFunc(o, func(o Offender) bool { return o.Reason == ReasonRoutes }) {
		t.Errorf("%v", o)
	}
}

func TestOtherBecomesTheValueOnceAdmitted(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}"), Limits{})
	first := f.resolve(noServer("/a"))
	f.resolve(req{path: "/a"})
	second := f.resolve(noServer("/a"))
	if join(first.Route.Values) != "other" || join(second.Route.Values) != "a" || len(second.Overflow) != 0 {
		t.Errorf("%v, then %v", first.Route.Values, second.Route.Values)
	}
	if join(first.Route.Values) != "other" {
		t.Error("the old entry was changed")
	}
}

func TestReset(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}"), Limits{Values: 2})
	a := f.resolve(req{path: "/a"})
	f.resolve(req{path: "/b"})
	if got := f.values(req{path: "/c"}); got != "other" {
		t.Fatal(got)
	}
	f.adm.Reset()
	if got := f.values(noServer("/a")); got != "other" {
		t.Errorf("after a reset a value has to come back first: %s", got)
	}
	if got := f.values(req{path: "/c"}); got != "c" {
		t.Errorf("%s", got)
	}
	if again := f.resolve(req{path: "/a"}); again.Route != a.Route {
		t.Error("a value that comes back has another route")
	}
	if got := f.values(req{path: "/b"}); got != "other" {
		t.Errorf("the limit holds after a reset: %s", got)
	}
}

func TestTopOffenders(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}"), Limits{Values: 2})
	f.resolve(req{path: "/a"})
	f.resolve(req{path: "/b"})
	for i := range 3000 {
		if i%3 == 0 {
			f.resolve(req{path: "/late"})
		}
		f.resolve(noServer(fmt.Sprintf("/random%d", i)))
	}
	f.res.Flush()
	top := f.adm.TopOffenders(3)
	if len(top) != 3 || top[0].Label != "client" || top[0].Value != "late" || top[0].Reason != ReasonLimit || top[0].Lines < 1000 || top[0].Lines > 1030 {
		t.Errorf("%+v", top)
	}
	if n := len(f.adm.TopOffenders(1 << 20)); n > offenderSlots {
		t.Errorf("%d values are remembered", n)
	}
}

func TestAdmissionSurvivesRestarts(t *testing.T) {
	s := rules("path", "/{client}/{partner}")
	f := newFixture(t, s, Limits{Values: 2})
	for _, p := range []string{"/a/x", "/b/x", "/c/y", "/a/y"} {
		f.resolve(req{path: p})
	}
	data, err := f.adm.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	g := newFixture(t, s, Limits{Values: 1}) // a smaller limit takes nothing back
	if err := g.adm.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/a/x": "a,x", "/b/y": "b,y", "/c/x": "other,x", "/a/z": "a,other"} {
		if got := g.values(req{path: path}); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	old := f.adm.Routes()
	for i, r := range g.adm.Routes()[:len(old)] {
		if r.ID != uint32(i) || !slices.Equal(r.Values, old[i].Values) || r.Served != old[i].Served {
			t.Errorf("route %d is %v, was %v", i, r, old[i])
		}
	}
	again, err := g.adm.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	h := newFixture(t, s, Limits{})
	if err := h.adm.UnmarshalBinary(again); err != nil {
		t.Fatal(err)
	}
	if len(h.adm.Routes()) != len(g.adm.Routes()) {
		t.Error("routes got lost the second time")
	}
}

func TestRestartWithOtherLabels(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}/{partner}"), Limits{})
	f.resolve(req{path: "/a/x"})
	data, _ := f.adm.MarshalBinary()
	s := rules("path", "/{zone}/{client}")
	s.Vocabularies = []spec.Vocabulary{vocabulary("zone", "z")}
	g := newFixture(t, s, Limits{})
	if err := g.adm.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if len(g.adm.Routes()) != 0 {
		t.Error("routes of other labels were taken over")
	}
	if got := g.values(noServer("/z/a")); got != "z,a" {
		t.Errorf("the label that stayed forgot its values: %s", got)
	}
	if got := g.resolve(noServer("/z/a")).Frontend; got != "egress" {
		t.Errorf("frontend %s", got)
	}
}

func TestRestartWithAVocabulary(t *testing.T) {
	s := rules("path", "/{client}")
	f := newFixture(t, s, Limits{})
	for _, p := range []string{"/a", "/b"} {
		f.resolve(req{path: p})
	}
	data, _ := f.adm.MarshalBinary()
	s.Vocabularies = []spec.Vocabulary{vocabulary("client", "a")}
	g := newFixture(t, s, Limits{})
	if err := g.adm.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if a, b := g.values(req{path: "/a"}), g.values(req{path: "/b"}); a != "a" || b != "other" {
		t.Errorf("%s %s: the new vocabulary holds for lines from now on", a, b)
	}
	if r := g.adm.Routes(); r[1].Values[0] != "b" {
		t.Error("the route of the past is gone")
	}
}

func TestRestartKeepsIDsBeforeDeclaredRoutes(t *testing.T) {
	s := rules("path", "/{client}")
	f := newFixture(t, s, Limits{})
	a := f.resolve(req{path: "/a"}).Route
	data, _ := f.adm.MarshalBinary()
	s.Routes = []spec.Route{{Labels: map[string]string{"client": "b"}}, {Labels: map[string]string{"client": "a"}}}
	g := newFixture(t, s, Limits{})
	if err := g.adm.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	got := g.adm.Routes()
	if len(got) != 2 || got[a.ID].Values[0] != "a" || got[1].Values[0] != "b" {
		t.Errorf("%v %v", got[0], got[1])
	}
}

func TestDamagedSnapshots(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}/{partner}"), Limits{})
	for i := range 5 {
		f.resolve(req{path: fmt.Sprintf("/a%d/b", i)})
	}
	data, _ := f.adm.MarshalBinary()
	fresh := newFixture(t, rules("path", "/{client}/{partner}"), Limits{})
	for i := range data {
		if err := fresh.adm.UnmarshalBinary(data[:i]); err == nil {
			t.Fatalf("the first %d bytes were accepted", i)
		}
	}
	if err := fresh.adm.UnmarshalBinary(append(slices.Clone(data), 0)); err == nil {
		t.Error("one byte too many was accepted")
	}
	if len(fresh.adm.Routes()) != 0 || fresh.adm.Usage()[0].Values != 0 {
		t.Error("a damaged snapshot changed something")
	}
}

func FuzzUnmarshal(f *testing.F) {
	x := newFixture(f, rules("path", "/{client}/{partner}"), Limits{})
	x.resolve(req{path: "/a/b"})
	data, _ := x.adm.MarshalBinary()
	f.Add(data)
	f.Add([]byte{1, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		a := NewAdmission(x.schema, Limits{})
		if err := a.UnmarshalBinary(data); err != nil {
			if len(a.list) != 0 {
				t.Fatal("an error, and yet routes")
			}
			return
		}
		again, _ := a.MarshalBinary()
		b := NewAdmission(x.schema, Limits{})
		if err := b.UnmarshalBinary(again); err != nil || len(b.list) != len(a.list) {
			t.Fatalf("%v: %d routes, then %d", err, len(a.list), len(b.list))
		}
	})
}

// TestValuesNeverMove drives random traffic and checks the promise that no later event takes a value's
// series away: once a line's labels stood for themselves, they always do.
func TestValuesNeverMove(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		f := newFixture(outer, rules("path", "/{client}/{partner}"), Limits{Values: rapid.IntRange(1, 6).Draw(t, "limit"), Routes: rapid.IntRange(1, 20).Draw(t, "routes")})
		own := map[string]bool{}
		for range rapid.IntRange(1, 80).Draw(t, "lines") {
			q := req{path: fmt.Sprintf("/c%d/p%d", rapid.IntRange(0, 9).Draw(t, "c"), rapid.IntRange(0, 9).Draw(t, "p"))}
			if rapid.Bool().Draw(t, "served") {
				q.server = "<NOSRV>"
			}
			if rapid.IntRange(0, 20).Draw(t, "restart") == 0 {
				data, _ := f.adm.MarshalBinary()
				f.adm = NewAdmission(f.schema, f.adm.limits)
				if err := f.adm.UnmarshalBinary(data); err != nil {
					t.Fatal(err)
				}
				f.res = NewResolver[int](f.schema, f.adm)
			}
			e := f.resolve(q)
			want := strings.ReplaceAll(strings.TrimPrefix(q.path, "/"), "/", ",")
			got := join(e.Route.Values)
			if own[q.path] && got != want {
				t.Fatalf("%s moved to %s", want, got)
			}
			if (got == want) == (len(e.Overflow) > 0) {
				t.Fatalf("%s gives %s with overflow %v", q.path, got, e.Overflow)
			}
			own[q.path] = own[q.path] || got == want
		}
	})
}

func TestConcurrentResolvers(t *testing.T) {
	f := newFixture(t, rules("path", "/{client}/{partner}"), Limits{Values: 50})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			g := &fixture{t: t, set: f.set, schema: f.schema, adm: f.adm, res: NewResolver[int](f.schema, f.adm), reader: f.set.NewReader()}
			for i := range 2000 {
				q := req{path: fmt.Sprintf("/c%d/p%d", i%60, i%7)}
				e := g.res.Resolve(g.parse(q.line()))
				if got := e.Route.Values[1]; got != fmt.Sprintf("p%d", i%7) {
					t.Errorf("%s gives %v", q.path, e.Route.Values)
					return
				}
				switch i % 500 {
				case 100:
					_, _ = f.adm.MarshalBinary()
				case 200:
					f.adm.TopOffenders(3)
				case 300:
					f.schema.Explain(&g.rec, f.adm)
				}
			}
		})
	}
	wg.Wait()
	if n := f.adm.Usage()[0].Values; n != 50 {
		t.Errorf("%d clients were admitted", n)
	}
	seen := map[string]bool{}
	for i, r := range f.adm.Routes() {
		if k := join(r.Values); seen[k] || r.ID != uint32(i) {
			t.Errorf("route %d (%s) is there twice or misnumbered", r.ID, k)
		} else {
			seen[k] = true
		}
	}
}
