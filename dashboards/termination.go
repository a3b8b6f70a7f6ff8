package dashboards

func termination() spec {
	return spec{
		uid: "haproxy-log-termination", title: "HAProxy log / Termination codes", from: "now-6h", variables: routeVariables(),
		description: "What HAProxy's termination states say, in words: who ended requests, and while doing what.",
		sections: sections(
			row("How requests ended", terminationPanels()...),
			row("Which, and whose", terminationTables()...),
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
	ended := func(by string) string { return sumBy(by, "increase("+requests+"{"+abnormal+"}[$__range])") }
	return []*Panel{
		pie("Who ended it", "Requests of the selected range that did not end normally, by who ended them.", "short", size(8, 10),
			q{"sum by (origin) (" + ended("termination_state") + " * on (termination_state) group_left (origin) max by (termination_state, origin) (haproxy_log_termination_info{" + node + "})) > 0", "{{origin}}"}),
		lines("Abnormal endings", "All states but -- (normal). The two letters are HAProxy's, the words say what they mean.", "reqps", size(16, 10),
			q{inWords(sumBy("termination_state", rate(requests, abnormal))), "{{termination_state}} {{meaning}}"}).stacked().legendTable(),
	}
}

func terminationTables() []*Panel {
	all := func(by string) string { return sumBy(by, "increase("+requests+"{"+route+"}[$__range])") }
	return []*Panel{
		table("Codes in words", "All endings of the selected range.", size(24, 9), "Requests", []column{
			{"termination_state", "Code", "", 70, nil}, {"origin", "Ended by", "", 160, nil}, {"phase", "While", "", 230, nil}, {"meaning", "What happened", "", 0, nil}, {"Value", "Requests", "short", 120, nil},
		}, q{inWords(all("termination_state") + " > 0"), ""}),
		table("Who is concerned", "The fifty most frequent abnormal endings of the selected range.", size(24, 12), "Requests", []column{
			{"termination_state", "Code", "", 70, nil}, {"code", "Status", "", 80, nil}, {"client", "Client", "", 0, nil}, {"client_env", "Client env", "", 100, nil},
			{"partner", "Partner", "", 0, toPartner()}, {"partner_env", "Partner env", "", 110, nil}, {"partner_service", "Service", "", 0, nil}, {"sla", "SLA", "", 80, nil},
			{"backend", "Backend", "", 0, nil}, {"Value", "Requests", "short", 110, nil},
		}, q{"topk(50, " + sumBy("termination_state, code, client, client_env, partner, partner_env, partner_service, sla, backend", "increase("+requests+"{"+abnormal+"}[$__range])") + " > 0)", ""}),
	}
}
