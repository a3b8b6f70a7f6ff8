package metrics

import (
	"slices"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

// Selectable returns the names of the families that Options.Only may hold, see catalogue.FromLines.
func Selectable() []string {
	var l []string
	for _, f := range catalogue.FromLines() {
		l = append(l, f.Name)
	}
	return l
}

// selected reports whether a family is counted and exposed.
func (t *Table) selected(name string) bool {
	if len(t.opt.Only) == 0 || !slices.Contains(t.selectable, name) {
		return true
	}
	return listed(t.opt.Only, name)
}

// listed reports whether a list of the configuration has a value.
func listed(l []spec.Text, value string) bool {
	return slices.ContainsFunc(l, func(x spec.Text) bool { return x.Value == value })
}

// Counted reports whether the family is counted from lines with these options; see Options.Only.
func (t *Table) Counted(name string) bool { return t.reg.byName[name] != nil }

// checkOnly reports names that are no families, or families that cannot be chosen.
func (t *Table) checkOnly() []error {
	var errs []error
	for i, x := range t.opt.Only {
		phase := t.phaseOf(x.Value)
		switch {
		case listed(t.opt.Only[:i], x.Value):
			errs = append(errs, diag.List{x.Problem("the family "+x.Value+" is there twice", "")})
		case phase >= 0 && !slices.Contains(t.opt.ExtraHistograms, catalogue.Phases()[phase]):
			errs = append(errs, diag.List{x.Problem(x.Value+" is made only when it is asked for", "histograms: {phases: ["+catalogue.Phases()[phase]+"]}")})
		case slices.Contains(t.selectable, x.Value):
		default:
			errs = append(errs, t.notSelectable(x))
		}
	}
	return errs
}

func (t *Table) notSelectable(x spec.Text) error {
	if _, ok := catalogue.Find(x.Value); ok {
		return diag.List{x.Problem(x.Value+" is not counted from lines and cannot be chosen here", "the exporter's own families are always there; those of a socket: haproxy: {include: […], exclude: […]}")}
	}
	for _, c := range t.counters {
		if c.name == x.Value {
			return diag.List{x.Problem("the counter "+x.Value+" is exposed because it is configured", "leave it out here")}
		}
	}
	return diag.List{x.Problem("there is no family "+x.Value, diag.DidYouMean(x.Value, t.selectable))}
}
