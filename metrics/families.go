// Package metrics turns log records into series and series into an exposition.
//
// A Table owns the registry of series (families, label text, value offsets); each source counts into
// a Shard, a flat array indexed by those offsets, which it alone writes. A scrape copies the shards,
// merges them into a Cut, saves the Cut and answers from it. Families that are not counted from lines
// (the exporter itself, sockets, objectives) are collected in Samples and written by the same writers.
package metrics

import (
	"slices"

	"haproxy_log_exporter/metrics/catalogue"
)

// Family is a family of the catalogue with its final label names.
type Family struct {
	catalogue.Family
	Names []string // all label names in exposition order: haproxy, the route labels, the family's own

	perHAProxy bool // Names starts with haproxy
	order      int  // place in the exposition
}

// Families is the catalogue expanded with the configured route labels. It is immutable.
type Families struct {
	list  []Family
	index map[string]int
}

// NewFamilies expands the catalogue. route holds the names of the route labels in exposition order;
// multi says that more than one HAProxy is configured, so that every metric of a HAProxy carries the
// label haproxy; extra families (configured counters) come after the catalogue's.
func NewFamilies(route []string, multi bool, extra ...catalogue.Family) *Families {
	all := append(catalogue.All(), extra...)
	fs := &Families{list: make([]Family, 0, len(all)), index: make(map[string]int, len(all))}
	for i := range all {
		f := Family{Family: all[i], Names: all[i].LabelNames(route), order: i}
		if multi && ofHAProxy(&all[i]) {
			f.perHAProxy = true
			f.Names = slices.Insert(f.Names, 0, catalogue.HAProxyLabel)
		}
		fs.index[f.Name] = i
		fs.list = append(fs.list, f)
	}
	return fs
}

// ofHAProxy says whether values of the family belong to one HAProxy.
func ofHAProxy(f *catalogue.Family) bool {
	switch f.Group {
	case catalogue.Log, catalogue.Socket, catalogue.Native:
		return true
	case catalogue.Static:
		return f.Name == catalogue.BackendRouteInfo || f.Name == catalogue.Hazard
	default:
		return false
	}
}

// Find returns the family with that name.
func (fs *Families) Find(name string) (*Family, bool) {
	i, ok := fs.index[name]
	if !ok {
		return nil, false
	}
	return &fs.list[i], true
}
