package panels

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"time"

	"haproxy_log_exporter/dashboards"
)

// palette are colours that tell series apart on light and dark.
func palette(i int) string {
	p := []string{"#56a64b", "#e0b400", "#3274d9", "#ff780a", "#e02f44", "#8f3bb8", "#19b4b4", "#b877d9", "#7eb26d", "#cca300", "#447ebc", "#e24d42"}
	return p[i%len(p)]
}

// named turns Grafana's names of colours into colours.
func named(c string) string {
	m := map[string]string{"green": "#56a64b", "yellow": "#e0b400", "blue": "#3274d9", "orange": "#ff780a", "red": "#e02f44", "purple": "#8f3bb8", "text": "var(--text)", "transparent": "none"}
	if x, ok := m[c]; ok {
		return x
	}
	return c
}

func colourOf(th *dashboards.Thresholds, v float64) string {
	c := "text"
	if th != nil {
		for _, s := range th.Steps {
			if s.Value == nil || v >= *s.Value {
				c = s.Color
			}
		}
	}
	return named(c)
}

func fixedColour(p *dashboards.Panel, name string, i int) string {
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if m, ok := prop.Value.(map[string]any); ok && prop.ID == "color" && o.Matcher.Options == name {
				return named(fmt.Sprint(m["fixedColor"]))
			}
		}
	}
	return palette(i)
}

// graph is the drawing area of a time series.
type graph struct {
	b              *strings.Builder
	v              *View
	w, h           float64
	left, bottom   float64
	low, high      float64
	unit           string
	labelDecimals  int
	timeTicks      int
	skipTimeLabels bool
}

func (g *graph) x(t time.Time) float64 {
	return g.left + (g.w-g.left-8)*float64(t.Sub(g.v.From))/float64(g.v.To.Sub(g.v.From))
}

func (g *graph) y(f float64) float64 {
	return 6 + (g.h-6-g.bottom)*(1-(f-g.low)/(g.high-g.low))
}

func (g *graph) timeAxis() {
	span := g.v.To.Sub(g.v.From)
	step := time.Minute
	for _, s := range []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour} {
		step = s
		if int(span/s) <= max(int(g.w/70), 2) {
			break
		}
	}
	for t := g.v.From.Truncate(step).Add(step); t.Before(g.v.To); t = t.Add(step) {
		x := px(g.x(t))
		fmt.Fprintf(g.b, `<line x1="%s" x2="%s" y1="6" y2="%s" class="grid"/><text x="%s" y="%s" class="tick" text-anchor="middle">%s</text>`,
			x, x, px(g.h-g.bottom), x, px(g.h-4), t.UTC().Format("15:04"))
	}
}

func (g *graph) valueAxis() {
	for _, f := range ticks(g.low, g.high, max(int(g.h/45), 2), g.unit) {
		y := px(g.y(f))
		fmt.Fprintf(g.b, `<line x1="%s" x2="%s" y1="%s" y2="%s" class="grid"/><text x="%s" y="%s" class="tick" text-anchor="end">%s</text>`,
			px(g.left), px(g.w-8), y, y, px(g.left-5), px(g.y(f)+4), html.EscapeString(format(f, g.unit, -1)))
	}
}

func stackedPanel(p *dashboards.Panel) bool {
	m, _ := p.FieldConfig.Defaults.Custom["stacking"].(map[string]any)
	return m["mode"] == "normal"
}

// line draws one series, and the area below it; gaps stay gaps.
func (g *graph) line(s *Series, base map[int64]float64, colour string, stacked bool) {
	var path, area strings.Builder
	var back []string
	flush := func() {
		if area.Len() > 0 {
			slices.Reverse(back)
			fmt.Fprintf(g.b, `<path d="%s L%s Z" fill="%s" fill-opacity="%s"/>`, area.String(), strings.Join(back, " L"), colour, map[bool]string{true: "0.55", false: "0"}[stacked])
		}
		area.Reset()
		back = back[:0]
	}
	var last time.Time
	for i, f := range s.Values {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			flush()
			last = time.Time{}
			continue
		}
		t := s.Times[i]
		below := 0.0
		if stacked {
			below = base[t.Unix()]
			f += below
			base[t.Unix()] = f
		}
		cmd := "L"
		if last.IsZero() || t.Sub(last) > g.v.Step()*3/2 {
			flush()
			cmd = "M"
		}
		last = t
		x, y := px(g.x(t)), px(g.y(min(max(f, g.low), g.high)))
		fmt.Fprintf(&path, "%s%s %s ", cmd, x, y)
		fmt.Fprintf(&area, "%s%s %s ", cmd, x, y)
		back = append(back, x+" "+px(g.y(max(below, g.low))))
	}
	flush()
	fmt.Fprintf(g.b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.2"/>`, path.String(), colour)
}

