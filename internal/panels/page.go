package panels

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"haproxy_log_exporter/dashboards"
)

// renderer draws a dashboard as one page of HTML with inline SVG.
type renderer struct {
	b     strings.Builder
	v     *View
	d     *dashboards.Dashboard
	marks []time.Time
}

// Width is the width of a page in pixels: the narrowest at which the dashboards have to be readable.
const Width = 1280

// Grafana's grid: 24 columns over the width, 30 pixels for a unit of height, 8 between.
const (
	margin = 16
	unit   = 38
)

// Page draws a dashboard with what the queries answer now. Failing queries are drawn as their error.
// height is the height of the page in pixels.
func (v *View) Page(d *dashboards.Dashboard, dark bool) (page string, height int) {
	r := &renderer{v: v, d: d}
	theme := "light"
	if dark {
		theme = "dark"
	}
	if s, err := v.Range(v.Fill(d, d.Annotations.List[0].Expr)); err == nil {
		for _, one := range s {
			r.marks = append(r.marks, one.Times...)
		}
	}
	shift := 0
	for _, p := range d.Panels {
		r.panel(p, shift)
		height = max(height, (p.GridPos.Y+p.GridPos.H+shift)*unit)
		if p.Type == "row" && len(p.Panels) > 0 { // draw closed rows opened
			for _, in := range p.Panels {
				r.panel(in, shift)
				height = max(height, (in.GridPos.Y+in.GridPos.H+shift)*unit)
			}
			last := p.Panels[len(p.Panels)-1]
			shift += last.GridPos.Y + last.GridPos.H - p.GridPos.Y - 1
		}
	}
	height += 70
	return fmt.Sprintf(`<!doctype html><html data-theme="%s"><meta charset="utf-8"><title>%s</title><style>%s</style><body style="height:%dpx"><h1>%s</h1><div id="all">%s</div></body></html>`,
		theme, html.EscapeString(d.Title), style, height, html.EscapeString(d.Title), r.b.String()), height
}

const style = `
:root{--bg:#f4f5f5;--panel:#fff;--text:#24292e;--dim:#6e7781;--line:#e4e5e6}
[data-theme=dark]{--bg:#111217;--panel:#181b1f;--text:#d8d9da;--dim:#8e8e8e;--line:#2c3235}
body{margin:0;background:var(--bg);color:var(--text);font:12px Inter,"DejaVu Sans",sans-serif;position:relative;width:1280px}
h1{font-size:16px;margin:0;padding:12px 16px} #all{position:absolute;top:44px;left:0}
.p{position:absolute;background:var(--panel);border:1px solid var(--line);box-sizing:border-box;overflow:hidden;padding:4px 8px}
.row{position:absolute;font-size:14px;padding:8px 0}
.t{font-size:13px;font-weight:500;height:24px;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.grid{stroke:var(--line);stroke-width:1}.tick{fill:var(--dim);font-size:11px}
.legend{max-height:68px;overflow:hidden;line-height:17px}.legend span{margin-right:12px;white-space:nowrap}
i{display:inline-block;width:12px;height:4px;margin-right:5px;vertical-align:middle}
.beside{display:flex}.side{flex:1;overflow:hidden;padding-left:6px}.side td,.side th{padding:1px 6px;text-align:left;white-space:nowrap;overflow:hidden}.side table{width:100%;table-layout:auto;border-collapse:collapse}
.n{text-align:right!important}.big{text-align:center;font-weight:500}
table.d{width:100%;border-collapse:collapse;table-layout:fixed}table.d td,table.d th{padding:5px 6px;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.none{color:var(--dim);text-align:center;padding-top:20px}.err{color:#e02f44;white-space:pre-wrap;font-size:11px}`

