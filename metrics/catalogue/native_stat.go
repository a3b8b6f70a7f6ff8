package catalogue

// scopeSet is a set of the four scopes of "show stat".
type scopeSet uint8

const (
	inL scopeSet = 1 << iota
	inF
	inB
	inS
)

func (s Scope) bit() scopeSet {
	switch s {
	case ScopeListener:
		return inL
	case ScopeFrontend:
		return inF
	case ScopeBackend:
		return inB
	case ScopeServer:
		return inS
	}
	return 0
}

// statColumn is one column of "show stat" for the scopes that have it.
type statColumn struct {
	in scopeSet
	NativeField
}

func counter(in scopeSet, field, suffix, help string) statColumn {
	return statColumn{in, NativeField{Field: field, Suffix: suffix, Type: Counter, Aggregate: Accumulate, Help: sentence(help)}}
}

func gauge(in scopeSet, field, suffix string, agg Aggregate, help string) statColumn {
	return statColumn{in, NativeField{Field: field, Suffix: suffix, Type: Gauge, Aggregate: agg, Help: sentence(help)}}
}

func state(in scopeSet, field, suffix string, kind Kind, help string) statColumn {
	return statColumn{in, NativeField{Field: field, Suffix: suffix, Type: Gauge, Aggregate: Newest, Kind: kind, Help: sentence(help)}}
}

func (c statColumn) millis() statColumn           { c.Millis = true; return c }
func (c statColumn) minimal() statColumn          { c.Minimal = true; return c }
func (c statColumn) note(text string) statColumn  { c.Note = text; return c }
func (c statColumn) with(field string) statColumn { c.With = field; return c }
func (c statColumn) carry() statColumn            { c.Aggregate = Carry; return c }

// statNatives returns the fields of one scope of "show stat", in the order of HAProxy's own exporter,
// which is the order of the columns.
func statNatives(columns []statColumn, s Scope) []NativeField {
	var out []NativeField
	for _, c := range columns {
		if c.in&s.bit() == 0 {
			continue
		}
		n := c.NativeField
		n.Scope = s
		switch {
		case n.Field == "status":
			n.Kind = map[Scope]Kind{ScopeListener: KindListenerStatus, ScopeFrontend: KindFrontendStatus, ScopeBackend: KindBackendStatus, ScopeServer: KindServerStatus}[s]
		case n.Field == "act" && s == ScopeServer:
			n.Suffix, n.Aggregate, n.Help, n.Note = "active", Newest, "1 for an active server, 0 for a backup server.", "HAProxy 2.9 and later"
		case n.Field == "bck" && s == ScopeServer:
			n.Suffix, n.Aggregate, n.Help, n.Note = "backup", Newest, "1 for a backup server, 0 for an active server.", "HAProxy 2.9 and later"
		}
		out = append(out, n)
	}
	return out
}

func statColumns() []statColumn {
	all := append(sessionColumns(), checkColumns()...)
	all = append(all, httpColumns()...)
	return append(all, connectionColumns()...)
}

func sessionColumns() []statColumn {
	return []statColumn{
		gauge(inB|inS, "qcur", "current_queue", Sum, "Requests waiting in the queue now").minimal(),
		gauge(inB|inS, "qmax", "max_queue", Max, "Most requests that ever waited in the queue"),
		gauge(inL|inF|inB|inS, "scur", "current_sessions", Sum, "Sessions now").minimal(),
		gauge(inL|inF|inB|inS, "smax", "max_sessions", Max, "Most sessions at one time"),
		gauge(inL|inF|inB|inS, "slim", "limit_sessions", Newest, "Configured limit of sessions: maxconn, for a backend fullconn").minimal(),
		counter(inL|inF|inB|inS, "stot", "sessions_total", "Sessions").minimal(),
		counter(inL|inF|inB|inS, "bin", "bytes_in_total", "Bytes of requests"),
		counter(inL|inF|inB|inS, "bout", "bytes_out_total", "Bytes of responses"),
		counter(inL|inF|inB, "dreq", "requests_denied_total", "Requests denied by a rule"),
		counter(inL|inF|inB|inS, "dresp", "responses_denied_total", "Responses denied by a rule"),
		counter(inL|inF, "ereq", "request_errors_total", "Requests that were invalid or broken off by the client"),
		counter(inB|inS, "econ", "connection_errors_total", "Failed connections to servers"),
		counter(inB|inS, "eresp", "response_errors_total", "Responses that were invalid or broken off by the server"),
		counter(inB|inS, "wretr", "retry_warnings_total", "Retried connections to servers"),
		counter(inB|inS, "wredis", "redispatch_warnings_total", "Requests sent to another server after a failed connection"),
		state(inL|inF|inB|inS, "status", "status", KindServerStatus, "State: 1 for the one that holds, 0 for the others").minimal(),
		gauge(inB|inS, "weight", "weight", Newest, "Effective weight; for a backend the sum of its usable servers"),
		gauge(inB|inS, "act", "active_servers", Newest, "Usable active servers").minimal(),
		gauge(inB|inS, "bck", "backup_servers", Newest, "Usable backup servers").minimal(),
	}
}

