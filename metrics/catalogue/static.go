package catalogue

// Names of the families that follow from the configuration and from what was seen.
const (
	SLATimeout       = "haproxy_log_sla_timeout_seconds"
	SLAWithin        = "haproxy_log_sla_within_seconds"
	SLAObjective     = "haproxy_log_sla_objective_ratio"
	RouteInfo        = "haproxy_log_route_info"
	BackendRouteInfo = "haproxy_log_backend_route_info"
	TerminationInfo  = "haproxy_log_termination_info"
	Hazard           = "haproxy_log_hazard"
)

func staticFamilies() []Family {
	return []Family{
		{Name: SLATimeout, Type: Gauge, Labels: []string{"sla"}, Group: Static,
			Help: "Timeout of the SLA class, in seconds."},
		{Name: SLAWithin, Type: Gauge, Labels: []string{"sla"}, Group: Static,
			Help: "Time within which a request of the SLA class has to be answered to be met, in seconds."},
		{Name: SLAObjective, Type: Gauge, Labels: []string{"sla"}, Group: Static,
			Help: "Share of requests of the SLA class that has to be met, 0 to 1."},
		{Name: RouteInfo, Type: Gauge, Route: true, Group: Static,
			Help: "A route that was declared or seen; always 1."},
		{Name: BackendRouteInfo, Type: Gauge, Route: true, Labels: []string{"proxy"}, Group: Static,
			Help: "The route that a backend serves, by its name or by what the log showed; always 1. Joins haproxy_backend_* with the route labels."},
		{Name: TerminationInfo, Type: Gauge, Labels: []string{"termination_state", "origin", "phase", "meaning"}, Group: Static,
			Help: "What a termination state means; always 1."},
		{Name: Hazard, Type: Gauge, Labels: []string{"frontend", "kind"}, Group: Static,
			Help: "A setting of HAProxy or rsyslog that makes log lines differ from requests; always 1."},
	}
}
