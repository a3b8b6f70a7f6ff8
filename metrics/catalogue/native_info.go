package catalogue

func infoNatives() []NativeField {
	all := append(limitFields(), rateFields()...)
	all = append(all, workFields()...)
	for i := range all {
		all[i].Scope = ScopeProcess
		all[i].Help = sentence(all[i].Help)
	}
	return all
}

func limitFields() []NativeField {
	const notGauge = "typed as by HAProxy; the value is the present one"
	return []NativeField{
		{Field: "Nbthread", Suffix: "nbthread", Type: Gauge, Aggregate: Newest, Help: "Threads"},
		{Field: "Nbproc", Suffix: "nbproc", Type: Gauge, Aggregate: Newest, Help: "Processes, always 1 in recent versions"},
		{Field: "Process_num", Suffix: "relative_process_id", Type: Gauge, Aggregate: Newest, Help: "Number of the process, always 1 in recent versions"},
		{Field: "Uptime_sec", Suffix: "uptime_seconds", Type: Gauge, Aggregate: Newest, Help: "Age of the newest worker, in seconds"},
		{Field: "PoolFailed", Suffix: "pool_failures_total", Type: Counter, Help: "Failed allocations from memory pools"},
		{Field: "Ulimit-n", Suffix: "max_fds", Type: Gauge, Aggregate: Newest, Help: "Limit of file descriptors"},
		{Field: "Maxsock", Suffix: "max_sockets", Type: Gauge, Aggregate: Newest, Help: "Limit of sockets"},
		{Field: "Maxconn", Suffix: "max_connections", Type: Gauge, Aggregate: Newest, Minimal: true, Help: "Limit of connections, configured or derived"},
		{Field: "Hard_maxconn", Suffix: "hard_max_connections", Type: Gauge, Aggregate: Newest, Help: "Limit of connections that memory and file descriptors allow"},
		{Field: "CurrConns", Suffix: "current_connections", Type: Gauge, Aggregate: Sum, Minimal: true, Help: "Connections now"},
		{Field: "CumConns", Suffix: "connections_total", Type: Counter, Help: "Connections"},
		{Field: "CumReq", Suffix: "requests_total", Type: Counter, Help: "Requests"},
		{Field: "MaxSslConns", Suffix: "max_ssl_connections", Type: Gauge, Aggregate: Newest, Help: "Limit of TLS connections on both sides, 0 for none"},
		{Field: "CurrSslConns", Suffix: "current_ssl_connections", Type: Gauge, Aggregate: Sum, Help: "TLS connections now, both sides"},
		{Field: "CumSslConns", Suffix: "ssl_connections_total", Type: Counter, Help: "TLS connections, both sides"},
		{Field: "Maxpipes", Suffix: "max_pipes", Type: Gauge, Aggregate: Newest, Help: "Limit of pipes for splicing, 0 for none"},
		{Field: "PipesUsed", Suffix: "pipes_used_total", Type: Counter, Aggregate: Sum, Help: "Pipes in use now", Note: notGauge},
		{Field: "PipesFree", Suffix: "pipes_free_total", Type: Counter, Aggregate: Sum, Help: "Pipes free for use now", Note: notGauge},
	}
}

