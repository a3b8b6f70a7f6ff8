package panels

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

func sorted[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// static are routes, objectives and explanations.
func (s *simulation) static(node string) {
	classes := map[string][3]float64{"high": {10, 3, 0.995}, "medium": {30, 30, 0.99}, "low": {300, 300, 0.98}}
	for _, sla := range sorted(classes) {
		v := classes[sla]
		l := node + `,sla="` + sla + `"`
		s.gauge("haproxy_log_sla_timeout_seconds", l, v[0])
		s.gauge("haproxy_log_sla_within_seconds", l, v[1])
		s.gauge("haproxy_log_sla_objective_ratio", l, v[2])
	}
	for _, r := range simRoutes() {
		s.gauge("haproxy_log_route_info", node+","+r.labels(), 1)
		for _, be := range sorted(s.spread(&r)) {
			s.gauge("haproxy_log_backend_route_info", node+","+r.labels()+`,proxy="`+be+`"`, 1)
		}
	}
	for _, t := range [][4]string{
		{"--", "nobody", "done", "normal end"}, {"SC", "partner", "connecting", "the partner refused the connection"},
		{"sH", "partner timeout", "waiting for the response", "the partner did not answer before timeout server"},
		{"SH", "partner", "waiting for the response", "the partner broke off before it had answered"},
		{"CD", "client", "transferring data", "the application hung up during the transfer"},
		{"CH", "client", "waiting for the response", "the application gave up before the partner answered"},
		{"sQ", "partner timeout", "in the queue", "no server was free before timeout queue"},
	} {
		s.gauge("haproxy_log_termination_info", node+fmt.Sprintf(`,termination_state="%s",origin="%s",phase="%s",meaning="%s"`, t[0], t[1], t[2], t[3]), 1)
	}
	s.gauge("haproxy_log_hazard", node+`,frontend="egress",kind="short_len"`, 1)
	s.count("haproxy_log_sessions_total", node+`,frontend="tcp",backend="mq",termination_state="--"`, s.dt/10)
	for _, le := range []string{"1", "10", "60", "+Inf"} {
		s.count("haproxy_log_session_duration_seconds_bucket", node+`,frontend="tcp",backend="mq",termination_state="--",le="`+le+`"`, s.dt/10*map[string]float64{"1": 0.2, "10": 0.7, "60": 0.95, "+Inf": 1}[le])
	}
}

func (s *simulation) process(node string, load float64) {
	for _, at := range []float64{0.25, 0.52, 0.83} {
		if !s.h.Quiet && s.phase() >= at && s.phase()-at < s.h.Every.Seconds()/s.h.To.Sub(s.h.From).Seconds() && s.start.Before(s.at.Add(-time.Minute)) && !strings.Contains(node, "lb2") {
			s.start, s.reloads = s.at, s.reloads+1
		}
	}
	old := 0.0
	if s.reloads > 0 && s.at.Sub(s.start) < 12*time.Minute && !strings.Contains(node, "lb2") {
		old = 1
	}
	age := s.at.Sub(s.start).Seconds()
	s.gauge("haproxy_process_start_time_seconds", node, float64(s.start.Unix()))
	s.gauge("haproxy_process_uptime_seconds", node, age)
	reloads := s.reloads
	if strings.Contains(node, "lb2") {
		reloads = 0
	}
	s.gauge("haproxy_reloads_total", node, reloads)
	s.gauge("haproxy_last_reload_failed", node, 0)
	s.gauge("haproxy_workers", node+`,state="current"`, 1)
	s.gauge("haproxy_workers", node+`,state="old"`, old)
	s.gauge("haproxy_workers", node+`,state="failed"`, 0)
	s.gauge("haproxy_old_worker_age_seconds", node, old*age)
	s.gauge("haproxy_old_worker_sessions", node, old*max(0, 40-age/18))
	s.gauge("haproxy_up", node+`,socket="/run/haproxy-master.sock"`, 1)
	s.gauge("haproxy_scrape_duration_seconds", node+`,socket="/run/haproxy-master.sock"`, 0.003+0.002*s.rnd.Float64())
	s.count("haproxy_socket_errors_total", node+`,socket="/run/haproxy-master.sock",reason="timeout"`, 0)
	s.gauge("haproxy_process_build_info", node+`,version="2.6.12-1+deb12u2"`, 1)
	s.gauge("haproxy_process_current_connections", node, 20+load/s.dt*2)
	s.gauge("haproxy_process_max_connections", node, 4000)
	s.gauge("haproxy_process_idle_time_percent", node, 96-load/s.dt/4)
	s.count("haproxy_process_failed_resolutions", node, 0)
	s.count("haproxy_process_dropped_logs_total", node, 0)
	s.gauge("haproxy_sticktable_used", node+`,name="clients",type="ip"`, 1200+200*s.rnd.Float64())
	s.gauge("haproxy_sticktable_size", node+`,name="clients",type="ip"`, 100000)
	s.count("haproxy_frontend_http_requests_total", node+`,proxy="egress"`, load*1.03)
	s.count("haproxy_log_reconciled_requests_total", node+`,proxy="egress"`, load*1.02)
	lines := load * 1.017
	if s.during(0.9, 0.91) {
		lines = 0
	}
	s.count("haproxy_log_reconciled_lines_total", node+`,proxy="egress"`, lines)
	s.count("haproxy_log_reconciled_without_line_total", node+`,proxy="egress",reason="monitor"`, s.dt/2)
	s.count("haproxy_log_reconciled_without_line_total", node+`,proxy="egress",reason="dropped"`, 0)
	s.lines = lines
}

func (s *simulation) backends(node string) {
	for _, r := range simRoutes() {
		spread := s.spread(&r)
		for _, be := range sorted(spread) {
			share := spread[be]
			down := r.partner == "initech" && s.during(0.70, 0.73)
			open := r.perSecond * r.seconds * share
			if r.partner == "globex" && s.during(0.35, 0.5) {
				open *= 5
			}
			s.backend(node+`,proxy="`+be+`"`, open*(0.8+0.4*s.rnd.Float64()), r.perSecond*share*s.dt, r.seconds, down)
		}
	}
}

func (s *simulation) backend(be string, open, n, average float64, down bool) {
	active := 2.0
	if down {
		active = 0
	}
	s.gauge("haproxy_backend_status", be+`,state="UP"`, min(active, 1))
	s.gauge("haproxy_backend_active_servers", be, active)
	s.gauge("haproxy_backend_backup_servers", be, 0)
	s.gauge("haproxy_backend_current_sessions", be, open)
	s.gauge("haproxy_backend_current_queue", be, max(0, open-40))
	s.gauge("haproxy_backend_response_time_average_seconds", be, average)
	s.count("haproxy_backend_http_responses_total", be+`,code="2xx"`, n*0.995)
	s.count("haproxy_backend_http_responses_total", be+`,code="5xx"`, n*0.005)
	errors := 0.0
	if down {
		errors = n
	}
	s.count("haproxy_backend_connection_errors_total", be, errors)
	s.count("haproxy_backend_connection_attempts_total", be, n*0.3)
	s.count("haproxy_backend_connection_reuses_total", be, n*0.7)
	for _, srv := range []string{"s1", "s2"} {
		l := be + `,server="` + srv + `"`
		for _, state := range []string{"DOWN", "UP", "MAINT", "DRAIN", "NOLB"} {
			v := 0.0
			if (state == "DOWN") == down && (state == "DOWN" || state == "UP") {
				v = 1
			}
			s.gauge("haproxy_server_status", l+`,state="`+state+`"`, v)
		}
		s.gauge("haproxy_server_weight", l, 1)
		s.gauge("haproxy_server_current_sessions", l, open/2)
		s.gauge("haproxy_server_limit_sessions", l, 30)
		fails := 0.0
		if down {
			fails = s.dt / 2
		}
		s.count("haproxy_server_check_failures_total", l, fails)
	}
}

func (s *simulation) self(node string, load float64, instance string) {
	src := node + `,source="/var/log/haproxy.log"`
	s.gauge("up", node, 1)
	s.gauge("scrape_duration_seconds", node, 0.02+0.01*s.rnd.Float64())
	s.gauge("scrape_samples_scraped", node, 2400)
	s.count("process_cpu_seconds_total", node, s.dt*0.004)
	s.gauge("process_resident_memory_bytes", node, 2.4e7+1e5*s.rnd.Float64())
	for _, r := range []string{"http", "tcp", "notice", "health_check", "literal_mismatch", "cut"} {
		share := map[string]float64{"http": 1, "tcp": 0.01, "notice": 0.002, "health_check": 0.001, "cut": 0.0002}[r]
		if r == "literal_mismatch" && s.during(0.6, 0.62) {
			share = 0.03
		}
		s.count("haproxy_log_lines_total", src+`,result="`+r+`"`, s.lines*share)
	}
	s.count("haproxy_log_read_bytes_total", src, s.lines*273)
	s.gauge("haproxy_log_lag_bytes", src, float64(s.rnd.Intn(1200)))
	s.gauge("haproxy_log_lag_seconds", src, s.rnd.Float64()/10)
	s.gauge("haproxy_log_catching_up", src, 0)
	s.gauge("haproxy_log_source_up", src, 1)
	s.gauge("haproxy_log_last_line_timestamp_seconds", src, float64(s.at.Unix())-s.rnd.Float64())
	rotated := 0.0
	if s.at.Hour() == 0 && s.at.Minute() == 0 {
		rotated = 1
	}
	s.count("haproxy_log_rotations_total", src, rotated)
	s.gauge("haproxy_log_generations_open", src, 1)
	for _, from := range []string{"rotated", "copy", "archive"} {
		s.count("haproxy_log_recovered_lines_total", src+`,from="`+from+`"`, 0)
	}
	for _, c := range []string{"lost_bytes", "dropped_datagrams", "partial_lines", "suspected_duplicates"} {
		s.count("haproxy_log_"+c+"_total", src, 0)
	}
	s.gauge("haproxy_log_series", node, 1900+10*s.phase())
	s.gauge("haproxy_log_series_limit", node, 300000)
	s.count("haproxy_log_overflow_total", node+`,label="client"`, load*0.001)
	s.gauge("haproxy_log_state_durable", node, 1)
	s.gauge("haproxy_log_state_save_duration_seconds", node, 0.001+0.0005*s.rnd.Float64())
	s.count("haproxy_log_state_write_errors_total", node, 0)
	s.count("haproxy_log_state_damaged_total", node, 0)
	s.gauge("haproxy_log_config_last_reload_successful", node, 1)
	s.gauge("haproxy_log_exporter_build_info", node+`,version="0.1.0",revision="abc123",goversion="go1.26"`, 1)
}
