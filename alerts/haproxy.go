package alerts

func haproxyAlerts() []Rule {
	return append(backendAlerts(), processAlerts()...)
}

func backendAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyBackendNoServer", For: "1m", Severity: Page, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			// max over the nodes: fires when all of them agree. Backends that never had a server are meant so.
			Expr: withPartner(`haproxy, proxy`, `  max by (<K>, haproxy, proxy) (haproxy_backend_active_servers{<J>} + haproxy_backend_backup_servers{<J>}) == 0
  and on (<K>, haproxy, proxy) max by (<K>, haproxy, proxy) (haproxy_server_weight{<J>})`),
			Summary: `{{ $labels.proxy }} has no usable server`,
			Description: `All servers of this backend are down or in maintenance on every node. ` +
				`Each request for it gets 503 at once.`,
		},
		{
			Alert: "HAProxyServerDown", For: "10m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr:    withPartner(`instance, haproxy, proxy, server`, `  max by (<K>, instance, haproxy, proxy, server) (haproxy_server_status{<J>, state="DOWN"}) == 1`),
			Summary: `{{ $labels.proxy }}/{{ $labels.server }} is down on {{ $labels.instance }}`,
			Description: `The health check of this server has failed for ten minutes. The backend works as long as it has others; ` +
				`only one node reporting it points at the network of that node.`,
		},
		{
			Alert: "HAProxyBackendQueueing", For: "5m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr:    withPartner(`haproxy, proxy`, `  sum by (<K>, haproxy, proxy) (avg_over_time(haproxy_backend_current_queue{<J>}[5m])) > <t:queue>`),
			Summary: `{{ $labels.proxy }}: {{ $value | humanize }} requests wait for a free server`,
			Description: `The servers of this backend are at their maxconn, and requests queue. ` +
				`The wait counts into the SLA, and after timeout queue they fail.`,
		},
		{
			Alert: "HAProxyServerNearLimit", For: "10m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr: withPartner(`instance, haproxy, proxy, server`, `  max by (<K>, instance, haproxy, proxy, server) (
    haproxy_server_current_sessions{<J>} / (haproxy_server_limit_sessions{<J>} > 0)
  ) > <t:server_sessions>`),
			Summary: `{{ $labels.proxy }}/{{ $labels.server }} is at {{ $value | humanizePercentage }} of its maxconn`,
			Description: `Soon requests queue. Either the partner got slower, so that more requests are open at a time, ` +
				`or there are more requests than were agreed on.`,
		},
	}
}

func processAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyInternalErrors", For: "0m", Severity: Page, Component: OfHAProxy, Dashboard: "haproxy-log-termination",
			Expr:    `sum by (<K>) (increase(haproxy_log_failures_total{<J>, blame="proxy"}[5m])) >= <t:proxy_failures>`,
			Summary: `HAProxy itself failed {{ $value | humanize }} requests within five minutes`,
			Description: `Termination state R (a resource ran out: memory, file descriptors, source ports) or I (an internal error). ` +
				`No partner is to blame and all of them may be concerned.`,
		},
		{
			Alert: "HAProxyReloadFailed", For: "1m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr:        `max by (<I>) (haproxy_last_reload_failed{<J>}) == 1`,
			Summary:     `{{ $labels.instance }}: HAProxy refused its new configuration`,
			Description: `The last reload failed. HAProxy goes on with the old configuration, and a restart would not start at all.`,
		},
		{
			Alert: "HAProxyReloadStorm", For: "0m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr:    `sum by (<I>) (increase(haproxy_reloads_total{<J>}[30m])) > <t:reload_storm>`,
			Summary: `{{ $labels.instance }}: {{ $value | humanize }} reloads within half an hour`,
			Description: `Each reload starts new workers, and the old ones stay until their last request has ended. ` +
				`Somebody or something reloads in a loop.`,
		},
		{
			Alert: "HAProxyOldWorkers", For: "5m", Severity: Ticket, Component: OfHAProxy, Dashboard: "haproxy-log-haproxy",
			Expr:    `max by (<I>) (haproxy_old_worker_age_seconds{<J>}) > <t:old_worker_seconds>`,
			Summary: `{{ $labels.instance }}: an old worker has not ended for {{ $value | humanizeDuration }}`,
			Description: `A worker from before a reload still serves sessions, with the old configuration. Long tunnels, a client that never closes, ` +
				`or no hard-stop-after.`,
		},
		{
			Alert: "HAProxySocketDown", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `max by (<I>, socket) (haproxy_up{<J>}) == 0`,
			Summary: `{{ $labels.instance }}: the runtime socket {{ $labels.socket }} does not answer`,
			Description: `HAProxy's own counters, the state of its servers and the comparison with the log are missing. ` +
				`HAProxy is stopped, or the exporter may not use the socket.`,
		},
	}
}
