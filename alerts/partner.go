package alerts

// withPartner adds the partner to rows of a proxy, where the proxy serves just one; other rows stay
// as they are. per names the labels of a row besides those of the group of nodes.
func withPartner(per, expr string) string {
	return `(
` + expr + `
) * on (<K>, haproxy, proxy) group_left (<E>) proxy:haproxy_log_backend_partner:info{<J>}
or on (<K>, ` + per + `) (
` + expr + `
)`
}

func partnerAlerts() []Rule {
	rules := []Rule{
		{
			Alert: "HAProxyPartnerUnreachable", For: "2m", Severity: Page, Component: OfPartner, Dashboard: "haproxy-log-partner",
			// The phase comes from the timers, which all versions of HAProxy log alike; the letters differ (SC, sC, CC).
			Expr:    share(`<K>, <P>`, `haproxy_log_aborts_total{<J>, phase="connect"}`, allJudged, "5m", "unreachable", "unreachable_requests"),
			Summary: `<the partner> cannot be reached: {{ $value | humanizePercentage }} of the requests got no connection`,
			Description: `HAProxy tried to connect to <the partner> and was refused, or nobody answered before the connect timeout. ` +
				`Applications get 503 at once.`,
		},
		{
			Alert: "HAProxyPartnerTimingOut", For: "5m", Severity: Page, Component: OfPartner, Dashboard: "haproxy-log-partner",
			Expr:    share(`<K>, <P>`, `haproxy_log_requests_total{<J>, termination_state=~"s[DH]"}`, allJudged, "10m", "timing_out", "timing_out_requests"),
			Summary: `<the partner> does not answer in time: {{ $value | humanizePercentage }} of the requests timed out`,
			Description: `The partner takes the requests and does not answer before the server timeout (termination state sH, or sD inside the answer). ` +
				`HAProxy 2.6 without option abortonclose logs an application that hangs up in the same way: compare with the durations.`,
		},
		{
			Alert: "HAProxyPartnerStalled", For: "1m", Severity: Page, Component: OfPartner, Dashboard: "haproxy-log-partner",
			// A request has its log line at its end, up to five minutes later for the slowest SLA: only the socket
			// shows it before. Backends of long tunnels have open sessions and no responses all day, batch backends
			// with answers that take minutes are left out by their own average.
			Expr: withPartner(`haproxy, proxy`, `  sum by (<K>, haproxy, proxy) (min_over_time(haproxy_backend_current_sessions{<J>}[5m])) >= <t:stalled_sessions>
  and sum by (<K>, haproxy, proxy) (increase(haproxy_backend_http_responses_total{<J>}[5m])) == 0
  and max by (<K>, haproxy, proxy) (haproxy_backend_response_time_average_seconds{<J>}) < <t:stalled_normal_seconds>
  unless on (<K>, haproxy, proxy)
    label_replace(increase(haproxy_log_sessions_total{<J>}[1d]) > 0, "proxy", "$1", "backend", "(.+)")`),
			Summary: `{{ $labels.proxy }}: {{ $value }} requests wait and not one answer came for five minutes`,
			Description: `Requests are open on this backend and the partner has not finished a single one for five minutes. ` +
				`The log shows nothing yet: each request gets its line when it ends or times out.`,
		},
		{
			Alert: "HAProxyPartnerThrottled", For: "10m", Severity: Ticket, Component: OfPartner, Dashboard: "haproxy-log-partner",
			Expr:    share(`<K>, <P>`, `haproxy_log_sla_requests_total{<J>, outcome="throttled"}`, allJudged, "10m", "throttled", "throttled_requests"),
			Summary: `<the partner>: {{ $value | humanizePercentage }} of the requests waited in the queue until they were refused`,
			Description: `HAProxy holds back requests because the servers of <the partner> are at their maxconn, and gave up on these (sQ). ` +
				`They do not count against the objective, but the applications get 503.`,
		},
		{
			Alert: "HAProxyPartnerRateLimits", For: "10m", Severity: Ticket, Component: OfPartner, Dashboard: "haproxy-log-partner",
			Expr:    share(`<K>, <P>`, `haproxy_log_requests_total{<J>, code="429", termination_state=~"--|CD|SD"}`, allJudged, "10m", "rate_limited", "rate_limited_requests"),
			Summary: `<the partner> answers {{ $value | humanizePercentage }} of the requests with 429`,
			Description: `The partner refuses requests because there are too many. The SLA counts them as met, ` +
				`the applications have to slow down or the contract has to grow.`,
		},
		{
			Alert: "HAProxyPartnerResolutionFailed", For: "2m", Severity: Page, Component: OfPartner, Dashboard: "haproxy-log-haproxy",
			// HAProxy shows a server without an address as MAINT (resolution), which its exporter's names do not tell
			// from a planned MAINT: failing DNS queries on the same HAProxy do.
			Expr: withPartner(`haproxy, proxy`, `  max by (<K>, haproxy, proxy) (haproxy_backend_active_servers{<J>} + haproxy_backend_backup_servers{<J>}) == 0
  and on (<K>, haproxy, proxy) max by (<K>, haproxy, proxy) (haproxy_server_status{<J>, state="MAINT"}) == 1
  and on (<K>, haproxy) (
    sum by (<K>, haproxy) (increase(haproxy_resolver_nx{<J>}[10m])) > 0
    or sum by (<K>, haproxy) (increase(haproxy_resolver_timeout{<J>}[10m])) > 0
    or sum by (<K>, haproxy) (increase(haproxy_resolver_refused{<J>}[10m])) > 0
    or sum by (<K>, haproxy) (increase(haproxy_resolver_other{<J>}[10m])) > 0
    or sum by (<K>, haproxy) (increase(haproxy_resolver_any_err{<J>}[10m])) > 0
  )`),
			Summary: `{{ $labels.proxy }}: the partner's name cannot be resolved`,
			Description: `All servers of this backend are in MAINT and DNS queries of HAProxy fail: the partner's name is gone, ` +
				`or the name servers do not answer. Every request gets 503.`,
		},
	}
	return rules
}
