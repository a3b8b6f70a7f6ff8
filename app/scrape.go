package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/state"
	"haproxy_log_exporter/syslog"
	"haproxy_log_exporter/tail"
)

// saveShare is the share of a scrape's time that saving may take; a scrape is answered without a
// saved cut after that, and marked.
const (
	saveShare   = 4
	socketShare = 2 // the same for the sockets
)

// Page implements metrics.Provider: it asks the sockets, takes a cut, saves it, and answers from
// that cut. The metrics handler coalesces concurrent scrapes, so one Page runs at a time.
func (a *App) Page(ctx context.Context) (*metrics.Page, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	// The sockets come first, with half of the time: what they said is part of what is saved, so that a
	// kill cannot take back what this scrape shows; and lines are counted a moment later than requests.
	socketCtx, cancel := shareOf(ctx, socketShare)
	sockets := a.scrapeSockets(socketCtx)
	cancel()
	a.socketsChanged(a.lastSockets.Swap(&socketResults{sockets}), sockets)
	m := a.take()
	durable := a.save(ctx, m)
	hide := a.hideLog(m)
	samples := metrics.NewSamples(a.plan.table.Families())
	a.logSamples(samples, m, durable)
	for i, r := range sockets {
		if r == nil {
			continue
		}
		samples.SetHAProxy(a.plan.haproxies[i].name)
		samples.AddHAProxy(r)
		name := a.plan.haproxies[i].name
		if !hide && a.plan.reconciles() {
			samples.AddReconciled(name, a.reconcilers[i].Update(r, lineCounts(m.cut, name)))
		}
	}
	samples.SetHAProxy("")
	if err := samples.Err(); err != nil {
		a.log.Error("a metric was left out", "err", err)
	}
	extra, err := a.runtime.Gather()
	if err != nil {
		a.log.Warn("the process's own metrics are incomplete", "err", err)
	}
	return &metrics.Page{Cut: m.cut, HideLog: hide, Samples: samples, Extra: extra, Created: a.plan.conf.CreatedTimestamps}, nil
}

func (a *App) scrapeSockets(ctx context.Context) []*haproxy.Result {
	out := make([]*haproxy.Result, len(a.plan.instances))
	var wg sync.WaitGroup
	for i, in := range a.plan.instances {
		if in != nil {
			wg.Go(func() { out[i] = in.Scrape(ctx) })
		}
	}
	wg.Wait()
	return out
}

// socketsChanged logs the first failure of a socket in a row, each other reason, and the success that ends it.
func (a *App) socketsChanged(before *socketResults, now []*haproxy.Result) {
	for i, r := range now {
		if r == nil {
			continue
		}
		name := a.plan.haproxies[i].name
		for _, s := range r.Sockets {
			was := before.failure(name, s.Socket)
			switch {
			case s.Err != nil && haproxy.ReasonOf(s.Err) != was:
				a.log.Warn("HAProxy does not answer: its own counters are left out, the log is counted on", "haproxy", name, "socket", s.Socket, "err", s.Err)
			case s.Err == nil && was != "":
				a.log.Info("HAProxy answers again", "haproxy", name, "socket", s.Socket)
			}
		}
	}
}

// reconciles reports whether the families are counted that the comparison with HAProxy's own counters needs.
func (p *plan) reconciles() bool {
	return p.table.Counted(catalogue.FrontendRequestsTotal) && p.table.Counted(catalogue.UnservedTotal)
}

func lineCounts(cut *metrics.Cut, name string) map[string]haproxy.LineCount {
	out, local := map[string]haproxy.LineCount{}, cut.FrontendLocal(name)
	for proxy, n := range cut.FrontendRequests(name) {
		out[proxy] = haproxy.LineCount{Requests: float64(n), Local: float64(local[proxy])}
	}
	return out
}

// moment is what was true of all sources at one cut.
type moment struct {
	cut     *metrics.Cut
	sources []sourceMoment // beside App.sources
	pending *state.Pending // on its way to the disk; nil without a state directory or after err
	err     error          // why nothing was handed to the state directory
}

// sourceMoment is what was true of one source at the cut.
type sourceMoment struct {
	tail tail.Stats        // of a file
	net  syslog.Stats      // of a syslog address
	lost map[string]uint64 // lines lost by %lc, by frontend

	duplicates uint64 // lines equal to the one before
}

// wait waits for the moment to be stored.
func (m *moment) wait(ctx context.Context) error {
	if m.err != nil || m.pending == nil {
		return m.err
	}
	return m.pending.Wait(ctx)
}

// look copies every source between two blocks and merges the copies, without saving anything.
func (a *App) look() *moment {
	a.cutting.Lock()
	defer a.cutting.Unlock()
	return a.cut()
}

// take copies every source between two blocks, merges the copies and hands them to the state
// directory, all under one hold of App.cutting: counts and positions are of one moment, and what is
// stored last is what was cut last.
func (a *App) take() *moment {
	a.cutting.Lock()
	defer a.cutting.Unlock()
	m := a.cut()
	if a.store == nil {
		return m
	}
	var snap *state.Snapshot
	if snap, m.err = a.snapshot(m.cut); m.err == nil {
		m.pending, m.err = a.store.Begin(snap)
	}
	return m
}

