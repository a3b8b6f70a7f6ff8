package catalogue

// Names of the families that log lines move.
const (
	RequestsTotal          = "haproxy_log_requests_total"
	RequestDuration        = "haproxy_log_request_duration_seconds"
	ResponseDuration       = "haproxy_log_response_duration_seconds"
	PhaseSecondsTotal      = "haproxy_log_phase_seconds_total"
	PhaseObservationsTotal = "haproxy_log_phase_observations_total"
	AbortsTotal            = "haproxy_log_aborts_total"
	RetriesTotal           = "haproxy_log_retries_total"
	RedispatchesTotal      = "haproxy_log_redispatches_total"
	RequestBytesTotal      = "haproxy_log_request_bytes_total"
	ResponseBytesTotal     = "haproxy_log_response_bytes_total"
	SLARequestsTotal       = "haproxy_log_sla_requests_total"
	FailuresTotal          = "haproxy_log_failures_total"
	UnservedTotal          = "haproxy_log_unserved_total"
	ServerRequestsTotal    = "haproxy_log_server_requests_total"
	SessionsTotal          = "haproxy_log_sessions_total"
	SessionDuration        = "haproxy_log_session_duration_seconds"
	FrontendRequestsTotal  = "haproxy_log_frontend_requests_total"
)

// PhaseDuration returns the name of the optional histogram of a phase (see Phases).
func PhaseDuration(phase string) string { return "haproxy_log_" + phase + "_phase_duration_seconds" }

// Phases returns the values of the label phase in the order in which a request passes them.
// They are the timers %Th %Ti %TR %Tw %Tc %Tr %Td of HAProxy's manual, section 8.4.
func Phases() []string {
	return []string{"handshake", "idle", "request", "queue", "connect", "response", "data"}
}

// Outcomes returns the values of the label outcome of SLARequestsTotal.
func Outcomes() []string { return []string{"met", "late", "failed", "throttled", "aborted"} }

// Blames returns the values of the label blame of FailuresTotal.
func Blames() []string { return []string{"partner", "no_server", "proxy", "admin"} }

// UnservedReasons returns the values of the label reason of UnservedTotal.
func UnservedReasons() []string { return []string{"no_route", "denied", "local", "bad_request"} }

func logFamilies() []Family {
	return append(alwaysLogFamilies(), phaseHistograms()...)
}

// phaseHistograms are the histograms that the setting histograms adds.
func phaseHistograms() []Family {
	var l []Family
	for _, p := range Phases() {
		l = append(l, Family{Name: PhaseDuration(p), Type: Histogram, Route: true, Labels: []string{"backend"}, Milliseconds: true,
			Help: "Time that requests spent in the phase " + p + ", in seconds.", Note: "only with `histograms: [" + p + "]`"})
	}
	return l
}

func alwaysLogFamilies() []Family {
	return []Family{
		{Name: RequestsTotal, Type: Counter, Route: true, Labels: []string{"frontend", "backend", "method", "code", "termination_state"},
			Help: "HTTP requests by what was asked, what was used and how they ended. code is none when HAProxy logged no status; termination_state is the first two characters."},
		{Name: RequestDuration, Type: Histogram, Route: true, Labels: []string{"backend"}, Milliseconds: true,
			Help: "Time from the first byte of the request to the end of the response, in seconds (%Ta). Lines written early (option logasap) and tunnels (101, CONNECT) are left out."},
		{Name: ResponseDuration, Type: Histogram, Route: true, Labels: []string{"backend"}, Milliseconds: true,
			Help: "Time the server took to send the response headers, in seconds (%Tr). Requests that never got there are left out."},
		{Name: PhaseSecondsTotal, Type: Counter, Route: true, Labels: []string{"phase"}, Milliseconds: true,
			Help: "Time that requests spent in a phase, in seconds."},
		{Name: PhaseObservationsTotal, Type: Counter, Route: true, Labels: []string{"phase"},
			Help: "Requests that completed a phase and whose time is in haproxy_log_phase_seconds_total."},
		{Name: AbortsTotal, Type: Counter, Route: true, Labels: []string{"phase"},
			Help: "Requests that ended in a phase: the first phase whose timer is -1."},
		{Name: RetriesTotal, Type: Counter, Route: true,
			Help: "Connection retries towards servers (%rc)."},
		{Name: RedispatchesTotal, Type: Counter, Route: true,
			Help: "Requests that were sent to another server after a failed connection (a + before %rc)."},
		{Name: RequestBytesTotal, Type: Counter, Route: true,
			Help: "Bytes received from clients (%U), headers included."},
		{Name: ResponseBytesTotal, Type: Counter, Route: true,
			Help: "Bytes sent to clients (%B), headers included."},
		{Name: SLARequestsTotal, Type: Counter, Route: true, Labels: []string{"backend", "outcome"},
			Help: "Requests judged by their SLA: met, late, failed, throttled, aborted. Only met, late and failed belong to the objective."},
		{Name: FailuresTotal, Type: Counter, Route: true, Labels: []string{"blame"},
			Help: "Requests with outcome failed, by who caused it."},
		{Name: UnservedTotal, Type: Counter, Route: true, Labels: []string{"frontend", "code", "reason"},
			Help: "Requests that HAProxy answered itself and never tried to send to a partner. Route labels hold known values only."},
		{Name: ServerRequestsTotal, Type: Counter, Labels: []string{"proxy", "server", "code", "termination_state"},
			Help: "HTTP requests by backend and server; code is the class (2xx), termination_state the first two characters."},
		{Name: SessionsTotal, Type: Counter, Labels: []string{"frontend", "backend", "termination_state"},
			Help: "Ended TCP sessions, and HTTP requests that became tunnels (101, CONNECT)."},
		{Name: SessionDuration, Type: Histogram, Labels: []string{"frontend", "backend", "termination_state"}, Milliseconds: true,
			Help: "Total time of sessions, in seconds (%Tt)."},
		{Name: FrontendRequestsTotal, Type: Counter, Labels: []string{"proxy"},
			Help: "Request lines by frontend, comparable with haproxy_frontend_http_requests_total."},
	}
}
