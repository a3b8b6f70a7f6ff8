package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/state"
)

// How often the state is saved when nobody scrapes.
const (
	saveEvery = 10 * time.Second
	firstSave = 300 * time.Millisecond // about one look at the files after the start
)

// App is a running exporter. Long-lived parts (sources, store, web server) outlive a reload; plan
// and what hangs on it are replaced by one.
type App struct {
	log     *slog.Logger
	flags   Options
	store   *state.Store // nil without a state directory
	web     *server
	runtime runtimeGatherer
	started time.Time

	reloading   sync.Mutex   // one reload at a time; taken before mu
	mu          sync.RWMutex // held for reading by a scrape, for writing by a reload
	plan        *plan
	sources     []*source
	reconcilers []*haproxy.Reconciler
	orphans     map[string][]byte // sections of sources and HAProxies that are not configured now
	reloadErr   error
	loaded      time.Time

	cutting     sync.Mutex // one cut at a time: guards what a source keeps of the last one, and the order of saves
	saveMu      sync.Mutex
	saveErr     error
	lastSockets atomic.Pointer[socketResults] // of the last scrape, for /status

	runCtx  context.Context // ends with Run; nil before
	running sync.WaitGroup
	failed  chan error
}

// Serve runs the exporter until ctx ends. A value on reload makes it read its configuration again.
func Serve(ctx context.Context, o Options, so ServeOptions, reload <-chan os.Signal, std Streams) error {
	a, err := New(o, so, std.Log)
	if err != nil {
		return err
	}
	return a.Run(ctx, reload)
}

// New prepares an exporter: it compiles the configuration, restores the state and binds the
// listening addresses. Nothing is read before Run.
func New(o Options, so ServeOptions, log *slog.Logger) (*App, error) {
	a := &App{log: log, flags: o, failed: make(chan error, 8), orphans: map[string][]byte{}, started: time.Now()}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	a.runtime = reg
	s, err := resolve(o)
	if err != nil {
		return nil, err
	}
	if len(s.sources) == 0 {
		return nil, fmt.Errorf("%w: no log to follow: give --haproxy.log.path, or sources in the configuration file", ErrUsage)
	}
	p, err := build(s, false)
	if err != nil {
		return nil, err
	}
	a.plan, a.loaded = p, time.Now()
	snap, err := a.openState(s.stateDir)
	if err != nil {
		return nil, err
	}
	if err := a.restore(snap); err != nil {
		return nil, errors.Join(err, a.closeAll())
	}
	mux, err := newMux(p.conf.Web, handlers{
		metrics:     metrics.NewHandler(a, metrics.HandlerOptions{Logger: log}),
		status:      a.Status,
		ready:       a.ready,
		reload:      a.Reload,
		resetLimits: a.resetLimits,
	})
	if err == nil {
		a.web, err = listen(log, so.Web, mux)
	}
	if err != nil {
		return nil, errors.Join(err, a.closeAll())
	}
	return a, nil
}

// Addr returns the address that is listened on; with port 0 it tells the real one.
func (a *App) Addr() string { return a.web.addr() }

// openState opens the state directory, if there is one, and loads the snapshot. Whatever is wrong
// with it is said loudly, and the exporter serves.
func (a *App) openState(dir string) (*state.Snapshot, error) {
	if dir == "" {
		a.log.Warn("no state directory: after a restart counters begin at 0 and lines written meanwhile are not counted; give --state.dir")
		return nil, nil
	}
	store, err := state.OpenWith(dir, state.Options{Logger: a.log})
	var locked *state.LockedError
	if errors.As(err, &locked) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("--state.dir: %w", err)
	}
	a.store = store
	if err := store.Problem(); err != nil {
		a.log.Error("the state directory cannot be used", "dir", dir, "err", err)
		a.saveErr = err
	}
	snap, err := store.Load()
	if err != nil {
		a.log.Error("the saved state is damaged and was put aside", "dir", dir, "err", err, "older_state_used", snap != nil)
	}
	return snap, nil
}

// restore creates the sources from the snapshot; snap is nil on the very first start.
func (a *App) restore(snap *state.Snapshot) error {
	sections := map[string][]byte{}
	if snap != nil {
		sections = snap.Sections
		a.restoreTable(a.plan, sections)
	}
	a.reconcilers = make([]*haproxy.Reconciler, len(a.plan.instances))
	a.restoreInstances(sections)
	var problems []error
	for i := range a.plan.sources {
		in, err := a.plan.newIngest(i, a.plan.newShard(i))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		s, err := a.openSource(a.plan, i, in, sections)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if _, known := sections[sectionPosition+s.name]; !known && snap != nil {
			a.log.Info("a new source", "log", s.name)
		}
		a.sources = append(a.sources, s)
	}
	for name, data := range sections {
		for _, prefix := range []string{sectionPosition, sectionExtra} {
			if src, ok := strings.CutPrefix(name, prefix); ok && a.source(src) == nil {
				a.orphans[name] = data
			}
		}
	}
	return errors.Join(problems...)
}

