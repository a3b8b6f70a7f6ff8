package alerts

func exporterAlerts() []Rule {
	return append(targetAlerts(), selfAlerts()...)
}

func targetAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyLogExporterDown", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `up{<J>} == 0`,
			Summary: `{{ $labels.instance }}: the exporter does not answer`,
			Description: `This node is not watched. Nothing is lost: lines that are written meanwhile are counted when it is back, ` +
				`as long as rotation keeps the files.`,
		},
		{
			Alert: "HAProxyLogExporterAllDown", For: "2m", Severity: Page, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<K>) (up{<J>}) == 0`,
			Summary:     `{{ $labels.job }}: no exporter of the group answers`,
			Description: `No partner and no route of this group is watched. It silences the alerts that depend on these figures.`,
		},
		{
			Alert: "HAProxyLogExporterAbsent", For: "10m", Severity: Page, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `absent(up{<J>})`,
			Summary: `Prometheus has no target for the log exporter`,
			Description: `No target has this job's name: it was renamed, or service discovery finds nothing. ` +
				`None of these rules can fire.`,
		},
		{
			Alert: "HAProxyLogLabelsRenamed", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `max by (job, instance) (<RENAMED>)`,
			Summary: `{{ $labels.instance }}: labels of the exporter arrive as exported_*`,
			Description: `The scrape adds target labels with the same names as the exporter's and renames the exporter's. ` +
				`Rules and dashboards then see the wrong values. Set honor_labels: true, or rename the target labels.`,
		},
	}
}

func selfAlerts() []Rule {
	return []Rule{
		{
			Alert: "HAProxyLogCatchingUp", For: "0m", Severity: Info, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<K>, instance) (haproxy_log_catching_up{<J>}) == 1`,
			Summary:     `{{ $labels.instance }} reads what was written while it was away`,
			Description: `Figures from the log are left out until the backlog is read. Sent to nobody: it only silences alerts that would be wrong now.`,
		},
		{
			Alert: "HAProxyLogStateNotDurable", For: "15m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:    `max by (<K>, instance) (haproxy_log_state_durable{<J>}) == 0`,
			Summary: `{{ $labels.instance }}: the exporter cannot save its state`,
			Description: `After a crash now, counters would start again, or lines would be counted twice. The disk is full or slow, ` +
				`the folder is not writable, or no --state.dir is set.`,
		},
		{
			Alert: "HAProxyLogConfigReloadFailed", For: "5m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<K>, instance) (haproxy_log_config_last_reload_successful{<J>}) == 0`,
			Summary:     `{{ $labels.instance }}: the exporter refused its new configuration`,
			Description: `It goes on with the old one. Its log says what is wrong and where.`,
		},
		{
			Alert: "HAProxyLogSeriesNearLimit", For: "15m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr:        `max by (<K>, instance) (haproxy_log_series{<J>} / (haproxy_log_series_limit{<J>} > 0)) > <t:series>`,
			Summary:     `{{ $labels.instance }}: {{ $value | humanizePercentage }} of the exposed samples are used up`,
			Description: `At the limit, new routes are counted under other. Raise the limit, or find out which label grows.`,
		},
		{
			Alert: "HAProxyLogLabelOverflow", For: "30m", Severity: Ticket, Component: OfExporter, Dashboard: "haproxy-log-exporter",
			Expr: `(
  sum by (<K>, instance, label) (rate(haproxy_log_overflow_total{<J>}[15m]))
    / on (<K>, instance) group_left () sum by (<K>, instance) (rate(haproxy_log_lines_total{<J>, result="http"}[15m]))
) > <t:overflow>`,
			Summary: `{{ $labels.instance }}: {{ $value | humanizePercentage }} of the requests have {{ $labels.label }}="other"`,
			Description: `The value is not in the vocabulary, or there are more values than the limit admits. ` +
				`A new application or partner is not configured, or somebody tries out paths.`,
		},
	}
}
