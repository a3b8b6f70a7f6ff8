package dashboards

func health() spec {
	return spec{
		uid: "haproxy-log-haproxy", title: "HAProxy log / HAProxy health", from: "now-6h", variables: append(nodeVariables(), proxyVariable()),
		description: "HAProxy itself, from its runtime sockets: processes, reloads, servers, queues, and whether the log is complete.",
		sections: sections(
			row("Process", healthNow()...),
			row("Servers and backends", healthServers()...),
			row("Is the log complete?", completeness()...),
			row("Traffic and limits", healthTraffic()...),
			row("Workers", healthWorkers()...),
		),
	}
}

const onProxy = node + `, proxy=~"$proxy"`

func healthNow() []*Panel {
	return []*Panel{
		stat("Newest worker", "Time since the newest worker started, the youngest of all nodes.", "s", 4, steps("text"), q{"min(haproxy_process_uptime_seconds{" + node + "})", ""}),
		stat("Reloads", "In the selected range.", "short", 4, steps("text"), q{"round(sum(increase(haproxy_reloads_total{" + node + "}[$__range])))", ""}).plain(),
		stat("Old workers", "Workers from before a reload that still have sessions.", "short", 4, steps("green", 3, "orange", 10, "red"), q{"sum(haproxy_workers{" + node + `, state="old"})`, ""}),
		stat("Servers down", "By health checks.", "short", 4, steps("green", 1, "red"), q{"sum(haproxy_server_status{" + onProxy + `, state="DOWN"})`, ""}),
		stat("Backends without a server", "Backends that have servers, none of which can be used.", "short", 4, steps("green", 1, "red"),
			q{"count(max by (job, proxy) (haproxy_backend_active_servers{" + onProxy + "} + haproxy_backend_backup_servers{" + onProxy + "}) == 0 and on (job, proxy) haproxy_server_weight{" + onProxy + "}) or vector(0)", ""}),
		stat("Sockets that answer", "Share of the runtime sockets that answered the last scrape in full.", "percentunit", 4, steps("red", 1, "green"), q{"avg(haproxy_up{" + node + "})", ""}),
	}
}

func healthServers() []*Panel {
	state := `max by (instance, proxy, server) (haproxy_server_status{` + onProxy + `, state="UP"})
+ 2 * max by (instance, proxy, server) (haproxy_server_status{` + onProxy + `, state="MAINT"})
+ 3 * max by (instance, proxy, server) (haproxy_server_status{` + onProxy + `, state="DRAIN"})
+ 4 * max by (instance, proxy, server) (haproxy_server_status{` + onProxy + `, state="NOLB"})`
	return []*Panel{
		states("Servers", "State of each server on each node. Maintenance is somebody's doing, or DNS without an answer.", size(24, 10), map[string][2]string{
			"0": {"down", "red"}, "1": {"up", "green"}, "2": {"maintenance", "blue"}, "3": {"draining", "purple"}, "4": {"no new requests", "yellow"},
		}, q{state, "{{proxy}}/{{server}} {{instance}}"}),
		lines("Sessions against the limit", "Open sessions of a server as a share of its maxconn.", "percentunit", size(8, 9),
			q{"max by (proxy, server) (haproxy_server_current_sessions{" + onProxy + "} / (haproxy_server_limit_sessions{" + onProxy + "} > 0))", "{{proxy}}/{{server}}"}).limits(steps("transparent", 0.9, "red")).needs("servers with maxconn"),
		lines("Queue", "Requests that wait for a free server.", "short", size(8, 9), q{sumBy("proxy", "haproxy_backend_current_queue{"+onProxy+"}"), "{{proxy}}"}),
		lines("Failed checks", "Health checks that failed.", "ops", size(8, 9), q{sumBy("proxy, server", rate("haproxy_server_check_failures_total", onProxy)), "{{proxy}}/{{server}}"}).needs("health checks"),
		lines("Average response time", "As HAProxy reports it, over its last 1,024 requests.", "s", size(8, 9), q{"max by (proxy) (haproxy_backend_response_time_average_seconds{" + onProxy + "})", "{{proxy}}"}),
		lines("Connection errors", "Connections to servers that failed, retries included.", "ops", size(8, 9), q{sumBy("proxy", rate("haproxy_backend_connection_errors_total", onProxy)), "{{proxy}}"}),
		lines("Connections reused", "Share of requests to a backend that needed no new connection.", "percentunit", size(8, 9),
			q{sumBy("proxy", rate("haproxy_backend_connection_reuses_total", onProxy)) + " / (" + sumBy("proxy", rate("haproxy_backend_connection_attempts_total", onProxy)+" + "+rate("haproxy_backend_connection_reuses_total", onProxy)) + " > 0)", "{{proxy}}"}).max(1),
	}
}

