package dashboards

// q is a query with the text of its legend.
type q struct{ expr, legend string }

func targets(qs []q) []Target {
	var out []Target
	for i, x := range qs {
		out = append(out, Target{RefID: string(rune('A' + i)), Datasource: source(), EditorMode: "code", Expr: x.expr, LegendFormat: x.legend, Range: true})
	}
	return out
}

func instant(qs []q, format string) []Target {
	out := targets(qs)
	for i := range out {
		out[i].Instant, out[i].Range, out[i].Format = true, false, format
	}
	return out
}

func ptr[T any](v T) *T { return &v }

func size(w, h int) GridPos { return GridPos{W: w, H: h} }

// steps are thresholds: a first colour, then pairs of value and colour.
func steps(first string, more ...any) *Thresholds {
	t := &Thresholds{Mode: "absolute", Steps: []Step{{Color: first}}}
	for i := 0; i+1 < len(more); i += 2 {
		v, ok := more[i].(float64)
		if !ok {
			v = float64(more[i].(int))
		}
		t.Steps = append(t.Steps, Step{Color: more[i+1].(string), Value: &v})
	}
	return t
}

func base(kind, title, help, unit string, at GridPos) *Panel {
	return &Panel{
		Type: kind, Title: title, Description: help, GridPos: at, Datasource: source(),
		FieldConfig: &FieldConfig{Defaults: Field{Unit: unit, Mappings: []any{}}, Overrides: []Override{}},
	}
}

// stat is one large number with its history behind it.
func stat(title, help, unit string, w int, th *Thresholds, qs ...q) *Panel {
	p := base("stat", title, help, unit, size(w, 4))
	p.Targets = targets(qs)
	p.FieldConfig.Defaults.Thresholds = th
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	p.FieldConfig.Defaults.NoValue = "–"
	p.Options = map[string]any{
		"colorMode": "value", "graphMode": "area", "justifyMode": "auto", "orientation": "auto", "textMode": "value",
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	return p
}

// plain leaves out the history of a number that is about the whole range.
func (p *Panel) plain() *Panel { p.Options["graphMode"] = "none"; return p }

// lines is a time series.
func lines(title, help, unit string, at GridPos, qs ...q) *Panel {
	p := base("timeseries", title, help, unit, at)
	p.Targets = targets(qs)
	d := &p.FieldConfig.Defaults
	d.Min = ptr(0.0)
	d.Color = map[string]any{"mode": "palette-classic"}
	d.Custom = map[string]any{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never", "spanNulls": false, "axisSoftMin": 0,
		"stacking": map[string]any{"mode": "none", "group": "A"},
	}
	p.Options = map[string]any{
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []string{}},
		"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
	}
	return p
}

// stacked adds the series up.
func (p *Panel) stacked() *Panel {
	c := p.FieldConfig.Defaults.Custom
	c["stacking"], c["fillOpacity"] = map[string]any{"mode": "normal", "group": "A"}, 60
	return p
}

// limits draws the thresholds as lines.
func (p *Panel) limits(th *Thresholds) *Panel {
	p.FieldConfig.Defaults.Thresholds = th
	p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "dashed"}
	return p
}

// legendTable puts the legend beside the panel, with the last and the largest value: for wide panels.
func (p *Panel) legendTable() *Panel {
	p.Options["legend"] = map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "calcs": []string{"lastNotNull", "max"}, "sortBy": "Max", "sortDesc": true}
	return p
}

func (p *Panel) max(v float64) *Panel { p.FieldConfig.Defaults.Max = &v; return p }

func (p *Panel) free() *Panel { p.FieldConfig.Defaults.Min = nil; return p }

func (p *Panel) needs(what string) *Panel { p.Needs = what; return p }

// rare marks a panel that is empty as long as nothing is wrong.
func (p *Panel) rare() *Panel {
	p.Rare = true
	p.FieldConfig.Defaults.NoValue = "none"
	return p
}

// colour gives a series of that name a fixed colour.
func (p *Panel) colour(name, colour string) *Panel {
	return p.override("byName", name, Property{"color", map[string]any{"mode": "fixed", "fixedColor": colour}})
}

func (p *Panel) override(by string, what any, props ...Property) *Panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{Matcher{by, what}, props})
	return p
}

