package alerts

// The level of a recorded name says which labels it has: route = the route labels, sla = the SLA.
// All of them also have the labels of the group of nodes: a route's traffic is that of the whole group.

// rawWindows are counted from the counters themselves, so that what is read late (a catch-up after
// a stop of the exporter) is in them.
func rawWindows() []string { return []string{"5m", "30m", "1h"} }

// longWindows are added up from the windows of an hour, one every five minutes: days of raw samples
// of thousands of series would be too much for each evaluation. Unlike averages of ratios this
// weighs each request alike.
func longWindows() []string { return []string{"2h", "6h", "1d", "3d"} }

func recordingRules() []Rule {
	out := []Rule{
		{Record: "sla:haproxy_log_sla_objective:ratio", Expr: `max by (<K>, <SLA>) (haproxy_log_sla_objective_ratio{<J>})`},
		{Record: "sla:haproxy_log_sla_timeout:seconds", Expr: `max by (<K>, <SLA>) (haproxy_log_sla_timeout_seconds{<J>})`},
		// A backend that serves one partner environment has its name; one that is shared has none, rather than a wrong one.
		{Record: "proxy:haproxy_log_backend_partner:info", Expr: `max by (<K>, haproxy, proxy, <E>) (haproxy_log_backend_route_info{<J>})
and on (<K>, haproxy, proxy)
  count by (<K>, haproxy, proxy) (max by (<K>, haproxy, proxy, <E>) (haproxy_log_backend_route_info{<J>})) == 1`},
		{Record: "route:haproxy_log_requests:rate5m", Expr: `sum by (<K>, <R>) (rate(haproxy_log_requests_total{<J>}[5m]))`},
		{Record: "route:haproxy_log_response_duration_seconds:p95_10m", Expr: `histogram_quantile(0.95,
  sum by (<K>, <R>, le) (rate(haproxy_log_response_duration_seconds_bucket{<J>}[10m]))
)`},
	}
	out = append(out, completenessRules()...)
	for _, w := range rawWindows() {
		out = append(out,
			Rule{Record: "route:haproxy_log_sla_requests:increase" + w,
				Expr: `sum by (<K>, <R>) (increase(haproxy_log_sla_requests_total{<J>, outcome=~"met|late|failed"}[` + w + `]))`},
			Rule{Record: "route:haproxy_log_sla_missed:increase" + w,
				Expr: `sum by (<K>, <R>) (increase(haproxy_log_sla_requests_total{<J>, outcome=~"late|failed"}[` + w + `]))`},
			ratioRule(w))
	}
	return out
}

func longRecordingRules() []Rule {
	var out []Rule
	for _, w := range longWindows() {
		for _, what := range []string{"requests", "missed"} {
			out = append(out, Rule{Record: "route:haproxy_log_sla_" + what + ":increase" + w,
				Expr: `sum_over_time(route:haproxy_log_sla_` + what + `:increase1h{<J>}[` + w + `:5m]) / 12`})
		}
		out = append(out, ratioRule(w))
	}
	return out
}

func ratioRule(w string) Rule {
	return Rule{Record: "route:haproxy_log_sla_missed:ratio" + w,
		Expr: `route:haproxy_log_sla_missed:increase` + w + `{<J>} / (route:haproxy_log_sla_requests:increase` + w + `{<J>} > 0)`}
}

// burnAlert is a multi-window burn rate alert. The long window says that the budget really suffers,
// the short one that it still does; the number of missed requests keeps quiet routes quiet.
func burnAlert(name, long, short, pending, factor, severity, what string) Rule {
	level := func(w string) string {
		return `route:haproxy_log_sla_missed:ratio` + w + `{<J>}
  > on (<K>, <SLA>) group_left ()
    clamp_max(<t:` + factor + `> * (1 - sla:haproxy_log_sla_objective:ratio{<J>}), <t:burn_cap>)`
	}
	return Rule{
		Alert: name, For: pending, Severity: severity, Component: OfRoute, Dashboard: "haproxy-log-sla",
		Expr: `(
  ` + level(long) + `
)
and (
  ` + level(short) + `
)
and route:haproxy_log_sla_missed:increase` + long + `{<J>} >= <t:` + factor + `_missed>`,
		Summary: `<the route>: {{ $value | humanizePercentage }} of the requests missed the SLA within ` + long,
		Description: `Requests of <the route> came late or failed more often than the objective of the SLA allows: ` +
			`{{ $value | humanizePercentage }} over ` + long + `, and still over ` + short + `. ` + what,
	}
}

func budgetAlerts() []Rule {
	return []Rule{
		burnAlert("HAProxyRouteBudgetBurnFast", "1h", "5m", "2m", "burn_fast", Page, "At this rate the error budget of 30 days is gone in about two days."),
		burnAlert("HAProxyRouteBudgetBurnSlow", "6h", "30m", "15m", "burn_slow", Page, "At this rate the error budget of 30 days is gone in about five days."),
		burnAlert("HAProxyRouteBudgetBurnDay", "1d", "2h", "1h", "burn_day", Ticket, "At this rate the error budget of 30 days is gone in about ten days."),
		burnAlert("HAProxyRouteBudgetTrickle", "3d", "6h", "3h", "burn_trickle", Ticket, "The error budget of 30 days will not last; either the partner got worse or the objective is not realistic."),
	}
}

// completenessRules compare what HAProxy counted with the lines, frontends that do not log everything left out.
func completenessRules() []Rule {
	return []Rule{
		{Record: "proxy:haproxy_log_reconciled_requests:increase1h", Expr: `sum by (<I>, proxy) (increase(haproxy_log_reconciled_requests_total{<J>}[1h]))
unless on (<I>, proxy)
  ` + gaps},
		{Record: "proxy:haproxy_log_missing_lines:increase1h", Expr: `proxy:haproxy_log_reconciled_requests:increase1h{<J>}
- sum by (<I>, proxy) (increase(haproxy_log_reconciled_lines_total{<J>}[1h]))`},
		{Record: "instance:haproxy_log_missing_lines:increase1h", Expr: `clamp_min(sum by (<I>) (proxy:haproxy_log_missing_lines:increase1h{<J>}), 0)`},
		{Record: "instance:haproxy_log_missing_lines:ratio1h", Expr: `instance:haproxy_log_missing_lines:increase1h{<J>}
/ (sum by (<I>) (proxy:haproxy_log_reconciled_requests:increase1h{<J>}) > 0)`},
	}
}
