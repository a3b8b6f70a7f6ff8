package app

import (
	"errors"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics"
)

// Reload reads the configuration again. Everything is built aside first: a failed reload changes
// nothing. A successful one keeps files open, positions, and every series whose family did not
// change.
func (a *App) Reload() error {
	a.reloading.Lock() // a signal and a request may come together: the later one reads the files later
	defer a.reloading.Unlock()
	err := a.reload()
	a.mu.Lock()
	a.reloadErr = err
	a.mu.Unlock()
	if err != nil {
		a.log.Error("the configuration was not reloaded; the old one stays in force", "err", err)
		return err
	}
	a.log.Info("the configuration was reloaded")
	return nil
}

func (a *App) reload() error {
	s, err := resolve(a.flags)
	if err != nil {
		return err
	}
	if len(s.sources) == 0 {
		return errors.New("the new configuration has no source")
	}
	next, err := build(s, false)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.replace(next)
}

// replace moves counts from the old plan to the next one while every source stands between two
// blocks, so that no line is counted into a table that nobody looks at any more. Whatever can fail
// comes before the move.
func (a *App) replace(next *plan) error {
	ingests := make([]*ingest, len(next.sources))
	for i := range next.sources {
		in, err := next.newIngest(i, next.newShard(i))
		if err != nil {
			return err
		}
		ingests[i] = in
	}
	fresh, err := a.openFresh(next, ingests)
	if err != nil {
		return err
	}
	a.cutting.Lock()
	defer a.cutting.Unlock()
	a.holdAll(0, func() { a.move(next, ingests) })
	a.retire(next)
	for _, s := range fresh {
		a.sources = append(a.sources, s)
		delete(a.orphans, sectionPosition+s.name)
		delete(a.orphans, sectionExtra+s.name)
		a.log.Info("a new source", "log", s.name)
		if a.runCtx != nil {
			a.follow(a.runCtx, s)
		}
	}
	return nil
}

// openFresh opens the sources of the next plan that are not followed yet, all or none.
func (a *App) openFresh(next *plan, ingests []*ingest) (fresh []*source, err error) {
	var errs []error
	for i, src := range next.sources {
		if a.source(src.name) != nil {
			continue
		}
		s, err := a.openSource(next, i, ingests[i], a.orphans)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		fresh = append(fresh, s)
	}
	if len(errs) > 0 {
		for _, s := range fresh {
			s.feed.Close()
		}
		return nil, errors.Join(errs...)
	}
	return fresh, nil
}

// holdAll calls fn while all sources from i on stand between two blocks.
func (a *App) holdAll(i int, fn func()) {
	if i == len(a.sources) {
		fn()
		return
	}
	s := a.sources[i]
	s.feed.Cut(func(pos []byte) {
		s.keep(pos)
		a.holdAll(i+1, fn)
	})
}

// move restores the next table from the old one's sum and points every source at it. Sources that
// are not in the next plan count into shards of the old table from now on; retire ends them.
func (a *App) move(next *plan, ingests []*ingest) {
	parts := make([]*metrics.Part, 0, len(a.sources))
	for _, s := range a.sources {
		parts = append(parts, &s.part)
	}
	cut := a.plan.table.Merge(parts...)
	sections := map[string][]byte{sectionSeries: cut.Marshal(nil)}
	if data, err := a.plan.admission.MarshalBinary(); err == nil {
		sections[sectionAdmission] = data
	}
	a.restoreTable(next, sections)
	a.moveInstances(next)
	for i, src := range next.sources {
		if s := a.source(src.name); s != nil {
			s.swap(ingests[i])
		}
	}
	a.plan, a.loaded = next, time.Now()
}

// moveInstances keeps what was learnt about a HAProxy that is still configured.
func (a *App) moveInstances(next *plan) {
	old := map[string]int{}
	for i, h := range a.plan.haproxies {
		old[h.name] = i
	}
	rec := make([]*haproxy.Reconciler, len(next.instances))
	for i, in := range next.instances {
		if in == nil {
			continue
		}
		rec[i] = haproxy.NewReconciler()
		j, ok := old[next.haproxies[i].name]
		if !ok || a.plan.instances[j] == nil {
			continue
		}
		rec[i] = a.reconcilers[j]
		if data, err := a.plan.instances[j].MarshalBinary(); err == nil {
			if err := in.UnmarshalBinary(data); err != nil {
				a.log.Error("what HAProxy counted before was not kept", "haproxy", next.haproxies[i].name, "err", err)
			}
		}
	}
	a.reconcilers = rec
}

// retire ends the sources that the next plan does not have. Their counts are in the table's base;
// their positions are kept, so that one that comes back continues.
func (a *App) retire(next *plan) {
	wanted := map[string]bool{}
	for _, s := range next.sources {
		wanted[s.name] = true
	}
	kept := a.sources[:0]
	for _, s := range a.sources {
		if wanted[s.name] {
			kept = append(kept, s)
			continue
		}
		a.orphans[sectionPosition+s.name], a.orphans[sectionExtra+s.name] = s.pos, s.extra
		s.stop()
	}
	a.sources = kept
}

// stop ends a source and waits for it. What it reads meanwhile is not counted: its position was
// taken before.
func (s *source) stop() {
	if s.cancel == nil {
		s.feed.Close()
		return
	}
	s.cancel()
	<-s.ended
}