func checkColumns() []statColumn {
	rate := "HAProxy 3.1 and later; computed from the column on older ones"
	return []statColumn{
		counter(inS, "chkfail", "check_failures_total", "Failed health checks while the server was up").minimal(),
		counter(inB|inS, "chkdown", "check_up_down_total", "Changes from up to down").minimal(),
		gauge(inB|inS, "lastchg", "check_last_change_seconds", Newest, "Time since the last change between up and down, in seconds"),
		counter(inB|inS, "downtime", "downtime_seconds_total", "Time spent down, in seconds").carry(),
		gauge(inS, "qlimit", "queue_limit", Newest, "Configured limit of the queue (maxqueue)"),
		gauge(inS, "throttle", "current_throttle", Newest, "Share of the weight in use while the server starts slowly, in percent"),
		counter(inB|inS, "lbtot", "loadbalanced_total", "Requests for which load balancing chose the server"),
		gauge(inF|inB|inS, "rate", "current_session_rate", Sum, "Sessions in the last second").note(rate),
		gauge(inF, "rate_lim", "limit_session_rate", Newest, "Configured limit of new sessions a second"),
		gauge(inF|inB|inS, "rate_max", "max_session_rate", Max, "Most new sessions in a second"),
		state(inS, "check_status", "check_status", KindCheckStatus, "Result of the last health check: 1 for the one that holds, 0 for the others").minimal(),
		state(inS, "check_code", "check_code", KindCheckCode, "Layer 5 to 7 code of the last health check, 0 when there is none").with("check_status"),
		gauge(inS, "check_duration", "check_duration_seconds", Newest, "Duration of the last health check, in seconds").millis(),
	}
}

func httpColumns() []statColumn {
	var out []statColumn
	for _, code := range []string{"1xx", "2xx", "3xx", "4xx", "5xx", "other"} {
		c := counter(inF|inB|inS, "hrsp_"+code, "http_responses_total", "HTTP responses by class of status code").minimal()
		c.Kind, c.Code = KindCode, code
		out = append(out, c)
	}
	served := counter(inS, "req_tot", "http_requests_total", "HTTP requests").note("HAProxy 3.1 and later")
	return append(out,
		gauge(inF, "req_rate_max", "http_requests_rate_max", Max, "Most HTTP requests in a second"),
		counter(inF|inB, "req_tot", "http_requests_total", "HTTP requests").minimal(), served,
		counter(inB|inS, "cli_abrt", "client_aborts_total", "Transfers that the client broke off"),
		counter(inB|inS, "srv_abrt", "server_aborts_total", "Transfers that the server broke off"),
		counter(inF|inB, "comp_in", "http_comp_bytes_in_total", "Bytes given to HTTP compression"),
		counter(inF|inB, "comp_out", "http_comp_bytes_out_total", "Bytes that came out of HTTP compression"),
		counter(inF|inB, "comp_byp", "http_comp_bytes_bypassed_total", "Bytes that HTTP compression let pass for lack of resources"),
		counter(inF|inB, "comp_rsp", "http_comp_responses_total", "Compressed HTTP responses"),
		gauge(inB|inS, "lastsess", "last_session_seconds", Recent, "Time since the last session, in seconds; -1 for never"),
		gauge(inB|inS, "qtime", "queue_time_average_seconds", Newest, "Average queue time of the last 1024 requests, in seconds").millis(),
		gauge(inB|inS, "ctime", "connect_time_average_seconds", Newest, "Average connect time of the last 1024 requests, in seconds").millis(),
		gauge(inB|inS, "rtime", "response_time_average_seconds", Newest, "Average response time of the last 1024 requests, in seconds").millis(),
		gauge(inB|inS, "ttime", "total_time_average_seconds", Newest, "Average total time of the last 1024 requests, in seconds").millis(),
		state(inS, "agent_status", "agent_status", KindCheckStatus, "Result of the last agent check: 1 for the one that holds, 0 for the others"),
		state(inS, "agent_code", "agent_code", KindCheckCode, "Code of the last agent check, 0 when there is none").with("agent_status"),
		gauge(inS, "agent_duration", "agent_duration_seconds", Newest, "Duration of the last agent check, in seconds").millis(),
	)
}

