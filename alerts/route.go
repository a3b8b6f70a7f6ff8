package alerts

// share is a ratio of two sums over 10 minutes that counts only when enough requests are concerned.
func share(by, numerator, denominator, window, ratio, least string) string {
	return `(
  sum by (` + by + `) (rate(` + numerator + `[` + window + `]))
    / sum by (` + by + `) (rate(` + denominator + `[` + window + `]))
) > <t:` + ratio + `>
and sum by (` + by + `) (increase(` + numerator + `[` + window + `])) >= <t:` + least + `>`
}

const allJudged = `haproxy_log_sla_requests_total{<J>}`

func routeAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyRouteNearTimeout", For: "10m", Severity: Ticket, Component: OfRoute, Dashboard: "haproxy-log-partner",
			Expr: `route:haproxy_log_response_duration_seconds:p95_10m{<J>}
  / on (<K>, <SLA>) group_left () sla:haproxy_log_sla_timeout:seconds{<J>}
  > <t:near_timeout>
and on (<K>, <R>) sum by (<K>, <R>) (increase(haproxy_log_response_duration_seconds_count{<J>}[10m])) >= <t:near_timeout_requests>`,
			Summary: `<the route>: p95 is at {{ $value | humanizePercentage }} of the timeout`,
			Description: `One in twenty answers of <the partner> takes {{ $value | humanizePercentage }} of the SLA's timeout or longer. ` +
				`A little more and these requests end as 504.`,
		},
		{
			Alert: "HAProxyClientGivesUp", For: "10m", Severity: Ticket, Component: OfRoute, Dashboard: "haproxy-log-termination",
			// C is the client's doing, c its timeout; the second letter leaves out requests that were never complete.
			// HAProxy 2.6 without abortonclose logs an abort as 504 sH, which nobody can tell from a slow partner.
			Expr:    share(`<K>, <R>`, `haproxy_log_requests_total{<J>, termination_state=~"[Cc][CDHLQ]"}`, allJudged, "10m", "client_aborts", "client_aborts_requests"),
			Summary: `<the route>: the application gave up {{ $value | humanizePercentage }} of its requests`,
			Description: `The application closed the connection, or stopped reading, before <the partner> had answered. ` +
				`Often its own timeout is shorter than the SLA's.`,
		},
		{
			Alert: "HAProxyRequestsUnserved", For: "15m", Severity: Ticket, Component: OfRoute, Dashboard: "haproxy-log-overview",
			Expr: `(
  sum by (<K>, frontend, reason) (rate(haproxy_log_unserved_total{<J>, reason!="bad_request"}[15m]))
    / on (<K>, frontend) group_left () sum by (<K>, frontend) (rate(haproxy_log_requests_total{<J>}[15m]))
) > <t:unserved>
and sum by (<K>, frontend, reason) (increase(haproxy_log_unserved_total{<J>, reason!="bad_request"}[15m])) >= <t:unserved_requests>`,
			Summary: `{{ $labels.frontend }}: HAProxy itself answered {{ $value | humanizePercentage }} of the requests ({{ $labels.reason }})`,
			Description: `These requests never went to a partner: no_route means that no backend fits, denied that a rule refused them, ` +
				`local that HAProxy was told to answer. A new application, a typing error in a path, or a map without an entry.`,
		},
	}
}

// optionalAlerts stand in a file of their own that is loaded on purpose.
func optionalAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyRouteTrafficGone", For: "30m", Severity: Ticket, Component: OfRoute, Dashboard: "haproxy-log-overview", Optional: true,
			Expr: `sum by (<K>, <R>) (rate(haproxy_log_requests_total{<J>}[1h] offset 1w)) > <t:traffic_gone_rate>
unless
  sum by (<K>, <R>) (rate(haproxy_log_requests_total{<J>}[1h]))
    >= <t:traffic_gone> * sum by (<K>, <R>) (rate(haproxy_log_requests_total{<J>}[1h] offset 1w))`,
			Summary: `<the route>: nearly no requests, {{ $value | humanize }} a second at this time of last week`,
			Description: `The route has less than <t:traffic_gone%> of the requests of the same hour of last week. ` +
				`A planned switch or a holiday looks the same; an application that cannot reach HAProxy any more, too.`,
		},
	}
}
