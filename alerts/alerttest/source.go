package alerttest

func sourceCases() []Case {
	const silent, incomplete, dropped = "HAProxyLogSilent", "HAProxyLogIncomplete", "HAProxyLogDropped"
	fe := node1 + `, proxy="egress"`
	both := func(requests, lines string) []Series {
		return []Series{raw("haproxy_log_reconciled_requests_total", fe, requests), raw("haproxy_log_reconciled_lines_total", fe, lines)}
	}
	hazard := func(kind string) Series {
		return level("haproxy_log_hazard", node1+`, frontend="egress", kind="`+kind+`"`, 1, 300)
	}
	proxy := labels(node1, `proxy="egress"`)
	return []Case{
		{Alert: silent, Name: "lines stop, 12 requests", Series: both("0+1.2x200", "0+1.2x60 72+0x140"), NotYet: "71m", At: "74m", Want: fires(Want{proxy, "12"})},
		{Alert: silent, Name: "8 requests", Series: both("0+0.8x200", "0+0.8x60 48+0x140"), At: "74m"},
		{Alert: silent, Name: "a passive node that only a checker asks", Series: both("0+20x200", "5+0x200"), At: "74m"},
		{Alert: silent, Name: "lines come, later than usual", Series: both("0+20x200", "0+20x60 1200+0x12 1440+20x100"), At: "80m"},
		{Alert: silent, Name: "only errors are logged", Series: with(both("0+20x200", "0+1x60 60+0x140"), hazard("dontlog_normal")), At: "74m"},
		{Alert: silent, Name: "another hazard does not excuse it", Series: with(both("0+1.2x200", "0+1.2x60 72+0x140"), hazard("logasap")), At: "74m", Want: fires(Want{proxy, "12"})},
		{Alert: silent, Name: "nobody asks", Series: both("500+0x200", "500+0x200"), At: "74m"},

		{Alert: incomplete, Name: "2.5 % more than none", Series: both("0+40x300", "0+39x300"), NotYet: "75m", At: "100m", Want: fires(Want{labels(node1), "2.5%"})},
		{Alert: incomplete, Name: "1.5 %", Series: both("0+66.7x300", "0+65.7x300"), At: "100m"},
		{Alert: incomplete, Name: "42 within an hour", Series: both("0+10x300", "0+9.3x300"), At: "100m"},
		{Alert: incomplete, Name: "a checker takes 20 % all day, and 2.5 % are new", Series: both("0+40x300", "0+32x200 6400+31x100"), At: "295m", Want: fires(Want{labels(node1), "2.5%"})},
		{Alert: incomplete, Name: "a checker takes 20 % all day", Series: both("0+40x300", "0+32x300"), At: "295m"},
		{Alert: incomplete, Name: "sampled on purpose", Series: with(both("0+40x300", "0+10x300"), hazard("sampling")), At: "100m"},

		{Alert: dropped, Name: "some", Series: []Series{flow("haproxy_process_dropped_logs_total", node1, 3, 30)}, At: "15m", Want: fires(Want{labels(node1), "30"})},
		{Alert: dropped, Name: "some, before", Series: []Series{level("haproxy_process_dropped_logs_total", node1, 3, 30)}, At: "15m"},
	}
}

func readingCases() []Case {
	const format, down, lag, lost, dropped = "HAProxyLogNotUnderstood", "HAProxyLogSourceDown", "HAProxyLogLagging", "HAProxyLogBytesLost", "HAProxyLogDatagramsDropped"
	src := node1 + `, source="/var/log/haproxy.log"`
	lines := func(result string, perMinute float64) Series {
		return flow("haproxy_log_lines_total", src+`, result="`+result+`"`, perMinute, 60)
	}
	source := labels(src)
	return []Case{
		{Alert: format, Name: "1.2 % do not fit", Series: []Series{lines("http", 98.8), lines("literal_mismatch", 1.2)}, NotYet: "14m", At: "40m", Want: fires(Want{source, "1.2%"})},
		{Alert: format, Name: "0.8 % do not fit", Series: []Series{lines("http", 99.2), lines("cut", 0.8)}, At: "40m"},
		{Alert: format, Name: "notices and health checks", Series: []Series{lines("http", 10), lines("notice", 50), lines("health_check", 50), lines("connect", 50), lines("handshake_error", 50)}, At: "40m"},

		{Alert: down, Name: "missing", Series: []Series{level("haproxy_log_source_up", src, 0, 60)}, NotYet: "4m", At: "6m", Want: fires(Want{source, "0"})},
		{Alert: down, Name: "there", Series: []Series{level("haproxy_log_source_up", src, 1, 60)}, At: "6m"},

		{Alert: lag, Name: "six minutes", Series: []Series{level("haproxy_log_lag_seconds", src, 360, 60)}, NotYet: "4m", At: "6m", Want: fires(Want{source, "6m 0s"})},
		{Alert: lag, Name: "four minutes", Series: []Series{level("haproxy_log_lag_seconds", src, 240, 60)}, At: "6m"},

		{Alert: lost, Name: "2 KiB", Series: []Series{raw("haproxy_log_lost_bytes_total", src, "0x20 2048+0x40")}, At: "22m", Want: fires(Want{source, "2ki"})},
		{Alert: dropped, Name: "40", Series: []Series{raw("haproxy_log_dropped_datagrams_total", src, "0x20 40+0x40")}, At: "22m", Want: fires(Want{source, "40"})},
		{Alert: dropped, Name: "none", Series: []Series{level("haproxy_log_dropped_datagrams_total", src, 0, 60)}, At: "22m"},
		{Alert: lost, Name: "none", Series: []Series{level("haproxy_log_lost_bytes_total", src, 0, 60)}, At: "22m"},
	}
}
