// Package configfile writes a first configuration file out of a haproxy.cfg: the log, the sockets,
// templates for the labels, routes or vocabularies, and SLA classes with HAProxy's timeouts.
package configfile

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/haproxy/cfg"
	"haproxy_log_exporter/labels/spec"
)

// Input is what the file is made of. Empty parts are left out, with a comment where a hand is needed.
type Input struct {
	Config       *cfg.Config
	Files        []string // as given to HAProxy's -f
	Logs         []string
	Sockets      []string
	MasterSocket string
	// PathTemplate and BackendTemplate are the user's; when empty they are guessed from the
	// backends' names.
	PathTemplate, BackendTemplate string
	// SLALabel is the label that names the SLA class, sla when empty.
	SLALabel string
	// Explicit writes the routes out, for a host where haproxy.cfg cannot be read.
	Explicit bool
}

// The templates of an egress controller; the guess when backends have names of that shape.
const (
	defaultPath    = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"
	defaultBackend = "{partner}:{partner_env}:{partner_service}:{sla}"
)

// Write writes the file. The result is accepted by config.Parse.
func Write(out io.Writer, in Input) error {
	if in.SLALabel == "" {
		in.SLALabel = "sla"
	}
	g := generator{Input: in, w: bufio.NewWriter(out)}
	if err := g.templates(); err != nil {
		return err
	}
	g.printf("# Made by `haproxy_log_exporter generate config` out of %s.\n", strings.Join(in.Files, ", "))
	g.printf("# docs/configuration.md describes every key; `haproxy_log_exporter check --config.file=…` tries it.\n")
	g.host()
	g.labels()
	g.routes()
	g.slas()
	g.hazards()
	return g.w.Flush()
}

type generator struct {
	Input
	w       *bufio.Writer
	backend *spec.Template
	guessed bool
	matched []cfg.Route
	values  []map[string]string // parallel to matched
}

func (g *generator) printf(format string, args ...any) { fmt.Fprintf(g.w, format, args...) }

// text writes a value as YAML, quoted where it has to be.
func text(s string) string {
	b, err := yaml.Marshal(&yaml.Node{Kind: yaml.ScalarNode, Value: s, Tag: "!!str", Style: style(s)})
	if err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSuffix(string(b), "\n")
}

// style quotes what would mean something else inside [ ] and { }.
func style(s string) yaml.Style {
	if strings.ContainsAny(s, "{}[],:#&*!|>'\"%@` ") || s == "" {
		return yaml.SingleQuotedStyle
	}
	return 0
}

