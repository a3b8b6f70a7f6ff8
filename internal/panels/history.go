package panels

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"math/rand"
	"strings"
	"time"
)

// History writes hours of invented but coherent samples of every family that the dashboards use, in
// OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`. Two nodes, six routes; in it are a partner
// that refuses connections, one that gets slow, a canary, reloads and a pause of the log. The same seed gives the
// same history. It stands in where a real run is too short: panels over hours and days.
type History struct {
	From, To time.Time
	Every    time.Duration
	Job      string
	Seed     int64
	// Quiet leaves the incidents out.
	Quiet bool
}

// simRoute is one route and how it behaves.
type simRoute struct {
	client, clientEnv, partner, partnerEnv, service, sla, backend string
	perSecond, seconds, timeout                                   float64
}

func (r *simRoute) labels() string {
	return fmt.Sprintf(`client="%s",client_env="%s",partner="%s",partner_env="%s",partner_service="%s",sla="%s"`, r.client, r.clientEnv, r.partner, r.partnerEnv, r.service, r.sla)
}

func simRoutes() []simRoute {
	return []simRoute{
		{"shop", "prod", "acme", "prod", "pay", "high", "acme:prod:pay:high", 9, 0.25, 10},
		{"shop", "test", "acme", "test", "pay", "high", "acme:test:pay:high", 0.3, 0.4, 10},
		{"billing", "prod", "globex", "prod", "invoice", "medium", "globex:prod:invoice:medium", 4, 2.1, 30},
		{"billing", "prod", "globex", "prod", "export", "low", "globex:prod:export:low", 0.15, 45, 300},
		{"crm", "prod", "initech", "prod", "lookup", "high", "initech:prod:lookup:high", 6, 0.12, 10},
		{"crm", "prod", "umbrella", "prod", "batch", "low", "umbrella:prod:batch:low", 0.5, 20, 300},
	}
}

// simulation keeps the counters.
type simulation struct {
	h     *History
	w     *bufio.Writer
	rnd   *rand.Rand
	value map[string]float64
	// touched are the counters of the present step, in order.
	touched map[string]bool
	order   []string
	ts      string
	at      time.Time
	dt      float64
	// start is when the newest worker started; reloads happen at fixed shares of the time.
	start   time.Time
	reloads float64
	lines   float64
}

// Write writes the history to w.
func (h *History) Write(w io.Writer) error {
	s := &simulation{h: h, w: bufio.NewWriterSize(w, 1<<20), rnd: rand.New(rand.NewSource(h.Seed)), value: map[string]float64{}, touched: map[string]bool{}, start: h.From.Add(-5 * time.Hour), dt: h.Every.Seconds()}
	for s.at = h.From; s.at.Before(h.To); s.at = s.at.Add(h.Every) {
		s.ts = fmt.Sprintf("%d.%03d", s.at.Unix(), s.at.Nanosecond()/1e6)
		s.step()
		s.flush()
	}
	fmt.Fprintln(s.w, "# EOF")
	return s.w.Flush()
}

// phase is how far the history is, 0 to 1.
func (s *simulation) phase() float64 {
	return float64(s.at.Sub(s.h.From)) / float64(s.h.To.Sub(s.h.From))
}

// during says whether the incident between two shares of the time is on.
func (s *simulation) during(from, to float64) bool {
	return !s.h.Quiet && s.phase() >= from && s.phase() < to
}

func (s *simulation) node(n string) string { return `job="` + s.h.Job + `",instance="` + n + `"` }

// count raises a counter and writes it; a rise of 0 brings it into being.
func (s *simulation) count(name, labels string, by float64) {
	key := name + "{" + labels + "}"
	if _, ok := s.value[key]; !ok {
		s.value[key] = 0
	}
	s.value[key] += by
	if !s.touched[key] {
		s.touched[key] = true
		s.order = append(s.order, key)
	}
}

// flush writes the counters of a step, each once.
func (s *simulation) flush() {
	for _, key := range s.order {
		fmt.Fprintf(s.w, "%s %.3f %s\n", key, s.value[key], s.ts)
	}
	s.order = s.order[:0]
	clear(s.touched)
}

