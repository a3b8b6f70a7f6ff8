package alerts

// GapKinds are the values of the label kind of haproxy_log_hazard that say: this frontend does not log
// each of its requests.
func GapKinds() []string {
	return []string{"dontlog_normal", "sampling", "no_log", "no_format", "set_log_level", "log_level"}
}

// gaps are the hazards that keep HAProxy from logging every request: with them, fewer lines than
// requests are meant so.
const gaps = `max by (<I>, proxy) (
    label_replace(haproxy_log_hazard{<J>, kind=~"<GAPS>"}, "proxy", "$1", "frontend", "(.+)")
  )`

func sourceAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyLogSilent", For: "2m", Severity: Page, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			// Pages only where lines came before and stopped while requests go on: not for a passive node, and not
			// for a frontend that only a load balancer's checker asks.
			Expr: `sum by (<I>, proxy) (increase(haproxy_log_reconciled_requests_total{<J>}[10m])) >= <t:log_silent_requests>
and sum by (<I>, proxy) (increase(haproxy_log_reconciled_lines_total{<J>}[10m])) == 0
and sum by (<I>, proxy) (increase(haproxy_log_reconciled_lines_total{<J>}[1h] offset 10m)) > 0
unless on (<I>, proxy)
  ` + gaps,
			Summary: `{{ $labels.instance }}: {{ $labels.proxy }} has {{ $value | humanize }} requests within ten minutes and not one log line`,
			Description: `HAProxy counts requests, and no line of them arrives any more. Everything that comes from the log is blind ` +
				`on this node: rsyslog is stopped, the disk is full, or the log goes elsewhere.`,
		},
		{
			Alert: "HAProxyLogIncomplete", For: "30m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			// The usual share is subtracted: partners that close a reused connection, and checkers, leave no line.
			Expr: `(
  instance:haproxy_log_missing_lines:ratio1h{<J>}
  - (avg_over_time(instance:haproxy_log_missing_lines:ratio1h{<J>}[1d] offset 2h) or 0 * instance:haproxy_log_missing_lines:ratio1h{<J>})
) > <t:log_incomplete>
and on (<I>) instance:haproxy_log_missing_lines:increase1h{<J>} >= <t:log_incomplete_requests>`,
			Summary: `{{ $labels.instance }}: {{ $value | humanizePercentage }} more requests than usual have no log line`,
			Description: `HAProxy counted more requests than there are lines, above the usual difference of the last day. ` +
				`Lines get lost on the way, or a setting such as dontlog-normal is new.`,
		},
		{
			Alert: "HAProxyLogDropped", For: "0m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-haproxy",
			Expr:    `sum by (<I>) (increase(haproxy_process_dropped_logs_total{<J>}[10m])) > 0`,
			Summary: `{{ $labels.instance }}: HAProxy could not deliver {{ $value | humanize }} log lines`,
			Description: `The receiver of the log did not take them in time: HAProxy never waits. ` +
				`These requests are in no figure that comes from the log.`,
		},
		{
			Alert: "HAProxyLogNotUnderstood", For: "15m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr: `(
  sum by (<I>, source) (rate(haproxy_log_lines_total{<J>, result=~"<REFUSED>"}[15m]))
    / sum by (<I>, source) (rate(haproxy_log_lines_total{<J>}[15m]))
) > <t:not_understood>`,
			Summary: `{{ $labels.instance }}: {{ $value | humanizePercentage }} of the lines of {{ $labels.source }} do not fit the format`,
			Description: `The log-format that the exporter was given is not the one that HAProxy writes, or something else writes into the same file. ` +
				`These requests are counted nowhere else.`,
		},
		{
			Alert: "HAProxyLogSourceDown", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<I>, source) (haproxy_log_source_up{<J>}) == 0`,
			Summary:     `{{ $labels.instance }}: {{ $labels.source }} cannot be read`,
			Description: `The file does not exist or the exporter may not read it. It is tried again all the time.`,
		},
		{
			Alert: "HAProxyLogLagging", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<I>, source) (haproxy_log_lag_seconds{<J>}) > <t:lag_seconds>`,
			Summary:     `{{ $labels.instance }}: {{ $labels.source }} was last read to its end {{ $value | humanizeDuration }} ago`,
			Description: `More lines are written than the exporter reads, or it gets no CPU time. What the dashboards show is that old.`,
		},
		{
			Alert: "HAProxyLogBytesLost", For: "0m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `sum by (<I>, source) (increase(haproxy_log_lost_bytes_total{<J>}[15m])) > 0`,
			Summary: `{{ $labels.instance }}: {{ $value | humanize1024 }}B of {{ $labels.source }} were gone before they could be read`,
			Description: `A file was truncated or deleted before the exporter had read it to the end. ` +
				`Requests in that part are counted nowhere.`,
		},
		{
			Alert: "HAProxyLogDatagramsDropped", For: "0m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `sum by (<I>, source) (increase(haproxy_log_dropped_datagrams_total{<J>}[15m])) > 0`,
			Summary: `{{ $labels.instance }}: {{ $value | humanize }} log messages to {{ $labels.source }} found the receive buffer full`,
			Description: `The kernel dropped them before the exporter could read them. ` +
				`Requests in them are counted nowhere.`,
		},
	}
}
