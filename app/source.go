package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/syslog"
	"haproxy_log_exporter/tail"
)

// feed is what delivers blocks: a file follower or a syslog receiver.
type feed interface {
	Run(ctx context.Context) error
	// Cut calls fn between two blocks with the position of all that was delivered so far.
	Cut(fn func(position []byte))
	Close()
}

// source is one configured entry: a path or glob, a syslog address, standard input. Its feed calls
// block on one goroutine; whoever looks at the shard or swaps the ingest does so inside Cut.
type source struct {
	name     string // the configured text; the label source
	haproxy  string // the HAProxy that writes it
	feed     feed
	tail     *tail.Follower   // the feed as such, nil for others
	net      *syslog.Receiver // the same
	in       *ingest          // guarded by the feed's lock
	part     metrics.Part     // of the last cut; guarded by App.cutting
	pos      []byte           // likewise
	extra    []byte           // counters that are kept beside, encoded; likewise, as the following
	extraErr error
	cancel   context.CancelFunc // nil before the feed runs
	ended    chan struct{}      // closed when the feed has ended
	// duplicates and samples outlive the ingests that a reload replaces.
	duplicates *atomic.Uint64
	refused    *samples
	seq        *sequences
}

// Block implements tail.Sink.
func (s *source) Block(b []byte, _ tail.Origin) { s.in.block(b) }

// TooLong implements tail.LongSink.
func (s *source) TooLong(tail.Origin) { s.in.tooLong() }

// netSink implements syslog.Sink for a source.
type netSink struct{ s *source }

func (n netSink) Block(b []byte, _ syslog.Origin) { n.s.in.block(b) }
func (n netSink) TooLong(syslog.Origin)           { n.s.in.tooLong() }

// newSource opens a source. Nothing is read before its feed runs.
func newSource(o sourceSettings, haproxyName string, restore []byte, in *ingest, log *slog.Logger) (*source, error) {
	s := &source{ended: make(chan struct{}), name: o.name, haproxy: haproxyName, in: in, duplicates: in.dupes, refused: in.samples, seq: &sequences{by: map[string]*haproxy.Sequence{}}}
	s.adopt(in)
	if syslog.IsURL(o.name) {
		r, err := syslog.Listen(o.name, syslog.Options{MaxLine: o.MaxLine, Restore: restore, Logger: log}, netSink{s})
		if err != nil {
			return nil, err
		}
		s.net, s.feed = r, r
		return s, nil
	}
	from := tail.FromEnd
	if o.From == "start" {
		from = tail.FromStart
	}
	f, err := tail.New(tail.Options{Path: o.name, From: from, Restore: restore, OldDirs: o.OldDirs, Archives: o.Archives, MaxLine: o.MaxLine, Logger: log}, s)
	if err != nil {
		return nil, err
	}
	s.tail, s.feed = f, f
	return s, nil
}

// cut copies the shard together with the position it belongs to. The caller holds App.cutting.
func (s *source) cut() (m sourceMoment) {
	look := func(pos []byte) {
		m.lost, m.duplicates = s.seq.settle(), s.duplicates.Load()
		s.keep(pos)
	}
	if s.net != nil {
		s.net.CutStats(func(pos []byte, st syslog.Stats) { m.net = st; look(pos) })
		return m
	}
	s.tail.CutStats(func(pos []byte, st tail.Stats) { m.tail = st; look(pos) })
	return m
}

// keep copies what has to survive with a position. The caller holds App.cutting, and the source
// stands between two blocks.
func (s *source) keep(pos []byte) {
	s.in.shard.Copy(&s.part)
	s.pos = pos
	s.extra, s.extraErr = s.marshal()
}

// swap replaces what counts the lines. The caller holds the source inside Cut.
func (s *source) swap(in *ingest) {
	in.last = s.in.last
	s.adopt(in)
	s.in = in
}

// adopt hands what the source keeps over to an ingest.
func (s *source) adopt(in *ingest) {
	in.dupes, in.samples = s.duplicates, s.refused
	if in.seq != nil {
		in.seq = s.seq
	}
}

// catchingUp reports whether a backlog is being read.
func (s *source) catchingUp() bool { return s.tail != nil && !s.tail.CaughtUp() }

// progressOf tells how far a backlog is read.
func progressOf(b tail.Backlog) string {
	if b.Total == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %% of %d MiB", 100*float64(b.Done)/float64(b.Total), b.Total>>20)
}