func rateFields() []NativeField {
	const notTotal = "typed as by HAProxy; the value is a rate"
	return []NativeField{
		{Field: "ConnRate", Suffix: "current_connection_rate", Type: Gauge, Aggregate: Sum, Help: "Connections in the last second"},
		{Field: "ConnRateLimit", Suffix: "limit_connection_rate", Type: Gauge, Aggregate: Newest, Help: "Configured limit of connections a second"},
		{Field: "MaxConnRate", Suffix: "max_connection_rate", Type: Gauge, Aggregate: Max, Help: "Most connections in a second"},
		{Field: "SessRate", Suffix: "current_session_rate", Type: Gauge, Aggregate: Sum, Help: "Sessions in the last second"},
		{Field: "SessRateLimit", Suffix: "limit_session_rate", Type: Gauge, Aggregate: Newest, Help: "Configured limit of sessions a second"},
		{Field: "MaxSessRate", Suffix: "max_session_rate", Type: Gauge, Aggregate: Max, Help: "Most sessions in a second"},
		{Field: "SslRate", Suffix: "current_ssl_rate", Type: Gauge, Aggregate: Sum, Help: "TLS sessions in the last second"},
		{Field: "SslRateLimit", Suffix: "limit_ssl_rate", Type: Gauge, Aggregate: Newest, Help: "Configured limit of TLS sessions a second"},
		{Field: "MaxSslRate", Suffix: "max_ssl_rate", Type: Gauge, Aggregate: Max, Help: "Most TLS sessions in a second"},
		{Field: "SslFrontendKeyRate", Suffix: "current_frontend_ssl_key_rate", Type: Gauge, Aggregate: Sum, Help: "TLS keys computed for clients in the last second"},
		{Field: "SslFrontendMaxKeyRate", Suffix: "max_frontend_ssl_key_rate", Type: Gauge, Aggregate: Max, Help: "Most TLS keys computed for clients in a second"},
		{Field: "SslFrontendSessionReuse_pct", Suffix: "frontend_ssl_reuse", Type: Gauge, Aggregate: Newest, Help: "Share of TLS connections of clients that needed no new key, in percent"},
		{Field: "SslBackendKeyRate", Suffix: "current_backend_ssl_key_rate", Type: Gauge, Aggregate: Sum, Help: "TLS keys computed towards servers in the last second"},
		{Field: "SslBackendMaxKeyRate", Suffix: "max_backend_ssl_key_rate", Type: Gauge, Aggregate: Max, Help: "Most TLS keys computed towards servers in a second"},
		{Field: "SslCacheLookups", Suffix: "ssl_cache_lookups_total", Type: Counter, Help: "Look-ups in the cache of TLS sessions"},
		{Field: "SslCacheMisses", Suffix: "ssl_cache_misses_total", Type: Counter, Help: "Look-ups in the cache of TLS sessions that found none"},
		{Field: "CompressBpsIn", Suffix: "http_comp_bytes_in_total", Type: Counter, Aggregate: Sum, Help: "Bytes given to HTTP compression in the last second", Note: notTotal},
		{Field: "CompressBpsOut", Suffix: "http_comp_bytes_out_total", Type: Counter, Aggregate: Sum, Help: "Bytes that came out of HTTP compression in the last second", Note: notTotal},
		{Field: "CompressBpsRateLim", Suffix: "limit_http_comp", Type: Gauge, Aggregate: Newest, Help: "Configured limit of compressed bytes a second"},
		{Field: "ZlibMemUsage", Suffix: "current_zlib_memory", Type: Gauge, Aggregate: Sum, Help: "Memory used by HTTP compression, in bytes", Note: "only when HAProxy was built with zlib"},
		{Field: "MaxZlibMemUsage", Suffix: "max_zlib_memory", Type: Gauge, Aggregate: Newest, Help: "Limit of memory used by HTTP compression, in bytes", Note: "only when HAProxy was built with zlib"},
	}
}

