package spec_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

const egress = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}"

// show writes values as name=value pairs in the template's order.
func show(t *spec.Template, s string) string {
	v, ok := t.Values(s)
	if !ok {
		return "no"
	}
	var out []string
	for _, n := range t.Names() {
		if x, ok := v[n]; ok {
			out = append(out, n+"="+x)
		}
	}
	return strings.Join(out, " ")
}

func TestTemplates(t *testing.T) {
	type cases map[string]string
	for _, c := range []struct {
		kind     spec.Kind
		template string
		segments int
		cases    cases
	}{
		{spec.Path, egress, 6, cases{
			"/a/b/c/d/e/f":      "client=a client_env=b partner=c partner_env=d partner_service=e sla=f",
			"/a/b/c/d/e/f/":     "client=a client_env=b partner=c partner_env=d partner_service=e sla=f",
			"/a/b/c/d/e/f/g/h":  "client=a client_env=b partner=c partner_env=d partner_service=e sla=f",
			"/a/b/c/d/e":        "no",
			"/a/b/c/d/e/":       "no",
			"a/b/c/d/e/f":       "no",
			"":                  "no",
			"*":                 "no",
			"/a/b/c/d/e/\xff/x": "client=a client_env=b partner=c partner_env=d partner_service=e sla=\xff",
			"/a/b/c/d/e/f\ng":   "client=a client_env=b partner=c partner_env=d partner_service=e sla=f\ng",
		}},
		{spec.Path, egress + "/{rest...}", 7, cases{
			"/a/b/c/d/e/f":     "client=a client_env=b partner=c partner_env=d partner_service=e sla=f",
			"/a/b/c/d/e/foo/g": "client=a client_env=b partner=c partner_env=d partner_service=e sla=foo",
		}},
		{spec.Path, "/api/{client}/{}/{sla}/", 5, cases{
			"/api/x/skip/high":   "client=x sla=high",
			"/api/x/skip/high/y": "client=x sla=high",
			"/api/x/high":        "no",
			"/apis/x/skip/high":  "no",
		}},
		{spec.Path, "/v{version:[0-9]+}/{client}", 2, cases{
			"/v12/a": "version_=12", // replaced below: version is reserved
		}},
		{spec.Path, "/{client}[/{env}]/end", 3, cases{
			"/a/prod/end":   "client=a env=prod",
			"/a/end":        "client=a",
			"/a/end/end":    "client=a env=end",
			"/a/b/c/end":    "no",
			"/a/prod/ender": "no",
		}},
		{spec.Path, "/{client}[/{env}[/{zone}]]", 3, cases{
			"/a": "client=a", "/a/b": "client=a env=b", "/a/b/c": "client=a env=b zone=c", "/a/b/c/d": "client=a env=b zone=c",
		}},
		{spec.Path, "/{client}-{env}/x", 2, cases{"/a-b-c/x": "client=a env=b-c", "/ab/x": "no"}},
		{spec.Path, "/{tail:.*}", -1, cases{"/a/b/c": "tail=a/b/c", "/": "tail="}},
		{spec.Path, "/{host:[^.]+}.html", -1, cases{"/a/b.html": "host=a/b"}},
		{spec.Path, "/{host:a/b}", -1, cases{"/a/b/c": "host=a/b"}},
		{spec.Path, "/{x:(a|b)c}/{y}", 2, cases{"/ac/z": "x=ac y=z", "/bc/z": "x=bc y=z", "/c/z": "no"}},
		{spec.Path, "/api{rest...}", 1, nil},
		{spec.Plain, "{partner}:{env}:{service}:{sla}", 0, cases{
			"bank:prod:pay:high":   "partner=bank env=prod service=pay sla=high",
			"bank:prod:pay:high:x": "partner=bank env=prod service=pay sla=high:x",
			"bank:prod:pay":        "no",
			"::::":                 "no",
			"egress":               "no",
		}},
		{spec.Plain, "{partner}_{env}_{sla:high|low}[_canary]", 0, cases{
			"b_prod_high":        "partner=b env=prod sla=high",
			"b_prod_high_canary": "partner=b env=prod sla=high",
			"b_prod_mid":         "no",
			"b_x_y_low":          "partner=b env=x_y sla=low",
		}},
		{spec.Plain, "{name}", 0, cases{"a/b:c": "name=a/b:c", "": "no", "x\ny": "name=x\ny"}},
		{spec.Plain, "{a:[a-z]+}{b}", 0, cases{"abc1": "a=abc b=1", "abc": "a=ab b=c"}},
		{spec.Plain, `\{{x}\}\[\\`, 0, cases{`{v}[\`: "x=v"}},
		{spec.Plain, "pre{x}-{rest...}", 0, cases{"prea-b-c": "x=a", "prea-": "x=a", "prea": "no"}},
		{spec.Plain, "{d:[0-9]{2,3}}{t:[}x]}", 0, cases{"12}": "d=12 t=}", "123x": "d=123 t=x", "1x": "no"}},
	} {
		if strings.Contains(c.template, "{version:") {
			c.template, c.cases = "/v{v:[0-9]+}/{client}", cases{"/v12/a": "v=12 client=a", "/vx/a": "no", "/v12": "no"}
		}
		if c.template == "/api{rest...}" {
			c.template, c.cases = "/{x}api{rest...}", cases{"/1api": "x=1", "/1apifoo/bar": "x=1", "/api": "no"}
		}
		tpl, err := spec.ParseTemplate(c.kind, c.template)
		if err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		if tpl.Segments() != c.segments && c.kind == spec.Path {
			t.Errorf("%s: %d segments, want %d", c.template, tpl.Segments(), c.segments)
		}
		for in, want := range c.cases {
			if got := show(tpl, in); got != want {
				t.Errorf("%s on %q: %s, want %s", c.template, in, got, want)
			}
			if _, ok := tpl.Values(in); ok != (tpl.Why(in) == "") {
				t.Errorf("%s on %q: Why says %q", c.template, in, tpl.Why(in))
			}
		}
	}
}

func TestWhyATemplateDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		kind           spec.Kind
		text, in, want string
	}{
		{spec.Path, egress, "/a/b/c", "fits /{client}/{client_env}/{partner}, then / is missing"},
		{spec.Path, egress, "a", "does not begin with /"},
		{spec.Path, egress, "", "no value"},
		{spec.Path, "/{a}/x/{b}", "/1/y/2", "fits /{a}, then /x/ is missing"},
		{spec.Plain, "{a}[:{b}]-{c}", "x:y", "fits {a}[:{b}], then - is missing"},
		{spec.Plain, "a[b]{c:[0-9]}", "ab1x", "text follows after the template's end: \"x\""},
		{spec.Plain, "[x{c}]y", "z", "fits [x{c}], then y is missing"},
	} {
		tpl, err := spec.ParseTemplate(c.kind, c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := tpl.Why(c.in); got != c.want {
			t.Errorf("%s on %q: %s, want %s", c.text, c.in, got, c.want)
		}
	}
}

func TestAmbiguousTemplatesShowTheirSecondReading(t *testing.T) {
	tpl, err := spec.ParseTemplate(spec.Plain, "{partner}_{env}_{service}")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := tpl.Alternative("my_bank_prod_pay"); !ok || v["partner"] != "my_bank" {
		t.Errorf("second reading %v %v", v, ok)
	}
	for _, s := range []string{"bank_prod_pay", "nothing"} {
		if v, ok := tpl.Alternative(s); ok {
			t.Errorf("%s has no second reading, got %v", s, v)
		}
	}
}

// TestTemplateProblems holds one mistake of each kind with its exact text.
func TestTemplateProblems(t *testing.T) {
	for _, c := range []struct {
		kind spec.Kind
		text string
		want string
	}{
		{spec.Plain, "", "template, column 1: empty template\n    hint: for example /{client}/{partner}/{sla}"},
		{spec.Path, "{client}", "template, column 1: a path template begins with /\n    {client}\n    ^\n    hint: for example /{client}/{partner}"},
		{spec.Path, "/{client", "template, column 2: { is never closed\n    /{client\n     ^^^^^^^\n    hint: write \\{ for a literal brace"},
		{spec.Plain, "x}{a}", "template, column 2: } without {\n    x}{a}\n     ^\n    hint: write \\} for a literal brace"},
		{spec.Plain, "{a}[x", "template, column 4: [ is never closed\n    {a}[x\n       ^\n    hint: write \\[ for a literal bracket"},
		{spec.Plain, "{a}]", "template, column 4: ] without [\n    {a}]\n       ^\n    hint: write \\] for a literal bracket"},
		{spec.Plain, "{a}[]", "template, column 4: empty [optional] part\n    {a}[]\n       ^^\n    hint: write \\[ for a literal bracket"},
		{spec.Path, "/{rest...}/{a}", "template, column 2: {rest...} takes everything: nothing can follow it\n    /{rest...}/{a}\n     ^^^^^^^^^\n    hint: move it to the end, or use {} to skip one segment"},
		{spec.Path, "/{a}/{tail...}", "template, column 6: tail... would take the rest of the value, which a client can fill without bound\n    /{a}/{tail...}\n         ^^^^^^^^^\n    hint: only {rest...} takes the rest, and it is not a label"},
		{spec.Plain, "{a}{b}", "template, column 1: nothing stands between two values\n    {a}{b}\n    ^^^^^^\n    hint: put text between them, or say what the first looks like: {name:[a-z]+}"},
		{spec.Plain, "{a}[{b}]", "template, column 1: nothing stands between two values\n    {a}[{b}]\n    ^^^^^^^\n    hint: put text between them, or say what the first looks like: {name:[a-z]+}"},
		{spec.Path, "/{a}{rest...}", "template, column 2: nothing stands between two values\n    /{a}{rest...}\n     ^^^^^^^^^^^^\n    hint: put text between them, or say what the first looks like: {name:[a-z]+}"},
		{spec.Plain, "{a}:{a}", "template, column 5: second {a} in one template\n    {a}:{a}\n        ^^^\n    hint: a template gives each label once; {} skips a segment"},
		{spec.Plain, "{a:}", "template, column 1: no regular expression after the colon\n    {a:}\n    ^^^^\n    hint: {a} alone takes any value"},
		{spec.Plain, "{a:[}", "template, column 1: { is never closed\n    {a:[}\n    ^^^^^\n    hint: write \\{ for a literal brace"},
		{spec.Plain, "{a:(x}", "template, column 4: bad regular expression: missing closing ): `(x`\n    {a:(x}\n       ^^\n    hint: the syntax is RE2"},
		{spec.Plain, "{a:^x}", "template, column 4: the regular expression is anchored\n    {a:^x}\n       ^^\n    hint: remove ^ and $: it always covers the whole value of the name"},
		{spec.Plain, "{2nd}", "template, column 2: 2nd is not a label name\n    {2nd}\n     ^^^\n    hint: letters, digits and underscores; no digit first"},
		{spec.Plain, "{__a}", "template, column 2: label names that begin with __ belong to Prometheus\n    {__a}\n     ^^^\n    hint: remove the underscores"},
		{spec.Plain, "{job}", "template, column 2: job is a label that the metrics have already, or that Prometheus sets\n    {job}\n     ^^^\n    hint: another name, for example route_job"},
		{spec.Path, "/a/{}", "template, column 1: the template gives no label\n    /a/{}\n    ^^^^^\n    hint: name a part of it, for example {client}"},
		{spec.Path, "/{a}?x={b}", "template, column 5: the query string is not part of the path\n    /{a}?x={b}\n        ^\n    hint: use {from: query, template: …} for it"},
		{spec.Path, "/{a}//{b}", "template, column 5: // never occurs: repeated slashes of a path are read as one\n    /{a}//{b}\n        ^^\n    hint: {} skips a segment"},
		{spec.Plain, "{job}{le}", "template, column 1: nothing stands between two values\n    {job}{le}\n    ^^^^^^^^^\n    hint: put text between them, or say what the first looks like: {name:[a-z]+}\n" +
			"template, column 2: job is a label that the metrics have already, or that Prometheus sets\n    {job}{le}\n     ^^^\n    hint: another name, for example route_job\n" +
			"template, column 7: le is a label that the metrics have already, or that Prometheus sets\n    {job}{le}\n          ^^\n    hint: another name, for example route_le"},
	} {
		_, err := spec.ParseTemplate(c.kind, c.text)
		if err == nil {
			t.Errorf("%q was accepted", c.text)
			continue
		}
		if d := cmp.Diff(c.want, err.Error()); d != "" {
			t.Errorf("%q:\n%s", c.text, d)
		}
	}
}

// TestReservedNames compares the list with the catalogue, which this package may not import.
func TestReservedNames(t *testing.T) {
	for _, f := range catalogue.All() {
		if f.Group == catalogue.Native || f.Group == catalogue.Socket {
			continue // these never carry route labels
		}
		for _, l := range f.Labels {
			if l != "sla" && !slices.Contains(spec.Reserved(), l) {
				t.Errorf("%s of %s can be taken as a route label", l, f.Name)
			}
		}
	}
	for _, l := range catalogue.RouteLabels() {
		if spec.CheckName(l) != nil {
			t.Errorf("the default label %s is refused", l)
		}
	}
}

// TestTemplateRoundTrip renders a random template with random values and reads them back.
func TestTemplateRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]spec.Kind{spec.Path, spec.Plain}).Draw(t, "kind")
		sep := map[spec.Kind]string{spec.Path: "/", spec.Plain: ":"}[kind]
		n := rapid.IntRange(1, 6).Draw(t, "n")
		want := map[string]string{}
		var text, value strings.Builder
		for i := range n {
			if i > 0 || kind == spec.Path {
				text.WriteString(sep)
				value.WriteString(sep)
			}
			v := rapid.StringOfN(rapid.RuneFrom([]rune("abcé%#.-_~\\[]{}+")), 1, 9, -1).Draw(t, "v")
			value.WriteString(v)
			switch rapid.IntRange(0, 2).Draw(t, "what") {
			case 0:
				text.WriteString("{}")
			case 1:
				for _, r := range v {
					if strings.ContainsRune(`\[]{}`, r) {
						text.WriteByte('\\')
					}
					text.WriteRune(r)
				}
			default:
				name := "n" + string(rune('a'+i))
				text.WriteString("{" + name + "}")
				want[name] = v
			}
		}
		if len(want) == 0 {
			return
		}
		tpl, err := spec.ParseTemplate(kind, text.String())
		if err != nil {
			t.Fatalf("%s: %v", text.String(), err)
		}
		got, ok := tpl.Values(value.String())
		if !ok || !maps.Equal(got, want) {
			t.Fatalf("%s on %s: %v %v, want %v", text.String(), value.String(), got, ok, want)
		}
	})
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{egress, "{a}:{b}", "/{a}[/{b}]{rest...}", `{a:[0-9]{1,2}}\{`, "/{a:[^/]+}/x", "[[[", "{a:(?i)x}"} {
		f.Add(s, "/a/b", true)
		f.Add(s, "a:b", false)
	}
	f.Fuzz(func(t *testing.T, text, value string, path bool) {
		kind := spec.Plain
		if path {
			kind = spec.Path
		}
		tpl, err := spec.ParseTemplate(kind, text)
		if err != nil {
			if tpl != nil {
				t.Fatal("a template with an error")
			}
			return
		}
		if len(tpl.Names()) == 0 || tpl.String() != text {
			t.Fatalf("%q gives no label or changed", text)
		}
		spans, ok := tpl.Match([]byte(value), nil)
		if ok != (tpl.Why(value) == "") {
			t.Fatalf("Why(%q) = %q but match is %v", value, tpl.Why(value), ok)
		}
		if !ok {
			return
		}
		if len(spans) != len(tpl.Names()) {
			t.Fatalf("%d spans for %v", len(spans), tpl.Names())
		}
		// What the first segments decide must not depend on what follows them.
		if n := tpl.Segments(); path && n >= 0 {
			if short := prefix(value, n); short != value {
				again, ok := tpl.Match([]byte(short), nil)
				if !ok || !slices.Equal(again, spans) {
					t.Fatalf("%q: %q gives %v, its first %d segments %q give %v %v", text, value, spans, n, short, again, ok)
				}
			}
		}
		tpl.Alternative(value)
	})
}

// prefix cuts s before its slash number n+1.
func prefix(s string, n int) string {
	for i := range len(s) {
		if s[i] == '/' {
			if n--; n < 0 {
				return s[:i]
			}
		}
	}
	return s
}

func BenchmarkTemplateMatch(b *testing.B) {
	tpl, err := spec.ParseTemplate(spec.Path, egress)
	if err != nil {
		b.Fatal(err)
	}
	path := []byte("/legacy-soap/prod/example/prod/www/low/helloworld/4711")
	spans := make([]spec.Span, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := tpl.Match(path, spans[:0]); !ok {
			b.Fatal("no match")
		}
	}
}