// bounds finds what the value axis has to show.
func (g *graph) bounds(p *dashboards.Panel, all []Series) {
	g.low, g.high = 0, math.Inf(-1)
	sums := map[int64]float64{}
	for _, s := range all {
		for i, f := range s.Values {
			if math.IsNaN(f) || math.IsInf(f, 0) {
				continue
			}
			if stackedPanel(p) {
				sums[s.Times[i].Unix()] += f
				f = sums[s.Times[i].Unix()]
			}
			g.low, g.high = min(g.low, f), max(g.high, f)
		}
	}
	if d := p.FieldConfig.Defaults; d.Max != nil {
		g.high = *d.Max
	}
	if math.IsInf(g.high, -1) || g.high == g.low {
		g.high = g.low + 1
	}
	if p.FieldConfig.Defaults.Max == nil {
		g.high += (g.high - g.low) * 0.05
	}
}

func (r *renderer) timeseries(p *dashboards.Panel, all []Series, w, h float64) {
	legend, _ := p.Options["legend"].(map[string]any)
	right := legend["placement"] == "right"
	g := &graph{b: &r.b, v: r.v, w: w, h: h, left: 62, bottom: 18, unit: p.FieldConfig.Defaults.Unit}
	if right {
		g.w = w * 0.56
	} else {
		rows := legendRows(all, w)
		g.h = h - float64(rows)*17 - 2
	}
	g.bounds(p, all)
	fmt.Fprintf(&r.b, `<div class="%s"><svg width="%s" height="%s">`, map[bool]string{true: "beside", false: ""}[right], px(g.w), px(g.h))
	g.timeAxis()
	g.valueAxis()
	base := map[int64]float64{}
	for i := range all {
		g.line(&all[i], base, fixedColour(p, all[i].Legend, i), stackedPanel(p))
	}
	if th := p.FieldConfig.Defaults.Thresholds; th != nil && p.FieldConfig.Defaults.Custom["thresholdsStyle"] != nil {
		for _, s := range th.Steps {
			if s.Value != nil && *s.Value <= g.high {
				fmt.Fprintf(&r.b, `<line x1="%s" x2="%s" y1="%s" y2="%s" stroke="%s" stroke-dasharray="6 4"/>`, px(g.left), px(g.w-8), px(g.y(*s.Value)), px(g.y(*s.Value)), named(s.Color))
			}
		}
	}
	for _, at := range r.marks {
		x := px(g.x(at))
		fmt.Fprintf(&r.b, `<line x1="%s" x2="%s" y1="6" y2="%s" stroke="#ff780a" stroke-dasharray="3 3"/>`, x, x, px(g.h-g.bottom))
	}
	r.b.WriteString("</svg>")
	r.legend(p, all, right)
	r.b.WriteString("</div>")
}

// legendRows is how many lines a list of legends takes at this width; Grafana scrolls after about four.
func legendRows(all []Series, w float64) int {
	x, rows := 0.0, 1
	for _, s := range all {
		l := 28 + 6.4*float64(len(s.Legend))
		if x+l > w && x > 0 {
			x, rows = 0, rows+1
		}
		x += l
	}
	return min(rows, 4)
}

func (r *renderer) legend(p *dashboards.Panel, all []Series, right bool) {
	if !right {
		r.b.WriteString(`<div class="legend">`)
		for i, s := range all {
			fmt.Fprintf(&r.b, `<span><i style="background:%s"></i>%s</span>`, fixedColour(p, s.Legend, i), html.EscapeString(s.Legend))
		}
		r.b.WriteString("</div>")
		return
	}
	r.b.WriteString(`<div class="side"><table><tr><th></th><th>Last</th><th>Max</th></tr>`)
	type row struct {
		i         int
		last, max float64
	}
	var rows []row
	for i, s := range all {
		x := row{i, math.NaN(), math.Inf(-1)}
		for _, f := range s.Values {
			if !math.IsNaN(f) {
				x.last, x.max = f, max(x.max, f)
			}
		}
		rows = append(rows, x)
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmpDesc(a.max, b.max) })
	for _, x := range rows {
		fmt.Fprintf(&r.b, `<tr><td><i style="background:%s"></i>%s</td><td class="n">%s</td><td class="n">%s</td></tr>`, fixedColour(p, all[x.i].Legend, x.i), html.EscapeString(all[x.i].Legend),
			format(x.last, p.FieldConfig.Defaults.Unit, -1), format(x.max, p.FieldConfig.Defaults.Unit, -1))
	}
	r.b.WriteString("</table></div>")
}

func cmpDesc(a, b float64) int {
	switch {
	case a > b:
		return -1
	case a < b:
		return 1
	}
	return 0
}
