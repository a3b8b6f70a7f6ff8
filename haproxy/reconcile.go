package haproxy

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"

	"haproxy_log_exporter/metrics/catalogue"
)

// LineCount is what the log says about one frontend, over all sources of one HAProxy, since counting began.
type LineCount struct {
	// Requests is the number of lines that stand for HTTP requests.
	Requests float64
	// Local is how many of them HAProxy answered itself in the frontend (termination L…, backend = frontend):
	// redirects, returned answers, statistics.
	Local float64
}

// Reconciled compares HAProxy's count with the log's for one frontend, since both sides have been watched.
type Reconciled struct {
	Proxy string
	// Requests is how many requests should have a line: req_tot less those to monitor-uri. It never goes down.
	Requests float64
	// Lines is how many have one. It never goes down.
	Lines float64
	// Monitor is how many requests had no line because they were answered for monitor-uri. It never goes down.
	Monitor float64
}

// Missing is how many requests have no line so far. Requests in flight count; it is negative when workers served
// requests after they were last asked, which the log shows and the socket does not.
func (r *Reconciled) Missing() float64 { return r.Requests - r.Lines }

// Ratio is the share of requests that have a line; 1 when there were none.
func (r *Reconciled) Ratio() float64 {
	if r.Requests <= 0 {
		return 1
	}
	return r.Lines / r.Requests
}

// Reconciler compares requests that HAProxy counted with lines that were counted, by frontend.
//
// HAProxy counts every request of a frontend in req_tot. Those that it answers itself in the frontend are also in
// intercepted; hits of monitor-uri are among them and are the only ones without a line. So
//
//	requests that should have a line = req_tot − intercepted + local lines
//
// A redirect whose line is lost looks like a monitor hit: that much is not seen. Other requests without a line are
// what the comparison is for: lost lines, and what HAProxy hides by design (requests on a kept connection that
// the server broke off, dontlog-normal, sampling). Safe for concurrent use.
type Reconciler struct {
	mu    sync.Mutex
	sides map[string]*sides
}

// sides is the state of one frontend: the last values seen and the sums since both sides are watched.
type sides struct {
	Total, Intercepted, Requests, Local float64 // last seen
	SumTotal, SumIntercepted            float64
	SumRequests, SumLocal               float64
	Shown                               Reconciled
}

// NewReconciler returns one that has seen nothing.
func NewReconciler() *Reconciler { return &Reconciler{sides: map[string]*sides{}} }

// Update takes one scrape: res from the socket, lines from the log at (nearly) the same time. Do not call it while
// the log's backlog is read. The first time that a frontend is seen on the socket sets the point of departure;
// it counts from there. Results are sorted by proxy and belong to the caller.
func (r *Reconciler) Update(res *Result, lines map[string]LineCount) []Reconciled {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Reconciled
	for i := range res.Objects[catalogue.ScopeFrontend] {
		o := &res.Objects[catalogue.ScopeFrontend][i]
		total, ok := o.Value("req_tot")
		if !ok {
			continue // a frontend in TCP mode has sessions, not requests
		}
		intercepted, _ := o.Value("intercepted")
		line := lines[o.Proxy]
		s := r.sides[o.Proxy]
		if s == nil {
			s = &sides{Total: total, Intercepted: intercepted, Requests: line.Requests, Local: line.Local}
			s.Shown.Proxy = o.Proxy
			r.sides[o.Proxy] = s
		}
		s.add(total, intercepted, line)
		out = append(out, s.Shown)
	}
	slices.SortFunc(out, func(a, b Reconciled) int {
		if a.Proxy < b.Proxy {
			return -1
		}
		return 1
	})
	return out
}

func (s *sides) add(total, intercepted float64, line LineCount) {
	s.SumTotal += since(&s.Total, total)
	s.SumIntercepted += since(&s.Intercepted, intercepted)
	s.SumRequests += since(&s.Requests, line.Requests)
	s.SumLocal += since(&s.Local, line.Local)
	// A request that was answered locally is intercepted before its line is read: never step back for it.
	monitor := max(0, s.SumIntercepted-s.SumLocal)
	s.Shown.Requests = max(s.Shown.Requests, s.SumTotal-monitor)
	s.Shown.Lines = max(s.Shown.Lines, s.SumRequests)
	s.Shown.Monitor = max(s.Shown.Monitor, s.SumTotal-s.Shown.Requests)
}

// since returns how much a counter rose and remembers its value; after a restart, all of it.
func since(last *float64, now float64) float64 {
	rise := now - *last
	if rise < 0 {
		rise = now
	}
	*last = now
	return rise
}

// Current returns the last comparison without a new one, sorted by proxy.
func (r *Reconciler) Current() []Reconciled {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []Reconciled
	for _, s := range r.sides {
		out = append(out, s.Shown)
	}
	slices.SortFunc(out, func(a, b Reconciled) int {
		if a.Proxy < b.Proxy {
			return -1
		}
		return 1
	})
	return out
}

// MarshalBinary returns the state for the snapshot.
func (r *Reconciler) MarshalBinary() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return json.Marshal(r.sides)
}

// UnmarshalBinary restores the state; on an error nothing changes.
func (r *Reconciler) UnmarshalBinary(b []byte) error {
	var sides map[string]*sides
	if err := json.Unmarshal(b, &sides); err != nil {
		return fmt.Errorf("comparison of log and socket: %w", err)
	}
	for name, s := range sides {
		if s == nil || math.IsNaN(s.Shown.Requests) {
			return fmt.Errorf("comparison of log and socket: frontend %q has no values", name)
		}
	}
	if sides == nil {
		return fmt.Errorf("comparison of log and socket: no state")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sides = sides
	return nil
}