func (r *renderer) panel(p *dashboards.Panel, shift int) {
	col := float64(Width-2*margin) / 24
	x, y := margin+col*float64(p.GridPos.X), float64((p.GridPos.Y+shift)*unit)
	w, h := col*float64(p.GridPos.W)-8, float64(p.GridPos.H*unit-8)
	at := fmt.Sprintf(`left:%spx;top:%spx;width:%spx;height:%spx`, px(x), px(y), px(w), px(h))
	if p.Type == "row" {
		fmt.Fprintf(&r.b, `<div class="row" style="%s">⌄ %s</div>`, at, html.EscapeString(p.Title))
		return
	}
	fmt.Fprintf(&r.b, `<div class="p" style="%s"><div class="t">%s</div>`, at, html.EscapeString(p.Title))
	r.content(p, w-18, h-36)
	r.b.WriteString("</div>")
}

func (r *renderer) content(p *dashboards.Panel, w, h float64) {
	all, err := r.v.Run(r.d, p)
	good := 0
	for i := range all {
		good += all[i].Good()
	}
	switch {
	case err != nil:
		fmt.Fprintf(&r.b, `<div class="err">%s</div>`, html.EscapeString(err.Error()))
	case good == 0:
		text := p.FieldConfig.Defaults.NoValue
		if text == "" {
			text = "No data"
		}
		fmt.Fprintf(&r.b, `<div class="none">%s</div>`, text)
	case p.Type == "stat":
		r.stat(p, all, w, h)
	case p.Type == "timeseries":
		r.timeseries(p, all, w, h)
	case p.Type == "table":
		r.table(p, all, h)
	case p.Type == "state-timeline":
		r.states(p, all, w, h)
	case p.Type == "heatmap":
		r.heatmap(all, w, h)
	case p.Type == "piechart":
		r.pie(p, all, w, h)
	default:
		fmt.Fprintf(&r.b, `<div class="err">%s cannot be drawn</div>`, p.Type)
	}
}

func (r *renderer) stat(p *dashboards.Panel, all []Series, w, h float64) {
	s := all[0]
	last := math.NaN()
	for _, f := range s.Values {
		if !math.IsNaN(f) {
			last = f
		}
	}
	colour := colourOf(p.FieldConfig.Defaults.Thresholds, last)
	text := format(last, p.FieldConfig.Defaults.Unit, -1)
	size := min(h*0.5, w/float64(len(text))*1.5)
	fmt.Fprintf(&r.b, `<div class="big" style="color:%s;font-size:%spx;line-height:%spx">%s</div>`, colour, px(size), px(h*0.6), html.EscapeString(text))
	g := &graph{b: &r.b, v: r.v, w: w, h: h * 0.4, left: 0, bottom: 0, unit: "short"}
	g.bounds(&dashboards.Panel{FieldConfig: &dashboards.FieldConfig{}}, all[:1])
	fmt.Fprintf(&r.b, `<svg width="%s" height="%s">`, px(g.w), px(g.h))
	g.line(&s, map[int64]float64{}, strings.Replace(colour, "var(--text)", "#8e8e8e", 1), false)
	r.b.WriteString("</svg>")
}

// merged is the result of a table's queries, joined by their labels as Grafana's merge transformation does.
type merged struct {
	texts   map[string]map[string]string // by row, by field
	numbers map[string]map[string]float64
	fields  map[string]bool
}

func merge(p *dashboards.Panel, all []Series) merged {
	m := merged{map[string]map[string]string{}, map[string]map[string]float64{}, map[string]bool{}}
	for _, s := range all {
		var key []string
		for _, k := range sorted(s.Labels) {
			if k != "__name__" {
				key = append(key, k+"="+s.Labels[k])
			}
		}
		id := strings.Join(key, ",")
		if m.texts[id] == nil {
			m.texts[id], m.numbers[id] = map[string]string{}, map[string]float64{}
		}
		for k, v := range s.Labels {
			m.texts[id][k], m.fields[k] = v, true
		}
		value := "Value"
		if len(p.Targets) > 1 {
			value = "Value #" + p.Targets[s.Target].RefID
		}
		m.numbers[id][value], m.fields[value] = s.Values[0], true
	}
	return m
}

