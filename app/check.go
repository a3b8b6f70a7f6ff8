package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
)

// CheckOptions are the flags of check.
type CheckOptions struct {
	Logs []string
	Dry  bool // do not ask sockets
}

// checker prints findings and counts problems.
type checker struct {
	out      io.Writer
	problems int
}

func (c *checker) title(text string)          { fmt.Fprintf(c.out, "\n%s\n", text) }
func (c *checker) ok(format string, a ...any) { fmt.Fprintf(c.out, "  ok       "+format+"\n", a...) }
func (c *checker) note(format string, a ...any) {
	fmt.Fprintf(c.out, "  note     "+format+"\n", a...)
}
func (c *checker) problem(format string, a ...any) {
	c.problems++
	fmt.Fprintf(c.out, "  PROBLEM  %s\n", strings.ReplaceAll(strings.TrimRight(fmt.Sprintf(format, a...), "\n"), "\n", "\n           "))
}

// Check says whether serve would work with the same flags, run as the same user, and what to do
// where it would not.
func Check(ctx context.Context, o Options, co CheckOptions, std Streams) error {
	c := &checker{out: std.Out}
	s, err := resolve(o)
	if err != nil {
		c.problem("%s", err)
		return c.verdict()
	}
	if len(s.sources) == 0 {
		c.problem("there is no log to follow: give --haproxy.log.path, or sources in the configuration file")
		return c.verdict()
	}
	p, err := build(s, false)
	if err != nil {
		c.problem("%s", err)
		return c.verdict()
	}
	c.configuration(p)
	c.labels(p)
	c.sources(p)
	c.sockets(ctx, p, co.Dry)
	c.state(p)
	c.outcomes(p)
	if len(co.Logs) > 0 {
		if err := c.samples(ctx, o, co.Logs, std); err != nil {
			return err
		}
	}
	return c.verdict()
}

func (c *checker) verdict() error {
	if c.problems > 0 {
		fmt.Fprintf(c.out, "\n%d problems were found.\n", c.problems)
		return &Problems{c.problems}
	}
	fmt.Fprintf(c.out, "\nNo problem was found.\n")
	return nil
}

func (c *checker) configuration(p *plan) {
	c.title("Configuration")
	if p.conf.File != "" {
		c.ok("%s, hash %012x", p.conf.File, p.conf.Hash)
	}
	for _, f := range p.found {
		c.note("found on this host: %s", f)
	}
	for _, h := range p.haproxies {
		if h.conf != nil {
			c.ok("%s: %d frontends, %d backends", strings.Join(h.conf.Files, ", "), len(h.conf.Frontends), len(h.conf.Backends))
		}
	}
	for _, w := range p.warnings {
		c.note("%s", w)
	}
	for _, h := range p.hazards {
		c.note("hazard %s: %s %s", h.Kind, h.Text, place(h))
	}
}

func (c *checker) labels(p *plan) {
	c.title("Labels")
	if len(p.spec.Rules) == 0 {
		c.note("no templates: metrics carry frontend, backend, method, code and termination state only")
	}
	if names := p.schemas[0].Names(); len(names) > 0 {
		c.ok("route labels %s", strings.Join(names, ", "))
	}
	for i, n := range p.schemas[0].Names() {
		if size, closed := p.schemas[0].Closed(i); closed {
			c.ok("%s is closed to %d values", n, size)
		}
	}
	for _, w := range p.schemas[0].Ambiguous(p.backendNames()) {
		c.note("%s", w)
	}
	routes := len(p.schemas[0].Routes())
	samples := p.table.Merge().Samples()
	c.ok("%d declared routes; they make %d samples, about %d KiB of text, before the first request; the limit is %d samples", routes, samples, samples*150>>10, p.table.SampleLimit())
	if samples > p.table.SampleLimit()*8/10 {
		c.problem("declared routes alone fill most of the limit: raise limits: samples, or declare fewer")
	}
}

func (p *plan) backendNames() []string {
	var out []string
	for _, h := range p.haproxies {
		if h.conf == nil {
			continue
		}
		for _, b := range h.conf.Backends {
			out = append(out, b.Name)
		}
	}
	return out
}

func (c *checker) sockets(ctx context.Context, p *plan, dry bool) {
	c.title("Runtime sockets")
	none := true
	for i, in := range p.instances {
		if in == nil {
			continue
		}
		none = false
		if dry {
			c.note("not asked: %s", strings.Join(append(p.haproxies[i].socket.Sockets, p.haproxies[i].socket.MasterSocket), " "))
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		r := in.Scrape(ctx)
		cancel()
		for _, s := range r.Sockets {
			if s.Up {
				c.ok("%s answered in %s", s.Socket, s.Duration.Round(time.Millisecond))
				continue
			}
			c.problem("%s", socketProblem(s.Socket, s.Err))
		}
		if r.Info != nil {
			c.ok("HAProxy %s, %d workers", r.Info.Version, len(r.Workers))
		}
	}
	if none {
		c.note("none is configured: HAProxy's own counters are left out, and the log's completeness cannot be told")
	}
}

func (c *checker) outcomes(p *plan) {
	c.title("Outcome of a request: the first rule that fits decides")
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, r := range metrics.OutcomeRules() {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", r.Name, verdictText(r), r.When)
	}
	_ = w.Flush() // to a writer whose errors show in the verdict
	for _, s := range p.settings.metrics.SLAs {
		within := s.Within
		if within == 0 {
			within = s.Timeout
		}
		c.ok("SLA %s: timeout %s, met within %s, objective %g", s.Name, s.Timeout, within, s.Objective)
	}
}

func verdictText(r metrics.Rule) string {
	text := ""
	switch v := r.Verdict; {
	case v.Reason != metrics.ReasonNone:
		text = "unserved: " + catalogue.UnservedReasons()[v.Reason-1]
	case v.Outcome == metrics.OutcomeNone:
		text = "not judged"
	default:
		text = catalogue.Outcomes()[v.Outcome-1]
		if v.Blame != metrics.BlameNone {
			text += ", " + catalogue.Blames()[v.Blame-1]
		}
	}
	if r.LateAfterWithin {
		text += " or late"
	}
	return text
}
