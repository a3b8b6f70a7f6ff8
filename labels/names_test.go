package labels

import (
	"strings"
	"testing"
)

// TestLeaveNames: where nobody needs the names of frontends and backends, lines that differ in nothing else share an entry.
func TestLeaveNames(t *testing.T) {
	reqs := []req{
		{path: "/a/x", frontend: "f", backend: "b"}, {path: "/a/x", frontend: "g", backend: "b"}, {path: "/a/x", frontend: "f", backend: "c"},
		{path: "/a/y", frontend: "f", backend: "b"}, {path: "/b", frontend: "f", backend: "b"},
		noServer("/a/x"), {path: "/a/x", frontend: "f", backend: "b", server: "<NOSRV>", ts: "SC"}, {path: "//a", frontend: "f", backend: "b"},
	}
	for _, c := range []struct {
		from, template    string
		frontend, backend bool // left
		entries           int
	}{
		{"path", "/{a}", false, false, 6},
		{"path", "/{a}", true, false, 5},
		{"path", "/{a}", false, true, 5},
		{"path", "/{a}", true, true, 4},
		{"backend", "{a}", true, true, 4}, // b, c, b without a server, none chosen
		{"backend", "{a}", false, true, 5},
	} {
		f := newFixture(t, rules(c.from, c.template), Limits{})
		f.res.LeaveNames(c.frontend, c.backend)
		for range 2 { // the second time from the cache
			for _, q := range reqs {
				e := f.resolve(q)
				front, back, route := q.frontend, q.backend, q.path[1:2]
				if c.from == "backend" {
					route = q.backend
				}
				if route == "/" {
					route = "a" // repeated slashes are one
				}
				if q.ts == "SC" && q.frontend == q.backend && c.from == "backend" {
					route = ""
				}
				if c.frontend {
					front = ""
				}
				if c.backend {
					back = ""
				}
				if e.Frontend != front || e.Backend != back || e.Route.Values[0] != route {
					t.Errorf("%+v: %+v: %q %q %q", c, q, e.Frontend, e.Backend, e.Route.Values)
				}
				if chosen := q.backend != "egress"; e.Chosen != chosen || e.Reached != (q.ts == "") {
					t.Errorf("%+v: %+v: chosen %v, reached %v", c, q, e.Chosen, e.Reached)
				}
			}
			if n := f.res.entries.Len(); n != c.entries {
				t.Errorf("%+v: %d entries, want %d", c, n, c.entries)
			}
			if n, named := f.res.hot.n, !c.frontend || !c.backend || c.from == "backend"; n > 4 != named {
				t.Errorf("%+v: %d keys", c, n)
			}
			if i := f.res.quick(f.parse(reqs[1].line()), flagReached|flagChosen); probes() && i < 0 {
				t.Errorf("%+v: a key that is there is not found: %d", c, i)
			}
		}
	}
}

// TestNotThePathAlone: where the names are left out, the path decides only if nothing else does, and if it does at all.
func TestNotThePathAlone(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		want string // values of all labels
	}{
		"the path alone":  {rules("path", "/{a}"), "a b a b"},
		"server, too":     {rules("path", "/{a}", "server", "{b}"), "a,s1 b,s1 a,s2 b,s2"},
		"the server only": {rules("server", "{b}"), "s1 s1 s2 s2"},
		"nothing":         {Spec{}, "   "},
	} {
		f := newFixture(t, c.spec, Limits{})
		f.res.LeaveNames(true, true)
		for range 2 { // the second time from the cache
			var got []string
			for _, q := range []req{{path: "/a/x"}, {path: "/b/x"}, {path: "/a/x", server: "s2"}, {path: "/b/x", server: "s2"}} {
				got = append(got, f.values(q))
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	}
}
