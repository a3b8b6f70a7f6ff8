package dashboards

func exporter() spec {
	return spec{
		uid: "haproxy-log-exporter", title: "HAProxy log / Exporter", from: "now-6h", variables: append(nodeVariables(), sourceVariable()),
		description: "The exporter itself: does it read everything, understand it, keep it, and at what cost.",
		sections: sections(
			row("Now", exporterNow()...),
			row("Reading", reading()...),
			row("Understanding", understanding()...),
			row("Series and state", keeping()...),
			row("Cost", cost()...),
		),
	}
}

func sourceVariable() Variable {
	return query("source", "Source", `haproxy_log_source_up{job=~"$job", instance=~"$instance"}`, "File, socket or listener", ".+")
}

const onSource = node + `, source=~"$source"`

func exporterNow() []*Panel {
	return []*Panel{
		stat("Exporters up", "Share of the exporters that answer.", "percentunit", 4, steps("red", 1, "green"), q{"avg(up{" + node + "})", ""}),
		stat("Lines", "Lines read a second.", "cps", 4, steps("text"), q{"sum(" + rate("haproxy_log_lines_total", onSource) + ")", ""}),
		stat("Not understood", "Share of the lines that do not fit the format.", "percentunit", 4, steps("green", 0.001, "orange", 0.01, "red"),
			q{"(sum(" + rate("haproxy_log_lines_total", onSource+refusedLines) + ") or vector(0)) / (sum(" + rate("haproxy_log_lines_total", onSource) + ") > 0)", ""}),
		stat("Backlog", "Bytes that are written and not read yet, of all sources.", "bytes", 4, steps("green", 1e7, "orange", 1e9, "red"), q{"sum(haproxy_log_lag_bytes{" + onSource + "})", ""}),
		stat("Series used", "Exposed samples as a share of the limit, the fullest exporter.", "percentunit", 4, steps("green", 0.8, "orange", 0.95, "red"), q{"max(haproxy_log_series{" + node + "} / (haproxy_log_series_limit{" + node + "} > 0))", ""}),
		stat("State saved", "Share of the exporters whose last answer is on disk.", "percentunit", 4, steps("red", 1, "green"), q{"avg(haproxy_log_state_durable{" + node + "})", ""}),
	}
}

const refusedLines = `, result=~"no_envelope|literal_mismatch|bad_value|cut|bad_json|too_long|empty"`

func reading() []*Panel {
	return []*Panel{
		lines("Bytes read", "Bytes of whole lines.", "Bps", size(8, 8), q{sumBy("instance, source", rate("haproxy_log_read_bytes_total", onSource)), "{{source}} {{instance}}"}).stacked(),
		lines("Backlog in bytes", "Written and not read yet.", "bytes", size(8, 8), q{"max by (instance, source) (haproxy_log_lag_bytes{" + onSource + "})", "{{source}} {{instance}}"}),
		lines("Backlog in seconds", "Time since the source was last read to its end.", "s", size(8, 8), q{"max by (instance, source) (haproxy_log_lag_seconds{" + onSource + "})", "{{source}} {{instance}}"}),
		states("Sources", "Whether each source can be read. While it catches up with a backlog, figures from the log are left out.", size(12, 7), map[string][2]string{"0": {"cannot be read", "red"}, "1": {"read", "green"}, "2": {"catching up", "yellow"}},
			q{"max by (instance, source) (haproxy_log_source_up{" + onSource + "}) + max by (instance, source) (haproxy_log_catching_up{" + onSource + "})", "{{source}} {{instance}}"}),
		lines("Rotations and open files", "Changes of the file behind the path in the last hour, and files that are held open.", "short", size(12, 7),
			q{sumBy("instance, source", "increase(haproxy_log_rotations_total{"+onSource+"}[1h])"), "rotations {{source}} {{instance}}"}, q{sumBy("instance, source", "haproxy_log_generations_open{"+onSource+"}"), "open {{source}} {{instance}}"}),
	}
}

