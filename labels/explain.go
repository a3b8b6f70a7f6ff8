package labels

import (
	"fmt"
	"strings"

	"haproxy_log_exporter/parser"
)

// Explanation tells how the labels of one record were found.
type Explanation struct {
	Rules   []RuleStep  `json:"rules"`
	Labels  []LabelStep `json:"labels"`
	Reached bool        `json:"reached"` // a server was reached
	Why     string      `json:"why"`     // why Reached is what it is
}

// RuleStep is what one rule did.
type RuleStep struct {
	From     string            `json:"from"`
	Template string            `json:"template"`
	Input    string            `json:"input"` // what the template was matched against, made printable
	Fits     bool              `json:"fits"`
	Why      string            `json:"why,omitempty"`    // why it does not fit
	Values   map[string]string `json:"values,omitempty"` // what it gave, as read
	// Other is set when the value could be read in a second way; matching takes the shortest.
	Other map[string]string `json:"other,omitempty"`
}

// LabelStep is where one label's value comes from and what became of it.
type LabelStep struct {
	Name  string `json:"name"`
	Raw   string `json:"raw"`            // sanitised, before admission
	From  string `json:"from,omitempty"` // the field of the rule that gave it
	Value string `json:"value"`          // as exposed
	Why   string `json:"why,omitempty"`  // why Value is other
}

// Explain tells how the labels of rec are found. With an Admission, values are shown as they would be
// admitted now; nothing is admitted by it. It is slow and meant for people.
func (s *Schema) Explain(rec *parser.Record, a *Admission) Explanation {
	flags := FateOf(rec, rec.End())
	x := Explanation{Reached: flags&flagReached != 0}
	x.Why = whyReached(rec, flags)
	sc := &scratch{cands: make([]candidate, len(s.names)), answered: make([]mapAnswer, len(s.inputs))}
	for i, in := range s.inputs {
		if in.mapping != nil {
			sc.answered[i].value, sc.answered[i].ok = in.mapping.Lookup(rec.Bytes(in.field))
		}
	}
	from := make([]string, len(s.names))
	s.extract(rec, flags&flagChosen != 0, sc, func(ru *rule, value []byte, fits bool, now []candidate) {
		in := s.inputs[ru.input]
		x.Rules = append(x.Rules, explainRule(&in, ru, value, fits))
		for i := range now {
			if now[i].value != "" && from[i] == "" {
				from[i] = in.name
			}
		}
	})
	for i, n := range s.names {
		l := LabelStep{Name: n, Raw: sc.cands[i].value, From: from[i], Value: sc.cands[i].value}
		if a != nil {
			var why Reason
			l.Value, why = a.would(i, sc.cands[i], x.Reached)
			l.Why = string(why)
		}
		x.Labels = append(x.Labels, l)
	}
	return x
}

func explainRule(in *input, ru *rule, value []byte, fits bool) RuleStep {
	step := RuleStep{From: in.name, Template: ru.tpl.String(), Input: Sanitise(value), Fits: fits}
	switch {
	case !fits && len(value) == 0 && in.mapping != nil:
		step.Why = "the map has no entry for it"
	case !fits && len(value) == 0 && in.field == parser.Backend:
		step.Why = "no backend was chosen"
	case !fits && len(value) == 0:
		step.Why = "the line has no value for it"
	case !fits:
		step.Why = ru.tpl.Why(string(value))
	default:
		step.Values, _ = ru.tpl.Values(string(value))
		if other, two := ru.tpl.Alternative(string(value)); two {
			step.Other = other
		}
	}
	return step
}

func whyReached(rec *parser.Record, flags Fate) string {
	server := Sanitise(rec.Bytes(parser.Server))
	ts := Sanitise(rec.Bytes(parser.TerminationState))
	switch reached := flags&flagReached != 0; {
	case reached && server != "":
		return "server " + server
	case reached:
		return "the format has no server, and the status is no error"
	case strings.HasPrefix(server, "<"):
		return server + " answered, no server"
	case server == "":
		return "the format has no server, and the status is an error"
	default:
		return "termination state " + ts + ": HAProxy answered by itself"
	}
}

// would tells what admit would do, without doing it.
func (a *Admission) would(label int, c candidate, reached bool) (string, Reason) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := &a.pools[label]
	_, known := p.values[c.value]
	switch {
	case c.value == "" || c.value == Other || known:
		return c.value, ""
	case p.closed != nil:
		return Other, ReasonUnknown
	case !reached && !c.trusted:
		return Other, ReasonUnserved
	case len(p.order) >= a.limit(label):
		return Other, ReasonLimit
	}
	return c.value, ""
}

// Ambiguous returns, for each rule over the backend's name, the names among candidates that its template
// can read in two ways, as text for `check`.
func (s *Schema) Ambiguous(backends []string) []string {
	var out []string
	for i := range s.rules {
		ru := &s.rules[i]
		if in := s.inputs[ru.input]; in.field != parser.Backend || in.mapping != nil {
			continue
		}
		for _, b := range backends {
			other, two := ru.tpl.Alternative(b)
			if !two {
				continue
			}
			first, _ := ru.tpl.Values(b)
			out = append(out, fmt.Sprintf("%s fits %s in two ways: %s is used, %s is not", b, ru.tpl, pairs(ru.tpl.Names(), first), pairs(ru.tpl.Names(), other)))
		}
	}
	return out
}

func pairs(names []string, values map[string]string) string {
	var out []string
	for _, n := range names {
		if v, ok := values[n]; ok {
			out = append(out, n+"="+v)
		}
	}
	return strings.Join(out, " ")
}