// cut copies every source between two blocks and merges the copies. Counting stops for the time
// of one copy only. The caller holds App.cutting.
func (a *App) cut() *moment {
	m := &moment{sources: make([]sourceMoment, len(a.sources))}
	parts := make([]*metrics.Part, len(a.sources))
	for i, s := range a.sources {
		m.sources[i] = s.cut()
		parts[i] = &s.part
	}
	m.cut = a.plan.table.Merge(parts...)
	return m
}

// save waits for the moment to be stored, for a share of the time that ctx leaves, and reports
// whether it is.
func (a *App) save(ctx context.Context, m *moment) (durable bool) {
	if a.store == nil {
		return false
	}
	ctx, cancel := shareOf(ctx, saveShare)
	defer cancel()
	err := m.wait(ctx)
	a.saveFailed(err)
	return err == nil
}

// shareOf returns a context that ends after 1/share of the time that is left.
func shareOf(ctx context.Context, share int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, 2500*time.Millisecond)
	}
	return context.WithTimeout(ctx, time.Until(end)/time.Duration(share))
}

// saveFailed logs the first failure of a row, and the success that ends it.
func (a *App) saveFailed(err error) {
	a.saveMu.Lock()
	defer a.saveMu.Unlock()
	switch {
	case err != nil && a.saveErr == nil:
		a.log.Error("the state was not saved: counters keep counting, but a kill now would take back what was scraped", "dir", a.store.Dir(), "err", err)
	case err == nil && a.saveErr != nil:
		a.log.Info("the state is saved again", "dir", a.store.Dir())
	}
	a.saveErr = err
}

// Sections of the snapshot.
const (
	sectionSeries    = "series"
	sectionAdmission = "admission"
	sectionPosition  = "position/"  // + source
	sectionHAProxy   = "haproxy/"   // + name
	sectionReconcile = "reconcile/" // + name
	sectionExtra     = "extra/"     // + source
)

// snapshot encodes everything that has to survive with a cut. The caller has taken it and still
// holds App.cutting.
func (a *App) snapshot(cut *metrics.Cut) (*state.Snapshot, error) {
	snap := &state.Snapshot{Sections: map[string][]byte{}}
	var errs []error
	for k, v := range a.orphans { // positions of sources that a reload removed: they may come back
		snap.Sections[k] = v
	}
	for _, s := range a.sources {
		snap.Sections[sectionPosition+s.name] = s.pos
		snap.Sections[sectionExtra+s.name] = s.extra
		errs = append(errs, s.extraErr)
	}
	snap.Sections[sectionSeries] = cut.Marshal(nil)
	add := func(name string, m interface{ MarshalBinary() ([]byte, error) }) {
		b, err := m.MarshalBinary()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		snap.Sections[name] = b
	}
	add(sectionAdmission, a.plan.admission)
	for i, in := range a.plan.instances {
		if in != nil {
			add(sectionHAProxy+a.plan.haproxies[i].name, in)
			add(sectionReconcile+a.plan.haproxies[i].name, a.reconcilers[i])
		}
	}
	return snap, errors.Join(errs...)
}

// hideLog reports whether the log's families are left out: a backlog was being read at the cut, and
// not for longer than the catch-up timeout.
func (a *App) hideLog(m *moment) bool {
	for _, s := range m.sources {
		if s.tail.CatchingUp && time.Since(s.tail.Backlog.Since) < a.plan.conf.Web.CatchUpTimeout {
			return true
		}
	}
	return false
}

// runtimeGatherer is the registry of the process's own metrics (go_*, process_*).
type runtimeGatherer interface {
	Gather() ([]*dto.MetricFamily, error)
}

// socketResults are the answers of all HAProxies to one scrape; nil for one without sockets.
type socketResults struct{ results []*haproxy.Result }

// failure returns why a socket did not answer, "" when it did or was not asked; s may be nil.
func (s *socketResults) failure(name, socket string) haproxy.Reason {
	if s == nil {
		return ""
	}
	for _, r := range s.results {
		if r == nil || r.Name != name {
			continue
		}
		for _, k := range r.Sockets {
			if k.Socket == socket && k.Err != nil {
				return haproxy.ReasonOf(k.Err)
			}
		}
	}
	return ""
}

// list returns what /status shows of them; s may be nil.
func (s *socketResults) list() []SocketStatus {
	var out []SocketStatus
	if s == nil {
		return nil
	}
	for _, r := range s.results {
		if r == nil {
			continue
		}
		for _, k := range r.Sockets {
			st := SocketStatus{HAProxy: r.Name, Socket: k.Socket, Up: k.Up, Took: k.Duration}
			if k.Err != nil {
				st.Err = k.Err.Error()
			}
			out = append(out, st)
		}
	}
	return out
}
