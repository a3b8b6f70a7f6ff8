package dashboards

import "strings"

// rate is the rate of a counter; sel is added to the matchers of the dashboard.
func rate(metric, sel string) string { return "rate(" + metric + "{" + sel + "}[$__rate_interval])" }

func sumBy(by, expr string) string {
	if by == "" {
		return "sum(" + expr + ")"
	}
	return "sum by (" + by + ") (" + expr + ")"
}

// share is part of whole by labels, and nothing where there is no traffic.
func share(by, part, whole string) string {
	return sumBy(by, part) + " / (" + sumBy(by, whole) + " > 0)"
}

const (
	requests = "haproxy_log_requests_total"
	judged   = "haproxy_log_sla_requests_total"
	duration = "haproxy_log_request_duration_seconds"
	response = "haproxy_log_response_duration_seconds"

	counted = route + `, outcome=~"met|late|failed"`
	missed  = route + `, outcome=~"late|failed"`
	failed  = route + `, outcome="failed"`
)

// orNone gives rows without a value of the label a name, so that their legend is not empty: requests that
// fit no route have empty route labels.
func orNone(label, expr string) string {
	return "label_replace(" + expr + `, "` + label + `", "(none)", "` + label + `", "")`
}

func quantile(p, by, metric string) string {
	by = strings.TrimPrefix(by+", le", ", ")
	return "histogram_quantile(" + p + ", " + sumBy(by, rate(metric+"_bucket", route)) + ")"
}

const (
	helpErrors = "Requests with outcome failed as a share of those that count for the SLA (met, late, failed)."
	helpP95    = "Nineteen of twenty requests end sooner, from their first byte to the end of the response. Estimated within the histogram's buckets."
)

func overview() spec {
	return spec{
		uid: "haproxy-log-overview", title: "HAProxy log / Overview", from: "now-6h", variables: routeVariables(),
		description: "Requests, errors and durations by partner, client, environment and SLA, counted from HAProxy's log.",
		sections: sections(
			row("Now", now()...),
			row("By partner", red("partner, partner_env", "{{partner}} {{partner_env}}", "partner")...),
			row("By client", red("client, client_env", "{{client}} {{client_env}}", "client")...),
			row("By SLA", slaRow()...),
			row("Routes, worst first", routesTable()),
			row("Answered by HAProxy itself",
				lines("Unserved by reason", "Requests that never went to a partner: no_route no backend fits, denied a rule refused them, local HAProxy was told to answer, bad_request they made no sense.", "reqps", size(12, 8),
					q{sumBy("reason, frontend", rate("haproxy_log_unserved_total", route)), "{{reason}} {{frontend}}"}).stacked().rare(),
				lines("Unserved by client", "Who sends them. Unknown values stand as other, requests without a path that fits as empty names.", "reqps", size(12, 8),
					q{orNone("client", "topk(10, "+sumBy("client, client_env, code", rate("haproxy_log_unserved_total", route))+")"), "{{client}} {{client_env}} {{code}}"}).stacked().rare(),
			),
			closedRow("Old TLS (needs the counter tls_requests)", oldTLS()...),
		),
	}
}

func now() []*Panel {
	return []*Panel{
		stat("Requests", "HTTP requests a second, all that have a log line.", "reqps", 4, steps("text"), q{"sum(" + rate(requests, route) + ")", ""}),
		stat("Errors", helpErrors, "percentunit", 4, steps("green", 0.01, "orange", 0.05, "red"),
			q{"sum(" + rate(judged, failed) + ") / (sum(" + rate(judged, counted) + ") > 0)", ""}),
		stat("p95", helpP95, "s", 4, steps("text"), q{quantile("0.95", "", duration), ""}),
		stat("SLA met", "Share of the requests that were neither late nor failed. Aborted and throttled requests do not count.", "percentunit", 4, steps("red", 0.99, "orange", 0.999, "green"),
			q{"sum(" + rate(judged, route+`, outcome="met"`) + ") / (sum(" + rate(judged, counted) + ") > 0)", ""}),
		stat("Routes with traffic", "Combinations of client, partner, environments, service and SLA that had a request.", "short", 4, steps("text"),
			q{"count(" + sumBy(routeLabels, rate(judged, route)) + " > 0)", ""}),
		stat("Last log line", "Time since a line was read, by the source that waits longest. A high value on a node with traffic means that the log does not arrive.", "s", 4, steps("green", 300, "orange", 900, "red"),
			q{"time() - min(max by (job, instance, source) (haproxy_log_last_line_timestamp_seconds{" + node + "}) > 0)", ""}),
	}
}

