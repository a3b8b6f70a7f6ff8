package alerttest

func partnerCases() []Case {
	const unreachable, timing, throttled, limited = "HAProxyPartnerUnreachable", "HAProxyPartnerTimingOut", "HAProxyPartnerThrottled", "HAProxyPartnerRateLimits"
	aborts := func(phase string, perMinute float64) Series {
		return flow("haproxy_log_aborts_total", onLB1+`, phase="`+phase+`"`, perMinute, 60)
	}
	ended := func(state, code string, perMinute float64) Series {
		return flow(asked, onLB1+`, frontend="egress", backend="be_acme", method="GET", code="`+code+`", termination_state="`+state+`"`, perMinute, 60)
	}
	held := func(perMinute float64) Series {
		return flow(judged, onLB1+`, backend="be_acme", outcome="throttled"`, perMinute, 60)
	}
	want := func(v string) []Want { return fires(Want{partnerAlert(), v}) }
	return []Case{
		{Alert: unreachable, Name: "60 % refused", Series: with(outcomes(0.8, 0, 1.2, 60), aborts("connect", 1.2)), NotYet: "6m", At: "8m", Want: want("60%")},
		{Alert: unreachable, Name: "40 % refused", Series: with(outcomes(1.8, 0, 1.2, 60), aborts("connect", 1.2)), At: "8m"},
		{Alert: unreachable, Name: "4 requests in five minutes", Series: with(outcomes(0.2, 0, 0.8, 60), aborts("connect", 0.8)), At: "8m"},
		{Alert: unreachable, Name: "one node of two", Series: with(outcomes(0, 0, 2, 60), aborts("connect", 2), flow(judged, onLB2+`, backend="be_acme", outcome="met"`, 3, 60)), At: "8m"},
		{Alert: unreachable, Name: "requests that ended in the queue", Series: with(outcomes(0, 0, 3, 60), aborts("queue", 3)), At: "8m"},

		{Alert: timing, Name: "6 % sH", Series: with(outcomes(9.4, 0, 0.6, 60), ended("sH", "504", 0.6)), NotYet: "13m", At: "20m", Want: want("6%")},
		{Alert: timing, Name: "6 % sD", Series: with(outcomes(9.4, 0, 0.6, 60), ended("sD", "200", 0.6)), At: "20m", Want: want("6%")},
		{Alert: timing, Name: "4 % sH", Series: with(outcomes(14.4, 0, 0.6, 60), ended("sH", "504", 0.6)), At: "20m"},
		{Alert: timing, Name: "4 in ten minutes", Series: with(outcomes(3, 0, 0.4, 60), ended("sH", "504", 0.4)), At: "20m"},
		{Alert: timing, Name: "a 504 that the partner itself sent", Series: with(outcomes(9.4, 0, 3, 60), ended("--", "504", 3)), At: "20m"},

		{Alert: throttled, Name: "1.2 % sQ", Series: with(outcomes(49.4, 0, 0, 60), held(0.6)), NotYet: "9m", At: "25m", Want: want("1.2%")},
		{Alert: throttled, Name: "0.8 % sQ", Series: with(outcomes(74.4, 0, 0, 60), held(0.6)), At: "25m"},
		{Alert: throttled, Name: "4 in ten minutes", Series: with(outcomes(20, 0, 0, 60), held(0.4)), At: "25m"},

		{Alert: limited, Name: "6 % 429", Series: with(outcomes(10, 0, 0, 60), ended("--", "429", 0.6)), NotYet: "9m", At: "25m", Want: want("6%")},
		{Alert: limited, Name: "4 % 429", Series: with(outcomes(15, 0, 0, 60), ended("--", "429", 0.6)), At: "25m"},
		{Alert: limited, Name: "4 in ten minutes", Series: with(outcomes(5, 0, 0, 60), ended("--", "429", 0.4)), At: "25m"},
		{Alert: limited, Name: "HAProxy's own 429", Series: with(outcomes(5, 0, 0, 60), ended("PR", "429", 4)), At: "25m"},
	}
}

// served says which partner a backend serves.
func served(proxy, partner string, n int) Series {
	return level("haproxy_log_backend_route_info", node1+`, client="shop", client_env="prod", partner="`+partner+`", partner_env="prod", partner_service="pay", sla="high", proxy="`+proxy+`"`, 1, n)
}

func stalledCases() []Case {
	const stalled, dns = "HAProxyPartnerStalled", "HAProxyPartnerResolutionFailed"
	be := node1 + `, proxy="be_acme"`
	waiting := func(sessions, average float64) []Series {
		return []Series{
			level("haproxy_backend_current_sessions", be, sessions, 60), level("haproxy_backend_response_time_average_seconds", be, average, 60),
			raw("haproxy_backend_http_responses_total", be+`, code="2xx"`, "100+0x60"), raw("haproxy_backend_http_responses_total", be+`, code="5xx"`, "3+0x60"),
		}
	}
	named := labels(job, `proxy="be_acme", partner="acme", partner_env="prod"`)
	plain := labels(job, `proxy="be_acme"`)
	servers := func(active float64, state, result string) []Series {
		return []Series{
			level("haproxy_backend_active_servers", be, active, 60), level("haproxy_backend_backup_servers", be, 0, 60),
			level("haproxy_server_status", be+`, server="s1", state="`+state+`"`, 1, 60), flow("haproxy_resolver_"+result, node1+`, resolver="dns", nameserver="ns1"`, 3, 60),
			served("be_acme", "acme", 60),
		}
	}
	return []Case{
		{Alert: stalled, Name: "4 requests wait", Series: with(waiting(4, 50), served("be_acme", "acme", 60)), NotYet: "1m", At: "10m", Want: fires(Want{named, "4"})},
		{Alert: stalled, Name: "a backend that two partners share has no name of one", Series: with(waiting(4, 50), served("be_acme", "acme", 60), served("be_acme", "globex", 60)),
			At: "10m", Want: fires(Want{plain, "4"})},
		{Alert: stalled, Name: "a backend without a route", Series: waiting(4, 50), At: "10m", Want: fires(Want{plain, "4"})},
		{Alert: stalled, Name: "2 requests wait", Series: waiting(2.5, 50), At: "10m"},
		{Alert: stalled, Name: "a batch backend, 80 s on average", Series: waiting(4, 80), At: "10m"},
		{Alert: stalled, Name: "answers come", Series: []Series{
			level("haproxy_backend_current_sessions", be, 40, 60), level("haproxy_backend_response_time_average_seconds", be, 5, 60),
			flow("haproxy_backend_http_responses_total", be+`, code="2xx"`, 1, 60)}, At: "10m"},
		{Alert: stalled, Name: "tunnels", Series: with(waiting(4, 1), flow("haproxy_log_sessions_total", node1+`, frontend="egress", backend="be_acme", termination_state="CD"`, 1, 60)), At: "10m"},
		{Alert: stalled, Name: "nobody asks", Series: waiting(0, 1), At: "10m"},

		{Alert: dns, Name: "the name does not exist", Series: servers(0, "MAINT", "nx"), NotYet: "2m", At: "8m", Want: fires(Want{named, "0"})},
		{Alert: dns, Name: "the name server is silent", Series: servers(0, "MAINT", "timeout"), At: "8m", Want: fires(Want{named, "0"})},
		{Alert: dns, Name: "planned maintenance", Series: servers(0, "MAINT", "valid"), At: "8m"},
		{Alert: dns, Name: "down by its check", Series: servers(0, "DOWN", "nx"), At: "8m"},
		{Alert: dns, Name: "another server has an address", Series: servers(1, "MAINT", "nx"), At: "8m"},
	}
}
