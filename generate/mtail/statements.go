package mtail

import (
	"fmt"
	"strconv"
	"strings"

	"haproxy_log_exporter/labels/spec"
)

// source returns the group that a rule reads.
func source(r spec.Rule, have map[string]bool) (string, bool) {
	group := r.From.Value
	switch group {
	case "HP", "%HP", "HPO", "%HPO":
		group = "path"
	}
	return group, have[group]
}

func (g *generator) line(indent int, format string, args ...any) {
	g.body.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(&g.body, format, args...)
	g.body.WriteByte('\n')
}

// ref is a captured group, or an empty text when the format has no such field.
func ref(group string, have map[string]bool) string {
	if have[group] {
		return "$" + group
	}
	return `""`
}

// labels writes the statements that fill the texts of the route labels. The first rule that gives a label
// a value wins.
func (g *generator) labels(have map[string]bool) {
	for _, n := range g.names {
		g.line(1, `label_%s = ""`, n)
	}
	filled := map[string]bool{}
	for _, r := range g.opt.Labels.Rules {
		group, ok := source(r, have)
		if r.Template == nil || !ok {
			continue
		}
		pattern, err := r.Template.Pattern()
		if err != nil {
			g.problems.Add(r.Text.Problem(err.Error(), ""))
			continue
		}
		pattern = escapeSlashes(pattern)
		g.longest = max(g.longest, len(pattern))
		chosen := "" // without a backend HAProxy logs the frontend's name in its place
		if group == "backend" && have["frontend"] {
			chosen = "$backend != $frontend && "
		}
		g.line(1, "%s$%s =~ /%s/ {", chosen, group, pattern)
		for _, n := range r.Template.Names() {
			if !filled[n] {
				g.line(2, "label_%s = $%s", n, n)
				continue
			}
			g.line(2, `label_%s == "" {`, n)
			g.line(3, "label_%s = $%s", n, n)
			g.line(2, "}")
		}
		g.line(1, "}")
		for _, n := range r.Template.Names() {
			filled[n] = true
		}
	}
}

// escapeSlashes makes an expression fit between slashes.
func escapeSlashes(re string) string {
	var b strings.Builder
	for i := 0; i < len(re); i++ {
		if re[i] == '\\' && i+1 < len(re) {
			b.WriteString(re[i : i+2])
			i++
			continue
		}
		if re[i] == '/' {
			b.WriteByte('\\')
		}
		b.WriteByte(re[i])
	}
	return b.String()
}

func (g *generator) keys(more ...string) string {
	var b strings.Builder
	for _, n := range g.names {
		b.WriteString("[label_" + n + "]")
	}
	for _, m := range more {
		b.WriteString("[" + m + "]")
	}
	return b.String()
}

// requests writes what is counted of a request.
func (g *generator) requests(have map[string]bool) {
	g.line(1, `haproxy_log_lines_total["http"]++`)
	g.labels(have)
	g.line(1, `code = "none"`)
	if have["status"] {
		g.line(1, "$status >= 100 && $status <= 599 {")
		g.line(2, "code = string($status)")
		g.line(1, "}")
	}
	g.line(1, "haproxy_log_requests_total%s++",
		g.keys(ref("frontend", have), ref("backend", have), ref("method", have), "code", ref("ts", have)))
	if have["retries"] {
		g.line(1, "$retries > 0 {")
		g.line(2, "haproxy_log_retries_total%s += $retries", g.keys())
		g.line(1, "}")
	}
	if have["ta"] {
		g.line(1, `$ta_plus == "" && $ta >= 0 {`)
		g.line(2, "haproxy_log_request_duration_seconds%s = $ta / 1000.0", g.keys(ref("backend", have)))
		g.line(1, "}")
	}
	if have["bytes"] {
		g.line(1, `$bytes_plus == "" && $bytes > 0 {`)
		g.line(2, "haproxy_log_response_bytes_total%s += $bytes", g.keys())
		g.line(1, "}")
	}
}

// sessions writes what is counted of a TCP session.
func (g *generator) sessions(have map[string]bool) {
	g.line(1, `haproxy_log_lines_total["tcp"]++`)
	g.line(1, "haproxy_log_sessions_total[%s][%s][%s]++", ref("frontend", have), ref("backend", have), ref("ts", have))
}

// text joins declarations and blocks.
func (g *generator) text() string {
	var b strings.Builder
	b.WriteString("# mtail program for HAProxy's log, written by `haproxy_log_exporter generate mtail`.\n" +
		"# Start it with --emit_prog_label=false to have the exporter's names and labels.\n" +
		"# mtail reads from the end of the file on, keeps no position, and loses lines at a rotation.\n" +
		"# Escapes (#22) and double slashes in paths stay as they are logged, and no limit holds for label values.\n")
	for _, n := range g.notes {
		b.WriteString("# " + n + "\n")
	}
	if g.longest > mostRegexp {
		fmt.Fprintf(&b, "# Start mtail with --max_regexp_length=%d or more.\n", g.longest)
	}
	body := g.body.String()
	routes := make([]string, 0, len(g.names))
	for _, n := range g.names {
		fmt.Fprintf(&b, "hidden text label_%s\n", n)
		routes = append(routes, n)
	}
	declare := func(kind, name string, labels ...string) {
		if !strings.Contains(body, name) {
			return
		}
		fmt.Fprintf(&b, "%s %s", kind, name)
		if len(labels) > 0 {
			b.WriteString(" by " + strings.Join(labels, ", "))
		}
		if kind == "histogram" {
			b.WriteString(" buckets -1") // an observation of 0 belongs to the first real one
			for _, v := range g.opt.Buckets {
				b.WriteString(", " + strconv.FormatFloat(v, 'f', -1, 64))
			}
		}
		b.WriteByte('\n')
	}
	with := func(more ...string) []string { return append(routes[:len(routes):len(routes)], more...) }
	declare("hidden text", "code")
	declare("counter", "haproxy_log_lines_total", "result")
	declare("counter", "haproxy_log_requests_total", with("frontend", "backend", "method", "code", "termination_state")...)
	declare("counter", "haproxy_log_retries_total", with()...)
	declare("counter", "haproxy_log_response_bytes_total", with()...)
	declare("histogram", "haproxy_log_request_duration_seconds", with("backend")...)
	declare("counter", "haproxy_log_sessions_total", "frontend", "backend", "termination_state")
	b.WriteString(body)
	return b.String()
}
