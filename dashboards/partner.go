package dashboards

func partner() spec {
	return spec{
		uid: "haproxy-log-partner", title: "HAProxy log / Partner", from: "now-3h", variables: append(routeVariables(), backendVariable()),
		description: "One partner in depth: how its requests end, how long they take and where, and how its backends differ.",
		sections: sections(
			row("Now", partnerNow()...),
			row("How requests end", partnerEnds()...),
			row("How long they take", partnerTimes()...),
			row("Backends on the same route: canary, switch by date", partnerBackends()...),
			row("Clients and servers", partnerSides()...),
			row("Seen by the socket", partnerSocket()...),
			closedRow("Native histograms (where Prometheus scrapes them)", partnerNative()...),
		),
	}
}

// backendVariable offers the backends of the chosen partners; the label is proxy there and backend in the log's metrics.
func backendVariable() Variable {
	v := query("proxy", "Backend", `haproxy_log_backend_route_info{job=~"$job", partner=~"$partner", partner_env=~"$partner_env", partner_service=~"$partner_service"}`, "Backend section that was used", ".*")
	v.Name = "backend"
	return v
}

const onBackend = route + `, backend=~"$backend"`

func partnerNow() []*Panel {
	ratio := func(sel string) string {
		return "sum(" + rate(judged, sel) + ") / (sum(" + rate(judged, counted) + ") > 0)"
	}
	return []*Panel{
		stat("Requests", "HTTP requests a second.", "reqps", 4, steps("text"), q{"sum(" + rate(requests, route) + ")", ""}),
		stat("Failed", helpErrors, "percentunit", 4, steps("green", 0.01, "orange", 0.05, "red"), q{ratio(failed), ""}),
		stat("Late", "Requests that were answered later than the SLA says.", "percentunit", 4, steps("green", 0.01, "orange", 0.05, "red"), q{ratio(route + `, outcome="late"`), ""}),
		stat("p95", helpP95, "s", 4, steps("text"), q{quantile("0.95", "", duration), ""}),
		stat("Throttled", "Requests that left HAProxy's queue unserved because the partner's servers were at their maxconn.", "reqps", 4, steps("green", 0.001, "orange"), q{"sum(" + rate(judged, route+`, outcome="throttled"`) + ")", ""}),
		stat("Retries", "Connections that HAProxy had to try again.", "ops", 4, steps("green", 0.1, "orange"), q{"sum(" + rate("haproxy_log_retries_total", route) + ")", ""}),
	}
}

func partnerEnds() []*Panel {
	return []*Panel{
		lines("Status classes", "By the status that the client got; none when there was no answer at all.", "reqps", size(8, 9),
			q{`sum by (class) (label_replace(` + sumBy("code", rate(requests, route+`, code!="none"`)) + `, "class", "$1", "code", "(.)..")) > 0`, "{{class}}xx"},
			q{sumBy("", rate(requests, route+`, code="none"`)) + " > 0", "no status"}).stacked().
			colour("2xx", "green").colour("3xx", "blue").colour("4xx", "yellow").colour("5xx", "red").colour("no status", "purple"),
		lines("Outcomes", "How requests are judged by the SLA; met, late and failed count. Unserved requests are not here.", "reqps", size(8, 9),
			q{sumBy("outcome", rate(judged, route)), "{{outcome}}"}).stacked().
			colour("met", "green").colour("late", "orange").colour("failed", "red").colour("throttled", "purple").colour("aborted", "blue"),
		lines("Failures by who caused them", "partner: refused, timed out, broke off or answered 5xx. no_server: DNS or all servers down. proxy: HAProxy itself. admin: somebody ended it.", "reqps", size(8, 9),
			q{sumBy("blame", rate("haproxy_log_failures_total", route)), "{{blame}}"}).stacked().
			colour("partner", "red").colour("no_server", "orange").colour("proxy", "purple").colour("admin", "blue"),
	}
}

func partnerTimes() []*Panel {
	phases := sumBy("phase", rate("haproxy_log_phase_seconds_total", route)) + " / on () group_left () (sum(" + rate(requests, route) + ") > 0)"
	return []*Panel{
		lines("Percentiles", "Whole requests, from the first byte to the end of the response. Estimated within the histogram's buckets.", "s", size(8, 9),
			q{quantile("0.5", "", duration), "p50"}, q{quantile("0.95", "", duration), "p95"}, q{quantile("0.99", "", duration), "p99"}).
			colour("p50", "green").colour("p95", "orange").colour("p99", "red"),
		heatmap("Durations", "How many requests took how long; darker means more.", size(8, 9), q{sumBy("le", "increase("+duration+"_bucket{"+route+"}[$__rate_interval])"), "{{le}}"}, false),
		lines("Where the time goes", "Average time of a request in each phase: connect and response are the partner's, queue is HAProxy's own limit, request and data also depend on the client.", "s", size(8, 9),
			q{phases, "{{phase}}"}).stacked(),
		lines("Ended in phase", "Requests whose first missing timer is this phase's: connect no connection, response no answer, data broken off.", "reqps", size(8, 8),
			q{sumBy("phase", rate("haproxy_log_aborts_total", route)), "{{phase}}"}).stacked(),
		lines("Retries and redispatches", "Connections tried again, and requests sent to another server instead.", "ops", size(8, 8),
			q{"sum(" + rate("haproxy_log_retries_total", route) + ")", "retries"}, q{"sum(" + rate("haproxy_log_redispatches_total", route) + ")", "redispatches"}),
		lines("Bytes", "Received from clients and sent to them, headers included.", "Bps", size(8, 8),
			q{"sum(" + rate("haproxy_log_request_bytes_total", route) + ")", "from clients"}, q{"sum(" + rate("haproxy_log_response_bytes_total", route) + ")", "to clients"}),
	}
}

