package dashboards

func sla() spec {
	return spec{
		uid: "haproxy-log-sla", title: "HAProxy log / SLA and error budget", from: "now-24h", variables: routeVariables(),
		description: "Are the objectives met, how fast is the error budget used, and by what.",
		sections: sections(
			row("Classes", slaClasses(), slaMissed()),
			row("How fast the budget is used", burnPanels()...),
			row("How and why requests missed it", missPanels()...),
			row("Routes", budgetTable()),
		),
	}
}

func bySLA(metric string) string { return "max by (sla) (" + metric + "{" + node + "})" }

func slaClasses() *Panel {
	over := func(sel string) string { return sumBy("sla", "increase("+judged+"{"+sel+"}[$__range])") }
	return table("Objectives in the selected range", "Budget left is what remains of the allowed share of missed requests: 100 % nothing was missed, below 0 the objective is not reached.", size(16, 8), "", []column{
		{"sla", "SLA", "", 90, nil},
		{"Value #A", "Timeout", "s", 80, nil}, {"Value #B", "Within", "s", 80, nil}, {"Value #C", "Objective", "percentunit", 95, []Property{{"decimals", 2}}},
		{"Value #D", "Requests", "short", 95, nil},
		{"Value #E", "Met", "percentunit", 95, []Property{{"decimals", 3}}},
		{"Value #F", "Budget left", "percentunit", 0, append(coloured(steps("red", 0, "orange", 0.25, "green")), Property{"decimals", 1})},
	},
		q{bySLA("haproxy_log_sla_timeout_seconds"), ""}, q{bySLA("haproxy_log_sla_within_seconds"), ""}, q{bySLA("haproxy_log_sla_objective_ratio"), ""},
		q{over(counted), ""},
		q{"1 - " + over(missed) + " / (" + over(counted) + " > 0)", ""},
		q{"1 - (" + over(missed) + " / (" + over(counted) + " > 0)) / on (sla) (1 - " + bySLA("haproxy_log_sla_objective_ratio") + ")", ""})
}

func slaMissed() *Panel {
	return lines("Missed", "Requests that came late or failed, by SLA.", "reqps", size(8, 8), q{sumBy("sla, outcome", rate(judged, missed)), "{{sla}} {{outcome}}"}).stacked()
}

// burn is the share of missed requests divided by the allowed share.
func burn(window string) string {
	over := func(sel string) string { return sumBy("sla", "increase("+judged+"{"+sel+"}["+window+"])") }
	return "(" + over(missed) + " / (" + over(counted) + " > 0)) / on (sla) (1 - " + bySLA("haproxy_log_sla_objective_ratio") + ")"
}

func burnPanels() []*Panel {
	const help = "1 means that the budget lasts exactly as long as it should. The dashed line is where a route pages."
	routes := func(w string) string {
		sel := `job=~"$job", client=~"$client", client_env=~"$client_env", partner=~"$partner", partner_env=~"$partner_env", partner_service=~"$partner_service", sla=~"$sla"`
		return "topk(10, route:haproxy_log_sla_missed:ratio" + w + "{" + sel + `} / on (job, sla) group_left () (1 - sla:haproxy_log_sla_objective:ratio{job=~"$job"}))`
	}
	const legend = "{{client}} {{partner}} {{partner_env}} {{partner_service}} {{sla}}"
	return []*Panel{
		lines("Burn rate over 1h, by SLA", help, "short", size(12, 8), q{burn("1h"), "{{sla}}"}).limits(steps("transparent", 14.4, "red")),
		lines("Burn rate over 6h, by SLA", help, "short", size(12, 8), q{burn("6h"), "{{sla}}"}).limits(steps("transparent", 6, "red")),
		lines("Burn rate over 1h, ten worst routes", help+" From the recording rules.", "short", size(12, 10), q{routes("1h"), legend}).limits(steps("transparent", 14.4, "red")),
		lines("Burn rate over 6h, ten worst routes", help+" From the recording rules.", "short", size(12, 10), q{routes("6h"), legend}).limits(steps("transparent", 6, "red")),
	}
}

func missPanels() []*Panel {
	return []*Panel{
		lines("Outcomes that do not count", "throttled: left HAProxy's queue unserved. aborted: the application gave up in time.", "reqps", size(8, 8),
			q{sumBy("sla, outcome", rate(judged, route+`, outcome=~"throttled|aborted"`)), "{{sla}} {{outcome}}"}).stacked(),
		lines("Failures by who caused them", "partner, no_server (DNS or all servers down), proxy (HAProxy itself), admin (somebody ended it).", "reqps", size(8, 8),
			q{sumBy("blame", rate("haproxy_log_failures_total", route)), "{{blame}}"}).stacked().
			colour("partner", "red").colour("no_server", "orange").colour("proxy", "purple").colour("admin", "blue"),
		lines("p95 against the timeout", "p95 of the time until the response begins, as a share of the timeout of the SLA, by partner and of the requests that were answered.", "percentunit", size(8, 8),
			q{quantile("0.95", "partner, partner_env, sla", response) + " / on (sla) group_left () " + bySLA("haproxy_log_sla_timeout_seconds"), "{{partner}} {{partner_env}} {{sla}}"}).
			limits(steps("transparent", 0.8, "orange", 1, "red")),
	}
}

func budgetTable() *Panel {
	over := func(sel string) string { return sumBy(routeLabels, "increase("+judged+"{"+sel+"}[$__range])") }
	used := " and on (" + routeLabels + ") " + over(counted) + " > 0"
	return table("Routes that used the most", "Missed requests of the selected range, and what is left of the budget.", size(24, 11), "Missed", []column{
		{"client", "Client", "", 0, nil}, {"client_env", "Client env", "", 100, nil}, {"partner", "Partner", "", 0, toPartner()}, {"partner_env", "Partner env", "", 110, nil},
		{"partner_service", "Service", "", 0, nil}, {"sla", "SLA", "", 80, nil},
		{"Value #A", "Late", "short", 90, nil}, {"Value #B", "Failed", "short", 90, nil}, {"Value #C", "Missed", "percentunit", 90, nil},
		{"Value #D", "Budget left", "percentunit", 120, append(coloured(steps("red", 0, "orange", 0.25, "green")), Property{"decimals", 1})},
	},
		q{over(route+`, outcome="late"`) + used, ""}, q{over(failed) + used, ""},
		q{over(missed) + " / (" + over(counted) + " > 0)", ""},
		q{"1 - (" + over(missed) + " / (" + over(counted) + " > 0)) / on (sla) group_left () (1 - " + bySLA("haproxy_log_sla_objective_ratio") + ")", ""})
}