// states is a state time line with words and colours for values.
func states(title, help string, at GridPos, words map[string][2]string, qs ...q) *Panel {
	p := base("state-timeline", title, help, "none", at)
	p.Targets = targets(qs)
	opts := map[string]any{}
	i := 0
	for _, v := range []string{"0", "1", "2", "3", "4"} {
		if w, ok := words[v]; ok {
			opts[v] = map[string]any{"text": w[0], "color": w[1], "index": i}
			i++
		}
	}
	d := &p.FieldConfig.Defaults
	d.Mappings = []any{map[string]any{"type": "value", "options": opts}}
	d.Color = map[string]any{"mode": "thresholds"}
	d.Thresholds = steps("text")
	d.Custom = map[string]any{"fillOpacity": 70, "lineWidth": 0}
	p.Options = map[string]any{
		"mergeValues": true, "showValue": "never", "alignValue": "left", "rowHeight": 0.8,
		"legend":  map[string]any{"displayMode": "list", "placement": "bottom", "showLegend": true},
		"tooltip": map[string]any{"mode": "single", "sort": "none"},
	}
	return p
}

// column is a column of a table: the field's name in the result and how it is shown.
type column struct {
	field, title, unit string
	width              int
	props              []Property
}

// table shows instant queries merged by their labels; columns in their order, other fields left out.
func table(title, help string, at GridPos, sortBy string, cols []column, qs ...q) *Panel {
	p := base("table", title, help, "short", at)
	p.Targets = instant(qs, "table")
	index, rename, exclude := map[string]any{}, map[string]any{}, map[string]any{"Time": true}
	for i, c := range cols {
		index[c.field], rename[c.field] = i, c.title
		props := columnProperties(c)
		if len(props) > 0 {
			p.override("byName", c.title, props...)
		}
	}
	for _, f := range []string{"job", "instance", "__name__", "Value"} {
		if _, used := rename[f]; !used {
			exclude[f] = true
		}
	}
	p.FieldConfig.Defaults.Custom = map[string]any{"align": "auto", "cellOptions": map[string]any{"type": "auto"}, "filterable": true}
	p.FieldConfig.Defaults.Thresholds = steps("text")
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "thresholds"}
	p.Options = map[string]any{
		"showHeader": true, "cellHeight": "sm", "footer": map[string]any{"show": false, "reducer": []string{"sum"}, "fields": []string{}},
		"sortBy": []any{map[string]any{"displayName": sortBy, "desc": true}},
	}
	p.Transformations = []Transformation{
		{ID: "merge", Options: map[string]any{}},
		{ID: "organize", Options: map[string]any{"excludeByName": exclude, "indexByName": index, "renameByName": rename}},
	}
	return p
}

func columnProperties(c column) []Property {
	var out []Property
	if c.unit != "" {
		out = append(out, Property{"unit", c.unit})
	}
	if c.width > 0 {
		out = append(out, Property{"custom.width", c.width})
	}
	return append(out, c.props...)
}

// coloured fills the cell by thresholds.
func coloured(th *Thresholds) []Property {
	return []Property{
		{"thresholds", th},
		{"custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"}},
	}
}

// toPartner links a cell with a partner to its dashboard.
func toPartner() []Property {
	return []Property{{"links", []Link{{
		Title: "Partner",
		URL:   "/d/haproxy-log-partner?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}&var-partner=${__value.raw}",
	}}}}
}

// heatmap shows how durations are spread.
func heatmap(title, help string, at GridPos, x q, native bool) *Panel {
	p := base("heatmap", title, help, "s", at)
	p.Targets = targets([]q{x})
	if !native {
		p.Targets[0].Format = "heatmap"
	}
	p.Options = map[string]any{
		"calculate": false, "cellGap": 1,
		"color":     map[string]any{"mode": "scheme", "scheme": "Oranges", "exponent": 0.5, "steps": 64, "reverse": false, "fill": "dark-orange"},
		"yAxis":     map[string]any{"unit": "s", "axisPlacement": "left"},
		"tooltip":   map[string]any{"mode": "single", "yHistogram": false, "showColorScale": false},
		"legend":    map[string]any{"show": true},
		"rowsFrame": map[string]any{"layout": "auto"}, "filterValues": map[string]any{"le": 1e-9}, "showValue": "never",
	}
	return p
}

// pie is a donut with a legend beside it.
func pie(title, help, unit string, at GridPos, x q) *Panel {
	p := base("piechart", title, help, unit, at)
	p.Targets = instant([]q{x}, "time_series")
	p.FieldConfig.Defaults.Color = map[string]any{"mode": "palette-classic"}
	p.Options = map[string]any{
		"pieType": "donut", "displayLabels": []string{},
		"legend":        map[string]any{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"percent"}},
		"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		"tooltip":       map[string]any{"mode": "single", "sort": "none"},
	}
	return p
}
