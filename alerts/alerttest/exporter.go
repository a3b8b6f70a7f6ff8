package alerttest

func exporterCases() []Case {
	return append(append(readingCases(), targetCases()...), selfCases()...)
}

func targetCases() []Case {
	const down, all, absent, renamed = "HAProxyLogExporterDown", "HAProxyLogExporterAllDown", "HAProxyLogExporterAbsent", "HAProxyLogLabelsRenamed"
	up := func(one, two float64) []Series {
		return []Series{level("up", node1, one, 60), level("up", node2, two, 60)}
	}
	return []Case{
		{Alert: down, Name: "one of two", Series: up(0, 1), NotYet: "4m", At: "6m", Want: fires(Want{labels(node1), "0"})},
		{Alert: down, Name: "both answer", Series: up(1, 1), At: "6m"},

		{Alert: all, Name: "both", Series: up(0, 0), NotYet: "1m", At: "3m", Want: fires(Want{labels(job), "0"})},
		{Alert: all, Name: "one of two", Series: up(0, 1), At: "6m"},

		{Alert: absent, Name: "no target", Series: []Series{level("up", `job="node", instance="lb1:9100"`, 1, 60)}, NotYet: "9m", At: "11m", Want: fires(Want{labels(job), "1"})},
		{Alert: absent, Name: "a target that is down", Series: up(0, 0), At: "11m"},

		{Alert: renamed, Name: "the target has a label partner, too", Series: []Series{level("haproxy_log_route_info", node1+`, client="shop", partner="egress-1", exported_partner="acme"`, 1, 60)},
			NotYet: "4m", At: "6m", Want: fires(Want{labels(node1), "1"})},
		{Alert: renamed, Name: "a label source of the target", Series: []Series{level("haproxy_log_source_up", node1+`, source="dc1", exported_source="/var/log/haproxy.log"`, 1, 60)},
			At: "6m", Want: fires(Want{labels(node1), "1"})},
		{Alert: renamed, Name: "honor_labels", Series: []Series{level("haproxy_log_route_info", onLB1, 1, 60)}, At: "6m"},
	}
}

func selfCases() []Case {
	const catching, state, config, series, overflow = "HAProxyLogCatchingUp", "HAProxyLogStateNotDurable", "HAProxyLogConfigReloadFailed", "HAProxyLogSeriesNearLimit", "HAProxyLogLabelOverflow"
	one := func(name string, v float64) []Series { return []Series{level(name, node1, v, 60)} }
	used := func(v float64) []Series {
		return []Series{level("haproxy_log_series", node1, v, 60), level("haproxy_log_series_limit", node1, 300000, 60)}
	}
	other := func(perMinute float64) []Series {
		return []Series{flow("haproxy_log_overflow_total", node1+`, label="client"`, perMinute, 60), flow("haproxy_log_lines_total", node1+`, source="a", result="http"`, 60, 60),
			flow("haproxy_log_lines_total", node1+`, source="b", result="http"`, 40, 60), flow("haproxy_log_lines_total", node1+`, source="b", result="notice"`, 900, 60)}
	}
	src := node1 + `, source="/var/log/haproxy.log"`
	node := labels(node1)
	return []Case{
		{Alert: catching, Name: "a backlog", Series: []Series{level("haproxy_log_catching_up", src, 1, 60)}, At: "0m", Want: fires(Want{node, "1"})},
		{Alert: catching, Name: "read", Series: []Series{level("haproxy_log_catching_up", src, 0, 60)}, At: "5m"},

		{Alert: state, Name: "not saved", Series: one("haproxy_log_state_durable", 0), NotYet: "14m", At: "16m", Want: fires(Want{node, "0"})},
		{Alert: state, Name: "saved", Series: one("haproxy_log_state_durable", 1), At: "16m"},

		{Alert: config, Name: "refused", Series: one("haproxy_log_config_last_reload_successful", 0), NotYet: "4m", At: "6m", Want: fires(Want{node, "0"})},
		{Alert: config, Name: "accepted", Series: one("haproxy_log_config_last_reload_successful", 1), At: "6m"},

		{Alert: series, Name: "90 %", Series: used(270000), NotYet: "14m", At: "16m", Want: fires(Want{node, "90%"})},
		{Alert: series, Name: "70 %", Series: used(210000), At: "16m"},

		{Alert: overflow, Name: "1.2 %", Series: other(1.2), NotYet: "29m", At: "50m", Want: fires(Want{labels(node1, `label="client"`), "1.2%"})},
		{Alert: overflow, Name: "0.8 %", Series: other(0.8), At: "50m"},
	}
}