func (s *simulation) gauge(name, labels string, v float64) {
	fmt.Fprintf(s.w, "%s{%s} %g %s\n", name, labels, v, s.ts)
}

func (s *simulation) step() {
	daily := 1 + 0.6*math.Sin(2*math.Pi*(float64(s.at.Hour())+float64(s.at.Minute())/60-9)/24)
	lb1, total := s.node("lb1:9700"), 0.0
	for i := range simRoutes() {
		r := simRoutes()[i]
		total += s.route(lb1, &r, daily)
	}
	unserved := 0.02 * total
	s.count("haproxy_log_unserved_total", lb1+`,client="other",client_env="prod",partner="",partner_env="",partner_service="",sla="",frontend="egress",code="503",reason="no_route"`, unserved)
	s.count("haproxy_log_unserved_total", lb1+`,client="shop",client_env="test",partner="acme",partner_env="test",partner_service="pay",sla="high",frontend="egress",code="403",reason="denied"`, unserved/4)
	s.count("haproxy_log_requests_total", lb1+`,client="other",client_env="prod",partner="",partner_env="",partner_service="",sla="",frontend="egress",backend="egress",method="GET",code="503",termination_state="SC"`, unserved)
	s.static(lb1)
	for _, n := range []string{"lb1:9700", "lb2:9700"} {
		load := total
		if n == "lb2:9700" {
			load = 0.02 * total
		}
		s.process(s.node(n), load)
		s.self(s.node(n), load, n)
	}
	s.backends(lb1)
}

// ending is a share of a route's requests that end in one way.
type ending struct {
	share                      float64
	code, state, outcome, part string // part is the phase of an abort
	blame                      string
}

func (s *simulation) endings(r *simRoute) []ending {
	e := []ending{
		{0.0006, "504", "sH", "failed", "response", "partner"}, {0.0008, "200", "CD", "met", "", ""},
		{0.0006, "none", "CH", "aborted", "response", ""}, {0.0002, "502", "SH", "failed", "response", "partner"},
		{0.004, "404", "--", "met", "", ""}, {0.0003, "500", "--", "failed", "", "partner"}, {0.0002, "503", "sQ", "throttled", "queue", ""},
	}
	switch {
	case r.partner == "initech" && s.during(0.70, 0.73):
		e = append(e, ending{0.94, "503", "SC", "failed", "connect", "partner"})
	case r.partner == "globex" && s.during(0.35, 0.5):
		e = append(e, ending{0.09, "504", "sH", "failed", "response", "partner"}, ending{0.05, "200", "--", "late", "", ""}, ending{0.03, "503", "sQ", "throttled", "queue", ""})
	}
	rest := 1.0
	for _, x := range e {
		rest -= x.share
	}
	return append(e, ending{max(rest, 0), "200", "--", "met", "", ""})
}

// spread is how requests are shared between a backend and its canary.
func (s *simulation) spread(r *simRoute) map[string]float64 {
	if r.partner != "acme" || r.partnerEnv != "prod" {
		return map[string]float64{r.backend: 1}
	}
	canary := 0.1
	if s.phase() > 0.6 {
		canary = 0.4
	}
	return map[string]float64{r.backend: 1 - canary, r.backend + "_canary": canary}
}