// table draws the joined rows with the columns that the organize transformation asks for.
func (r *renderer) table(p *dashboards.Panel, all []Series, h float64) {
	opt := p.Transformations[1].Options
	index, rename := opt["indexByName"].(map[string]any), opt["renameByName"].(map[string]any)
	exclude := opt["excludeByName"].(map[string]any)
	m := merge(p, all)
	var cols []string
	for f := range m.fields {
		if exclude[f] != true {
			cols = append(cols, f)
		}
	}
	place := func(f string) int {
		if i, ok := index[f].(int); ok {
			return i
		}
		return 1000
	}
	slices.SortFunc(cols, func(a, b string) int { return place(a) - place(b) })
	title := func(f string) string {
		if t, ok := rename[f].(string); ok {
			return t
		}
		return f
	}
	ids := sorted(m.texts)
	by := ""
	if s, ok := p.Options["sortBy"].([]any); ok && len(s) > 0 {
		by = fmt.Sprint(s[0].(map[string]any)["displayName"])
	}
	for _, f := range cols {
		if title(f) == by {
			slices.SortStableFunc(ids, func(a, b string) int { return cmpDesc(m.numbers[a][f], m.numbers[b][f]) })
		}
	}
	r.rows(p, &m, ids[:min(len(ids), int((h-26)/26))], cols, title)
}

func (r *renderer) rows(p *dashboards.Panel, m *merged, ids, cols []string, title func(string) string) {
	r.b.WriteString(`<table class="d"><tr>`)
	for _, f := range cols {
		style := ""
		if w := property(p, title(f), "custom.width"); w != nil {
			style = fmt.Sprintf(` style="width:%vpx"`, w)
		}
		if strings.HasPrefix(f, "Value") {
			style += ` class="n"`
		}
		fmt.Fprintf(&r.b, `<th%s>%s</th>`, style, html.EscapeString(title(f)))
	}
	r.b.WriteString("</tr>")
	for _, id := range ids {
		r.b.WriteString("<tr>")
		for _, f := range cols {
			if v, ok := m.numbers[id][f]; ok {
				r.number(p, title(f), v)
			} else {
				fmt.Fprintf(&r.b, `<td>%s</td>`, html.EscapeString(m.texts[id][f]))
			}
		}
		r.b.WriteString("</tr>")
	}
	r.b.WriteString("</table>")
}

func (r *renderer) number(p *dashboards.Panel, title string, v float64) {
	unit, decimals := p.FieldConfig.Defaults.Unit, -1
	if u, ok := property(p, title, "unit").(string); ok {
		unit = u
	}
	if d, ok := property(p, title, "decimals").(int); ok {
		decimals = d
	}
	style := ""
	if th, ok := property(p, title, "thresholds").(*dashboards.Thresholds); ok {
		style = ` style="color:#fff;background:` + colourOf(th, v) + `"`
	}
	fmt.Fprintf(&r.b, `<td class="n"%s>%s</td>`, style, html.EscapeString(format(v, unit, decimals)))
}

func property(p *dashboards.Panel, field, id string) any {
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if o.Matcher.Options == field && prop.ID == id {
				return prop.Value
			}
		}
	}
	return nil
}

