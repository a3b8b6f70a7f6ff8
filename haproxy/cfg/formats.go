package cfg

import (
	"fmt"
	"slices"

	"haproxy_log_exporter/parser"
)

// Formats lists the formats that lines of this HAProxy may follow: one for each different
// log-format with its captures, named after the place where it is written, with the frontends that
// use it. A frontend without any gives none: its lines are recognised without a format.
func (c *Config) Formats() []parser.Format {
	var out []parser.Format
	add := func(f *Frontend, name, text string, isError bool) {
		if text == "" {
			return
		}
		n := parser.Format{Name: name, Text: text, ErrorFormat: isError, Frontends: []string{f.Name},
			Captures: names(f.Captures), ResponseCaptures: names(f.ResponseCaptures)}
		for i := range out {
			o := &out[i]
			if o.Text == n.Text && o.ErrorFormat == n.ErrorFormat && slices.Equal(o.Captures, n.Captures) && slices.Equal(o.ResponseCaptures, n.ResponseCaptures) {
				o.Frontends = append(o.Frontends, f.Name)
				return
			}
		}
		out = append(out, n)
	}
	for _, f := range c.Frontends {
		if f.NoLog {
			continue
		}
		for _, t := range f.Targets {
			p := c.profiles[t.Profile]
			if p == nil {
				continue
			}
			for _, step := range p.order {
				if st := p.steps[step]; !st.drop {
					add(f, fmt.Sprintf("%s:%d log-profile %s", st.l.place.Source, st.l.place.Line, t.Profile), st.format, step == "error")
				}
			}
		}
		if !c.allProfiled(f) {
			text := f.Format
			if !f.Custom {
				text, _ = parser.Preset(f.Format)
			}
			add(f, f.formatName(), text, false)
		}
		add(f, fmt.Sprintf("%s:%d error-log-format", f.ErrorFormatPlace.Source, f.ErrorFormatPlace.Line), f.ErrorFormat, true)
	}
	return out
}

// formatName is the preset's name, or the place of the log-format.
func (f *Frontend) formatName() string {
	if !f.Custom {
		return f.Format
	}
	return fmt.Sprintf("%s:%d log-format", f.FormatPlace.Source, f.FormatPlace.Line)
}

// allProfiled reports whether the frontend's own log-format is used by none of its targets.
func (c *Config) allProfiled(f *Frontend) bool {
	for _, t := range f.Targets {
		p := c.profiles[t.Profile]
		if p == nil {
			return false
		}
		closing, ok := p.steps["close"]
		if !ok {
			closing, ok = p.steps["any"]
		}
		if !ok || closing.format == "" && !closing.drop {
			return false
		}
	}
	return len(f.Targets) > 0
}

func names(cs []Capture) []string {
	var out []string
	for _, c := range cs {
		out = append(out, c.Name)
	}
	return out
}

// Route is a backend whose name fits a template.
type Route struct {
	Backend *Backend
	// Values are the template's label values, in its order.
	Values []string
}

// Routes lists the backends that match takes apart, in the order of the file. match is usually a
// compiled template such as {partner}:{partner_env}:{partner_service}:{sla}.
func (c *Config) Routes(match func(backend string) (values []string, ok bool)) []Route {
	var out []Route
	for _, b := range c.Backends {
		if v, ok := match(b.Name); ok {
			out = append(out, Route{b, v})
		}
	}
	return out
}
