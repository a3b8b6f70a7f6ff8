package app

import (
	"fmt"
	"math"
	"time"

	"github.com/prometheus/common/version"
)

// announce tells at start what was found, what is read, and what makes lines differ from requests.
func (a *App) announce() {
	a.log.Info("starting haproxy_log_exporter", "version", version.Info())
	for _, f := range a.plan.found {
		a.log.Info("found on this host: " + f)
	}
	for i, s := range a.plan.sources {
		var names []string
		for _, f := range s.formats {
			names = append(names, f.Name)
		}
		a.log.Info("following", "log", s.name, "formats", fmt.Sprint(names), "haproxy", a.plan.haproxies[a.plan.sources[i].haproxy].name)
	}
	for _, h := range a.plan.hazards {
		a.log.Warn("hazard: "+h.Text, "kind", h.Kind, "frontend", h.Frontend, "place", place(h))
	}
	for _, w := range a.plan.warnings {
		a.log.Warn(w)
	}
}

func place(h hazard) string {
	if h.Place.Source == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", h.Place.Source, h.Place.Line)
}

// topOffenders is how many refused label values /status shows.
const topOffenders = 20

// Status describes the moment for /status.
func (a *App) Status() *Status {
	a.mu.RLock()
	defer a.mu.RUnlock()
	m := a.look()
	cut := m.cut
	defer cut.Release()
	s := &Status{Version: version.Info(), Started: a.started, ConfigFile: a.flags.ConfigFile, ConfigHash: fmt.Sprintf("%012x", a.plan.conf.Hash),
		Reloaded: a.loaded, Series: cut.Samples(), Limit: a.plan.table.SampleLimit()}
	if a.reloadErr != nil {
		s.ReloadErr = a.reloadErr.Error()
	}
	if a.store != nil {
		s.StateDir = a.store.Dir()
		a.saveMu.Lock()
		s.Durable = a.saveErr == nil
		if a.saveErr != nil {
			s.StateErr = a.saveErr.Error()
		}
		a.saveMu.Unlock()
	}
	lines := cut.Lines()
	for i, src := range a.sources {
		s.Sources = append(s.Sources, src.status(&m.sources[i], lines[src.name]))
		if a.plan.conf.Web.StatusSamples {
			s.Samples = append(s.Samples, src.refused.list(src.name)...)
		}
	}
	for i, r := range a.reconcilers {
		if r == nil {
			continue
		}
		for _, c := range r.Current() {
			s.Complete = append(s.Complete, CompleteStatus{HAProxy: a.plan.haproxies[i].name, Frontend: c.Proxy, Requests: c.Requests, Lines: c.Lines, Ratio: c.Ratio()})
		}
	}
	for _, src := range a.sources {
		src.feed.Cut(func([]byte) { src.in.resolver.Flush() })
	}
	for _, o := range a.plan.admission.TopOffenders(topOffenders) {
		s.Offenders = append(s.Offenders, OffenderStatus{Label: o.Label, Value: o.Value, Count: o.Lines})
	}
	for _, h := range a.plan.hazards {
		s.Hazards = append(s.Hazards, h.Text+" ("+place(h)+")")
	}
	s.Sockets = a.lastSockets.Load().list()
	return s
}

func (s *source) status(m *sourceMoment, lines map[string]uint64) SourceStatus {
	out := SourceStatus{Source: s.name, Lines: lines}
	for result, n := range lines {
		if n == 0 {
			delete(lines, result)
		}
	}
	if s.net != nil {
		st := &m.net
		out.Up, out.Partial = st.Up, st.PartialLines
		if st.Err != nil {
			out.Err = st.Err.Error()
		}
		return out
	}
	st := &m.tail
	out.Up, out.CatchingUp, out.Progress = st.Up, st.CatchingUp, progressOf(st.Backlog)
	out.Position, out.LagBytes, out.LagSeconds = st.Position, st.LagBytes, math.Round(st.Lag.Seconds()*10)/10
	out.Generations, out.Rotations, out.LostBytes, out.Partial = st.GenerationsOpen, st.Rotations, st.LostBytes, st.PartialLines
	for _, n := range st.Recovered {
		out.Recovered += n
	}
	if len(st.Files) > 0 {
		out.File = st.Files[len(st.Files)-1].Path
	}
	if st.Err != nil {
		out.Err = fmt.Sprintf("%v (since %s)", st.Err, st.Since.Format(time.DateTime))
	}
	return out
}
