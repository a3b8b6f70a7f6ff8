package spec_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
)

func text(s string) spec.Text { return spec.Text{Value: s} }

func TestSpecNamesKeepTheOrderOfFirstMention(t *testing.T) {
	s := spec.Spec{Rules: []spec.Rule{
		spec.NewRule(text("path"), text("/{client}/{sla}"), nil),
		spec.NewRule(text("backend"), text("{partner}:{sla}"), nil),
	}}
	if got := s.Names(); !slices.Equal(got, []string{"client", "sla", "partner"}) {
		t.Errorf("%v", got)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	if s.SLA() != "sla" {
		t.Errorf("default SLA label %q", s.SLA())
	}
}

func TestSpecCheckReportsEverything(t *testing.T) {
	line := "- {from: path, template: '{a'}"
	s := spec.Spec{
		Rules: []spec.Rule{
			spec.NewRule(text("path"), text("/{client}"), nil),
			spec.NewRule(text("path"), spec.Text{Value: "{a", Place: diag.Place{Source: "c.yml", Line: 7, Col: 26, Text: line}}, nil),
			spec.NewRule(text(""), text("{sla}"), nil),
			spec.NewRule(text("src"), text("{env}"), &spec.Map{File: text("a.map"), Match: text("cidr"), Data: []byte("x y")}),
		},
		Vocabularies: []spec.Vocabulary{
			{Label: text("clinet"), Values: []string{"a"}}, {Label: text("sla")}, {Label: text("client"), Values: []string{"a"}}, {Label: text("client"), Routes: true},
		},
		Routes: []spec.Route{{Labels: map[string]string{"zone": "a"}, Place: diag.Place{Source: "h.cfg", Line: 3}}},
	}
	want := `: no field to read labels from
    hint: from: path, backend, frontend, server, host, or a field of the log-format
vocabulary of clinet, a label that no template and no map gives
    hint: did you mean client?
empty vocabulary: every value of sla would become other
    hint: list the values, or remove the vocabulary
second vocabulary of client
a.map:1:1: x is not an address
    x y
    ^
    hint: an address, or address/bits such as 10.1.0.0/16
c.yml:7:27: { is never closed
    - {from: path, template: '{a'}
                              ^^
    hint: write \{ for a literal brace
c.yml:7:27: a path template begins with /
    - {from: path, template: '{a'}
                              ^
    hint: for example /{client}/{partner}
h.cfg:3: route with the label zone, which no template and no map gives
    hint: known here: client, sla, env`
	if d := cmp.Diff(want[2:], s.Check().Error()); d != "" {
		t.Error(d)
	}
}
