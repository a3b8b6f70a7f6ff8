package promcheck

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/dashboards"
)

// units that are used on purpose: a typing error in a unit shows as a number without one.
func units() []string {
	return []string{"", "none", "short", "reqps", "ops", "cps", "Bps", "bytes", "s", "percent", "percentunit"}
}

func TestDashboardsAreWellFormed(t *testing.T) {
	uids, titles := map[string]bool{}, map[string]bool{}
	for _, d := range all(t) {
		if d.UID == "" || len(d.UID) > 40 || uids[d.UID] || titles[d.Title] || d.Description == "" || !slices.Contains(d.Tags, "haproxy-log") {
			t.Errorf("%q %q: uid or title not unique or too long, no description, or no tag", d.UID, d.Title)
		}
		uids[d.UID], titles[d.Title] = true, true
		ids := map[int]bool{}
		var open []*dashboards.Panel
		for _, p := range d.Panels {
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: id %d is used twice", d.Title, p.ID)
			}
			ids[p.ID] = true
			open = append(open, p)
			overlap(t, d.Title, p.Panels)
			for _, in := range p.Panels {
				if ids[in.ID] {
					t.Errorf("%s: id %d is used twice", d.Title, in.ID)
				}
				ids[in.ID] = true
			}
		}
		overlap(t, d.Title, open)
		panelTitles := map[string]bool{}
		for _, p := range d.Flat() {
			if panelTitles[p.Title] {
				t.Errorf("%s: two panels are called %q", d.Title, p.Title)
			}
			panelTitles[p.Title] = true
			panel(t, d.Title+": "+p.Title, p)
		}
		variables(t, d)
		raw, err := d.JSON()
		if err != nil || !json.Valid(raw) || strings.Contains(string(raw), "__inputs") || strings.Contains(string(raw), `"style"`) {
			t.Errorf("%s: no valid JSON, or __inputs or style in it: %v", d.Title, err)
		}
	}
	if len(uids) != 6 {
		t.Errorf("%d dashboards", len(uids))
	}
}

func overlap(t *testing.T, where string, panels []*dashboards.Panel) {
	for i, a := range panels {
		if a.GridPos.W < 1 || a.GridPos.H < 1 || a.GridPos.X < 0 || a.GridPos.X+a.GridPos.W > 24 {
			t.Errorf("%s: %s does not fit into 24 columns: %+v", where, a.Title, a.GridPos)
		}
		for _, b := range panels[:i] {
			x := a.GridPos.X < b.GridPos.X+b.GridPos.W && b.GridPos.X < a.GridPos.X+a.GridPos.W
			y := a.GridPos.Y < b.GridPos.Y+b.GridPos.H && b.GridPos.Y < a.GridPos.Y+a.GridPos.H
			if x && y {
				t.Errorf("%s: %s and %s overlap", where, a.Title, b.Title)
			}
		}
	}
}

func panel(t *testing.T, where string, p *dashboards.Panel) {
	if p.Title == "" || len(p.Description) < 10 || !strings.HasSuffix(p.Description, ".") {
		t.Errorf("%s: no title, or no description that is a sentence: %q", where, p.Description)
	}
	if p.Datasource == nil || p.Datasource.UID != "${datasource}" || len(p.Targets) == 0 {
		t.Errorf("%s: no data source variable or no query", where)
	}
	// Three panels in a line have 400 pixels each at 1280: less than 8 columns cannot be read, but for numbers.
	if p.GridPos.W < 8 && p.Type != "stat" {
		t.Errorf("%s: %d columns", where, p.GridPos.W)
	}
	if !slices.Contains(units(), p.FieldConfig.Defaults.Unit) || p.FieldConfig.Defaults.Unit == "" {
		t.Errorf("%s: unit %q", where, p.FieldConfig.Defaults.Unit)
	}
	refs := map[string]bool{}
	for _, q := range p.Targets {
		if refs[q.RefID] || q.Datasource.UID != "${datasource}" || q.Range == q.Instant {
			t.Errorf("%s: query %s: its id is used twice, or it has no data source, or is both instant and range", where, q.RefID)
		}
		refs[q.RefID] = true
		if strings.Contains(q.Expr, "[5m]") || strings.Contains(q.Expr, "[1m]") {
			t.Errorf("%s: a fixed window instead of $__rate_interval: %s", where, q.Expr)
		}
		if p.Type == "timeseries" && q.LegendFormat == "" {
			t.Errorf("%s: no legend: %s", where, q.Expr)
		}
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, prop := range o.Properties {
			if u, ok := prop.Value.(string); prop.ID == "unit" && (!ok || !slices.Contains(units(), u)) {
				t.Errorf("%s: unit %v", where, prop.Value)
			}
		}
	}
}

// variables: the data source first, then job and instance, and every variable that a query uses is there.
func variables(t *testing.T, d *dashboards.Dashboard) {
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Label == "" || v.Type == "query" && (v.Refresh != 2 || !v.Multi || !v.IncludeAll || v.AllValue == "") {
			t.Errorf("%s: variable %s", d.Title, v.Name)
		}
	}
	if len(names) < 3 || names[0] != "datasource" || names[1] != "job" || names[2] != "instance" {
		t.Errorf("%s: variables %v", d.Title, names)
	}
	used := map[string]bool{}
	var texts []string
	for _, p := range d.Flat() {
		for _, q := range p.Targets {
			texts = append(texts, macros().Replace(q.Expr))
		}
	}
	for _, v := range d.Templating.List {
		texts = append(texts, v.Definition)
	}
	for _, text := range texts {
		for _, m := range variable.FindAllStringSubmatch(text, -1) {
			used[m[1]] = true
			if !slices.Contains(names, m[1]) {
				t.Errorf("%s: $%s is no variable: %s", d.Title, m[1], text)
			}
		}
	}
	for _, n := range names {
		if !used[n] && n != "datasource" {
			t.Errorf("%s: variable %s is not used", d.Title, n)
		}
	}
}

// $1 is a group of label_replace, no variable.
var variable = regexp.MustCompile(`\$([a-z_]\w*)`)
