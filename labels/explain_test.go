package labels

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/labels/spec"
)

func TestExplain(t *testing.T) {
	s := rules("path", "/{client}/{partner}/{sla}", "backend", "{partner}_{env}")
	s.Rules = append(s.Rules, mapRule("src", "{client}", "cidr", "10.0.0.0/8 inside"))
	s.Vocabularies = []spec.Vocabulary{vocabulary("sla", "high")}
	f := newFixture(t, s, Limits{})
	for name, c := range map[string]struct {
		q    req
		want Explanation
	}{
		"fits": {req{path: "/a/b/low/x", backend: "my_bank_prod", src: "192.168.0.1"}, Explanation{
			Reached: true, Why: "server s1",
			Rules: []RuleStep{
				{From: "path", Template: "/{client}/{partner}/{sla}", Input: "/a/b/low/x", Fits: true, Values: map[string]string{"client": "a", "partner": "b", "sla": "low"}},
				{From: "backend", Template: "{partner}_{env}", Input: "my_bank_prod", Fits: true, Values: map[string]string{"partner": "my", "env": "bank_prod"},
					Other: map[string]string{"partner": "my_bank", "env": "prod"}},
				{From: "src", Template: "{client}", Why: "the map has no entry for it"},
			},
			Labels: []LabelStep{
				{Name: "client", Raw: "a", From: "path", Value: "a"}, {Name: "partner", Raw: "b", From: "path", Value: "b"},
				{Name: "sla", Raw: "low", From: "path", Value: "other", Why: "not in the vocabulary"}, {Name: "env", Raw: "bank_prod", From: "backend", Value: "bank_prod"},
			},
		}},
		"nothing chosen": {noServer("/a"), Explanation{
			Why: "<NOSRV> answered, no server",
			Rules: []RuleStep{
				{From: "path", Template: "/{client}/{partner}/{sla}", Input: "/a", Why: "fits /{client}, then / is missing"},
				{From: "backend", Template: "{partner}_{env}", Why: "no backend was chosen"},
				{From: "src", Template: "{client}", Input: "inside", Fits: true, Values: map[string]string{"client": "inside"}},
			},
			Labels: []LabelStep{{Name: "client", Raw: "inside", From: "src", Value: "inside"}, {Name: "partner"}, {Name: "sla"}, {Name: "env"}},
		}},
		"denied": {req{path: "/new/b/high", ts: "PR", backend: "x_y", src: "192.168.0.1"}, Explanation{
			Why: "termination state PR: HAProxy answered by itself",
			Rules: []RuleStep{
				{From: "path", Template: "/{client}/{partner}/{sla}", Input: "/new/b/high", Fits: true, Values: map[string]string{"client": "new", "partner": "b", "sla": "high"}},
				{From: "backend", Template: "{partner}_{env}", Input: "x_y", Fits: true, Values: map[string]string{"partner": "x", "env": "y"}},
				{From: "src", Template: "{client}", Why: "the map has no entry for it"},
			},
			Labels: []LabelStep{
				{Name: "client", Raw: "new", From: "path", Value: "other", Why: "new, and no server was reached"},
				{Name: "partner", Raw: "b", From: "path", Value: "other", Why: "new, and no server was reached"},
				{Name: "sla", Raw: "high", From: "path", Value: "high"}, {Name: "env", Raw: "y", From: "backend", Value: "y"},
			},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			rec := f.parse(c.q.line())
			got := f.schema.Explain(rec, f.adm)
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Error(err)
			}
			// What is explained is what happens.
			e := NewResolver[int](f.schema, clone(t, f)).Resolve(rec)
			for i, l := range got.Labels {
				if e.Route.Values[i] != l.Value {
					t.Errorf("%s is explained as %s and becomes %s", l.Name, l.Value, e.Route.Values[i])
				}
			}
			if e.Reached != got.Reached {
				t.Error("Reached differs")
			}
		})
	}
	if n := len(f.adm.Routes()); n != 0 {
		t.Errorf("explaining admitted %d routes", n)
	}
}

// clone is a copy of the fixture's Admission, so that resolving changes nothing for the next case.
func clone(t *testing.T, f *fixture) *Admission {
	t.Helper()
	data, err := f.adm.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	a := NewAdmission(f.schema, f.adm.Limits())
	if err := a.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAmbiguousBackends(t *testing.T) {
	f := newFixture(t, rules("path", "/{a}-{b}", "backend", "{partner}_{env}"), Limits{})
	got := f.schema.Ambiguous([]string{"bank_prod", "my_bank_prod", "egress"})
	want := []string{"my_bank_prod fits {partner}_{env} in two ways: partner=my env=bank_prod is used, partner=my_bank env=prod is not"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