// red is rate, errors and duration by some labels.
func red(by, legend, what string) []*Panel {
	return []*Panel{
		lines("Requests by "+what, "HTTP requests a second.", "reqps", size(8, 9), q{orNone(what, sumBy(by, rate(requests, route))), legend}).stacked(),
		lines("Errors by "+what, helpErrors, "percentunit", size(8, 9), q{share(by, rate(judged, failed), rate(judged, counted)), legend}),
		lines("p95 by "+what, helpP95, "s", size(8, 9), q{quantile("0.95", by, duration), legend}),
	}
}

func slaRow() []*Panel {
	p95 := quantile("0.95", "sla", response) + ` / on (sla) max by (sla) (haproxy_log_sla_timeout_seconds{` + node + `})`
	return []*Panel{
		lines("Requests by SLA", "HTTP requests a second.", "reqps", size(8, 9), q{orNone("sla", sumBy("sla", rate(requests, route))), "{{sla}}"}).stacked(),
		lines("Missed by SLA", "Requests that came late or failed, as a share of those that count.", "percentunit", size(8, 9), q{share("sla", rate(judged, missed), rate(judged, counted)), "{{sla}}"}),
		lines("p95 against the timeout", "p95 of the time until the response begins, as a share of the timeout of the SLA, of the requests that were answered. Near 100 % more and more are not.", "percentunit", size(8, 9), q{p95, "{{sla}}"}).
			limits(steps("transparent", 0.8, "orange", 1, "red")),
	}
}

const routeLabels = "client, client_env, partner, partner_env, partner_service, sla"

func routesTable() *Panel {
	over := func(sel string) string { return sumBy(routeLabels, "increase("+judged+"{"+sel+"}[$__range])") }
	share := over(missed) + " / (" + over(counted) + " > 0)"
	p95 := "histogram_quantile(0.95, " + sumBy(routeLabels+", le", "rate("+duration+"_bucket{"+route+"}[$__range])") + ")"
	return table("Routes, worst first", "Over the selected range. Budget used is the share of missed requests divided by what the objective allows: above 1 the objective is not reached. A click on a partner leads to its dashboard.",
		size(24, 12), "Budget used", []column{
			{"client", "Client", "", 0, nil}, {"client_env", "Client env", "", 90, nil},
			{"partner", "Partner", "", 0, toPartner()}, {"partner_env", "Partner env", "", 100, nil},
			{"partner_service", "Service", "", 0, nil}, {"sla", "SLA", "", 80, nil},
			{"Value #A", "Requests", "short", 100, nil},
			{"Value #B", "Missed", "percentunit", 90, nil},
			{"Value #C", "Budget used", "short", 110, append(coloured(steps("green", 0.5, "orange", 1, "red")), Property{"decimals", 2})},
			{"Value #D", "p95", "s", 90, nil},
		},
		q{sumBy(routeLabels, "increase("+requests+"{"+route+"}[$__range])") + " > 0", ""},
		q{share, ""},
		q{"(" + share + ") / on (sla) group_left () (1 - max by (sla) (haproxy_log_sla_objective_ratio{" + node + "}))", ""},
		q{p95 + " > 0", ""})
}

func oldTLS() []*Panel {
	const what = "counters: [{name: tls_requests, labels: [client, client_env, sslv]}], and sslv in the log-format"
	help := "Needs " + what + "."
	old := node + `, client=~"$client", client_env=~"$client_env", sslv=~"SSLv3|TLSv1|TLSv1.0|TLSv1.1"`
	return []*Panel{
		lines("Requests by TLS version", "Versions that clients speak. "+help, "reqps", size(12, 8),
			q{orNone("sslv", sumBy("sslv", rate(OptionalCounter, node+`, client=~"$client", client_env=~"$client_env"`))), "{{sslv}}"}).stacked().needs(what),
		table("Who still speaks old TLS", "Clients that used TLS 1.1 or older in the selected range. "+help, size(12, 8), "Requests", []column{
			{"client", "Client", "", 0, nil}, {"client_env", "Client env", "", 0, nil}, {"sslv", "TLS", "", 100, nil}, {"Value", "Requests", "short", 120, nil},
		}, q{sumBy("client, client_env, sslv", "increase("+OptionalCounter+"{"+old+"}[$__range])") + " > 0", ""}).needs(what),
	}
}
