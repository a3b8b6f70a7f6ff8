package catalogue

// Names of the families about the exporter itself.
const (
	LinesTotal               = "haproxy_log_lines_total"
	ReadBytesTotal           = "haproxy_log_read_bytes_total"
	LagBytes                 = "haproxy_log_lag_bytes"
	LagSeconds               = "haproxy_log_lag_seconds"
	CatchingUp               = "haproxy_log_catching_up"
	LastLineTimestamp        = "haproxy_log_last_line_timestamp_seconds"
	SourceUp                 = "haproxy_log_source_up"
	RotationsTotal           = "haproxy_log_rotations_total"
	GenerationsOpen          = "haproxy_log_generations_open"
	PositionBytes            = "haproxy_log_position_bytes"
	RecoveredLinesTotal      = "haproxy_log_recovered_lines_total"
	LostBytesTotal           = "haproxy_log_lost_bytes_total"
	DroppedDatagramsTotal    = "haproxy_log_dropped_datagrams_total"
	ClosedConnectionsTotal   = "haproxy_log_closed_connections_total"
	PartialLinesTotal        = "haproxy_log_partial_lines_total"
	SuspectedDuplicatesTotal = "haproxy_log_suspected_duplicates_total"
	SequenceGapsTotal        = "haproxy_log_sequence_gaps_total"
	Series                   = "haproxy_log_series"
	SeriesLimit              = "haproxy_log_series_limit"
	OverflowTotal            = "haproxy_log_overflow_total"
	SeriesExpiredTotal       = "haproxy_log_series_expired_total"
	StateDurable             = "haproxy_log_state_durable"
	StateWriteErrorsTotal    = "haproxy_log_state_write_errors_total"
	StateSaveDuration        = "haproxy_log_state_save_duration_seconds"
	StateDamagedTotal        = "haproxy_log_state_damaged_total"
	ConfigReloadSuccessful   = "haproxy_log_config_last_reload_successful"
	ConfigReloadTimestamp    = "haproxy_log_config_last_reload_success_timestamp_seconds"
	ConfigHash               = "haproxy_log_config_hash"
	SchemaRestartsTotal      = "haproxy_log_schema_restarts_total"
	BuildInfo                = "haproxy_log_exporter_build_info"
)

// LineResults returns the values of the label result of LinesTotal. The first two are counted as
// requests and sessions; the others explain why a line was not. Every line read has exactly one.
func LineResults() []string {
	return []string{
		"http", "tcp", // counted
		"notice", "health_check", "handshake_error", "connect", "log_step", // recognised, not requests
		"no_envelope", "literal_mismatch", "bad_value", "cut", "bad_json", "too_long", "empty", // refused
	}
}

// RecoveredFrom returns the values of the label from of RecoveredLinesTotal.
func RecoveredFrom() []string { return []string{"rotated", "copy", "archive"} }

func selfFamilies() []Family {
	src := []string{"source"}
	return []Family{
		{Name: LinesTotal, Type: Counter, Labels: []string{"source", "result"}, Group: Self,
			Help: "Lines read, by what became of them; each line has exactly one result."},
		{Name: ReadBytesTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Bytes of complete lines read, in bytes."},
		{Name: LagBytes, Type: Gauge, Labels: src, Group: Self,
			Help: "Bytes written to the log and not read yet."},
		{Name: LagSeconds, Type: Gauge, Labels: src, Group: Self,
			Help: "Time since the source was last read to its end, in seconds; 0 when nothing waits."},
		{Name: CatchingUp, Type: Gauge, Labels: src, Group: Self,
			Help: "1 while a backlog is read and the families of the log are left out of the scrape."},
		{Name: LastLineTimestamp, Type: Gauge, Labels: src, Group: Self,
			Help: "Unix time at which the last line was read, in seconds."},
		{Name: SourceUp, Type: Gauge, Labels: src, Group: Self,
			Help: "1 when the source can be read, 0 when it is missing or unreadable."},
		{Name: RotationsTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Changes of the file behind the path: renamed, recreated, truncated or switched."},
		{Name: GenerationsOpen, Type: Gauge, Labels: src, Group: Self,
			Help: "File generations held open."},
		{Name: PositionBytes, Type: Gauge, Labels: src, Group: Self,
			Help: "Offset in the current file up to which lines are counted, in bytes."},
		{Name: RecoveredLinesTotal, Type: Counter, Labels: []string{"source", "from"}, Group: Self,
			Help: "Lines found in a rotated file, a copy or an archive after the path had moved on."},
		{Name: LostBytesTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Bytes known to be gone before they could be read."},
		{Name: DroppedDatagramsTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Datagrams that the kernel dropped because the receive buffer was full.", Note: "only with a UDP address"},
		{Name: ClosedConnectionsTotal, Type: Counter, Labels: []string{"source", "reason"}, Group: Self,
			Help: "Connections that the exporter closed: too many were open (limit), or an octet count was wrong (framing).", Note: "only with a TCP or UNIX stream address"},
		{Name: PartialLinesTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Unfinished lines at the end of a file that was given up."},
		{Name: SuspectedDuplicatesTotal, Type: Counter, Labels: src, Group: Self,
			Help: "Lines that repeat the line before them byte for byte in a format that names time and port."},
		{Name: SequenceGapsTotal, Type: Counter, Labels: []string{"source", "frontend"}, Group: Self,
			Help: "Lines that never arrived by HAProxy's own line number (%lc).", Note: "only with %lc in the log-format"},
		{Name: Series, Type: Gauge, Group: Self, Help: "Samples exposed from the log."},
		{Name: SeriesLimit, Type: Gauge, Group: Self, Help: "Limit of samples exposed from the log."},
		{Name: OverflowTotal, Type: Counter, Labels: []string{"label"}, Group: Self,
			Help: "Lines whose label value became other because a limit was reached or the value is not known."},
		{Name: SeriesExpiredTotal, Type: Counter, Group: Self, Help: "Series left out of the exposition because they were idle."},
		{Name: StateDurable, Type: Gauge, Group: Self,
			Help: "1 when the last scrape was answered from a saved cut, 0 when saving failed, was too slow, or no state directory is set."},
		{Name: StateWriteErrorsTotal, Type: Counter, Group: Self, Help: "Failed or overdue writes of the snapshot."},
		{Name: StateSaveDuration, Type: Gauge, Group: Self, Help: "Time the last snapshot took to write, in seconds."},
		{Name: StateDamagedTotal, Type: Counter, Group: Self, Help: "Snapshots that could not be used and were put aside."},
		{Name: ConfigReloadSuccessful, Type: Gauge, Group: Self, Help: "1 when the last reload of the configuration succeeded."},
		{Name: ConfigReloadTimestamp, Type: Gauge, Group: Self, Help: "Unix time of the last successful load of the configuration, in seconds."},
		{Name: ConfigHash, Type: Gauge, Group: Self, Help: "Hash of the configuration in use, as a number."},
		{Name: SchemaRestartsTotal, Type: Counter, Labels: []string{"family"}, Group: Self,
			Help: "Times a family started again at 0 because its labels or buckets were changed."},
		{Name: BuildInfo, Type: Gauge, Labels: []string{"version", "revision", "branch", "goversion", "goos", "goarch", "tags"}, Group: Self,
			Help: "Build of the exporter; always 1."},
	}
}