func (r *renderer) states(p *dashboards.Panel, all []Series, w, h float64) {
	words := p.FieldConfig.Defaults.Mappings[0].(map[string]any)["options"].(map[string]any)
	g := &graph{b: &r.b, v: r.v, w: w, h: h - 20, left: min(w*0.3, 330), bottom: 18}
	each := (g.h - 24) / float64(len(all))
	fmt.Fprintf(&r.b, `<svg width="%s" height="%s">`, px(g.w), px(g.h))
	g.timeAxis()
	for i, s := range all {
		y := 6 + each*float64(i)
		fmt.Fprintf(&r.b, `<text x="%s" y="%s" class="tick" text-anchor="end">%s</text>`, px(g.left-6), px(y+each/2+4), html.EscapeString(s.Legend))
		for j, f := range s.Values {
			x := g.x(s.Times[j])
			m, _ := words[strconv.Itoa(int(f))].(map[string]any)
			fmt.Fprintf(&r.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="%s" fill-opacity="0.7"/>`, px(x), px(y+each*0.1), px(max(min(g.x(s.Times[j].Add(r.v.Step())), g.w-8)-x, 0)+0.3), px(each*0.8), named(fmt.Sprint(m["color"])))
		}
	}
	r.b.WriteString(`</svg><div class="legend">`)
	for _, k := range sorted(words) {
		m := words[k].(map[string]any)
		fmt.Fprintf(&r.b, `<span><i style="background:%s"></i>%s</span>`, named(fmt.Sprint(m["color"])), m["text"])
	}
	r.b.WriteString("</div>")
}

// heatmap draws classic buckets, whose values are cumulative.
func (r *renderer) heatmap(all []Series, w, h float64) {
	bound := func(s Series) float64 {
		f, err := strconv.ParseFloat(s.Labels["le"], 64)
		if err != nil {
			return math.Inf(1)
		}
		return f
	}
	slices.SortFunc(all, func(a, b Series) int { return -cmpDesc(bound(a), bound(b)) })
	if len(all) == 1 { // a native histogram: only its count is drawn here
		r.timeseries(&dashboards.Panel{FieldConfig: &dashboards.FieldConfig{}, Options: map[string]any{}}, all, w, h)
		return
	}
	g := &graph{b: &r.b, v: r.v, w: w, h: h, left: 62, bottom: 18}
	each := (g.h - 24) / float64(len(all))
	fmt.Fprintf(&r.b, `<svg width="%s" height="%s">`, px(w), px(h))
	g.timeAxis()
	most := 0.0
	cell := func(i, j int) float64 {
		v := all[i].Values[j]
		if i > 0 && j < len(all[i-1].Values) {
			v -= all[i-1].Values[j]
		}
		return max(v, 0)
	}
	for i := range all {
		for j := range all[i].Values {
			most = max(most, cell(i, j))
		}
	}
	for i := range all {
		y := 6 + each*float64(len(all)-1-i)
		if i%2 == 1 {
			fmt.Fprintf(&r.b, `<text x="56" y="%s" class="tick" text-anchor="end">%s</text>`, px(y+each/2+4), format(bound(all[i]), "s", -1))
		}
		for j := range all[i].Values {
			if v := cell(i, j); v > 0 {
				x := g.x(all[i].Times[j])
				fmt.Fprintf(&r.b, `<rect x="%s" y="%s" width="%s" height="%s" fill="#c4420d" fill-opacity="%.2f"/>`, px(x), px(y), px(g.x(all[i].Times[j].Add(r.v.Step()))-x), px(each-0.5), math.Sqrt(v/most))
			}
		}
	}
	r.b.WriteString("</svg>")
}

func (r *renderer) pie(p *dashboards.Panel, all []Series, w, h float64) {
	total := 0.0
	for _, s := range all {
		total += s.Values[0]
	}
	radius := min(h, w*0.45) / 2
	fmt.Fprintf(&r.b, `<div class="beside"><svg width="%s" height="%s"><g transform="translate(%s %s) rotate(-90)">`, px(w*0.45), px(h), px(w*0.225), px(h/2))
	at, c := 0.0, 2*math.Pi*radius*0.7
	for i, s := range all {
		share := s.Values[0] / total
		fmt.Fprintf(&r.b, `<circle r="%s" fill="none" stroke="%s" stroke-width="%s" stroke-dasharray="%s %s" stroke-dashoffset="%s"/>`, px(radius*0.7), palette(i), px(radius*0.3), px(share*c), px(c), px(-at*c))
		at += share
	}
	r.b.WriteString(`</g></svg><div class="side"><table><tr><th></th><th>Percent</th></tr>`)
	for i, s := range all {
		fmt.Fprintf(&r.b, `<tr><td><i style="background:%s"></i>%s</td><td class="n">%.0f%%</td></tr>`, palette(i), html.EscapeString(s.Legend), 100*s.Values[0]/total)
	}
	r.b.WriteString("</table></div></div>")
}
