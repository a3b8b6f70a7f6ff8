package metrics

import (
	"math"
	"strings"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics/catalogue"
)

// AddHAProxy appends everything that the sockets of one HAProxy told: its own families, and those about sockets,
// workers and reloads. Values that HAProxy does not have are left out (its own exporter writes NaN for them, which
// spoils sums).
func (s *Samples) AddHAProxy(r *haproxy.Result) {
	s.SetHAProxy(r.Name)
	s.addSockets(r)
	s.addWorkers(r)
	for _, scope := range catalogue.Scopes() {
		s.addScope(r, scope)
	}
	for _, e := range r.Entries {
		s.Add(catalogue.StickTableEntryUsed, e.Value, valid(e.Table), valid(e.Key), valid(e.Counter))
	}
}

// AddReconciled appends the comparison of one HAProxy's requests with its lines.
func (s *Samples) AddReconciled(name string, list []haproxy.Reconciled) {
	s.SetHAProxy(name)
	for i := range list {
		r := &list[i]
		proxy := valid(r.Proxy)
		s.Add(catalogue.ReconcileRequestsTotal, r.Requests, proxy)
		s.Add(catalogue.ReconcileLinesTotal, r.Lines, proxy)
		s.Add(catalogue.ReconcileExpectedTotal, r.Monitor, proxy, "monitor")
		s.Add(catalogue.ReconcileMissing, r.Missing(), proxy)
	}
}

func (s *Samples) addSockets(r *haproxy.Result) {
	for _, k := range r.Sockets {
		s.Bool(catalogue.Up, k.Up, valid(k.Socket))
		s.Add(catalogue.ScrapeDuration, k.Duration.Seconds(), valid(k.Socket))
		for _, reason := range haproxy.Reasons() { // all of them from the start, so that the first error is an increase
			s.Add(catalogue.SocketQueryErrorsTotal, float64(r.Errors[haproxy.SocketError{Socket: k.Socket, Reason: reason}]), valid(k.Socket), string(reason))
		}
	}
	for _, scope := range catalogue.Scopes() {
		if n := r.Omitted[scope]; n > 0 {
			s.Add(catalogue.HAProxyMetricsOmitted, float64(n), scope.String())
		}
	}
}

func (s *Samples) addWorkers(r *haproxy.Result) {
	count := map[haproxy.WorkerState]int{}
	for _, w := range r.Workers {
		count[w.State]++
	}
	for _, state := range catalogue.WorkerStates() {
		s.Add(catalogue.Workers, float64(count[haproxy.WorkerState(state)]), state)
	}
	s.Add(catalogue.ReloadsTotal, float64(r.Reloads))
	s.Add(catalogue.WorkerCounterResetsTotal, float64(r.CounterResets))
	s.Bool(catalogue.SharedStatsFile, r.SharedStats)
	if !r.Master {
		return
	}
	if r.ReloadStateKnown {
		s.Bool(catalogue.LastReloadFailed, r.LastReloadFailed)
	}
	s.Add(catalogue.OldWorkerAge, r.OldWorkerAge.Seconds())
	s.Add(catalogue.OldWorkerSessions, r.OldWorkerSessions)
}

func (s *Samples) addScope(r *haproxy.Result, scope catalogue.Scope) {
	for i := range r.Fields[scope] {
		f := &r.Fields[scope][i]
		name := f.Name()
		if scope == catalogue.ScopeStickTable {
			for _, t := range r.Tables {
				s.addNumber(name, t.Values[f.Index], valid(t.Name), valid(t.Type))
			}
			continue
		}
		for o := range r.Objects[scope] {
			s.addField(r, name, f, &r.Objects[scope][o])
		}
	}
}

func (s *Samples) addField(r *haproxy.Result, name string, f *haproxy.Field, o *haproxy.Object) {
	labels := identity(o)
	switch f.Kind {
	case catalogue.KindNumber, catalogue.KindCheckCode:
		v := o.Values[f.Index]
		if f.Millis {
			v /= 1000
		}
		s.addNumber(name, v, labels...)
	case catalogue.KindCode:
		s.addNumber(name, o.Values[f.Index], append(labels, f.Code)...)
	case catalogue.KindFrontendStatus, catalogue.KindBackendStatus, catalogue.KindServerStatus, catalogue.KindListenerStatus:
		s.addStates(name, f.Kind, o.Status, labels)
	case catalogue.KindCheckStatus:
		text := o.Check
		if f.Field == "agent_status" {
			text = o.Agent
		}
		s.addStates(name, f.Kind, text, labels)
	case catalogue.KindServerStates:
		s.addCounts(name, f.Kind, o.ServerStates, labels)
	case catalogue.KindCheckStates:
		s.addCounts(name, f.Kind, o.CheckStates, labels)
	case catalogue.KindInfo:
		if text := infoText(r.Info, f.Field); text != "" {
			s.Add(name, 1, append(labels, valid(text))...)
		}
	}
}

// identity returns the label values that name an object, with room for one more.
func identity(o *haproxy.Object) []string {
	out := make([]string, 0, 3)
	switch o.Scope {
	case catalogue.ScopeFrontend, catalogue.ScopeBackend:
		out = append(out, valid(o.Proxy))
	case catalogue.ScopeListener, catalogue.ScopeServer, catalogue.ScopeResolver:
		out = append(out, valid(o.Proxy), valid(o.Name))
	}
	return out
}

func infoText(i *haproxy.Info, field string) string {
	switch {
	case i == nil:
		return ""
	case field == "node":
		return i.Node
	case field == "description":
		return i.Description
	}
	return i.Version
}

func (s *Samples) addNumber(name string, v float64, labels ...string) {
	if !math.IsNaN(v) {
		s.Add(name, v, labels...)
	}
}

// addStates writes one sample for each state, none at all when the object has no such text.
func (s *Samples) addStates(name string, kind catalogue.Kind, text string, labels []string) {
	if text == "" {
		return
	}
	holds := haproxy.StateOf(kind, text)
	for _, state := range kind.States() {
		s.Bool(name, state == holds, append(labels, state)...)
	}
}

func (s *Samples) addCounts(name string, kind catalogue.Kind, counts []int, labels []string) {
	for i, n := range counts {
		s.Add(name, float64(n), append(labels, kind.States()[i])...)
	}
}

// valid makes a name of HAProxy's configuration fit for a label: it may hold any bytes.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
