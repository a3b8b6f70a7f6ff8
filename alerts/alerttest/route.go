package alerttest

const (
	judged = "haproxy_log_sla_requests_total"
	asked  = "haproxy_log_requests_total"
)

// outcomes are requests of the route on lb1: met, late and failed ones a sample.
func outcomes(met, late, failed float64, n int) []Series {
	return []Series{
		flow(judged, onLB1+`, backend="be_acme", outcome="met"`, met, n),
		flow(judged, onLB1+`, backend="be_acme", outcome="late"`, late, n),
		flow(judged, onLB1+`, backend="be_acme", outcome="failed"`, failed, n),
	}
}

func objective(ratio float64, n int) Series {
	return level("haproxy_log_sla_objective_ratio", node1+`, sla="high"`, ratio, n)
}

func with(s []Series, more ...Series) []Series { return append(s, more...) }

// budgetCases keep each figure within a factor of 1.5 of its threshold, on the right side of it.
func budgetCases() []Case {
	const fast, slow, day, trickle = "HAProxyRouteBudgetBurnFast", "HAProxyRouteBudgetBurnSlow", "HAProxyRouteBudgetBurnDay", "HAProxyRouteBudgetTrickle"
	want := func(value string) []Want { return fires(Want{routeAlert(), value}) }
	return []Case{
		// Objective 0.99: 14.4 times its budget is 14.4 %.
		{Alert: fast, Name: "18 % missed", Series: with(outcomes(0.492, 0.048, 0.06, 90), objective(0.99, 90)), NotYet: "48m", At: "63m", Want: want("18%")},
		{Alert: fast, Name: "12 % missed", Series: with(outcomes(0.7333, 0.04, 0.06, 90), objective(0.99, 90)), At: "63m"},
		{Alert: fast, Name: "a quiet route with 4 misses an hour", Series: with(outcomes(0.3, 0, 0.0666, 90), objective(0.99, 90)), At: "63m"},
		{Alert: fast, Name: "over since six minutes", Series: with([]Series{
			raw(judged, onLB1+`, backend="be_acme", outcome="met"`, "0+10x90"),
			raw(judged, onLB1+`, backend="be_acme", outcome="failed"`, "0+10x60 600+0x30"),
		}, objective(0.99, 90)), At: "67m"},
		{Alert: fast, Name: "an objective of 0.9 pages at the cap", Series: with(outcomes(0.05, 0, 0.95, 90), objective(0.9, 90)), At: "63m", Want: want("95%")},
		{Alert: fast, Name: "and not below the cap", Series: with(outcomes(0.25, 0, 0.75, 90), objective(0.9, 90)), At: "63m"},
		{Alert: fast, Name: "aborted and throttled requests are not the partner's", Series: with(outcomes(10, 0, 0, 90), objective(0.99, 90),
			flow(judged, onLB1+`, backend="be_acme", outcome="aborted"`, 10, 90), flow(judged, onLB1+`, backend="be_acme", outcome="throttled"`, 10, 90)), At: "63m"},
		{Alert: fast, Name: "a passive node and an active one are one route", Series: with(outcomes(0.41, 0.04, 0.15, 90), objective(0.99, 90),
			flow(judged, onLB2+`, backend="be_acme", outcome="met"`, 0.6, 90), flow(judged, onLB2+`, backend="be_acme", outcome="failed"`, 0, 90)), At: "63m", Want: want("15.83%")},

		{Alert: slow, Every: "5m", Name: "7.5 % missed", Series: with(outcomes(1.85, 0.075, 0.075, 96), objective(0.99, 96)), NotYet: "375m", At: "460m", Want: want("7.5%")},
		{Alert: slow, Every: "5m", Name: "4.5 % missed", Series: with(outcomes(4.775, 0, 0.225, 96), objective(0.99, 96)), At: "460m"},
		{Alert: slow, Every: "5m", Name: "8 misses in six hours", Series: with(outcomes(1, 0, 0.111, 96), objective(0.99, 96)), At: "460m"},

		{Alert: day, Every: "5m", Name: "4 % missed", Series: with(outcomes(1.2, 0, 0.05, 320), objective(0.99, 320)), NotYet: "1060m", At: "1560m", Want: want("4%")},
		{Alert: day, Every: "5m", Name: "2.5 % missed", Series: with(outcomes(1.95, 0, 0.05, 320), objective(0.99, 320)), At: "1560m"},
		{Alert: day, Every: "5m", Name: "8 misses in a day", Series: with(outcomes(0.5, 0, 0.0275, 320), objective(0.99, 320)), At: "1560m"},

		{Alert: trickle, Every: "5m", Name: "1.25 % missed", Series: with(outcomes(2.37, 0.015, 0.015, 760), objective(0.99, 760)), NotYet: "3500m", At: "3700m", Want: want("1.25%")},
		{Alert: trickle, Every: "5m", Name: "0.8 % missed", Series: with(outcomes(9.92, 0.04, 0.04, 760), objective(0.99, 760)), At: "3700m"},
		{Alert: trickle, Every: "5m", Name: "16 misses in three days", Series: with(outcomes(1, 0, 0.0185, 760), objective(0.99, 760)), At: "3700m"},
	}
}

