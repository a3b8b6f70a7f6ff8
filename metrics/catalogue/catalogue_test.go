package catalogue_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

func TestNamesFollowTheRules(t *testing.T) {
	valid := regexp.MustCompile(`^haproxy_[a-z0-9_]+$`)
	seen := map[string]bool{}
	for _, f := range catalogue.All() {
		if seen[f.Name] {
			t.Errorf("%s is listed twice", f.Name)
		}
		seen[f.Name] = true
		if !valid.MatchString(f.Name) {
			t.Errorf("%s is not a valid name", f.Name)
		}
		if f.Group == catalogue.Native {
			continue // these names are HAProxy's, not ours
		}
		if (f.Type == catalogue.Counter) != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%s: counters, and only counters, end in _total", f.Name)
		}
		if !strings.HasSuffix(f.Help, ".") {
			t.Errorf("%s: help is not a sentence: %q", f.Name, f.Help)
		}
		for _, l := range f.LabelNames(catalogue.RouteLabels()) {
			if l == "job" || l == "instance" || l == "le" || l == "quantile" || strings.HasPrefix(l, "__") {
				t.Errorf("%s: label %s is reserved", f.Name, l)
			}
		}
	}
}

func TestMetricsPageIsCurrent(t *testing.T) {
	const page = "../../docs/METRICS.md"
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != catalogue.Markdown() {
		t.Fatalf("%s is not what the catalogue says: run make docs", page)
	}
}
