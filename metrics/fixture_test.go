package metrics

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

// routeTemplate is the default path template.
const routeTemplate = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"

// fixture is one source that reads lines of a format.
type fixture struct {
	t      testing.TB
	set    *parser.Set
	schema *labels.Schema
	table  *Table
	shard  *Shard
	reader *parser.Reader
	rec    parser.Record
}

// clock is the fixed time of tests.
func clock() time.Time { return time.UnixMilli(1763705040123) }

func text(s string) spec.Text {
	return spec.Text{Value: s, Place: diag.Place{Source: "test", Text: s, Line: 1, Col: 1}}
}

func routeSpec(slas ...string) labels.Spec {
	return labels.Spec{Rules: []spec.Rule{spec.NewRule(text("path"), text(routeTemplate), nil)}, SLAs: slas}
}

func formats(texts ...string) []parser.Format {
	var l []parser.Format
	for _, f := range texts {
		if p, ok := parser.Preset(f); ok {
			f = p
		}
		l = append(l, parser.Format{Name: f, Text: f})
	}
	return l
}

// newFixture makes a table and a source; formats may be names of presets.
func newFixture(t testing.TB, sp labels.Spec, opt Options, texts ...string) *fixture {
	t.Helper()
	want := opt.Fields(sp.Names())
	set, err := parser.NewSet(formats(texts...), parser.SetOptions{Want: want})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := labels.Compile(sp, set)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Now == nil {
		opt.Now = clock
	}
	if opt.Admission == nil {
		opt.Admission = labels.NewAdmission(schema, labels.Limits{})
	}
	table, err := NewTable(opt, schema)
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{t: t, set: set, schema: schema, table: table, reader: set.NewReader()}
	f.shard = f.newShard("test.log", "")
	return f
}

func (f *fixture) newShard(source, haproxy string) *Shard {
	s := f.table.NewShard(source, haproxy)
	s.NewCounter(f.set, labels.NewResolver[Cell](f.schema, f.table.Admission()))
	return s
}

func (f *fixture) feed(lines ...string) *fixture {
	f.t.Helper()
	for _, l := range lines {
		f.shard.Record(&f.rec, f.reader.Line([]byte(l), &f.rec))
	}
	return f
}

// counted is feed for lines that have to be requests or sessions.
func (f *fixture) counted(lines ...string) *fixture {
	f.t.Helper()
	for _, l := range lines {
		res := f.reader.Line([]byte(l), &f.rec)
		if !res.Counted() {
			f.t.Fatalf("%s: %s", res, l)
		}
		f.shard.Record(&f.rec, res)
	}
	return f
}

func (f *fixture) cut() *Cut {
	var p Part
	f.shard.Copy(&p)
	return f.table.Merge(&p)
}

// exposition returns the samples of the text format that are not 0, by their text.
func exposition(t testing.TB, c *Cut) map[string]string {
	t.Helper()
	var b bytes.Buffer
	if err := c.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for l := range strings.Lines(b.String()) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		l = strings.TrimSuffix(l, "\n")
		i := strings.LastIndexByte(l, ' ')
		if _, twice := m[l[:i]]; twice {
			t.Errorf("sample twice: %s", l[:i])
		}
		m[l[:i]] = l[i+1:]
	}
	return m
}

// corpus reads a recorded log and its truth.
func corpus(t testing.TB, name string) (lines []string, truth map[string]json.RawMessage) {
	t.Helper()
	dir := filepath.Join("..", "testdata", "corpora")
	raw, err := os.ReadFile(filepath.Join(dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	for l := range bytes.Lines(raw) {
		lines = append(lines, string(bytes.TrimSuffix(l, []byte("\n"))))
	}
	raw, err = os.ReadFile(filepath.Join(dir, name+".truth.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &truth); err != nil {
		t.Fatal(err)
	}
	return lines, truth
}