func routeCases() []Case {
	const near, gives, unserved, gone = "HAProxyRouteNearTimeout", "HAProxyClientGivesUp", "HAProxyRequestsUnserved", "HAProxyRouteTrafficGone"
	timeout := level("haproxy_log_sla_timeout_seconds", node1+`, sla="high"`, 10, 60)
	answers := func(seconds string, perMinute float64) []Series {
		const bucket = "haproxy_log_response_duration_seconds_bucket"
		return []Series{
			flow(bucket, onLB1+`, backend="be_acme", le="1"`, 0, 60), flow(bucket, onLB1+`, backend="be_acme", le="`+seconds+`"`, perMinute, 60),
			flow(bucket, onLB1+`, backend="be_acme", le="+Inf"`, perMinute, 60),
			flow("haproxy_log_response_duration_seconds_count", onLB1+`, backend="be_acme"`, perMinute, 60), timeout,
		}
	}
	ended := func(state string, perMinute float64) Series {
		return flow(asked, onLB1+`, frontend="egress", backend="be_acme", method="GET", code="200", termination_state="`+state+`"`, perMinute, 60)
	}
	fe := node1 + `, frontend="egress"`
	refused := func(reason string, perMinute float64) Series {
		return flow("haproxy_log_unserved_total", fe+`, client="shop", code="503", reason="`+reason+`"`, perMinute, 60)
	}
	week := func(lastWeek, now float64) []Series {
		return []Series{raw(asked, onLB1+`, frontend="egress", backend="be_acme", method="GET", code="200", termination_state="--"`, promRamp(lastWeek, now))}
	}
	return []Case{
		// Buckets 1 and S: p95 is 1 + 0.95 (S - 1).
		{Alert: near, Name: "p95 8.6 s of 10 s", Series: answers("9", 2.4), NotYet: "9m", At: "25m", Want: fires(Want{routeAlert(), "86%"})},
		{Alert: near, Name: "p95 6.7 s of 10 s", Series: answers("7", 2.4), At: "25m"},
		{Alert: near, Name: "17 answers in ten minutes", Series: answers("9", 1.7), At: "25m"},

		{Alert: gives, Name: "6 % CH (HAProxy 3.x)", Series: with(outcomes(18.8, 0, 0, 60), ended("CH", 1.2), ended("--", 18.8), flow(judged, onLB1+`, backend="be_acme", outcome="aborted"`, 1.2, 60)),
			NotYet: "9m", At: "25m", Want: fires(Want{routeAlert(), "6%"})},
		{Alert: gives, Name: "6 % CD (HAProxy 2.6)", Series: with(outcomes(18.8, 0, 0, 60), ended("CD", 1.2), flow(judged, onLB1+`, backend="be_acme", outcome="aborted"`, 1.2, 60)),
			At: "25m", Want: fires(Want{routeAlert(), "6%"})},
		{Alert: gives, Name: "4 %", Series: with(outcomes(28.8, 0, 0, 60), ended("CH", 1.2), flow(judged, onLB1+`, backend="be_acme", outcome="aborted"`, 1.2, 60)), At: "25m"},
		{Alert: gives, Name: "8 in ten minutes", Series: with(outcomes(12, 0, 0, 60), ended("CC", 0.8)), At: "25m"},
		{Alert: gives, Name: "requests that were never complete", Series: with(outcomes(12, 0, 0, 60), ended("CR", 9), ended("cR", 9)), At: "25m"},

		{Alert: unserved, Name: "6 % without a route", Series: []Series{refused("no_route", 4.2), flow(asked, fe+`, code="200"`, 65.8, 60), flow(asked, fe+`, code="503"`, 4.2, 60)},
			NotYet: "14m", At: "40m", Want: fires(Want{labels(job, `frontend="egress", reason="no_route"`), "6%"})},
		{Alert: unserved, Name: "4 %", Series: []Series{refused("no_route", 4.2), flow(asked, fe+`, code="200"`, 100, 60)}, At: "40m"},
		{Alert: unserved, Name: "42 in fifteen minutes", Series: []Series{refused("no_route", 2.8), flow(asked, fe+`, code="200"`, 10, 60)}, At: "40m"},
		{Alert: unserved, Name: "a scanner's bad requests", Series: []Series{refused("bad_request", 50), flow(asked, fe+`, code="400"`, 100, 60)}, At: "40m"},

		{Alert: gone, Every: "15m", Name: "8 % of last week", Series: week(54, 4.2), NotYet: "10140m", At: "10170m", Want: fires(Want{routeAlert(), "60m"})},
		{Alert: gone, Every: "15m", Name: "13 % of last week", Series: week(54, 7.2), At: "10170m"},
		{Alert: gone, Every: "15m", Name: "little was asked last week, too", Series: week(36, 0), At: "10170m"},
		{Alert: gone, Every: "15m", Name: "the series has ended", Series: []Series{raw(asked, onLB1+`, frontend="egress", backend="be_acme", method="GET", code="200", termination_state="--"`, "0+54x330")},
			At: "10170m", Want: fires(Want{routeAlert(), "60m"})},
	}
}
