package labels

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

func TestEgressLabels(t *testing.T) {
	f := newFixture(t, rules("path", egressPath, "backend", egressBackend), Limits{})
	if got := join(f.schema.Names()); got != "client,client_env,partner,partner_env,partner_service,sla" {
		t.Fatalf("names %s", got)
	}
	for name, c := range map[string]struct {
		q    req
		want string
	}{
		"path":                       {req{path: "/myback/prod/bank/prod/pay/high/x/1"}, "myback,prod,bank,prod,pay,high"},
		"path wins over the backend": {req{path: "/myback/prod/bank/prod/pay/high", backend: "visa:test:cards:low"}, "myback,prod,bank,prod,pay,high"},
		"backend when no path fits":  {req{path: "/other", backend: "visa:test:cards:low"}, ",,visa,test,cards,low"},
		"nothing fits":               {req{path: "/other", backend: "plain"}, ",,,,,"},
		"query":                      {req{path: "/a/b/c/d/e/f?x=/1/2"}, "a,b,c,d,e,f"},
		"absolute URI":               {req{path: "https://egress:443/a/b/c/d/e/f/g"}, "a,b,c,d,e,f"},
		"repeated slashes":           {req{path: "//a//b/c/d///e/f//x"}, "a,b,c,d,e,f"},
		"percent":                    {req{path: "/my%20b%61ck/b/c%2Fd/d/e/f"}, "my back,b,c/d,d,e,f"},
		"HAProxy's escapes":          {req{path: "/my#22back#7Cx/b/c/d/e/f"}, "my\"back|x,b,c,d,e,f"},
		"bad UTF-8":                  {req{path: "/a%ff/b#FF/c/d/e/f"}, "a\ufffd,b\ufffd,c,d,e,f"},
		"control characters":         {req{path: "/a%0a%00/b/c/d/e/f"}, "a\ufffd\ufffd,b,c,d,e,f"},
		"long":                       {req{path: "/" + strings.Repeat("x", 200) + "/b/c/d/e/f"}, strings.Repeat("x", 128) + ",b,c,d,e,f"},
		"asterisk":                   {req{method: "OPTIONS", path: "*"}, ",,,,,"},
		"CONNECT":                    {req{method: "CONNECT", path: "bank.example:443"}, ",,,,,"},
		"blank segment":              {req{path: "/%20/b/c/d/e/f", backend: "visa:test:cards:low"}, ",b,c,d,e,f"},
		"no backend chosen":          {req{path: "/x", frontend: "a:b:c:d", backend: "a:b:c:d", server: "<NOSRV>"}, ",,,,,"},
		"listen section":             {req{path: "/x", frontend: "a:b:c:d", backend: "a:b:c:d"}, ",,a,b,c,d"},
	} {
		t.Run(name, func(t *testing.T) {
			e := f.resolve(c.q)
			if got := join(e.Route.Values); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if e.Route.Empty != (strings.Trim(c.want, ",") == "") {
				t.Errorf("Empty is %v", e.Route.Empty)
			}
			if again := f.resolve(c.q); again != e {
				t.Error("the second line of the same kind has another entry")
			}
		})
	}
}

func TestNoRules(t *testing.T) {
	f := newFixture(t, Spec{}, Limits{})
	e := f.resolve(req{path: "/a", backend: "b"})
	if len(f.schema.Names()) != 0 || !e.Route.Empty || e.Frontend != "egress" || e.Backend != "b" || !e.Reached {
		t.Errorf("%+v %+v", e, e.Route)
	}
	if other := f.resolve(req{path: "/x", backend: "b"}); other != e {
		t.Error("the path does not matter, but the entry is another")
	}
}

func TestOtherSources(t *testing.T) {
	s := rules("%HM", "{verb}", "server", "{node}", "src", "10.{net}.{rest...}", "frontend", "{front}")
	f := newFixture(t, s, Limits{})
	if got := f.values(req{src: "10.7.3.4", method: "PUT", server: "s9", frontend: "in"}); got != "PUT,s9,7,in" {
		t.Errorf("%s", got)
	}
	if got := f.values(req{src: "192.168.0.1", server: "<NOSRV>", frontend: "in"}); got != "other,,,in" {
		t.Errorf("%s", got)
	}
}

