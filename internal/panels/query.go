// Package panels runs the queries of the shipped dashboards against a Prometheus and draws their
// results, without Grafana: for the end-to-end tests, and to look at the panels while they are made.
package panels

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"haproxy_log_exporter/dashboards"
)

// View is what Grafana would fill in: a Prometheus, a time range, the width in points and values of variables.
type View struct {
	URL      string
	From, To time.Time
	// Scrape is the scrape interval; $__rate_interval is at least four of them, as in Grafana.
	Scrape time.Duration
	// Points is about how many points a graph has across.
	Points int
	// Values are values of variables as regular expressions; variables that are not in it are "All".
	Values map[string]string
}

// Series is one line of a result.
type Series struct {
	Target int
	Labels map[string]string
	Legend string
	Times  []time.Time
	Values []float64
}

// Step is the distance of two points.
func (v *View) Step() time.Duration {
	step := v.To.Sub(v.From) / time.Duration(max(v.Points, 1))
	return max(step.Round(time.Second), v.Scrape, time.Second)
}

// Fill replaces Grafana's variables and macros in an expression.
func (v *View) Fill(d *dashboards.Dashboard, expr string) string {
	step := v.Step()
	seconds := func(d time.Duration) string { return strconv.Itoa(int(d.Seconds())) + "s" }
	pairs := []string{
		"$__rate_interval", seconds(max(step+v.Scrape, 4*v.Scrape)), "$__interval", seconds(step), "$__range", seconds(v.To.Sub(v.From)),
	}
	// Longer names first: $client_env begins like $client.
	var names []string
	all := map[string]string{}
	for _, x := range d.Templating.List {
		names = append(names, x.Name)
		all[x.Name] = x.AllValue
		if value, ok := v.Values[x.Name]; ok {
			all[x.Name] = value
		}
	}
	for length := 40; length > 0; length-- {
		for _, n := range names {
			if len(n) == length {
				pairs = append(pairs, "$"+n, all[n])
			}
		}
	}
	return strings.NewReplacer(pairs...).Replace(expr)
}

var client = &http.Client{Timeout: 60 * time.Second}

// Run asks every query of a panel.
func (v *View) Run(d *dashboards.Dashboard, p *dashboards.Panel) ([]Series, error) {
	var out []Series
	for i, t := range p.Targets {
		expr := v.Fill(d, t.Expr)
		var s []Series
		var err error
		if t.Instant {
			s, err = v.Instant(expr, v.To)
		} else {
			s, err = v.Range(expr)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w\n%s", d.Title, p.Title, err, expr)
		}
		for _, one := range s {
			one.Target, one.Legend = i, legend(t.LegendFormat, one.Labels)
			out = append(out, one)
		}
	}
	return out, nil
}

// Range is a query_range over the view.
func (v *View) Range(expr string) ([]Series, error) {
	step := v.Step()
	// Grafana aligns the range to the step; so do its caches.
	from := v.From.Truncate(step)
	return v.ask("query_range", url.Values{"query": {expr}, "start": {stamp(from)}, "end": {stamp(v.To)}, "step": {fmt.Sprint(step.Seconds())}})
}

// Instant is a query at one time.
func (v *View) Instant(expr string, at time.Time) ([]Series, error) {
	return v.ask("query", url.Values{"query": {expr}, "time": {stamp(at)}})
}

func stamp(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

func (v *View) ask(what string, q url.Values) ([]Series, error) {
	resp, err := client.PostForm(v.URL+"/api/v1/"+what, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var a struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     []struct {
				Metric     map[string]string
				Value      [2]any
				Values     [][2]any
				Histogram  []json.RawMessage
				Histograms [][2]json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("%w: %s", err, body)
	}
	if a.Status != "success" {
		return nil, fmt.Errorf("%s", a.Error)
	}
	var out []Series
	for _, r := range a.Data.Result {
		s := Series{Labels: r.Metric}
		if r.Values == nil && r.Histogram == nil && r.Histograms == nil {
			r.Values = [][2]any{r.Value}
		}
		for _, p := range r.Values {
			ts, _ := p[0].(float64)
			text, _ := p[1].(string)
			f, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return nil, err
			}
			s.add(ts, f)
		}
		for _, h := range r.Histograms {
			var ts float64
			var value struct{ Count string }
			if json.Unmarshal(h[0], &ts) != nil || json.Unmarshal(h[1], &value) != nil {
				return nil, fmt.Errorf("a histogram that cannot be read: %s", h[1])
			}
			f, err := strconv.ParseFloat(value.Count, 64)
			if err != nil {
				return nil, err
			}
			s.add(ts, f)
		}
		out = append(out, s)
	}
	return out, nil
}

func (s *Series) add(ts, f float64) {
	s.Times = append(s.Times, time.UnixMilli(int64(ts*1000)))
	s.Values = append(s.Values, f)
}

// Good is the number of values that are numbers.
func (s *Series) Good() int {
	n := 0
	for _, f := range s.Values {
		if !math.IsNaN(f) && !math.IsInf(f, 0) {
			n++
		}
	}
	return n
}

func legend(format string, labels map[string]string) string {
	for {
		before, rest, ok := strings.Cut(format, "{{")
		name, after, closed := strings.Cut(rest, "}}")
		if !ok || !closed {
			return strings.TrimSpace(format)
		}
		format = before + labels[strings.TrimSpace(name)] + after
	}
}