func partnerBackends() []*Panel {
	by := "backend"
	sel := func(outcome string) string { return onBackend + `, outcome=~"` + outcome + `"` }
	return []*Panel{
		lines("Requests by backend", "Which backend served the route: a canary or a switch by date shows as a change of shares.", "reqps", size(8, 9), q{sumBy(by, rate(judged, onBackend)), "{{backend}}"}).stacked(),
		lines("Errors by backend", helpErrors, "percentunit", size(8, 9), q{share(by, rate(judged, sel("failed")), rate(judged, sel("met|late|failed"))), "{{backend}}"}),
		lines("p95 by backend", helpP95, "s", size(8, 9), q{"histogram_quantile(0.95, " + sumBy(by+", le", rate(duration+"_bucket", onBackend)) + ")", "{{backend}}"}),
	}
}

// ofPartner keeps rows of proxies that serve the chosen partners.
func ofPartner(expr string) string {
	return expr + " and on (job, proxy) haproxy_log_backend_route_info{" + node + `, partner=~"$partner", partner_env=~"$partner_env", partner_service=~"$partner_service"}`
}

func partnerSides() []*Panel {
	return []*Panel{
		lines("Requests by client", "Which applications call.", "reqps", size(8, 9), q{orNone("client", sumBy("client, client_env", rate(requests, route))), "{{client}} {{client_env}}"}).stacked(),
		lines("Missed by client", "Requests that came late or failed, as a share of those that count.", "percentunit", size(8, 9), q{share("client, client_env", rate(judged, missed), rate(judged, counted)), "{{client}} {{client_env}}"}),
		lines("Requests by server", "From the log.", "reqps", size(8, 9),
			q{ofPartner(sumBy("job, proxy, server", rate("haproxy_log_server_requests_total", node+`, proxy=~"$backend"`))), "{{proxy}}/{{server}}"}).stacked(),
	}
}

func partnerSocket() []*Panel {
	be := node + `, proxy=~"$backend"`
	return []*Panel{
		lines("Open requests", "Requests on the backends now. Rising without an end means that nothing comes back: the log shows it only when they time out.", "short", size(8, 8),
			q{ofPartner(sumBy("job, proxy", "haproxy_backend_current_sessions{"+be+"}")), "{{proxy}}"}),
		lines("Queue", "Requests that wait for a free server.", "short", size(8, 8), q{ofPartner(sumBy("job, proxy", "haproxy_backend_current_queue{"+be+"}")), "{{proxy}}"}),
		lines("Usable servers", "Active and backup servers, the smallest number of all nodes.", "short", size(8, 8),
			q{ofPartner("min by (job, proxy) (haproxy_backend_active_servers{" + be + "} + haproxy_backend_backup_servers{" + be + "})"), "{{proxy}}"}),
	}
}

func partnerNative() []*Panel {
	const what = "a Prometheus that scrapes native histograms"
	native := func(p, by string) string {
		e := rate(duration, route)
		if by == "" {
			return "histogram_quantile(" + p + ", sum(" + e + "))"
		}
		return "histogram_quantile(" + p + ", " + sumBy(by, e) + ")"
	}
	return []*Panel{
		lines("Percentiles (native)", "As above, exact to a few percent instead of to a bucket.", "s", size(8, 9),
			q{native("0.5", ""), "p50"}, q{native("0.95", ""), "p95"}, q{native("0.99", ""), "p99"}).colour("p50", "green").colour("p95", "orange").colour("p99", "red").needs(what),
		heatmap("Durations (native)", "How many requests took how long; darker means more.", size(8, 9), q{"sum(increase(" + duration + "{" + route + "}[$__rate_interval]))", ""}, true).needs(what),
		lines("p95 by backend (native)", "As above, exact to a few percent instead of to a bucket.", "s", size(8, 9),
			q{"histogram_quantile(0.95, " + sumBy("backend", rate(duration, onBackend)) + ")", "{{backend}}"}).needs(what),
	}
}
