package config

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/internal/diag"
)

// text returns a string and its place; the default when the key is missing.
func (o object) text(name string) Text {
	n := o.values[name]
	if n == nil {
		return Text{Value: o.key(name).Default, Place: diag.Place{Source: o.d.name}}
	}
	return o.d.scalar(n, o.full(name))
}

func (o object) str(name string) string { return o.text(name).Value }

// scalar accepts anything that is written as one value, so that a name such as 42 needs no quotes.
func (d *decoder) scalar(n *yaml.Node, what string) Text {
	n = follow(n)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		d.wrong(n, what, "a text", "")
		return Text{}
	}
	if n.Value == "" {
		d.problem(n, what+" is empty", "leave the key out for the default")
	}
	return Text{Value: n.Value, Place: d.place(n)}
}

// texts accepts one value or a list of values.
func (o object) texts(name string) []Text {
	o.key(name)
	return o.d.texts(o.values[name], o.full(name))
}

func (d *decoder) texts(n *yaml.Node, what string) []Text {
	if n == nil {
		return nil
	}
	n = follow(n)
	if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
		return []Text{d.scalar(n, what)}
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, what, "a text or a list of texts", "")
		return nil
	}
	var out []Text
	for _, c := range n.Content {
		if t := d.scalar(c, "an entry of "+what); t.Value != "" {
			out = append(out, t)
		}
	}
	return out
}

func (o object) strings(name string) []string { return values(o.texts(name)) }

func values(ts []Text) []string {
	var out []string
	for _, t := range ts {
		out = append(out, t.Value)
	}
	return out
}

// choice returns one of the words of the key's type.
func (o object) choice(name string) string {
	words := strings.Split(o.key(name).Type, "|")
	t := o.text(name)
	if o.has(name) && t.Value != "" && !slices.Contains(words, t.Value) {
		hint := "one of " + strings.Join(words, ", ")
		if near := diag.Nearest(t.Value, words); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
		o.d.problem(o.values[name], o.full(name)+" cannot be "+t.Value, hint)
	}
	return t.Value
}

func (o object) bool(name string) bool {
	n := o.values[name]
	if n == nil {
		return o.key(name).Default == "true"
	}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		hint := ""
		if w := strings.ToLower(n.Value); w == "yes" || w == "on" || w == "no" || w == "off" {
			hint = "YAML 1.2 knows true and false only"
		} else if w == "true" || w == "false" {
			hint = "remove the quotes"
		}
		o.d.wrong(n, o.full(name), "true or false", hint)
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

// integer returns a whole number of at least least and at most most.
func (o object) integer(name string, least, most int) int {
	n := o.values[name]
	if n == nil {
		v, _ := strconv.Atoi(o.key(name).Default)
		return v
	}
	return o.d.integer(n, o.full(name), least, most)
}

func (d *decoder) integer(n *yaml.Node, what string, least, most int) int {
	n = follow(n)
	v, err := strconv.Atoi(strings.ReplaceAll(n.Value, "_", ""))
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil {
		d.wrong(n, what, "a whole number", quotesHint(n))
		return least
	}
	if v < least || v > most {
		d.problem(n, what+" must be between "+strconv.Itoa(least)+" and "+strconv.Itoa(most), "")
		return least
	}
	return v
}

func quotesHint(n *yaml.Node) string {
	v, err := strconv.ParseFloat(n.Value, 64)
	switch {
	case err == nil && n.Tag == "!!str":
		return "remove the quotes"
	case err == nil && v == math.Trunc(v) && math.Abs(v) < 1e15:
		return "write it without point and exponent: " + strconv.FormatFloat(v, 'f', 0, 64)
	}
	return ""
}

// number returns a finite number; ok is false when it is missing or wrong.
func (o object) number(name string) (v float64, ok bool) {
	o.key(name)
	n := o.values[name]
	if n == nil {
		return 0, false
	}
	return o.d.number(n, o.full(name))
}

func (d *decoder) number(n *yaml.Node, what string) (float64, bool) {
	n = follow(n)
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" || err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		d.wrong(n, what, "a number", quotesHint(n))
		return 0, false
	}
	return v, true
}

// duration returns a duration that is not negative.
func (o object) duration(name string) time.Duration {
	n := o.values[name]
	if n == nil {
		v, _ := parseDuration(o.key(name).Default)
		return v
	}
	what := o.full(name)
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		o.d.wrong(n, what, "a duration", "for example 10s, 250ms or 5m")
		return 0
	}
	v, ok := parseDuration(n.Value)
	switch {
	case !ok && (n.Tag == "!!int" || n.Tag == "!!float"):
		o.d.problem(n, what+" has no unit", "write "+n.Value+"s or "+n.Value+"ms")
	case !ok:
		o.d.problem(n, what+" is not a duration", "for example 10s, 250ms, 5m or 7d")
	case v < 0:
		o.d.problem(n, what+" is negative", "")
	default:
		return v
	}
	return 0
}

// positive is duration for keys where 0 makes no sense.
func (o object) positive(name string) time.Duration {
	before := len(o.d.problems)
	v := o.duration(name)
	if v == 0 && o.has(name) && len(o.d.problems) == before {
		o.d.problem(o.values[name], o.full(name)+" must be longer than 0", "")
	}
	return v
}

// parseDuration accepts Go's durations and whole days, as HAProxy and Prometheus write them.
func parseDuration(s string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && n < 100_000 && n > -100_000
	}
	v, err := time.ParseDuration(s)
	return v, err == nil && (s != "0" && s != "-0" && s != "+0")
}

// expressions returns regular expressions that cover a whole name.
func (o object) expressions(name string) []*regexp.Regexp {
	var out []*regexp.Regexp
	for _, t := range o.texts(name) {
		_, err := regexp.Compile(t.Value)
		if err == nil {
			var re *regexp.Regexp
			if re, err = regexp.Compile(`\A(?:` + t.Value + `)\z`); err == nil {
				out = append(out, re)
				continue
			}
		}
		o.d.problems.Add(t.Problem("bad regular expression: "+strings.TrimPrefix(err.Error(), "error parsing regexp: "), "the syntax is RE2"))
	}
	return out
}