func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = text(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// templates settles the backend template: the given one, or the guess when it fits half of the
// backends that have servers.
func (g *generator) templates() error {
	wanted := g.BackendTemplate
	if wanted == "" {
		wanted, g.guessed = g.guess(), true
	}
	if wanted == "" {
		return nil
	}
	t, err := spec.ParseTemplate(spec.Plain, wanted)
	if err != nil {
		return err
	}
	g.backend, g.BackendTemplate = t, wanted
	for _, b := range g.Config.Backends {
		if v, ok := t.Values(b.Name); ok {
			g.matched = append(g.matched, cfg.Route{Backend: b})
			g.values = append(g.values, v)
		}
	}
	return nil
}

// guess looks for names of four parts with one separator; a fifth part is a variant of the route.
func (g *generator) guess() string {
	for _, sep := range []string{":", "/", "_", ".", "-"} {
		four, five := 0, 0
		for _, b := range g.Config.Backends {
			switch strings.Count(b.Name, sep) {
			case 3:
				four++
			case 4:
				five++
			}
		}
		if four == 0 || 2*(four+five) < len(g.Config.Backends) {
			continue
		}
		t := strings.ReplaceAll(defaultBackend, ":", sep)
		if five > 0 {
			t += "[" + sep + "{}]"
		}
		return t
	}
	return ""
}

func (g *generator) host() {
	parts := []string{"config: " + list(g.Files)}
	if g.Explicit {
		parts = nil
	}
	if g.MasterSocket != "" {
		parts = append(parts, "master_socket: "+text(g.MasterSocket))
	} else if len(g.Sockets) > 0 {
		parts = append(parts, "sockets: "+list(g.Sockets))
	}
	if len(parts) > 0 {
		g.printf("haproxy: {%s}\n", strings.Join(parts, ", "))
	}
	if len(g.Logs) == 0 {
		g.printf("# The log was not found. For example:\n# sources: [{path: /var/log/haproxy.log}]\n")
		return
	}
	g.printf("sources:\n")
	for _, l := range g.Logs {
		g.printf("  - {path: %s}\n", text(l))
	}
}

func (g *generator) labels() {
	if g.backend == nil && g.PathTemplate == "" {
		g.printf("\n# No template was given, and the backends' names have no common shape. For example:\n")
		g.printf("# labels:\n#   - {from: path,    template: %s}\n#   - {from: backend, template: %s}\n", text(defaultPath), text(defaultBackend))
		return
	}
	g.printf("\nlabels:\n")
	switch {
	case g.PathTemplate != "":
		g.printf("  - {from: path, template: %s}\n", text(g.PathTemplate))
	case g.guessed:
		g.printf("  # The client is not in a backend's name. If it is in the path:\n  # - {from: path, template: %s}\n", text(defaultPath))
	}
	if g.backend == nil {
		return
	}
	if g.guessed {
		g.printf("  # Guessed from the names; %d of %d backends fit.\n", len(g.matched), len(g.Config.Backends))
	}
	g.printf("  - {from: backend, template: %s}\n", text(g.BackendTemplate))
	for _, b := range g.Config.Backends {
		if _, ok := g.backend.Values(b.Name); !ok {
			g.printf("  # does not fit: %s (%s:%d)\n", b.Name, b.Place.Source, b.Place.Line)
		}
	}
}

func (g *generator) routes() {
	if len(g.matched) == 0 {
		return
	}
	if !g.Explicit {
		g.printf("\n# Backends that declare a route: %d. They are read again at each reload. Anything else becomes \"other\".\nroutes: {from: haproxy.cfg}\n", len(g.matched))
		return
	}
	g.printf("\n# Exposed with zeros from the start. Anything else becomes \"other\".\nroutes:\n")
	var written []string
	for _, v := range g.values {
		var parts []string
		for _, n := range g.backend.Names() {
			if v[n] != "" {
				parts = append(parts, n+": "+text(v[n]))
			}
		}
		line := "  - {" + strings.Join(parts, ", ") + "}\n"
		if !slices.Contains(written, line) { // a canary has the labels of its route
			written = append(written, line)
			g.printf("%s", line)
		}
	}
	g.printf("\nvocabularies:\n")
	for _, n := range g.backend.Names() {
		g.printf("  %s: %s\n", n, list(g.distinct(n)))
	}
}

func (g *generator) distinct(name string) []string {
	var out []string
	for _, v := range g.values {
		if v[name] != "" && !slices.Contains(out, v[name]) {
			out = append(out, v[name])
		}
	}
	slices.Sort(out)
	return out
}

// slas gives each class the timeout of its backends.
func (g *generator) slas() {
	timeouts := map[string]map[time.Duration][]string{}
	var order []string
	for i, r := range g.matched {
		class := g.values[i][g.SLALabel]
		if class == "" {
			continue
		}
		if timeouts[class] == nil {
			timeouts[class] = map[time.Duration][]string{}
			order = append(order, class)
		}
		if t := r.Backend.ServerTimeout; t > 0 {
			timeouts[class][t] = append(timeouts[class][t], r.Backend.Name)
		}
	}
	if len(order) == 0 {
		return
	}
	g.printf("\n# timeout is HAProxy's `timeout server`. Add `within`, the time that was promised, when it is less, and\n")
	g.printf("# `objective`, the share of requests that shall keep it, such as 0.999: nobody knows them but you.\nslas:\n")
	slices.SortStableFunc(order, func(a, b string) int { return int(longest(timeouts[a]) - longest(timeouts[b])) })
	for _, class := range order {
		ts := timeouts[class]
		if len(ts) == 0 {
			g.printf("  %s: {} # its backends have no timeout server\n", text(class))
			continue
		}
		g.printf("  %s: {timeout: %s}\n", text(class), duration(longest(ts)))
		for _, t := range sorted(ts) {
			if t != longest(ts) {
				g.printf("    # but %s: %s\n", duration(t), strings.Join(ts[t], ", "))
			}
		}
	}
}

func sorted(ts map[time.Duration][]string) []time.Duration {
	var out []time.Duration
	for t := range ts {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func longest(ts map[time.Duration][]string) time.Duration {
	if len(ts) == 0 {
		return 0
	}
	return slices.Max(sorted(ts))
}

// duration writes 90s as 1m30s and 5m0s as 5m.
func duration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// hazards ends the file with what the exporter cannot repair.
func (g *generator) hazards() {
	hs := g.Config.Hazards()
	if len(hs) == 0 {
		return
	}
	g.printf("\n# Settings of HAProxy that make its log differ from its requests:\n")
	for _, h := range hs {
		g.printf("#   %s:%d: %s\n", h.Place.Source, h.Place.Line, h.Text)
	}
}
