package metrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics/catalogue"
)

// Table is what the sources of an exporter share: the registry of series, the rules and layouts, and the
// sum of sources that are gone. Its methods are safe for concurrent use; its lock is taken when a series
// is born, and for moments by Merge.
type Table struct {
	opt        Options
	multi      bool // series carry haproxy
	families   *Families
	schema     *labels.Schema
	admission  *labels.Admission
	buckets    *buckets
	native     *nativeIndex
	rules      []Rule
	terms      *termTable
	methods    *methodTable
	within     map[string]uint32 // ms, by SLA
	failCodes  map[int]bool
	counters   []*customCounter
	selectable []string // names that opt.Only may hold
	fam        hotFamilies
	layout     layouts
	phaseAt    [numPhases]uint32

	generation atomic.Uint32 // changes when limits are reset: series that became other are tried again

	mu     sync.Mutex
	reg    registry
	births int64                          // when series are born, 0 for now
	base   []uint64                       // sums of removed sources and of a restored snapshot
	values map[string]map[string]struct{} // admitted values of labels that labels.Admission does not know
	idle   idleState
	plain  uint32 // prefix without any label

	pool sync.Pool // values of cuts
}

// hotFamilies are the families that lines move, by name.
type hotFamilies struct {
	requests, duration, response, phaseSeconds, phaseObs, aborts, retries, redispatches *family
	reqBytes, respBytes, sla, failures, unserved, servers, sessions, sessionDuration    *family
	frontends, routeInfo, backendInfo, lines, overflow, native                          *family
	phases                                                                              []phaseHistogram
}

// phaseHistogram is a histogram that the configuration adds.
type phaseHistogram struct {
	phase  int // index in catalogue.Phases
	family *family
}

