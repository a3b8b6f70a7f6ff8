// Package alerts is the one list of the shipped recording and alerting rules.
//
// The rules are written with placeholders for what differs between installations (job, label
// names, thresholds); Render fills them in and yields a Prometheus rule file. Names of metrics are
// checked against the catalogue while rendering, so a rule cannot ask for a metric that does not exist.
package alerts

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// Roles are the names that the route labels have in this installation.
type Roles struct {
	Client, ClientEnv, Partner, PartnerEnv, Service, SLA string
}

// DefaultRoles are the route labels of the catalogue.
func DefaultRoles() Roles {
	r := catalogue.RouteLabels()
	return Roles{Client: r[0], ClientEnv: r[1], Partner: r[2], PartnerEnv: r[3], Service: r[4], SLA: r[5]}
}

// Only keeps the roles whose labels are among names: the route labels of a configuration.
func (r Roles) Only(names []string) Roles {
	for _, l := range []*string{&r.Client, &r.ClientEnv, &r.Partner, &r.PartnerEnv, &r.Service, &r.SLA} {
		if !slices.Contains(names, *l) {
			*l = ""
		}
	}
	return r
}

// Params is what differs between installations. The zero value is not useful: start from Defaults.
type Params struct {
	// Job is the scrape job of the exporters: a name, or a regular expression when it has
	// characters that no job name needs.
	Job string
	// Cluster names further target labels that, with job, tell one group of HAProxy nodes from another.
	// Route rules sum over the nodes of a group, so that a passive node does not fire.
	Cluster []string
	Roles   Roles
	// Thresholds overrides defaults by name; see Thresholds.
	Thresholds map[string]float64
	// Objectives are the objectives of the SLA classes where they are known (the configuration's slas).
	// They are used to warn about rules that cannot fire; the rules read the objectives from the metrics.
	Objectives map[string]float64
	// Optional adds the rules that are off by default (traffic gone).
	Optional bool
	// RunbookURL is what stands before #name in runbook_url.
	RunbookURL string
	// GrafanaURL is what stands before /d/… in dashboard_url.
	GrafanaURL string
}

// Defaults are the parameters of the committed rule files.
func Defaults() Params {
	return Params{Job: "haproxy_log_exporter", Roles: DefaultRoles(), RunbookURL: "docs/runbooks.md", GrafanaURL: ""}
}

// Threshold is a number in a rule that an operator may want to change.
type Threshold struct {
	Name    string
	Default float64
	Help    string
}

// Thresholds lists every threshold in the order of the rules.
func Thresholds() []Threshold {
	return []Threshold{
		{"burn_fast", 14.4, "burn rate over 1h and 5m that pages: 2 % of a 30 day budget in an hour"},
		{"burn_fast_missed", 5, "requests that must have missed their SLA within 1h, so that one slow request on a quiet route does not page"},
		{"burn_slow", 6, "burn rate over 6h and 30m that pages: 5 % of the budget in six hours"},
		{"burn_slow_missed", 10, "requests that must have missed their SLA within 6h"},
		{"burn_day", 3, "burn rate over 1d and 2h that opens a ticket: 10 % of the budget in a day"},
		{"burn_day_missed", 10, "requests that must have missed their SLA within 1d"},
		{"burn_trickle", 1, "burn rate over 3d and 6h that opens a ticket: the budget ends early"},
		{"burn_trickle_missed", 20, "requests that must have missed their SLA within 3d"},
		{"burn_cap", 0.9, "share of missed requests that is enough whatever the burn rate asks for; matters for objectives below 94 %"},
		{"near_timeout", 0.8, "p95 of the response time as a share of the SLA's timeout"},
		{"near_timeout_requests", 20, "requests within 10m below which a p95 means little"},
		{"client_aborts", 0.05, "share of requests that the application gave up"},
		{"client_aborts_requests", 10, "given up requests within 10m"},
		{"unserved", 0.05, "share of requests that HAProxy answered itself"},
		{"unserved_requests", 50, "requests within 15m that HAProxy answered itself"},
		{"unreachable", 0.5, "share of requests for which no connection to the partner came about"},
		{"unreachable_requests", 5, "requests within 5m for which no connection came about"},
		{"timing_out", 0.05, "share of requests that the partner did not answer before the timeout"},
		{"timing_out_requests", 5, "timed out requests within 10m"},
		{"stalled_sessions", 3, "requests that wait on a backend while nothing comes back"},
		{"stalled_normal_seconds", 60, "average response time above which five silent minutes are normal for a backend"},
		{"throttled", 0.01, "share of requests that left HAProxy's queue unserved"},
		{"throttled_requests", 5, "such requests within 10m"},
		{"rate_limited", 0.05, "share of requests that the partner answered with 429"},
		{"rate_limited_requests", 5, "such requests within 10m"},
		{"queue", 5, "average number of requests that wait in a backend's queue"},
		{"server_sessions", 0.9, "sessions of a server as a share of its maxconn"},
		{"proxy_failures", 5, "requests within 5m that failed inside HAProxy"},
		{"reload_storm", 5, "reloads within 30m"},
		{"old_worker_seconds", 3600, "age of an old worker, in seconds"},
		{"log_silent_requests", 10, "requests within 10m that have no line at all"},
		{"log_incomplete", 0.02, "share of requests without a line, above the usual share of the last day"},
		{"log_incomplete_requests", 50, "requests without a line within 1h"},
		{"not_understood", 0.01, "share of lines that do not fit the format"},
		{"lag_seconds", 300, "time since a source was last read to its end, in seconds"},
		{"series", 0.8, "exposed samples as a share of the limit"},
		{"overflow", 0.01, "share of request lines of which a label value became other"},
		{"traffic_gone", 0.1, "requests as a share of the same hour of last week"},
		{"traffic_gone_rate", 0.05, "requests a second in the same hour of last week, below which silence means nothing"},
	}
}

