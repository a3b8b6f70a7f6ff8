package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"haproxy_log_exporter/metrics"
)

// ReportOptions are the flags of report.
type ReportOptions struct {
	Logs []string
	Sort string
	Top  int
}

// Report prints a table of routes. A log that was given is read whole.
func Report(ctx context.Context, o Options, r ReportOptions, std Streams) error {
	o.everyFamily = true // a report needs what the configuration may leave out of the exposition
	got, err := replayCut(ctx, o, r.Logs, 0, std)
	if err != nil {
		return err
	}
	rows := got.cut.Report()
	slices.SortStableFunc(rows, func(a, b metrics.RouteReport) int { return cmp.Compare(sortKey(&b, r.Sort), sortKey(&a, r.Sort)) })
	shown := rows
	if r.Top > 0 && len(rows) > r.Top {
		shown = rows[:r.Top]
	}
	w := tabwriter.NewWriter(std.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := []string{"requests", "errors", "unserved", "p50", "p95", "p99", "SLA met"}
	fmt.Fprintf(w, "%s\t\n", strings.Join(append(head, strings.Join(got.plan.table.RouteLabels(), " ")), "\t"))
	for i := range shown {
		row := &shown[i]
		fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t\n", row.Requests, row.Errors, row.Unserved,
			seconds(row.P50), seconds(row.P95), seconds(row.P99), percent(row.SLA()), routeText(row))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if n := len(rows) - len(shown); n > 0 {
		fmt.Fprintf(std.Out, "and %d more (--top=0 shows all)\n", n)
	}
	return nil
}

func sortKey(r *metrics.RouteReport, column string) float64 {
	key := float64(r.Requests)
	switch column {
	case "errors":
		key = float64(r.Errors)
	case "p50":
		key = r.P50
	case "p95":
		key = r.P95
	case "p99":
		key = r.P99
	case "met":
		key = -r.SLA() // the worst first
	}
	if math.IsNaN(key) {
		return math.Inf(-1)
	}
	return key
}

func routeText(r *metrics.RouteReport) string {
	text := strings.Join(r.Labels, " ")
	if strings.TrimSpace(text) == "" {
		text = "(no route)"
	}
	if r.HAProxy != "" {
		text = r.HAProxy + " " + text
	}
	return text
}

func seconds(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case math.IsInf(v, 1):
		return "beyond"
	case v < 1:
		return fmt.Sprintf("%.0f ms", v*1000)
	}
	return fmt.Sprintf("%.1f s", v)
}

func percent(v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", v*100)
}