// restoreTable takes over series and admitted values.
func (a *App) restoreTable(p *plan, sections map[string][]byte) {
	if data, ok := sections[sectionAdmission]; ok {
		if err := p.admission.UnmarshalBinary(data); err != nil {
			a.log.Error("admitted label values were not restored", "err", err)
		}
	}
	if data, ok := sections[sectionSeries]; ok {
		restarted, err := p.table.Restore(data)
		if err != nil {
			a.log.Error("the counters were not restored", "err", err)
		}
		for _, f := range restarted {
			a.log.Warn("labels or buckets of this family have changed: it starts again at 0", "family", f)
		}
	}
}

func (a *App) restoreInstances(sections map[string][]byte) {
	for i, in := range a.plan.instances {
		if in == nil {
			continue
		}
		name := a.plan.haproxies[i].name
		a.reconcilers[i] = haproxy.NewReconciler()
		for section, u := range map[string]interface{ UnmarshalBinary([]byte) error }{sectionHAProxy + name: in, sectionReconcile + name: a.reconcilers[i]} {
			if data, ok := sections[section]; ok {
				if err := u.UnmarshalBinary(data); err != nil {
					a.log.Error("what HAProxy counted before was not restored", "section", section, "err", err)
				}
			}
		}
	}
}

// openSource opens source i of a plan, to be counted by in. A source that the sections do not know
// begins as on a very first start.
func (a *App) openSource(p *plan, i int, in *ingest, sections map[string][]byte) (*source, error) {
	src := p.sources[i]
	restore, name, log := sections[sectionPosition+src.name], p.haproxies[src.haproxy].name, a.log
	s, err := newSource(src, name, restore, in, log)
	if err != nil && restore != nil {
		a.log.Error("the position was not restored: reading begins as on a first start", "log", src.name, "err", err)
		s, err = newSource(src, name, nil, in, log)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", src.name, err)
	}
	if data, ok := sections[sectionExtra+src.name]; ok {
		if err := s.unmarshal(data); err != nil {
			a.log.Error("counters beside the position were not restored", "log", src.name, "err", err)
		}
	}
	return s, nil
}

func (a *App) source(name string) *source {
	for _, s := range a.sources {
		if s.name == name {
			return s
		}
	}
	return nil
}

// Run serves until ctx ends or something fails for good.
func (a *App) Run(ctx context.Context, reload <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	a.begin(ctx)
	a.web.start(a.failed)
	a.log.Info("serving", "address", a.Addr())
	err := a.loop(ctx, reload)
	errs := []error{err, a.web.stop()}
	cancel()
	a.running.Wait()
	if a.store != nil {
		errs = append(errs, a.take().wait(context.Background()))
	}
	return errors.Join(append(errs, a.closeState())...)
}

// begin follows the sources. A reload may come before or after it, but not in the middle.
func (a *App) begin(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.runCtx = ctx
	a.announce()
	for _, s := range a.sources {
		a.follow(ctx, s)
	}
}

// loop waits for what ends the exporter, and saves the state: early for the first time, since a kill
// before it is a first start again, and then regularly.
func (a *App) loop(ctx context.Context, reload <-chan os.Signal) error {
	save := time.NewTicker(firstSave)
	defer save.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.failed:
			return err
		case <-reload:
			_ = a.Reload() // it has logged what went wrong
		case <-save.C:
			a.saveNow(ctx)
			save.Reset(saveEvery)
		}
	}
}

// saveNow saves the state beside any scrape, so that an exporter that nobody scrapes re-reads
// little after a kill.
func (a *App) saveNow(ctx context.Context) {
	if a.store == nil {
		return
	}
	a.mu.RLock()
	defer a.mu.RUnlock()
	m := a.take()
	m.cut.Release()
	within, cancel := context.WithTimeout(ctx, saveEvery/2)
	defer cancel()
	if err := m.wait(within); ctx.Err() == nil {
		a.saveFailed(err)
	}
}

// follow runs a source's feed until ctx ends.
func (a *App) follow(ctx context.Context, s *source) {
	ctx, s.cancel = context.WithCancel(ctx)
	a.running.Go(func() {
		defer close(s.ended)
		if err := s.feed.Run(ctx); err != nil {
			a.log.Error("the source has ended", "log", s.name, "err", err)
		}
	})
}

func (a *App) closeState() error {
	if a.store == nil {
		return nil
	}
	return a.store.Close()
}

// closeAll undoes New after a failure.
func (a *App) closeAll() error {
	for _, s := range a.sources {
		s.feed.Close()
	}
	return a.closeState()
}

// ready returns why the exporter is not ready, nil when it is.
func (a *App) ready() error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, s := range a.sources {
		if s.catchingUp() {
			return fmt.Errorf("reading the backlog of %s: %s", s.name, progressOf(s.tail.Stats().Backlog))
		}
	}
	return nil
}

// resetLimits lets label values that became other be tried again.
func (a *App) resetLimits() {
	a.mu.RLock()
	defer a.mu.RUnlock()
	a.plan.admission.Reset()
	a.plan.table.ResetLimits()
}
