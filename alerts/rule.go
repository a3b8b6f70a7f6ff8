package alerts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// Severities: what a person has to do. A page wakes somebody, a ticket is for working hours, and
// info is never sent to anybody: it only silences other alerts.
const (
	Page   = "page"
	Ticket = "ticket"
	Info   = "info"
)

// Components: what the alert is about. They are the label component of every alert; the Alertmanager
// example routes by them.
const (
	OfRoute    = "route"
	OfPartner  = "partner"
	OfHAProxy  = "haproxy"
	OfExporter = "exporter"
)

// Rule is a recording rule (Record set) or an alerting rule (Alert set) with its placeholders:
//
//	<J>  matcher of the scrape job            <K>  labels of a group of nodes (job)
//	<R>  route labels                         <P>  labels of a partner's service
//	<E>  labels of a partner's environment    <I>  labels of one HAProxy on one node
//	<C> <CE> <SLA> … single route labels      <t:NAME>  threshold
//
// In Summary and Description "<the route>" and "<the partner>" stand for readable names from the
// alert's labels; $value and $labels are those of Prometheus' templates.
type Rule struct {
	Record, Alert string
	Expr          string
	For           string
	Severity      string
	Component     string
	Summary       string
	Description   string
	// Dashboard is the uid of the dashboard to look at first.
	Dashboard string
	// Optional rules are rendered only on demand.
	Optional bool
}

// Group is a group of rules that Prometheus evaluates in order.
type Group struct {
	Name     string
	Interval string // empty for Prometheus' own
	Rules    []Rule
}

// Groups returns all groups of rules, placeholders and all. The result is fresh.
func Groups() []Group {
	return []Group{
		{Name: "haproxy-log-recording", Rules: recordingRules()},
		{Name: "haproxy-log-recording-long", Interval: "2m", Rules: longRecordingRules()},
		{Name: "haproxy-log-budget", Rules: budgetAlerts()},
		{Name: "haproxy-log-routes", Rules: routeAlerts()},
		{Name: "haproxy-log-optional", Rules: optionalAlerts()},
		{Name: "haproxy-log-partners", Rules: partnerAlerts()},
		{Name: "haproxy-log-haproxy", Rules: haproxyAlerts()},
		{Name: "haproxy-log-source", Rules: sourceAlerts()},
		{Name: "haproxy-log-exporter", Rules: exporterAlerts()},
	}
}

// expander fills in the placeholders.
type expander struct {
	p    *Params
	text *strings.Replacer
	errs []error
}

func newExpander(p *Params) *expander {
	join := func(l []string) string { return strings.Join(l, ", ") }
	r := &p.Roles
	return &expander{p: p, text: strings.NewReplacer(
		"<J>", p.job(), "<K>", join(p.cluster()), "<R>", join(p.route()), "<P>", join(p.partner()),
		"<E>", join(nonEmpty(r.Partner, r.PartnerEnv)),
		"<I>", join(append(p.cluster(), "instance", catalogue.HAProxyLabel)),
		"<SLA>", r.SLA,
		"<the route>", words(p.route(), " "), "<the partner>", words(p.partner(), " "),
		"<GAPS>", strings.Join(GapKinds(), "|"), "<REFUSED>", strings.Join(refused(), "|"), "<RENAMED>", renamed(p),
	)}
}

// words renders labels as a template that shows their values.
func words(labels []string, sep string) string {
	var out []string
	for _, l := range labels {
		out = append(out, "{{ $labels."+l+" }}")
	}
	return strings.Join(out, sep)
}

// refused are the results of lines that should have been requests.
func refused() []string {
	all := catalogue.LineResults()
	return all[slices.Index(all, "log_step")+1:]
}

// renamed looks for labels of ours that a scrape without honor_labels has renamed.
func renamed(p *Params) string {
	var out []string
	for _, l := range p.route() {
		out = append(out, catalogue.RouteInfo+"{"+p.job()+", exported_"+l+`!=""}`)
	}
	out = append(out, catalogue.SourceUp+"{"+p.job()+`, exported_source!=""}`, catalogue.Up+"{"+p.job()+`, exported_socket!=""}`)
	return strings.Join(out, "\n  or ")
}

// links renders labels as variables of a dashboard's address.
func links(labels []string) string {
	var out []string
	for _, l := range labels {
		out = append(out, "var-"+l+"={{ $labels."+l+" }}")
	}
	return strings.Join(out, "&")
}

var (
	thresholdMark = regexp.MustCompile(`<t:(\w+)(%?)>`)
	anyMark       = regexp.MustCompile(`<[A-Za-z][^<>=]*>`)
	familyName    = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)
)

// expand fills in one text. <t:NAME> is the number, <t:NAME%> the number as a percentage.
func (e *expander) expand(where, s string) string {
	s = e.text.Replace(s)
	s = thresholdMark.ReplaceAllStringFunc(s, func(m string) string {
		parts := thresholdMark.FindStringSubmatch(m)
		v, ok := e.p.threshold(parts[1])
		if !ok {
			e.errs = append(e.errs, fmt.Errorf("%s: no threshold %s", where, parts[1]))
		}
		if parts[2] == "%" {
			return percent(v)
		}
		return number(v)
	})
	if m := anyMark.FindString(s); m != "" {
		e.errs = append(e.errs, fmt.Errorf("%s: placeholder %s is not known", where, m))
	}
	return s
}

// families reports metrics of ours that the catalogue does not have.
func (e *expander) families(where, expr string) {
	if err := UnknownMetrics(expr); err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %w", where, err))
	}
}

// UnknownMetrics names the haproxy_* metrics in a PromQL expression that the catalogue does not have.
// Recorded names (with a colon) are not looked at.
func UnknownMetrics(expr string) error {
	var unknown []string
	for _, name := range Metrics(expr) {
		if _, ok := catalogue.Find(name); ok {
			continue
		}
		base := name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, suffix)
		}
		if f, ok := catalogue.Find(base); ok && f.Type == catalogue.Histogram {
			continue
		}
		unknown = append(unknown, name)
	}
	if unknown != nil {
		return errors.New("not in the catalogue: " + strings.Join(unknown, ", "))
	}
	return nil
}

// Metrics lists the names in an expression that begin as ours do; the label haproxy is none of them.
func Metrics(expr string) []string {
	return slices.DeleteFunc(familyName.FindAllString(withoutStrings(expr), -1), func(n string) bool { return !strings.HasPrefix(n, "haproxy_") })
}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func withoutStrings(expr string) string { return quoted.ReplaceAllString(expr, `""`) }
