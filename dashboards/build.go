package dashboards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"haproxy_log_exporter/alerts"
)

// tag is on every dashboard; the links between them are made by it.
const tag = "haproxy-log"

// section is a row with its panels.
type section struct {
	title     string
	collapsed bool
	panels    []*Panel
}

// spec is a dashboard before it is placed and numbered.
type spec struct {
	uid, title, description string
	from                    string
	variables               []Variable
	sections                []section
}

// All builds every dashboard, in the order of the links at the top.
func All() ([]*Dashboard, error) {
	var out []*Dashboard
	var errs []error
	for _, s := range []spec{overview(), partner(), termination(), sla(), health(), exporter()} {
		d := s.build()
		out = append(out, d)
		for _, p := range d.Flat() {
			for _, t := range p.Targets {
				if err := known(t.Expr); err != nil {
					errs = append(errs, fmt.Errorf("%s: %s: %w", s.title, p.Title, err))
				}
			}
		}
	}
	return out, errors.Join(errs...)
}

// OptionalCounter is the counter that the panels about old TLS ask for: counters: [{name: tls_requests, …}].
const OptionalCounter = "haproxy_log_tls_requests_total"

func known(expr string) error {
	return alerts.UnknownMetrics(strings.ReplaceAll(expr, OptionalCounter, "up"))
}

// Flat returns the panels that are no rows, those of collapsed rows included.
func (d *Dashboard) Flat() []*Panel {
	var out []*Panel
	for _, p := range d.Panels {
		if p.Type != "row" {
			out = append(out, p)
		}
		out = append(out, p.Panels...)
	}
	return out
}

// JSON is the dashboard as it is committed.
func (d *Dashboard) JSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func (s *spec) build() *Dashboard {
	d := &Dashboard{
		UID: s.uid, Title: s.title, Description: s.description, Tags: []string{tag}, SchemaVersion: 39, GraphTooltip: 1,
		Refresh: "1m", Time: TimeRange{From: s.from, To: "now"},
		Links:       []Link{{Title: "HAProxy log", Type: "dashboards", Tags: []string{tag}, IncludeVars: true, KeepTime: true}},
		Annotations: annotations(),
		Templating:  Templating{List: s.variables},
	}
	id, y := 0, 0
	for _, sec := range s.sections {
		id++
		row := &Panel{ID: id, Type: "row", Title: sec.title, GridPos: GridPos{H: 1, W: 24, Y: y}, Collapsed: &sec.collapsed}
		d.Panels = append(d.Panels, row)
		y++
		bottom := place(sec.panels, y)
		for _, p := range sec.panels {
			id++
			p.ID = id
		}
		if sec.collapsed {
			// Grafana keeps the panels of a closed row inside it.
			row.Panels = sec.panels
			continue
		}
		d.Panels = append(d.Panels, sec.panels...)
		y = bottom
	}
	return d
}

// place sets panels side by side and begins a new line where one does not fit; it returns the y below them.
func place(panels []*Panel, y int) int {
	x, height := 0, 0
	for _, p := range panels {
		if x+p.GridPos.W > 24 {
			y, x, height = y+height, 0, 0
		}
		p.GridPos.X, p.GridPos.Y = x, y
		x += p.GridPos.W
		height = max(height, p.GridPos.H)
	}
	return y + height
}

func source() *Datasource { return &Datasource{Type: "prometheus", UID: "${datasource}"} }

func annotations() Annotations {
	return Annotations{List: []Annotation{
		{
			Name: "HAProxy started or reloaded", Datasource: source(), Enable: true, IconColor: "orange",
			// A window of one step would miss a change between two windows: their ends belong to one of them only.
			Expr:        `changes(haproxy_process_start_time_seconds{` + node + `}[$__rate_interval]) > 0`,
			TitleFormat: "HAProxy started or reloaded", TagKeys: "instance,haproxy",
		},
		{
			Name: "Alerts", Datasource: source(), Enable: false, IconColor: "red",
			Expr:        `ALERTS{job=~"$job", alertname=~"HAProxy.*", alertstate="firing", severity!="info"}`,
			TitleFormat: "{{alertname}}", TagKeys: "severity,partner,instance",
		},
	}}
}

// Matchers that the dashboards share.
const (
	node  = `job=~"$job", instance=~"$instance"`
	route = node + `, client=~"$client", client_env=~"$client_env", partner=~"$partner", partner_env=~"$partner_env", partner_service=~"$partner_service", sla=~"$sla"`
)

func query(name, label, of, help string, all string) Variable {
	q := "label_values(" + of + ", " + name + ")"
	return Variable{
		Name: name, Label: label, Description: help, Type: "query", Datasource: source(), Query: map[string]any{"query": q, "refId": name}, Definition: q,
		Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: all,
		Current: map[string]any{"selected": true, "text": []string{"All"}, "value": []string{"$__all"}},
	}
}

func nodeVariables() []Variable {
	return []Variable{
		{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Refresh: 1, Current: map[string]any{}},
		query("job", "Job", "haproxy_log_exporter_build_info", "Scrape job of the exporters", ".+"),
		query("instance", "Instance", `haproxy_log_exporter_build_info{job=~"$job"}`, "Node", ".+"),
	}
}

// routeVariables narrow each other down from left to right. They read haproxy_log_route_info, which has
// one series for a route. "All" also takes in requests without a route: their labels are empty.
func routeVariables() []Variable {
	type v struct{ name, label, help string }
	out, where := nodeVariables(), `job=~"$job", instance=~"$instance"`
	for _, x := range []v{
		{"client_env", "Client env", "Environment of the application"},
		{"client", "Client", "Application that calls"},
		{"partner_env", "Partner env", "Environment of the partner"},
		{"partner", "Partner", "Outside service that is called"},
		{"partner_service", "Service", "The partner's service"},
		{"sla", "SLA", "Class of the service level agreement"},
	} {
		out = append(out, query(x.name, x.label, "haproxy_log_route_info{"+where+"}", x.help, ".*"))
		where += ", " + x.name + `=~"$` + x.name + `"`
	}
	return out
}

func proxyVariable() Variable {
	return query("proxy", "Backend", `haproxy_backend_status{job=~"$job", instance=~"$instance"}`, "Backend section of haproxy.cfg", ".+")
}

func sections(s ...section) []section { return slices.Clone(s) }

func row(title string, p ...*Panel) section { return section{title: title, panels: p} }

func closedRow(title string, p ...*Panel) section {
	return section{title: title, collapsed: true, panels: p}
}