func (s *simulation) route(node string, r *simRoute, daily float64) float64 {
	n := r.perSecond * daily * s.dt * (0.9 + 0.2*s.rnd.Float64())
	slow := 1.0
	if r.partner == "globex" && s.during(0.35, 0.5) {
		slow = 5
	}
	labels := node + "," + r.labels()
	spread := s.spread(r)
	for _, be := range sorted(spread) {
		part := n * spread[be]
		mean := r.seconds * slow
		if strings.HasSuffix(be, "_canary") {
			mean *= 1.6
		}
		s.ends(labels, be, part, s.endings(r))
		s.durations(labels+`,backend="`+be+`"`, part, mean, r.timeout)
	}
	for _, p := range []struct {
		name  string
		share float64
	}{{"handshake", 0}, {"idle", 0.02}, {"request", 0.001}, {"queue", 0.01}, {"connect", 0.05}, {"response", 0.8}, {"data", 0.1}} {
		s.count("haproxy_log_phase_seconds_total", labels+`,phase="`+p.name+`"`, n*r.seconds*slow*p.share)
		s.count("haproxy_log_phase_observations_total", labels+`,phase="`+p.name+`"`, n)
	}
	s.count("haproxy_log_retries_total", labels, n*0.002)
	s.count("haproxy_log_redispatches_total", labels, n*0.0005)
	s.count("haproxy_log_request_bytes_total", labels, n*900)
	s.count("haproxy_log_response_bytes_total", labels, n*2500)
	s.count("haproxy_log_tls_requests_total", node+`,client="`+r.client+`",client_env="`+r.clientEnv+`",sslv="TLSv1.3"`, n)
	if r.client == "billing" {
		s.count("haproxy_log_tls_requests_total", node+`,client="`+r.client+`",client_env="`+r.clientEnv+`",sslv="TLSv1.1"`, n*0.1)
	}
	return n
}

func (s *simulation) ends(labels, be string, n float64, ends []ending) {
	outcomes, blames, parts, codes := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, o := range []string{"met", "late", "failed", "throttled", "aborted"} {
		outcomes[o] = 0
	}
	for _, b := range []string{"partner", "no_server", "proxy", "admin"} {
		blames[b] = 0
	}
	for _, e := range ends {
		outcomes[e.outcome] += n * e.share
		codes[`code="`+e.code+`",termination_state="`+e.state+`"`] += n * e.share
		if e.blame != "" {
			blames[e.blame] += n * e.share
		}
		if e.part != "" {
			parts[e.part] += n * e.share
		}
	}
	for _, o := range sorted(outcomes) {
		s.count("haproxy_log_sla_requests_total", labels+`,backend="`+be+`",outcome="`+o+`"`, outcomes[o])
	}
	for _, c := range sorted(codes) {
		s.count("haproxy_log_requests_total", labels+`,frontend="egress",backend="`+be+`",method="POST",`+c, codes[c])
		node := labels[:strings.Index(labels, ",client=")]
		class := strings.NewReplacer(`code="none"`, `code="other"`).Replace(c)
		if i := strings.Index(class, `",`); !strings.HasPrefix(class, `code="other`) {
			class = class[:7] + "xx" + class[i:]
		}
		s.count("haproxy_log_server_requests_total", node+`,proxy="`+be+`",server="s1",`+class, codes[c])
	}
	if strings.HasSuffix(be, "_canary") {
		return // aborts and failures have no backend: one series for the route
	}
	for _, b := range sorted(blames) {
		s.count("haproxy_log_failures_total", labels+`,blame="`+b+`"`, blames[b])
	}
	for _, p := range []string{"queue", "connect", "response", "data"} {
		s.count("haproxy_log_aborts_total", labels+`,phase="`+p+`"`, parts[p])
	}
}

// simBuckets are bounds of the classic histograms.
func simBuckets() []float64 {
	return []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 10.5, 20, 30, 31.5, 60, 120, 300, 315}
}

// durations spreads n requests around a mean; the logarithm is roughly normal, as it is in life.
func (s *simulation) durations(labels string, n, mean, timeout float64) {
	share := func(le, mean float64) float64 {
		if le > timeout {
			return 1
		}
		return 0.5 * (1 + math.Erf(math.Log(le/mean)/(0.55*math.Sqrt2)))
	}
	factors := map[string]float64{"haproxy_log_request_duration_seconds": 1, "haproxy_log_response_duration_seconds": 0.85}
	for _, name := range sorted(factors) {
		factor := factors[name]
		for _, le := range simBuckets() {
			s.count(name+"_bucket", labels+fmt.Sprintf(`,le="%g"`, le), n*share(le, mean*factor))
		}
		s.count(name+"_bucket", labels+`,le="+Inf"`, n)
		s.count(name+"_count", labels, n)
		s.count(name+"_sum", labels, n*mean*factor)
	}
}