func workFields() []NativeField {
	return []NativeField{
		{Field: "Tasks", Suffix: "current_tasks", Type: Gauge, Aggregate: Sum, Help: "Tasks, active and sleeping"},
		{Field: "Run_queue", Suffix: "current_run_queue", Type: Gauge, Aggregate: Sum, Help: "Tasks that want to run"},
		{Field: "Idle_pct", Suffix: "idle_time_percent", Type: Gauge, Aggregate: Newest, Minimal: true, Help: "Idle time of the newest worker in the last second, in percent"},
		{Field: "node", Suffix: "node", Type: Gauge, Aggregate: Newest, Kind: KindInfo, InfoLabel: "node", Help: "Configured name of the node; always 1", Note: "HAProxy 3.1 and later; read from every version"},
		{Field: "description", Suffix: "description", Type: Gauge, Aggregate: Newest, Kind: KindInfo, InfoLabel: "desc", Help: "Configured description; always 1", Note: "only when configured"},
		{Field: "Stopping", Suffix: "stopping", Type: Gauge, Aggregate: Newest, Help: "1 while the newest worker stops"},
		{Field: "Jobs", Suffix: "jobs", Type: Gauge, Aggregate: Sum, Help: "Jobs: connections, listeners, master connections"},
		{Field: "Unstoppable Jobs", Suffix: "unstoppable_jobs", Type: Gauge, Aggregate: Sum, Help: "Jobs that do not keep a worker from stopping"},
		{Field: "Listeners", Suffix: "listeners", Type: Gauge, Aggregate: Sum, Help: "Active listeners"},
		{Field: "ActivePeers", Suffix: "active_peers", Type: Gauge, Aggregate: Sum, Help: "Verified connections to peers"},
		{Field: "ConnectedPeers", Suffix: "connected_peers", Type: Gauge, Aggregate: Sum, Help: "Connections to peers"},
		{Field: "DroppedLogs", Suffix: "dropped_logs_total", Type: Counter, Minimal: true, Help: "Log lines that HAProxy could not deliver"},
		{Field: "BusyPolling", Suffix: "busy_polling_enabled", Type: Gauge, Aggregate: Newest, Help: "1 when busy polling is used"},
		{Field: "FailedResolutions", Suffix: "failed_resolutions", Type: Counter, Help: "Failed DNS resolutions"},
		{Field: "TotalBytesOut", Suffix: "bytes_out_total", Type: Counter, Help: "Bytes sent"},
		{Field: "TotalSplicedBytesOut", Alias: "TotalSplicdedBytesOut", Suffix: "spliced_bytes_out_total", Type: Counter, Help: "Bytes sent through kernel pipes"},
		{Field: "BytesOutRate", Suffix: "bytes_out_rate", Type: Gauge, Aggregate: Sum, Help: "Bytes sent in the last second"},
		{Field: "CumRecvLogs", Suffix: "recv_logs_total", Type: Counter, Help: "Log messages received by log-forward sections"},
		{Field: "Build info", Alias: "Version", Suffix: "build_info", Type: Gauge, Aggregate: Newest, Kind: KindInfo, InfoLabel: "version", Minimal: true, Help: "Version of the newest worker; always 1"},
		{Field: "Memmax_bytes", Suffix: "max_memory_bytes", Type: Gauge, Aggregate: Newest, Help: "Limit of memory, in bytes, 0 for none"},
		{Field: "PoolAlloc_bytes", Suffix: "pool_allocated_bytes", Type: Gauge, Aggregate: Sum, Help: "Memory allocated by pools, in bytes"},
		{Field: "PoolUsed_bytes", Suffix: "pool_used_bytes", Type: Gauge, Aggregate: Sum, Help: "Memory of pools in use, in bytes"},
		{Field: "Start_time_sec", Suffix: "start_time_seconds", Type: Gauge, Aggregate: Newest, Minimal: true, Help: "Unix time at which the newest worker started, in seconds"},
		{Field: "TotalWarnings", Suffix: "total_warnings", Type: Counter, Help: "Warnings issued", Note: "HAProxy 3.1 and later"},
	}
}

func tableNatives() []NativeField {
	return []NativeField{
		{Scope: ScopeStickTable, Field: "size", Suffix: "size", Type: Gauge, Aggregate: Newest, Help: "Entries that the stick table can hold."},
		{Scope: ScopeStickTable, Field: "used", Suffix: "used", Type: Gauge, Aggregate: Newest, Help: "Entries that the stick table holds."},
		{Scope: ScopeStickTable, Field: "local_updates", Suffix: "local_updates", Type: Gauge, Aggregate: Newest, Help: "Updates of the stick table that were made here.", Note: "HAProxy 3.5 and later"},
	}
}

func resolverNatives() []NativeField {
	const note = "HAProxy's exporter has it since 2.7; read from every version; counts from the start"
	field := func(field, suffix, help string) NativeField {
		return NativeField{Scope: ScopeResolver, Field: field, Suffix: suffix, Type: Gauge, Aggregate: Accumulate, Help: help, Note: note}
	}
	return []NativeField{
		field("sent", "sent", "DNS queries sent."),
		field("snd_error", "send_error", "DNS queries that could not be sent."),
		field("valid", "valid", "Valid DNS answers."),
		field("update", "update", "DNS answers that changed a server's address."),
		field("cname", "cname", "CNAME answers."),
		field("cname_error", "cname_error", "CNAME answers that could not be used."),
		field("any_err", "any_err", "Empty DNS answers."),
		field("nx", "nx", "DNS answers that say the name does not exist."),
		field("timeout", "timeout", "DNS queries without an answer in time."),
		field("refused", "refused", "DNS queries that the server refused."),
		field("other", "other", "Other DNS errors."),
		field("invalid", "invalid", "DNS answers that were invalid."),
		field("too_big", "too_big", "DNS answers that were too long."),
		field("truncated", "truncated", "DNS answers that were cut."),
		field("outdated", "outdated", "DNS answers that came too late."),
	}
}