var (
	metaChars = regexp.MustCompile(`[|.*+?()\[\]^$\\{}]`)
	jobName   = regexp.MustCompile(`^[^"\\\x00-\x1f]+$`)
	labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

// job is the label matcher of the scrape job.
func (p *Params) job() string {
	op := "="
	if metaChars.MatchString(p.Job) {
		op = "=~"
	}
	return "job" + op + strconv.Quote(p.Job)
}

// route returns the route labels in use, in the catalogue's order.
func (p *Params) route() []string {
	return nonEmpty(p.Roles.Client, p.Roles.ClientEnv, p.Roles.Partner, p.Roles.PartnerEnv, p.Roles.Service, p.Roles.SLA)
}

// partner returns the labels that name a partner's service.
func (p *Params) partner() []string {
	return nonEmpty(p.Roles.Partner, p.Roles.PartnerEnv, p.Roles.Service)
}

// cluster returns the target labels that name a group of nodes.
func (p *Params) cluster() []string { return append([]string{"job"}, p.Cluster...) }

func nonEmpty(in ...string) []string {
	return slices.DeleteFunc(in, func(s string) bool { return s == "" })
}

// threshold is the value in use; validate has checked the name.
func (p *Params) threshold(name string) (float64, bool) {
	if v, ok := p.Thresholds[name]; ok {
		return v, true
	}
	for _, t := range Thresholds() {
		if t.Name == name {
			return t.Default, true
		}
	}
	return 0, false
}

// Validate reports everything that is wrong with the parameters, joined.
func (p *Params) Validate() error {
	var errs []error
	if !jobName.MatchString(p.Job) {
		errs = append(errs, fmt.Errorf("job %q: want a job name or a regular expression, without quotes and backslashes", p.Job))
	} else if _, err := regexp.Compile(p.Job); err != nil {
		errs = append(errs, fmt.Errorf("job %q is not a name and not a regular expression: %w", p.Job, err))
	}
	if p.Roles.Partner == "" || p.Roles.SLA == "" {
		errs = append(errs, errors.New("the rules need route labels called partner and sla: see labels in the configuration"))
	}
	seen := map[string]bool{}
	for _, l := range slices.Concat(p.cluster(), []string{"instance"}, p.route()) {
		if !labelName.MatchString(l) {
			errs = append(errs, fmt.Errorf("label %q is not a valid label name", l))
		}
		if seen[l] {
			errs = append(errs, fmt.Errorf("label %q is used twice", l))
		}
		seen[l] = true
	}
	known := map[string]bool{}
	for _, t := range Thresholds() {
		known[t.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(p.Thresholds)) {
		if !known[name] {
			errs = append(errs, fmt.Errorf("there is no threshold %q%s", name, didYouMean(name)))
		} else if v := p.Thresholds[name]; !(v > 0) || v > 1e9 {
			errs = append(errs, fmt.Errorf("threshold %s=%v: want a number above 0", name, v))
		}
	}
	for _, class := range slices.Sorted(maps.Keys(p.Objectives)) {
		if v := p.Objectives[class]; !(v > 0) || v > 1 {
			errs = append(errs, fmt.Errorf("objective of SLA %q is %v: want a ratio above 0 and up to 1", class, v))
		}
	}
	return errors.Join(errs...)
}

// Warnings are sentences about rules that will not do what one could expect of them.
func (p *Params) Warnings() []string {
	var out []string
	limit, _ := p.threshold("burn_cap")
	for _, name := range []string{"burn_fast", "burn_slow", "burn_day", "burn_trickle"} {
		factor, _ := p.threshold(name)
		for _, class := range slices.Sorted(maps.Keys(p.Objectives)) {
			if needed := factor * (1 - p.Objectives[class]); needed > limit {
				out = append(out, fmt.Sprintf("%s: %s times the budget of SLA %s (objective %s) would be %s of all requests; the rule fires at %s instead",
					name, number(factor), class, number(p.Objectives[class]), percent(needed), percent(limit)))
			}
		}
	}
	return out
}

// didYouMean hints at the threshold that shares the longest beginning with name.
func didYouMean(name string) string {
	best, length := "", 2
	var all []string
	for _, t := range Thresholds() {
		n := 0
		for n < len(name) && n < len(t.Name) && name[n] == t.Name[n] {
			n++
		}
		if n > length {
			best, length = t.Name, n
		}
		all = append(all, t.Name)
	}
	if best != "" {
		return fmt.Sprintf(": did you mean %s?", best)
	}
	slices.SortFunc(all, cmp.Compare[string])
	return "; there are " + strings.Join(all, ", ")
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func percent(v float64) string { return strconv.FormatFloat(v*100, 'f', -1, 64) + " %" }