func TestOptionalAndSeveralTemplates(t *testing.T) {
	f := newFixture(t, rules("path", "/v1/{client}/{env:prod|test}", "path", "/{client}[/{zone}]"), Limits{})
	for path, want := range map[string]string{
		"/v1/a/prod/x": "a,prod,a", // the second template gives the zone
		"/v1/a/dev":    "v1,,a",
		"/b":           "b,,",
		"/b/z/y":       "b,,z",
	} {
		if got := f.values(req{path: path}); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func mapRule(field, template, match, data string) spec.Rule {
	return spec.NewRule(text(field), text(template), &spec.Map{File: text("x.map"), Match: text(match), Data: []byte(data)})
}

func TestMaps(t *testing.T) {
	s := rules("path", "/{client}/{partner}")
	s.Rules = append(s.Rules, mapRule("src", `{client:\S+}{:\s+}{env:\S+}`, "cidr", "10.1.0.0/16 myback prod\n10.2.0.0/16 legacy test\n"))
	f := newFixture(t, s, Limits{})
	for _, c := range []struct {
		q    req
		want string
	}{
		{req{path: "/a/b", src: "10.1.9.9"}, "a,b,prod"},
		{req{path: "/", src: "10.2.9.9"}, "legacy,,test"},
		{req{path: "/", src: "10.3.9.9"}, ",,"},
		{req{path: "/", src: "unix"}, ",,"},
		{req{path: "/", src: "10.2.1.1", server: "<NOSRV>"}, "legacy,,test"}, // a map's value needs no server
	} {
		if got := f.values(c.q); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	before := f.res.hot.n
	for i := range 200 {
		f.resolve(req{path: "/a/b", src: "10.1.7." + strconv.Itoa(i)})
	}
	if f.res.hot.n > before+1 {
		t.Errorf("addresses of one network take %d keys", f.res.hot.n-before)
	}
}

func TestSLAIsThatOfAConfiguredClass(t *testing.T) {
	s := rules("path", "/{client}/{sla}")
	s.SLAs = []string{"high"}
	f := newFixture(t, s, Limits{})
	if got := f.resolve(req{path: "/a/high"}).Route.SLA; got != "high" {
		t.Errorf("%q", got)
	}
	if got := f.resolve(req{path: "/a/low"}).Route.SLA; got != "" {
		t.Errorf("%q is no configured class", got)
	}
	s.SLALabel = "client"
	f = newFixture(t, s, Limits{})
	if got := f.resolve(req{path: "/high/x"}).Route.SLA; got != "high" {
		t.Errorf("%q", got)
	}
}

func TestCompileProblems(t *testing.T) {
	s := rules("path", "/{client}", "capture.req.hdr(7)", "{a}", "backend", "{b")
	if _, err := Compile(s, testSet(t)); err == nil || !strings.Contains(err.Error(), "{ is never closed") {
		t.Errorf("%v", err)
	}
	line := "  - {from: txn.cleint, template: '{a}'}"
	s = rules("path", "/{client}", "nowhere", "{b}")
	s.Rules = append(s.Rules, spec.NewRule(spec.Text{Value: "txn.cleint", Place: diag.Place{Source: "c.yml", Line: 9, Col: 12, Text: line}}, text("{a}"), nil))
	_, err := Compile(s, testSet(t))
	if err == nil || !strings.Contains(err.Error(), "nowhere") ||
		!strings.Contains(err.Error(), "c.yml:9:12: no log format has a field txn.cleint\n    "+line+"\n               ^^^^^^^^^^\n") {
		t.Errorf("%v", err)
	}
}

func TestSeveralFormatSets(t *testing.T) {
	s := rules("path", "/{client}", "var(txn.tenant)", "{tenant}")
	http, tcp := testSet(t, "%f %b/%s %HM %HU %[var(txn.tenant)]"), testSet(t, "%f %b/%s")
	schemas, err := BindAny(s, []*parser.Set{http, tcp})
	if err != nil || len(schemas) != 2 || !slices.Equal(schemas[0].Names(), schemas[1].Names()) {
		t.Fatalf("%v %v", schemas, err)
	}
	if _, err := BindAny(s, []*parser.Set{tcp}); err == nil || !strings.Contains(err.Error(), "txn.tenant") {
		t.Errorf("a field that all sets lack: %v", err)
	}
	_, missing, err := schemas[0].Bind(tcp)
	if err != nil || !slices.Equal(missing, []string{"path", "var(txn.tenant)"}) {
		t.Errorf("%v %v", missing, err)
	}
}

func TestDeclaredRoutes(t *testing.T) {
	s := rules("path", "/{client}/{partner}")
	s.Routes = []spec.Route{
		{Labels: map[string]string{"client": "a", "partner": "b"}},
		{Labels: map[string]string{"client": "a", "partner": "b"}},
		{Labels: map[string]string{"partner": "c"}},
	}
	f := newFixture(t, s, Limits{})
	if got := f.schema.Routes(); len(got) != 1 || join(got[0]) != "a,b" {
		t.Errorf("routes %v", got)
	}
	for q, want := range map[string]string{"/a/b": "a,b", "/a/c": "a,c", "/x/c": "other,c", "/a/x": "a,other"} {
		if got := f.values(noServer(q)); got != want {
			t.Errorf("%s: %s, want %s", q, got, want)
		}
	}
	if n, closed := f.schema.Closed(1); n != 2 || !closed {
		t.Errorf("partner: %d %v", n, closed)
	}
}
