package metrics

import (
	"slices"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/metrics/catalogue"
)

// The labels that Options.Without may name.
const (
	labelFrontend = "frontend"
	labelBackend  = "backend"
)

// without reports whether families with route labels leave a label out.
func (t *Table) without(label string) bool { return listed(t.opt.Without, label) }

// leaveLabels takes the labels of Options.Without from the families that leave them out.
func (t *Table) leaveLabels() {
	for i := range t.families.list {
		if f := &t.families.list[i]; f.Route && f.Group == catalogue.Log && f.Name != catalogue.UnservedTotal {
			f.Labels = slices.DeleteFunc(slices.Clone(f.Labels), t.without)
			f.Names = slices.DeleteFunc(f.Names, t.without)
		}
	}
}

// leftNames reports which of the names of frontend and backend no family needs.
func (t *Table) leftNames() (frontend, backend bool) {
	needs := func(label string, families ...string) bool {
		return slices.ContainsFunc(t.reg.families, func(f *family) bool {
			return slices.Contains(f.Names, label) || slices.Contains(families, f.Name)
		})
	}
	return !needs(labelFrontend, catalogue.FrontendRequestsTotal), !needs(labelBackend, catalogue.ServerRequestsTotal, catalogue.BackendRouteInfo)
}

// checkWithout reports labels that cannot be left out.
func (t *Table) checkWithout() []error {
	names := []string{labelFrontend, labelBackend}
	var errs []error
	for i, x := range t.opt.Without {
		switch {
		case listed(t.opt.Without[:i], x.Value):
			errs = append(errs, diag.List{x.Problem("the label "+x.Value+" is there twice", "")})
		case slices.Contains(names, x.Value):
		case slices.Contains(t.opt.RouteLabels, x.Value):
			errs = append(errs, diag.List{x.Problem(x.Value+" is a label of the route", "labels of the route are those that the templates name: {} skips a value there")})
		default:
			errs = append(errs, diag.List{x.Problem("the label "+x.Value+" cannot be left out", "frontend and backend can")})
		}
	}
	return errs
}
