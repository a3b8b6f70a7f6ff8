package app

import (
	"runtime"
	"time"

	"github.com/prometheus/common/version"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/tail"
)

// logSamples adds everything about the exporter itself and about the configuration.
func (a *App) logSamples(s *metrics.Samples, cut *metrics.Cut, sv saved) {
	a.plan.staticSamples(s)
	cut.SelfSamples(s)
	for _, src := range a.sources {
		src.samples(s)
	}
	a.cutting.Lock()
	for _, src := range a.sources {
		src.lostSamples(s)
	}
	a.cutting.Unlock()
	s.Bool(catalogue.StateDurable, sv.durable)
	if a.store != nil {
		st := a.store.Stats()
		s.Add(catalogue.StateWriteErrorsTotal, float64(st.WriteErrors))
		s.Add(catalogue.StateSaveDuration, st.Duration.Seconds())
		s.Add(catalogue.StateDamagedTotal, float64(st.Damaged))
	}
	s.Bool(catalogue.ConfigReloadSuccessful, a.reloadErr == nil)
	s.Add(catalogue.ConfigReloadTimestamp, float64(a.loaded.UnixMilli())/1000)
	s.Add(catalogue.ConfigHash, float64(a.plan.conf.Hash))
	s.Add(catalogue.BuildInfo, 1, version.Version, version.GetRevision(), version.Branch, runtime.Version(), runtime.GOOS, runtime.GOARCH, version.GetTags())
}

// samples adds what is known of one source.
func (s *source) samples(out *metrics.Samples) {
	if s.net != nil {
		st := s.net.Stats()
		out.Add(catalogue.ReadBytesTotal, float64(st.ReadBytes), s.name)
		out.Bool(catalogue.SourceUp, st.Up, s.name)
		out.Bool(catalogue.CatchingUp, false, s.name)
		out.Add(catalogue.PartialLinesTotal, float64(st.PartialLines), s.name)
		out.Add(catalogue.LastLineTimestamp, unixSeconds(st.LastBlock), s.name)
		return
	}
	st := s.tail.Stats()
	out.Add(catalogue.ReadBytesTotal, float64(st.ReadBytes), s.name)
	out.Add(catalogue.LagBytes, float64(st.LagBytes), s.name)
	out.Add(catalogue.LagSeconds, st.Lag.Seconds(), s.name)
	out.Bool(catalogue.CatchingUp, st.CatchingUp, s.name)
	out.Bool(catalogue.SourceUp, st.Up, s.name)
	out.Add(catalogue.LastLineTimestamp, unixSeconds(st.LastBlock), s.name)
	out.Add(catalogue.RotationsTotal, float64(st.Rotations), s.name)
	out.Add(catalogue.GenerationsOpen, float64(st.GenerationsOpen), s.name)
	out.Add(catalogue.PositionBytes, float64(st.Position), s.name)
	for _, r := range []tail.Recovered{tail.FromRotated, tail.FromCopy, tail.FromArchive} {
		out.Add(catalogue.RecoveredLinesTotal, float64(st.RecoveredLines(r)), s.name, r.String())
	}
	out.Add(catalogue.LostBytesTotal, float64(st.LostBytes), s.name)
	out.Add(catalogue.PartialLinesTotal, float64(st.PartialLines), s.name)
	out.Add(catalogue.SuspectedDuplicatesTotal, float64(s.duplicates.Load()), s.name)
}

// lostSamples adds the lines that never arrived by HAProxy's own numbers. The caller has taken a cut.
func (s *source) lostSamples(out *metrics.Samples) {
	for front, n := range s.lost {
		out.Add(catalogue.SequenceGapsTotal, float64(n), s.name, labels.Sanitise([]byte(front)))
	}
}

// unixSeconds returns t in seconds since 1970, 0 for no time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
