package tail

import "time"

// Stats is what operators see of a source. Counters (the fields of type uint64) are part of
// the position: they go on after a restart.
type Stats struct {
	Source string // the configured path or glob, absolute

	// Up is true when every path was readable in the last round and, for a glob, its
	// directory too. Err says what was wrong first, Since when it began.
	Up    bool
	Err   error
	Since time.Time

	Files     []FileStats // one for each followed path
	Position  int64       // offset in the current file, the sum over Files, in bytes
	LagBytes  int64       // written and not delivered yet, as of the last look, in bytes
	Lag       time.Duration
	LastBlock time.Time // time of reading the last block, zero when there was none

	GenerationsOpen  int // files held open
	GenerationsKnown int // contents remembered so that they are not read again

	ReadBytes    uint64 // delivered
	Rotations    uint64 // changes of the content behind a path
	Truncations  uint64 // those of them that kept the file
	Recovered    [4]uint64
	LostBytes    uint64 // seen on disk and gone before they were read
	Vanished     uint64 // current files of an earlier run that were not found again
	PartialLines uint64 // unfinished lines at the end of files that were given up
	TooLong      uint64 // lines longer than Options.MaxLine
	NULBytes     uint64 // skipped in front of lines
	LeftOut      uint64 // bytes left out on the very first start
	Shortened    uint64 // files that came back shorter, with the same beginning (power loss)
	ArchiveErrs  uint64 // archives that could not be read to their end

	// CatchingUp is true while a backlog is read: from New until everything is read that was
	// there at the first look, and again after an error of a path has ended and more than a
	// block is waiting. Backlog tells how far it is.
	CatchingUp bool
	Backlog    Backlog
}

// FileStats is one followed path.
type FileStats struct {
	Path     string
	Position int64 // bytes delivered of the current content
	Size     int64 // at the last look
	Up       bool
	Err      error
}

// RecoveredLines returns the lines that were read after their path had moved on.
func (s Stats) RecoveredLines(from Recovered) uint64 { return s.Recovered[from] }

// Backlog tells how far the reading of a backlog is. Bytes are those on disk, compressed
// ones for archives.
type Backlog struct {
	Reason      string // "start" or "error"
	Since       time.Time
	Done, Total int64
}

// counters are the persisted part of Stats.
type counters struct {
	readBytes, rotations, truncations, lostBytes, vanished, partial, tooLong uint64
	nulBytes, leftOut, shortened, archiveErrs                                uint64
	recovered                                                                [4]uint64
}

// list returns the counters in the order of the encoding; new ones are appended.
func (c *counters) list() []*uint64 {
	return []*uint64{
		&c.readBytes, &c.rotations, &c.truncations, &c.lostBytes, &c.vanished, &c.partial, &c.tooLong,
		&c.nulBytes, &c.leftOut, &c.shortened, &c.archiveErrs,
		&c.recovered[FromRotated], &c.recovered[FromCopy], &c.recovered[FromArchive],
	}
}

// backlog follows the reading of what was there at its beginning.
type backlog struct {
	active bool
	fixed  bool // the total is known: the first look was done
	Backlog
}

func (b *backlog) start(reason string, now time.Time) {
	if !b.active {
		*b = backlog{active: true, Backlog: Backlog{Reason: reason, Since: now}}
	}
}

// view is what a round found, for Stats.
type view struct {
	lag       int64
	behind    bool      // something was left unread that is not an unfinished line
	atEnd     time.Time // last time everything was read
	lastBlock time.Time
}

// stats builds Stats; the caller holds mu.
func (f *Follower) stats() Stats {
	now := f.opt.Now()
	c := &f.total
	s := Stats{
		Source: f.opt.Path, Up: f.rounds > 0, LagBytes: f.view.lag, LastBlock: f.view.lastBlock,
		GenerationsKnown: len(f.gens),
		ReadBytes:        c.readBytes, Rotations: c.rotations, Truncations: c.truncations, Recovered: c.recovered,
		LostBytes: c.lostBytes, Vanished: c.vanished, PartialLines: c.partial, TooLong: c.tooLong,
		NULBytes: c.nulBytes, LeftOut: c.leftOut, Shortened: c.shortened, ArchiveErrs: c.archiveErrs,
		CatchingUp: f.backlog.active, Backlog: f.backlog.Backlog,
	}
	if f.view.behind && !f.view.atEnd.IsZero() {
		s.Lag = now.Sub(f.view.atEnd)
	}
	for _, g := range f.gens {
		if g.open {
			s.GenerationsOpen++
		}
	}
	fail := func(err error, since time.Time) {
		if s.Err == nil {
			s.Err, s.Since = err, since
		}
		s.Up = false
	}
	for _, p := range f.paths {
		fs := FileStats{Path: p.name, Up: p.err == nil, Err: p.err}
		if p.cur != nil {
			fs.Position, fs.Size = p.cur.off, p.cur.size
			s.Position += p.cur.off
		}
		if p.err != nil {
			fail(p.err, p.errSince)
		}
		s.Files = append(s.Files, fs)
	}
	if f.scanErr != nil {
		fail(f.scanErr, now)
	}
	return s
}