func understanding() []*Panel {
	return []*Panel{
		lines("Lines by result", "http and tcp are counted; notices, health checks, handshake errors and connect lines are recognised and are no requests; the others do not fit the format.", "cps", size(12, 9),
			q{sumBy("result", rate("haproxy_log_lines_total", onSource)) + " > 0", "{{result}}"}).stacked().legendTable(),
		lines("Lines that do not fit", "By reason. haproxy_log_exporter check shows the first difference of each.", "cps", size(12, 9),
			q{sumBy("source, result", rate("haproxy_log_lines_total", onSource+refusedLines)), "{{result}} {{source}}"}).stacked(),
		lines("Found late, lost, doubtful", "Lines found in rotated files and archives, bytes that were gone, datagrams that the kernel dropped, unfinished lines and suspected duplicates, in the last hour.", "short", size(12, 8),
			q{sumBy("from", "increase(haproxy_log_recovered_lines_total{"+onSource+"}[1h])"), "lines found in {{from}}"},
			q{"sum(increase(haproxy_log_lost_bytes_total{" + onSource + "}[1h]))", "bytes lost"},
			q{"sum(increase(haproxy_log_dropped_datagrams_total{" + onSource + "}[1h]))", "datagrams dropped"},
			q{"sum(increase(haproxy_log_partial_lines_total{" + onSource + "}[1h]))", "unfinished lines"},
			q{"sum(increase(haproxy_log_suspected_duplicates_total{" + onSource + "}[1h]))", "suspected duplicates"}),
		lines("Label values that became other", "Because they are in no vocabulary or the limit is reached.", "cps", size(12, 8), q{sumBy("label", rate("haproxy_log_overflow_total", node)), "{{label}}"}).stacked().rare(),
	}
}

func keeping() []*Panel {
	return []*Panel{
		lines("Exposed samples", "Samples from the log in a scrape, histogram lines included.", "short", size(8, 8), q{"max by (instance) (haproxy_log_series{" + node + "})", "{{instance}}"}),
		lines("Time to save the state", "Duration of the last save.", "s", size(8, 8), q{"max by (instance) (haproxy_log_state_save_duration_seconds{" + node + "})", "{{instance}}"}),
		lines("State not saved, damaged", "Failed or overdue saves and unusable snapshots in the last hour.", "short", size(8, 8),
			q{sumBy("instance", "increase(haproxy_log_state_write_errors_total{"+node+"}[1h])"), "not saved {{instance}}"}, q{sumBy("instance", "increase(haproxy_log_state_damaged_total{"+node+"}[1h])"), "damaged {{instance}}"}),
		states("Configuration", "Whether the last reload of the exporter's configuration succeeded.", size(12, 6), map[string][2]string{"0": {"refused", "red"}, "1": {"in use", "green"}},
			q{"max by (instance) (haproxy_log_config_last_reload_successful{" + node + "})", "{{instance}}"}),
		table("Builds", "Version of each exporter.", size(12, 6), "Version", []column{{"instance", "Instance", "", 0, nil}, {"version", "Version", "", 0, nil}, {"revision", "Revision", "", 0, nil}, {"goversion", "Go", "", 0, nil}},
			q{"max by (instance, version, revision, goversion) (haproxy_log_exporter_build_info{" + node + "})", ""}),
	}
}

func cost() []*Panel {
	return []*Panel{
		lines("CPU", "Cores in use.", "short", size(8, 8), q{"max by (instance) (" + rate("process_cpu_seconds_total", node) + ")", "{{instance}}"}),
		lines("Memory", "Resident memory.", "bytes", size(8, 8), q{"max by (instance) (process_resident_memory_bytes{" + node + "})", "{{instance}}"}),
		lines("Scrapes", "Time that Prometheus took for a scrape, and the sockets' part of it.", "s", size(8, 8), q{"max by (instance) (scrape_duration_seconds{" + node + "})", "scrape {{instance}}"},
			q{"max by (instance, socket) (haproxy_scrape_duration_seconds{" + node + "})", "socket {{socket}}"}),
		lines("Samples of a scrape", "What Prometheus stores of one scrape.", "short", size(12, 7), q{"max by (instance) (scrape_samples_scraped{" + node + "})", "{{instance}}"}),
		lines("Socket errors", "Failed exchanges with runtime sockets, by reason.", "ops", size(12, 7), q{sumBy("instance, reason", rate("haproxy_socket_errors_total", node)), "{{reason}} {{instance}}"}).rare(),
	}
}
