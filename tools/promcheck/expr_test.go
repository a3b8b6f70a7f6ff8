package promcheck

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/dashboards"
	"haproxy_log_exporter/metrics/catalogue"
)

// expression is one query and where it stands.
type expression struct {
	where, text string
	// jobless expressions may select without a job.
	jobless bool
}

// macros stand for what Grafana fills in.
func macros() *strings.Replacer {
	return strings.NewReplacer("$__rate_interval", "1m", "$__interval", "15s", "$__range", "6h")
}

func rules(t *testing.T) []alerts.Rendered {
	t.Helper()
	p := alerts.Defaults()
	p.Optional = true
	r, err := alerts.Rules(p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func all(t *testing.T) []*dashboards.Dashboard {
	t.Helper()
	d, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func expressions(t *testing.T) []expression {
	t.Helper()
	var out []expression
	for _, r := range rules(t) {
		out = append(out, expression{where: "rule " + r.Name, text: r.Expr})
	}
	for _, d := range all(t) {
		for _, p := range d.Flat() {
			for _, q := range p.Targets {
				out = append(out, expression{where: d.Title + ": " + p.Title, text: macros().Replace(q.Expr)})
			}
		}
		for _, a := range d.Annotations.List {
			out = append(out, expression{where: d.Title + ": annotation " + a.Name, text: macros().Replace(a.Expr)})
		}
		for _, v := range d.Templating.List {
			if m := labelValues.FindStringSubmatch(v.Definition); m != nil {
				out = append(out, expression{where: d.Title + ": variable " + v.Name, text: m[1], jobless: v.Name == "job"})
			} else if v.Type == "query" {
				t.Errorf("%s: variable %s is no label_values(): %s", d.Title, v.Name, v.Definition)
			}
		}
	}
	return out
}

var labelValues = regexp.MustCompile(`^label_values\((.+), \w+\)$`)

// selectors parses the expression and returns its vector selectors.
func selectors(t *testing.T, e expression) []*parser.VectorSelector {
	t.Helper()
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(e.text)
	if err != nil {
		t.Errorf("%s: %v\n%s", e.where, err, e.text)
		return nil
	}
	var out []*parser.VectorSelector
	parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			out = append(out, v)
		}
		return nil
	})
	return out
}

// target labels and those that Prometheus itself makes.
func targetLabels() []string { return []string{"__name__", "job", "instance"} }

// foreign are the metrics that are not in the catalogue: Prometheus' own, those of every Go process, and the
// counter that the panels about TLS ask to be configured.
func foreign() map[string][]string {
	return map[string][]string{
		"up": nil, "scrape_duration_seconds": nil, "scrape_samples_scraped": nil, "process_cpu_seconds_total": nil, "process_resident_memory_bytes": nil,
		"ALERTS":                   {"alertname", "alertstate", "severity"},
		dashboards.OptionalCounter: {"client", "client_env", "sslv"},
	}
}

// labelsOf returns the labels that a metric can have.
func labelsOf(name string, recorded map[string][]string) ([]string, bool) {
	if l, ok := foreign()[name]; ok {
		return l, true
	}
	if l, ok := recorded[name]; ok {
		return l, true
	}
	base, bucket := name, false
	f, ok := catalogue.Find(name)
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if cut, has := strings.CutSuffix(name, suffix); has && !ok {
			base, bucket = cut, suffix == "_bucket"
			f, ok = catalogue.Find(base)
			ok = ok && f.Type == catalogue.Histogram
		}
	}
	if !ok {
		return nil, false
	}
	l := append(f.LabelNames(catalogue.RouteLabels()), catalogue.HAProxyLabel)
	if bucket {
		l = append(l, "le")
	}
	// A scrape without honor_labels renames labels; the alert about it looks for that.
	for _, x := range slices.Clone(l) {
		l = append(l, "exported_"+x)
	}
	return l, true
}

// recordedLabels takes the labels of a recorded name from its level.
func recordedLabels(t *testing.T) map[string][]string {
	out := map[string][]string{}
	levels := map[string][]string{
		"sla": {"sla"}, "route": catalogue.RouteLabels(), "instance": {"haproxy"},
		"proxy": {"haproxy", "proxy", "partner", "partner_env"},
	}
	for _, r := range rules(t) {
		if r.Alert {
			continue
		}
		level, _, ok := strings.Cut(r.Name, ":")
		if _, known := levels[level]; !ok || !known {
			t.Errorf("%s: a recorded name begins with its level", r.Name)
		}
		out[r.Name] = levels[level]
	}
	return out
}