func completeness() []*Panel {
	requests, lns := "haproxy_log_reconciled_requests_total", "haproxy_log_reconciled_lines_total"
	return []*Panel{
		lines("Requests against lines", "What HAProxy counted and what came by the log. A gap is lost lines, or requests that HAProxy does not log.", "reqps", size(8, 9),
			q{sumBy("proxy", rate(requests, node)), "{{proxy}} counted"}, q{sumBy("proxy", rate(lns, node)), "{{proxy}} logged"}),
		lines("Share without a line", "Over an hour, smoothed. Reused connections that a partner closes, and checkers, leave none.", "percentunit", size(8, 9),
			q{"clamp_min(1 - " + sumBy("instance, proxy", "increase("+lns+"{"+node+"}[1h])") + " / (" + sumBy("instance, proxy", "increase("+requests+"{"+node+"}[1h])") + " > 0), 0)", "{{proxy}} {{instance}}"}),
		lines("Without a line on purpose", "Requests that HAProxy answers without a line (monitor), and lines that it could not deliver (dropped).", "ops", size(8, 9),
			q{sumBy("proxy, reason", rate("haproxy_log_reconciled_without_line_total", node)), "{{proxy}} {{reason}}"}, q{sumBy("instance", rate("haproxy_process_dropped_logs_total", node)), "{{instance}} dropped by HAProxy"}).stacked(),
		table("Settings that make lines differ from requests", "Hazards found in HAProxy's and rsyslog's configuration.", size(24, 6), "Frontend", []column{
			{"instance", "Instance", "", 0, nil}, {"frontend", "Frontend", "", 0, nil}, {"kind", "Hazard", "", 0, nil},
		}, q{"max by (instance, frontend, kind) (haproxy_log_hazard{" + node + "})", ""}).rare(),
	}
}

func healthTraffic() []*Panel {
	return []*Panel{
		lines("Requests by frontend", "As HAProxy counts them, over all workers.", "reqps", size(8, 8), q{sumBy("proxy", rate("haproxy_frontend_http_requests_total", node)), "{{proxy}}"}).stacked(),
		lines("Responses by status class", "As HAProxy counts them at its backends.", "reqps", size(8, 8), q{sumBy("code", rate("haproxy_backend_http_responses_total", onProxy)), "{{code}}"}).stacked().
			colour("2xx", "green").colour("3xx", "blue").colour("4xx", "yellow").colour("5xx", "red").colour("other", "purple"),
		lines("Connections against the limit", "Open connections as a share of maxconn.", "percentunit", size(8, 8),
			q{sumBy("instance", "haproxy_process_current_connections{"+node+"}") + " / (" + sumBy("instance", "haproxy_process_max_connections{"+node+"}") + " > 0)", "{{instance}}"}).limits(steps("transparent", 0.9, "red")),
		lines("Idle time", "Of the newest worker; near 0 it cannot do more.", "percent", size(8, 8), q{"min by (instance) (haproxy_process_idle_time_percent{" + node + "})", "{{instance}}"}).max(100),
		lines("Failed DNS queries", "Names that HAProxy could not resolve.", "ops", size(8, 8), q{sumBy("instance", rate("haproxy_process_failed_resolutions", node)), "{{instance}}"}),
		lines("Stick tables", "Entries in use as a share of the size.", "percentunit", size(8, 8), q{"max by (instance, name) (haproxy_sticktable_used{" + node + "} / (haproxy_sticktable_size{" + node + "} > 0))", "{{name}} {{instance}}"}).max(1).needs("stick tables"),
	}
}

func healthWorkers() []*Panel {
	return []*Panel{
		lines("Workers", "By state; old ones serve what was open at a reload.", "short", size(8, 8), q{sumBy("instance, state", "haproxy_workers{"+node+"}"), "{{state}} {{instance}}"}),
		lines("Oldest old worker", "Time since the oldest old worker started.", "s", size(8, 8), q{"max by (instance) (haproxy_old_worker_age_seconds{" + node + "})", "{{instance}}"}).needs("a master socket"),
		lines("Sessions of old workers", "What still has to end before they can go.", "short", size(8, 8), q{sumBy("instance", "haproxy_old_worker_sessions{"+node+"}"), "{{instance}}"}).needs("a master socket"),
		states("Last reload", "Whether HAProxy accepted its last new configuration.", size(12, 6), map[string][2]string{"0": {"accepted", "green"}, "1": {"refused", "red"}},
			q{"max by (instance) (haproxy_last_reload_failed{" + node + "})", "{{instance}}"}).needs("a master socket"),
		table("Versions", "HAProxy of the newest worker on each node.", size(12, 6), "Version", []column{{"instance", "Instance", "", 0, nil}, {"version", "Version", "", 0, nil}},
			q{"max by (instance, version) (haproxy_process_build_info{" + node + "})", ""}),
	}
}