func connectionColumns() []statColumn {
	return append([]statColumn{
		gauge(inF, "conn_rate_max", "connections_rate_max", Max, "Most new connections in a second"),
		counter(inF, "conn_tot", "connections_total", "Connections"),
		counter(inL, "conn_tot", "connections_total", "Connections").note("HAProxy 3.1 and later"),
		counter(inF, "intercepted", "intercepted_requests_total", "Requests that HAProxy answered itself: monitor-uri, redirects, statistics, services"),
		counter(inL|inF, "dcon", "denied_connections_total", "Connections denied by tcp-request connection rules"),
		counter(inL|inF, "dses", "denied_sessions_total", "Sessions denied by tcp-request session rules"),
		counter(inL|inF|inB|inS, "wrew", "failed_header_rewriting_total", "Headers that could not be rewritten"),
		counter(inB|inS, "connect", "connection_attempts_total", "Attempts to connect to servers"),
		counter(inB|inS, "reuse", "connection_reuses_total", "Requests sent over a connection that existed already"),
		counter(inF|inB, "cache_lookups", "http_cache_lookups_total", "Requests looked up in the cache"),
		counter(inF|inB, "cache_hits", "http_cache_hits_total", "Requests answered from the cache"),
		gauge(inS, "srv_icur", "idle_connections_current", Sum, "Idle connections kept for reuse"),
		gauge(inS, "src_ilim", "idle_connections_limit", Newest, "Configured limit of idle connections (pool-max-conn)"),
		gauge(inB|inS, "qtime_max", "max_queue_time_seconds", Max, "Longest queue time, in seconds").millis(),
		gauge(inB|inS, "ctime_max", "max_connect_time_seconds", Max, "Longest connect time, in seconds").millis(),
		gauge(inB|inS, "rtime_max", "max_response_time_seconds", Max, "Longest response time, in seconds").millis(),
		gauge(inB|inS, "ttime_max", "max_total_time_seconds", Max, "Longest total time, in seconds").millis(),
		counter(inL|inF|inB|inS, "eint", "internal_errors_total", "Errors inside HAProxy"),
		gauge(inS, "idle_conn_cur", "unsafe_idle_connections_current", Sum, "Idle connections that are not known to be safe for reuse"),
		gauge(inS, "safe_conn_cur", "safe_idle_connections_current", Sum, "Idle connections that are safe for reuse"),
		gauge(inS, "used_conn_cur", "used_connections_current", Sum, "Connections in use"),
		gauge(inS, "need_conn_est", "need_connections_current", Sum, "Estimated need of connections"),
		gauge(inB|inS, "uweight", "uweight", Newest, "Configured weight; for a backend the sum of its usable servers"),
		state(inB, "", "agg_server_status", KindServerStates, "Servers of the backend by state").minimal(),
		state(inB, "", "agg_server_check_status", KindServerStates, "Servers of the backend by state").note("older name of haproxy_backend_agg_server_status"),
		state(inB, "", "agg_check_status", KindCheckStates, "Servers of the backend by the result of their last health check"),
	}, newerColumns()...)
}

// newerColumns returns columns that came with the development line of 3.5.
func newerColumns() []statColumn {
	var out []statColumn
	for _, c := range []statColumn{
		gauge(inS, "priv_idle_cur", "private_idle_connections_current", Sum, "Idle connections that are private to a session"),
		counter(inL|inF|inB|inS, "reqbin", "req_bytes_in_total", "Bytes of requests received"),
		counter(inL|inF|inB|inS, "reqbout", "req_bytes_out_total", "Bytes of requests sent"),
		counter(inL|inF|inB|inS, "resbin", "res_bytes_in_total", "Bytes of responses received"),
		counter(inL|inF|inB|inS, "resbout", "res_bytes_out_total", "Bytes of responses sent"),
		counter(inF|inB, "cache_hint_hits", "http_cache_hint_hits_total", "Requests for which a hint was found in the cache"),
	} {
		out = append(out, c.note("HAProxy 3.5 and later"))
	}
	return out
}
