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
func (a *App) logSamples(s *metrics.Samples, m *moment, durable bool) {
	a.plan.staticSamples(s)
	m.cut.SelfSamples(s)
	for i, src := range a.sources {
		src.samples(s, &m.sources[i])
	}
	s.Bool(catalogue.StateDurable, durable)
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

// samples adds what was known of one source at the cut: with counters read later, a kill could take
// back what a scrape has shown.
func (s *source) samples(out *metrics.Samples, m *sourceMoment) {
	for front, n := range m.lost {
		out.Add(catalogue.SequenceGapsTotal, float64(n), s.name, labels.Sanitise([]byte(front)))
	}
	out.Add(catalogue.SuspectedDuplicatesTotal, float64(m.duplicates), s.name)
	if s.net != nil {
		st := &m.net
		out.Add(catalogue.ReadBytesTotal, float64(st.ReadBytes), s.name)
		out.Bool(catalogue.SourceUp, st.Up, s.name)
		out.Bool(catalogue.CatchingUp, false, s.name)
		out.Add(catalogue.PartialLinesTotal, float64(st.PartialLines), s.name)
		out.Add(catalogue.LastLineTimestamp, unixSeconds(st.LastBlock), s.name)
		if st.Datagrams {
			out.Add(catalogue.DroppedDatagramsTotal, float64(st.KernelDrops), s.name)
		}
		if st.Streams {
			out.Add(catalogue.ClosedConnectionsTotal, float64(st.Refused), s.name, "limit")
			out.Add(catalogue.ClosedConnectionsTotal, float64(st.FramingErrors), s.name, "framing")
		}
		return
	}
	st := &m.tail
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
}

// unixSeconds returns t in seconds since 1970, 0 for no time.
func unixSeconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
