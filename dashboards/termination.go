package dashboards

func termination() spec {
	return spec{
		uid: "haproxy-log-termination", title: "HAProxy log / Termination codes", from: "now-6h", variables: routeVariables(),
		description: "What HAProxy's termination states say, in words: who ended requests, and while doing what.",
		sections: sections(
			row("How requests ended", terminationPanels()...),
			row("Whose", concerned()),
			row("TCP sessions and tunnels",
				lines("Sessions by termination state", "Ended TCP sessions, and HTTP requests that became tunnels.", "ops", size(12, 8),
					q{sumBy("frontend, backend, termination_state", rate("haproxy_log_sessions_total", node)), "{{termination_state}} {{frontend}} {{backend}}"}).stacked().needs("TCP lines or tunnels"),
				lines("p95 of session durations", "Whole sessions, estimated within the histogram's buckets.", "s", size(12, 8),
					q{"histogram_quantile(0.95, " + sumBy("frontend, backend, le", rate("haproxy_log_session_duration_seconds_bucket", node)) + ")", "{{frontend}} {{backend}}"}).needs("TCP lines or tunnels"),
			),
		),
	}
}

// inWords adds origin, phase and meaning to rows with a termination state; a state that is not known keeps its letters.
func inWords(expr string) string {
	return `(` + expr + `) * on (termination_state) group_left (origin, phase, meaning) max by (termination_state, origin, phase, meaning) (haproxy_log_termination_info{` + node + `})
or on (termination_state) (` + expr + `)`
}

const abnormal = route + `, termination_state!="--"`

func terminationPanels() []*Panel {
	over := func(sel string) string {
		return sumBy("termination_state", "increase("+requests+"{"+sel+"}[$__range])")
	}
	return []*Panel{
		pie("Who ended it", "Requests of the selected range that did not end normally, by who ended them.", "short", size(8, 9),
			q{"sum by (origin) (" + over(abnormal) + " * on (termination_state) group_left (origin) max by (termination_state, origin) (haproxy_log_termination_info{" + node + "})) > 0", "{{origin}}"}),
		table("Codes in words", "All endings of the selected range. The two letters are HAProxy's, the words say what they mean.", size(16, 9), "Requests", []column{
			{"termination_state", "Code", "", 60, nil}, {"origin", "Ended by", "", 110, nil}, {"phase", "While", "", 90, nil}, {"meaning", "What happened", "", 0, nil}, {"Value", "Requests", "short", 90, nil},
		}, q{inWords(over(route) + " > 0"), ""}),
		lines("Abnormal endings", "All states but -- (normal).", "reqps", size(24, 10),
			q{inWords(sumBy("termination_state", rate(requests, abnormal))), "{{termination_state}} {{meaning}}"}).stacked().legendTable(),
	}
}

func concerned() *Panel {
	return table("Who is concerned", "The fifty most frequent abnormal endings of the selected range.", size(24, 12), "Requests", []column{
		{"termination_state", "Code", "", 60, nil}, {"code", "Status", "", 70, nil}, {"client", "Client", "", 120, nil}, {"client_env", "Client env", "", 90, nil},
		{"partner", "Partner", "", 120, toPartner()}, {"partner_env", "Partner env", "", 100, nil}, {"partner_service", "Service", "", 120, nil}, {"sla", "SLA", "", 80, nil},
		{"backend", "Backend", "", 0, nil}, {"Value", "Requests", "short", 90, nil},
	}, q{"topk(50, " + sumBy("termination_state, code, client, client_env, partner, partner_env, partner_service, sla, backend", "increase("+requests+"{"+abnormal+"}[$__range])") + " > 0)", ""})
}
