package catalogue

// Names of the families about runtime sockets, workers and log completeness.
const (
	Up                       = "haproxy_up"
	ScrapeDuration           = "haproxy_scrape_duration_seconds"
	ReloadsTotal             = "haproxy_reloads_total"
	LastReloadFailed         = "haproxy_last_reload_failed"
	Workers                  = "haproxy_workers"
	OldWorkerAge             = "haproxy_old_worker_age_seconds"
	OldWorkerSessions        = "haproxy_old_worker_sessions"
	ReconcileRequestsTotal   = "haproxy_log_reconciled_requests_total"
	ReconcileLinesTotal      = "haproxy_log_reconciled_lines_total"
	ReconcileExpectedTotal   = "haproxy_log_reconciled_without_line_total"
	ReconcileMissing         = "haproxy_log_missing_lines"
	StickTableEntryUsed      = "haproxy_sticktable_entry_value"
	HAProxyMetricsOmitted    = "haproxy_socket_rows_omitted"
	SocketQueryErrorsTotal   = "haproxy_socket_errors_total"
	SharedStatsFile          = "haproxy_shared_stats"
	WorkerCounterResetsTotal = "haproxy_stats_cleared_total"
)

// WorkerStates returns the values of the label state of Workers.
func WorkerStates() []string { return []string{"current", "old", "failed"} }

func socketFamilies() []Family {
	return []Family{
		{Name: Up, Type: Gauge, Labels: []string{"socket"}, Group: Socket,
			Help: "1 when the runtime socket answered this scrape in full."},
		{Name: ScrapeDuration, Type: Gauge, Labels: []string{"socket"}, Group: Socket,
			Help: "Time the runtime socket took to answer, in seconds."},
		{Name: SocketQueryErrorsTotal, Type: Counter, Labels: []string{"socket", "reason"}, Group: Socket,
			Help: "Failed exchanges with a runtime socket by reason: dial, timeout, cut, refused, not_a_table, too_large."},
		{Name: ReloadsTotal, Type: Counter, Group: Socket, Help: "Reloads of HAProxy that were noticed; those that failed only with a master socket that lists its workers."},
		{Name: LastReloadFailed, Type: Gauge, Group: Socket, Help: "1 when HAProxy's last reload failed.", Note: "only with a master socket that may list its workers (level operator for some versions)"},
		{Name: Workers, Type: Gauge, Labels: []string{"state"}, Group: Socket, Help: "HAProxy worker processes by state: current, old, failed (the master lists it, but it did not answer)."},
		{Name: OldWorkerAge, Type: Gauge, Group: Socket, Help: "Time since the oldest of the old workers was replaced, in seconds; 0 without old workers.", Note: "only with a master socket"},
		{Name: OldWorkerSessions, Type: Gauge, Group: Socket, Help: "Sessions that old workers still serve, as last seen.", Note: "only with a master socket"},
		{Name: WorkerCounterResetsTotal, Type: Counter, Group: Socket, Help: "Times a worker's counters went down while it lived (clear counters)."},
		{Name: SharedStatsFile, Type: Gauge, Group: Socket, Help: "1 when workers share their counters in memory (shm-stats-file), so they are not summed."},
		{Name: HAProxyMetricsOmitted, Type: Gauge, Labels: []string{"scope"}, Group: Socket, Help: "Rows of show stat left out by a filter."},
		{Name: ReconcileRequestsTotal, Type: Counter, Labels: []string{"proxy"}, Group: Socket,
			Help: "Requests that HAProxy counted and that should have a log line, by frontend, over all workers, since both sides are watched."},
		{Name: ReconcileLinesTotal, Type: Counter, Labels: []string{"proxy"}, Group: Socket,
			Help: "Request lines counted in the same time as haproxy_log_reconciled_requests_total."},
		{Name: ReconcileExpectedTotal, Type: Counter, Labels: []string{"proxy", "reason"}, Group: Socket,
			Help: "Requests that HAProxy counted and legitimately did not log, by reason: monitor (monitor-uri)."},
		{Name: ReconcileMissing, Type: Gauge, Labels: []string{"proxy"}, Group: Socket,
			Help: "Requests counted by HAProxy without a log line so far; requests in flight included. Negative after reloads: workers served requests after they were last asked."},
		{Name: StickTableEntryUsed, Type: Gauge, Labels: []string{"name", "key", "counter"}, Group: Socket,
			Help: "Counters of the top entries of a stick table.", Note: "off by default; bounded; needs a socket at level operator"},
	}
}