// NewTable prepares the registry for these options. The schema names the route labels and declares
// routes, whose series are born at once. Every problem of the options is reported.
func NewTable(opt Options, schema *labels.Schema) (*Table, error) {
	opt.setDefaults()
	if opt.RouteLabels == nil {
		opt.RouteLabels = schema.Names()
	}
	t := &Table{
		opt: opt, multi: len(opt.HAProxies) > 1, schema: schema, admission: opt.Admission,
		buckets: newBuckets(opt.Buckets, opt.SLAs), rules: OutcomeRules(), terms: newTermTable(), methods: newMethodTable(),
		within: map[string]uint32{}, failCodes: map[int]bool{}, selectable: Selectable(), reg: newRegistry(len(opt.HAProxies) > 1, opt.RouteLabels), values: map[string]map[string]struct{}{},
	}
	if !opt.NoNative {
		t.native = newNativeIndex()
	}
	if t.admission == nil {
		t.admission = labels.NewAdmission(schema, labels.Limits{})
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	for _, s := range opt.SLAs {
		t.within[s.Name] = withinMS(s)
	}
	for _, c := range opt.FailStatus {
		t.failCodes[c] = true
	}
	t.families = NewFamilies(opt.RouteLabels, t.multi, t.customFamilies()...)
	t.leaveLabels()
	t.openFamilies()
	t.plain = t.reg.prefix("", nil, nil)
	t.newLayouts()
	t.phaseAt = phaseOffsets()
	t.declare()
	return t, nil
}

// withinMS returns the limit of an SLA in milliseconds.
func withinMS(s SLA) uint32 {
	d := s.Within
	if d <= 0 {
		d = s.Timeout
	}
	return uint32(min(d.Milliseconds(), math.MaxUint32))
}

func (t *Table) check() error {
	var errs []error
	if n := len(t.buckets.bounds); n > MaxBuckets {
		errs = append(errs, fmt.Errorf("%d histogram buckets, with the timeouts of the SLAs; at most %d are possible", n, MaxBuckets))
	}
	for _, p := range t.opt.ExtraHistograms {
		if !slices.Contains(catalogue.Phases(), p) {
			errs = append(errs, fmt.Errorf("histogram of phase %q: the phases are %v", p, catalogue.Phases()))
		}
	}
	for _, h := range t.opt.HAProxies {
		if h == "" && t.multi {
			errs = append(errs, errors.New("each of several HAProxies needs a name"))
		}
	}
	errs = append(errs, t.compileCounters()...)
	errs = append(errs, t.checkOnly()...)
	return errors.Join(append(errs, t.checkWithout()...)...)
}

// Families returns the catalogue as this table exposes it; Samples for the same page use it too.
func (t *Table) Families() *Families { return t.families }

// Schema returns the route labels.
func (t *Table) Schema() *labels.Schema { return t.schema }

// Admission returns the shared admission of label values.
func (t *Table) Admission() *labels.Admission { return t.admission }

// openFamilies makes the registry's families: those of the log, and the few others that lines move.
func (t *Table) openFamilies() {
	for i := range t.families.list {
		f := &t.families.list[i]
		optional := t.phaseOf(f.Name)
		switch {
		case optional >= 0 && !slices.Contains(t.opt.ExtraHistograms, catalogue.Phases()[optional]):
			continue
		case !t.selected(f.Name):
			continue
		case f.Group == catalogue.Log, f.Name == catalogue.LinesTotal, f.Name == catalogue.OverflowTotal,
			f.Name == catalogue.RouteInfo, f.Name == catalogue.BackendRouteInfo:
		default:
			continue
		}
		r := t.open(f)
		if optional >= 0 {
			t.fam.phases = append(t.fam.phases, phaseHistogram{phase: optional, family: r})
		}
	}
	if d := t.reg.byName[catalogue.RequestDuration]; d == nil {
		t.native = nil
	} else if t.native != nil {
		t.fam.native = &family{Family: d.Family, width: nativePerOctave}
	}
	for name, to := range t.fam.byName() {
		*to = t.reg.byName[name]
	}
}

func (t *Table) open(f *Family) *family {
	r := &family{Family: f, width: 1, lines: 1}
	switch {
	case f.Type == catalogue.Histogram:
		r.buckets, r.width, r.lines = t.buckets, t.buckets.width(), t.buckets.lines()
		if f.Name == catalogue.RequestDuration && t.native != nil {
			r.width++ // the native histogram's count of zeros
		}
	case f.Group == catalogue.Static:
		r.width = 0
	case f.Group == catalogue.Self:
		r.lines = 0 // not part of the limit: one for each source
	}
	t.reg.families = append(t.reg.families, r)
	t.reg.byName[f.Name] = r
	return r
}

// phaseOf returns the phase whose optional histogram has that name, -1 for other names.
func (t *Table) phaseOf(name string) int {
	return slices.IndexFunc(catalogue.Phases(), func(p string) bool { return catalogue.PhaseDuration(p) == name })
}

func (h *hotFamilies) byName() map[string]**family {
	return map[string]**family{
		catalogue.RequestsTotal: &h.requests, catalogue.RequestDuration: &h.duration, catalogue.ResponseDuration: &h.response,
		catalogue.PhaseSecondsTotal: &h.phaseSeconds, catalogue.PhaseObservationsTotal: &h.phaseObs, catalogue.AbortsTotal: &h.aborts,
		catalogue.RetriesTotal: &h.retries, catalogue.RedispatchesTotal: &h.redispatches, catalogue.RequestBytesTotal: &h.reqBytes,
		catalogue.ResponseBytesTotal: &h.respBytes, catalogue.SLARequestsTotal: &h.sla, catalogue.FailuresTotal: &h.failures,
		catalogue.UnservedTotal: &h.unserved, catalogue.ServerRequestsTotal: &h.servers, catalogue.SessionsTotal: &h.sessions,
		catalogue.SessionDuration: &h.sessionDuration, catalogue.FrontendRequestsTotal: &h.frontends, catalogue.RouteInfo: &h.routeInfo,
		catalogue.BackendRouteInfo: &h.backendInfo, catalogue.LinesTotal: &h.lines, catalogue.OverflowTotal: &h.overflow,
	}
}
