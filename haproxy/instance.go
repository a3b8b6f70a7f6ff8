package haproxy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

// Metrics says how many of HAProxy's own families are exposed.
type Metrics string

// The values of --haproxy.socket.metrics. With None the sockets are still read: for up, workers, reloads and
// the comparison with the log.
const (
	MetricsAll     Metrics = "all"
	MetricsMinimal Metrics = "minimal"
	MetricsNone    Metrics = "none"
)

// Options describe one HAProxy.
type Options struct {
	Name         string   // value of the label haproxy; only matters with several
	Sockets      []string // of its processes, see ParseAddress; several sockets are summed
	MasterSocket string   // master CLI, or ""
	Timeout      time.Duration
	ReplyLimit   int // bytes of one reply, DefaultReplyLimit when 0

	Metrics Metrics                // MetricsAll when ""
	Scopes  []catalogue.Scope      // scopes to expose, all when empty
	Match   func(name string) bool // families to expose, all when nil
	// ExcludeMaint leaves out servers that somebody put in maintenance, never those in MAINT (resolution).
	ExcludeMaint bool
	// Entries are stick tables whose top entries are exposed. They need a socket at level operator.
	Entries []EntriesRequest
	// SharedStats says whether workers share counters (shm-stats-file); nil finds out.
	SharedStats *bool

	Now func() time.Time // time.Now when nil; for tests
}

// EntriesRequest names a stick table and how many entries are shown for each of its counters.
type EntriesRequest struct {
	Table string
	Top   int // at most 100
}

// MaxEntries bounds EntriesRequest.Top.
const MaxEntries = 100

// DefaultTimeout is the time for one scrape of all sockets of a HAProxy when Options.Timeout is 0.
const DefaultTimeout = 5 * time.Second

// Instance is one HAProxy: its sockets, its workers, and what they have counted so far. Safe for concurrent use.
type Instance struct {
	opt     Options
	schema  *schema
	sockets []Address
	master  *Address
	fields  map[catalogue.Scope][]Field
	now     func() time.Time

	flights sync.Mutex
	flight  *flight // the scrape under way, nil for none

	mu     sync.Mutex // guards the following; held for the commit of a scrape, never during one
	acc    *accumulator
	reload reloadState
	errors map[SocketError]uint64
	at     map[string]WorkerID // the worker that answered last, by socket
}

// flight is a scrape that several callers may wait for.
type flight struct {
	done   chan struct{}
	result *Result
}

// NewInstance checks the options; it does not connect to anything. The error names every socket that is wrong.
func NewInstance(opt Options) (*Instance, error) {
	in := &Instance{opt: opt, schema: newSchema(), now: opt.Now, errors: map[SocketError]uint64{}, at: map[string]WorkerID{}}
	var errs []error
	for _, text := range opt.Sockets {
		a, err := ParseAddress(text)
		errs = append(errs, err)
		in.sockets = append(in.sockets, a)
	}
	if opt.MasterSocket != "" {
		a, err := ParseAddress(opt.MasterSocket)
		errs = append(errs, err)
		in.master = &a
	}
	if in.opt.Metrics == "" {
		in.opt.Metrics = MetricsAll
	}
	if !slices.Contains([]Metrics{MetricsAll, MetricsMinimal, MetricsNone}, in.opt.Metrics) {
		errs = append(errs, fmt.Errorf("haproxy.socket.metrics is %q, not all, minimal or none", opt.Metrics))
	}
	seen := map[string]bool{}
	for _, e := range opt.Entries {
		if seen[e.Table] {
			errs = append(errs, fmt.Errorf("entries of stick table %q are asked for twice", e.Table))
		}
		seen[e.Table] = true
		if e.Table == "" || e.Top < 1 || e.Top > MaxEntries {
			errs = append(errs, fmt.Errorf("entries of stick table %q: %d is not between 1 and %d", e.Table, e.Top, MaxEntries))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if in.opt.Timeout <= 0 {
		in.opt.Timeout = DefaultTimeout
	}
	if in.opt.ReplyLimit <= 0 {
		in.opt.ReplyLimit = DefaultReplyLimit
	}
	if in.now == nil {
		in.now = time.Now
	}
	in.acc = in.newAccumulator()
	in.fields = in.exposed()
	return in, nil
}

func (in *Instance) newAccumulator() *accumulator {
	acc := newAccumulator(in.schema)
	if s := in.opt.SharedStats; s != nil {
		acc.shared.forced = -1
		if *s {
			acc.shared.forced = 1
		}
	}
	return acc
}

// exposed applies the filters to the catalogue.
func (in *Instance) exposed() map[catalogue.Scope][]Field {
	out := map[catalogue.Scope][]Field{}
	for _, scope := range catalogue.Scopes() {
		if in.opt.Metrics == MetricsNone || len(in.opt.Scopes) > 0 && !slices.Contains(in.opt.Scopes, scope) {
			continue
		}
		for i, f := range in.schema.fields[scope] {
			if in.opt.Metrics == MetricsMinimal && !f.Minimal || in.opt.Match != nil && !in.opt.Match(f.Name()) {
				continue
			}
			out[scope] = append(out[scope], Field{NativeField: f, Index: i})
		}
	}
	return out
}

// Name returns Options.Name.
func (in *Instance) Name() string { return in.opt.Name }

// Scrape asks all sockets and returns what the HAProxy looks like. Callers that come while a scrape is under way
// get its result. It returns by the end of ctx at the latest, then with every socket down; never nil.
func (in *Instance) Scrape(ctx context.Context) *Result {
	in.flights.Lock()
	f := in.flight
	if f == nil {
		f = &flight{done: make(chan struct{})}
		in.flight = f
		limit := in.opt.Timeout
		if t, ok := ctx.Deadline(); ok {
			limit = min(limit, time.Until(t))
		}
		go in.fly(context.WithoutCancel(ctx), f, limit)
	}
	in.flights.Unlock()
	select {
	case <-f.done:
		return f.result
	case <-ctx.Done():
		return in.late(ctx.Err())
	}
}

func (in *Instance) fly(ctx context.Context, f *flight, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	f.result = in.scrape(ctx)
	in.flights.Lock()
	in.flight = nil
	in.flights.Unlock()
	close(f.done)
}

// late is the result for a caller that cannot wait.
func (in *Instance) late(cause error) *Result {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.acc.begin()
	var status []SocketStatus
	for _, a := range in.addresses() {
		status = append(status, SocketStatus{Socket: a.Text, Err: wrapIO(a.Text, cause, ReasonTimeout)})
	}
	return in.result(status, nil)
}

// addresses returns every socket, the master's first.
func (in *Instance) addresses() []Address {
	if in.master == nil {
		return in.sockets
	}
	return append([]Address{*in.master}, in.sockets...)
}
