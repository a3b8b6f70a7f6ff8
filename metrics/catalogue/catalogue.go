// Package catalogue is the one list of every metric family that the exporter can expose.
//
// Registration, the text writers, docs/METRICS.md, the output of `check`, and the tests of the
// dashboards and alert rules all read this list; no metric name is written anywhere else.
// The package imports nothing but the standard library, so that generators in other modules
// can use the names.
package catalogue

import "slices"

// Type is the OpenMetrics type of a family.
type Type uint8

// The types in use. Info-style families (value always 1) are gauges, as in HAProxy's own exporter.
const (
	Counter Type = iota
	Gauge
	Histogram
)

// String returns the type's name as it stands in a "# TYPE" line.
func (t Type) String() string {
	switch t {
	case Counter:
		return "counter"
	case Gauge:
		return "gauge"
	case Histogram:
		return "histogram"
	}
	return "unknown"
}

// Group says where a family's values come from; it decides when the family is exposed.
type Group uint8

const (
	// Log families are counted from log lines. They are left out of a scrape while a backlog is read.
	Log Group = iota
	// Static families follow from the configuration and from what was seen (information and objectives).
	Static
	// Self families tell about the exporter; they are always served.
	Self
	// Socket families tell about the runtime sockets, workers and reloads; they are always served.
	Socket
	// Native families have the names, labels and units of HAProxy's own exporter.
	Native
)

// String returns the heading that docs/METRICS.md uses for the group.
func (g Group) String() string {
	switch g {
	case Log:
		return "Requests and sessions, counted from the log"
	case Static:
		return "Routes, objectives and explanations"
	case Self:
		return "The exporter itself"
	case Socket:
		return "Runtime sockets, workers and log completeness"
	case Native:
		return "HAProxy's own counters (names and labels of HAProxy's exporter)"
	}
	return "Other"
}

// Family describes one metric family.
type Family struct {
	Name string // full name, with _total for counters
	Type Type
	Help string // one sentence; unit included where it is not plain from the name
	// Route families carry the configured route labels (RouteLabels by default) before Labels.
	Route  bool
	Labels []string // label names in exposition order, after the route labels
	Group  Group
	// Milliseconds says that values are kept in whole milliseconds and exposed in seconds.
	Milliseconds bool
	// Optional families appear only with a setting or an HAProxy version that has them; Note says which.
	Note string
}

// RouteLabels returns the default names of the route labels, in exposition order.
// Their names and sources are configurable; "service" would collide with Kubernetes target labels.
func RouteLabels() []string {
	return []string{"client", "client_env", "partner", "partner_env", "partner_service", "sla"}
}

// HAProxyLabel is the label that every metric of a HAProxy carries when more than one is configured.
const HAProxyLabel = "haproxy"

// Other is the label value that stands for every value that is not admitted on its own.
const Other = "other"

// LabelNames returns all label names of the family for the given route labels, in exposition order.
func (f *Family) LabelNames(route []string) []string {
	if !f.Route {
		return slices.Clone(f.Labels)
	}
	return append(slices.Clone(route), f.Labels...)
}

// All returns every family: those of the log, of the exporter, of the sockets, and HAProxy's own.
// The order is the order of exposition. The result is a fresh slice.
func All() []Family {
	return slices.Concat(logFamilies(), staticFamilies(), selfFamilies(), socketFamilies(), nativeFamilies())
}

// FromLines returns the families that lines move, and the information about routes that comes with them.
func FromLines() []Family {
	return append(logFamilies(), slices.DeleteFunc(staticFamilies(), func(f Family) bool {
		return f.Name != RouteInfo && f.Name != BackendRouteInfo
	})...)
}

// Find returns the family with that name.
func Find(name string) (Family, bool) {
	for _, f := range All() {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}
