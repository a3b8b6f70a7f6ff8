package labels

import (
	"fmt"
	"testing"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

const (
	egressPath    = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"
	egressBackend = "{partner}:{partner_env}:{partner_service}:{sla}"
	testFormat    = "%ci %f %b/%s %ST %ts %HM %HU"
)

// req is a request as the test format prints it; zero fields get ordinary values.
type req struct{ src, frontend, backend, server, ts, method, path string }

func (q req) line() []byte {
	def := func(v, d string) string {
		if v == "" {
			return d
		}
		return v
	}
	return fmt.Appendf(nil, "%s %s %s/%s 200 %s %s %s", def(q.src, "10.1.2.3"), def(q.frontend, "egress"), def(q.backend, "be"),
		def(q.server, "s1"), def(q.ts, "--"), def(q.method, "GET"), def(q.path, "/"))
}

// noServer is a request that HAProxy answered because no rule chose a backend.
func noServer(path string) req {
	return req{path: path, frontend: "egress", backend: "egress", server: "<NOSRV>", ts: "SC"}
}

// fixture holds everything that a test of the resolver needs.
type fixture struct {
	t      testing.TB
	set    *parser.Set
	schema *Schema
	adm    *Admission
	res    *Resolver[int]
	reader *parser.Reader
	rec    parser.Record
}

func testSet(t testing.TB, formats ...string) *parser.Set {
	t.Helper()
	if len(formats) == 0 {
		formats = []string{testFormat}
	}
	var fs []parser.Format
	for _, f := range formats {
		fs = append(fs, parser.Format{Name: "test", Text: f})
	}
	set, err := parser.NewSet(fs, parser.SetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newFixture(t testing.TB, s Spec, lim Limits) *fixture {
	t.Helper()
	f := &fixture{t: t, set: testSet(t)}
	var err error
	if f.schema, err = Compile(s, f.set); err != nil {
		t.Fatal(err)
	}
	f.adm = NewAdmission(f.schema, lim)
	f.res = NewResolver[int](f.schema, f.adm)
	f.reader = f.set.NewReader()
	return f
}

func (f *fixture) parse(line []byte) *parser.Record {
	f.t.Helper()
	if res := f.reader.Line(line, &f.rec); res != parser.ResultHTTP {
		f.t.Fatalf("%q is %v", line, res)
	}
	return &f.rec
}

func (f *fixture) resolve(q req) *Entry[int] {
	f.t.Helper()
	return f.res.Resolve(f.parse(q.line()))
}

// values resolves and joins the values with commas.
func (f *fixture) values(q req) string {
	f.t.Helper()
	return join(f.resolve(q).Route.Values)
}

func join(vs []string) string {
	s := ""
	for i, v := range vs {
		if i > 0 {
			s += ","
		}
		s += v
	}
	return s
}

func text(s string) spec.Text { return spec.Text{Value: s} }

func rules(pairs ...string) Spec {
	var s Spec
	for i := 0; i < len(pairs); i += 2 {
		s.Rules = append(s.Rules, spec.NewRule(text(pairs[i]), text(pairs[i+1]), nil))
	}
	return s
}

func vocabulary(label string, values ...string) spec.Vocabulary {
	return spec.Vocabulary{Label: text(label), Values: values}
}
