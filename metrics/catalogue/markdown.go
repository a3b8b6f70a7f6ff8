package catalogue

import (
	"fmt"
	"strings"
)

// Markdown renders the whole catalogue as the body of docs/METRICS.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# Metrics\n\nGenerated from `metrics/catalogue` by `make docs`; do not edit.\n\n")
	fmt.Fprintf(&b, "`R` stands for the route labels, by default `%s`; their names and sources are configurable.\n", strings.Join(RouteLabels(), "`, `"))
	fmt.Fprintf(&b, "With more than one configured HAProxy every metric of a HAProxy also carries `%s`.\n", HAProxyLabel)
	all := All()
	for g := Log; g <= Native; g++ {
		fmt.Fprintf(&b, "\n## %s\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n", g)
		for i := range all {
			if f := &all[i]; f.Group == g {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, markdownLabels(f), markdownHelp(f))
			}
		}
	}
	return b.String()
}

func markdownLabels(f *Family) string {
	var l []string
	if f.Route {
		l = append(l, "R")
	}
	for _, n := range f.Labels {
		l = append(l, "`"+n+"`")
	}
	if len(l) == 0 {
		return "–"
	}
	return strings.Join(l, ", ")
}

func markdownHelp(f *Family) string {
	h := strings.ReplaceAll(f.Help, "|", "\\|")
	if f.Note != "" {
		h += " (" + f.Note + ")"
	}
	return h
}
