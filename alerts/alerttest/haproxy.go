package alerttest

func backendCases() []Case {
	const none, down, queue, limit = "HAProxyBackendNoServer", "HAProxyServerDown", "HAProxyBackendQueueing", "HAProxyServerNearLimit"
	servers := func(node string, active, backup float64) []Series {
		be := node + `, proxy="be_acme"`
		return []Series{level("haproxy_backend_active_servers", be, active, 60), level("haproxy_backend_backup_servers", be, backup, 60), level("haproxy_server_weight", be+`, server="s1"`, 1, 60)}
	}
	be, s1 := node1+`, proxy="be_acme"`, node1+`, proxy="be_acme", server="s1"`
	named := labels(job, `proxy="be_acme", partner="acme", partner_env="prod"`)
	server := labels(node1, `proxy="be_acme", server="s1"`)
	sessions := func(now, max float64) []Series {
		return []Series{level("haproxy_server_current_sessions", s1, now, 60), level("haproxy_server_limit_sessions", s1, max, 60)}
	}
	return []Case{
		{Alert: none, Name: "all down", Series: with(servers(node1, 0, 0), served("be_acme", "acme", 60)), NotYet: "0m", At: "2m", Want: fires(Want{named, "0"})},
		{Alert: none, Name: "a backup is left", Series: servers(node1, 0, 1), At: "2m"},
		{Alert: none, Name: "the other node still reaches it", Series: append(servers(node1, 0, 0), servers(node2, 1, 0)...), At: "2m"},
		{Alert: none, Name: "a backend without servers", Series: servers(node1, 0, 0)[:2], At: "2m"},

		{Alert: down, Name: "a check fails", Series: []Series{level("haproxy_server_status", s1+`, state="DOWN"`, 1, 60), level("haproxy_server_status", s1+`, state="UP"`, 0, 60)},
			NotYet: "9m", At: "11m", Want: fires(Want{server, "1"})},
		{Alert: down, Name: "up", Series: []Series{level("haproxy_server_status", s1+`, state="DOWN"`, 0, 60), level("haproxy_server_status", s1+`, state="UP"`, 1, 60)}, At: "11m"},

		{Alert: queue, Name: "6 wait", Series: []Series{level("haproxy_backend_current_queue", be, 6, 60), served("be_acme", "acme", 60)}, NotYet: "4m", At: "11m", Want: fires(Want{named, "6"})},
		{Alert: queue, Name: "4 wait", Series: []Series{level("haproxy_backend_current_queue", be, 4, 60)}, At: "11m"},

		{Alert: limit, Name: "95 of 100", Series: sessions(95, 100), NotYet: "9m", At: "11m", Want: fires(Want{server, "95%"})},
		{Alert: limit, Name: "80 of 100", Series: sessions(80, 100), At: "11m"},
		{Alert: limit, Name: "no maxconn", Series: sessions(80, 0), At: "11m"},
	}
}

func processCases() []Case {
	const internal, failed, storm, old, socket = "HAProxyInternalErrors", "HAProxyReloadFailed", "HAProxyReloadStorm", "HAProxyOldWorkers", "HAProxySocketDown"
	blamed := func(blame string, perMinute float64) []Series {
		return []Series{flow("haproxy_log_failures_total", onLB1+`, blame="`+blame+`"`, perMinute, 60)}
	}
	node := labels(node1)
	return []Case{
		{Alert: internal, Name: "6 within five minutes", Series: blamed("proxy", 1.2), At: "10m", Want: fires(Want{labels(job), "6"})},
		{Alert: internal, Name: "4 within five minutes", Series: blamed("proxy", 0.8), At: "10m"},
		{Alert: internal, Name: "a partner's fault", Series: blamed("partner", 9), At: "10m"},

		{Alert: failed, Name: "refused", Series: []Series{level("haproxy_last_reload_failed", node1, 1, 60)}, NotYet: "0m", At: "2m", Want: fires(Want{node, "1"})},
		{Alert: failed, Name: "accepted", Series: []Series{level("haproxy_last_reload_failed", node1, 0, 60)}, At: "2m"},

		{Alert: storm, Name: "6 within half an hour", Series: []Series{flow("haproxy_reloads_total", node1, 0.2, 60)}, At: "40m", Want: fires(Want{node, "6"})},
		{Alert: storm, Name: "4 within half an hour", Series: []Series{flow("haproxy_reloads_total", node1, 0.1333, 60)}, At: "40m"},

		{Alert: old, Name: "70 minutes", Series: []Series{level("haproxy_old_worker_age_seconds", node1, 4200, 60)}, NotYet: "4m", At: "6m", Want: fires(Want{node, "1h 10m 0s"})},
		{Alert: old, Name: "50 minutes", Series: []Series{level("haproxy_old_worker_age_seconds", node1, 3000, 60)}, At: "6m"},

		{Alert: socket, Name: "no answer", Series: []Series{level("haproxy_up", node1+`, socket="/run/haproxy.sock"`, 0, 60)}, NotYet: "4m", At: "6m",
			Want: fires(Want{labels(node1, `socket="/run/haproxy.sock"`), "0"})},
		{Alert: socket, Name: "answers", Series: []Series{level("haproxy_up", node1+`, socket="/run/haproxy.sock"`, 1, 60)}, At: "6m"},
	}
}