func TestEverySelectorAsksForWhatExists(t *testing.T) {
	recorded := recordedLabels(t)
	n := 0
	for _, e := range expressions(t) {
		for _, v := range selectors(t, e) {
			n++
			have, ok := labelsOf(v.Name, recorded)
			if !ok {
				t.Errorf("%s: no metric %q", e.where, v.Name)
				continue
			}
			for _, problem := range matcherProblems(v, have, e.jobless) {
				t.Errorf("%s: %s: %s", e.where, v, problem)
			}
		}
	}
	if n < 200 {
		t.Errorf("only %d selectors were found", n)
	}
}

func matcherProblems(v *parser.VectorSelector, have []string, jobless bool) []string {
	var out []string
	job := jobless
	for _, m := range v.LabelMatchers {
		job = job || m.Name == "job"
		if m.Name == labels.BucketLabel {
			out = append(out, "selects on le, which depends on the configured buckets")
		}
		if !slices.Contains(have, m.Name) && !slices.Contains(targetLabels(), m.Name) {
			out = append(out, fmt.Sprintf("no label %q", m.Name))
		}
	}
	if !job {
		out = append(out, "no matcher for job")
	}
	return out
}

// TestLabelsOfAggregationsExist looks at by, on and group_left: a label there that nothing has
// silently joins or groups everything into one.
func TestLabelsOfAggregationsExist(t *testing.T) {
	recorded := recordedLabels(t)
	made := []string{"class", "proxy"} // by label_replace
	for _, e := range expressions(t) {
		tree, err := parser.NewParser(parser.Options{}).ParseExpr(e.text)
		if err != nil {
			continue // reported above
		}
		have := append(targetLabels(), made...)
		for _, v := range selectors(t, e) {
			l, _ := labelsOf(v.Name, recorded)
			have = append(have, l...)
		}
		check := func(names []string, what string) {
			for _, name := range names {
				if !slices.Contains(have, name) {
					t.Errorf("%s: %s (%s): nothing here has the label %s", e.where, what, strings.Join(names, ", "), name)
				}
			}
		}
		parser.Inspect(tree, func(n parser.Node, _ []parser.Node) error {
			switch x := n.(type) {
			case *parser.AggregateExpr:
				check(x.Grouping, x.Op.String())
			case *parser.BinaryExpr:
				if x.VectorMatching != nil {
					check(x.VectorMatching.MatchingLabels, "on")
					check(x.VectorMatching.Include, "group")
				}
			}
			return nil
		})
	}
}

// TestCountersAreRated finds counters that are shown or compared as they are, and gauges that are rated.
func TestCountersAreRated(t *testing.T) {
	rated := []string{"rate", "increase", "irate", "changes", "resets", "absent", "absent_over_time"}
	for _, e := range expressions(t) {
		if strings.Contains(e.where, ": variable ") {
			continue
		}
		tree, err := parser.NewParser(parser.Options{}).ParseExpr(e.text)
		if err != nil {
			continue
		}
		parser.Inspect(tree, func(n parser.Node, path []parser.Node) error {
			v, ok := n.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			f, found := catalogue.Find(v.Name)
			inRate, name := false, ""
			for _, p := range path {
				if c, ok := p.(*parser.Call); ok {
					inRate, name = inRate || slices.Contains(rated, c.Func.Name), c.Func.Name
				}
			}
			counter := found && f.Type != catalogue.Gauge || !found && strings.HasSuffix(v.Name, "_bucket")
			// Resolvers have gauges that only rise: HAProxy's exporter types them so.
			monotonic := strings.HasPrefix(v.Name, "haproxy_resolver_")
			if counter && !inRate {
				t.Errorf("%s: %s is a counter and is not in rate() or increase()", e.where, v.Name)
			}
			if found && f.Type == catalogue.Gauge && inRate && name != "changes" && !monotonic {
				t.Errorf("%s: %s is a gauge in %s()", e.where, v.Name, name)
			}
			return nil
		})
	}
}
