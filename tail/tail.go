// Package tail follows log files and delivers every complete line exactly once, in blocks.
//
// The unit is the generation: one content of a log file, whatever its name is at the moment.
// A generation is recognised by its first bytes and by the bytes before the position, never
// by its name or inode alone, so renaming, copying, truncating, compressing, inode reuse and
// any number of rotations while the program was down all lead to the same bytes being read
// once. See docs/decisions/0501-own-tail-reader.md for the cases and what remains impossible.
package tail

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// From says where reading begins on the very first start, when Options.Restore is nil.
type From uint8

// A file that was there before the first start is left out (FromEnd) or read (FromStart).
// Rotated files that were there are history in both cases. Files that appear later are
// always read from their first byte.
const (
	FromEnd From = iota
	FromStart
)

// Recovered says how a block came to be read after its path had moved on.
type Recovered uint8

// The order is that of the metric's label values "rotated", "copy", "archive".
const (
	NotRecovered Recovered = iota
	FromRotated            // the renamed or deleted file itself
	FromCopy               // a copy, as made by copytruncate
	FromArchive            // a compressed file
)

// String returns the value of the label from of haproxy_log_recovered_lines_total.
func (r Recovered) String() string {
	return [...]string{"", "rotated", "copy", "archive"}[r]
}

// Origin says where a block stood.
type Origin struct {
	Path      string // name under which its file was seen last
	Offset    int64  // of the block's first byte in its (uncompressed) file, in bytes
	Recovered Recovered
}

// Sink takes what was read. Its methods are called on the follower's goroutine with the lock
// held that Cut takes: once Block has returned, the block belongs to the position.
type Sink interface {
	// Block gets one or more whole lines, each ending with \n, in the order of the file. At
	// least 64 bytes of b's array behind len(b) may be read, not written. b is reused after
	// the call. A line never has NUL bytes in front (what a truncated file leaves behind).
	Block(b []byte, from Origin)
}

// LongSink is implemented by a Sink that wants to know lines longer than Options.MaxLine.
// They are never part of a block.
type LongSink interface {
	TooLong(from Origin)
}

// Options says what to follow and how. Only Path is required.
type Options struct {
	// Path is a file or a glob in the syntax of filepath.Match. An existing file with that
	// very name wins over the glob.
	Path string
	From From
	// Restore is a position given by Cut in an earlier run, nil on the very first start.
	Restore []byte
	// OldDirs are further directories where rotated files are moved to (logrotate's olddir).
	OldDirs []string
	// Archives turns on reading of .gz, .zst and .xz files that hold a generation's rest.
	Archives bool
	// Poll is how often the file is looked at when nothing happens, 250 ms when zero.
	Poll time.Duration
	// Drain is how long a rotated file that is still to be seen in the directory is kept open
	// after its last growth, 10 s when zero; Hold the same for one that is no longer to be
	// seen (deleted or moved elsewhere) and could not be found again, 60 s when zero.
	Drain, Hold time.Duration
	// Rescan is how often the directory is searched without a reason, 2 s when zero.
	Rescan time.Duration
	// MaxLine is the longest line delivered, in bytes with its \n; 1 MiB when zero.
	MaxLine int
	// NoNotify leaves out the file system's notifications. They only shorten the time until
	// the next poll and never decide anything.
	NoNotify bool
	Logger   *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

func (o *Options) fill() error {
	if o.Path == "" {
		return fmt.Errorf("tail: no path")
	}
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&o.Poll, 250*time.Millisecond)
	def(&o.Drain, 10*time.Second)
	def(&o.Hold, time.Minute)
	def(&o.Rescan, 2*time.Second)
	if o.MaxLine <= 0 {
		o.MaxLine = 1 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	abs, err := filepath.Abs(o.Path)
	if err != nil {
		return fmt.Errorf("tail: %w", err)
	}
	if strings.ContainsAny(o.Path, "*?[") {
		if _, err := filepath.Match(o.Path, ""); err != nil {
			return fmt.Errorf("tail: %q: %w", o.Path, err)
		}
	}
	o.Path = abs
	return nil
}

// Follower reads one source: a path or glob with all files it ever matches. Run or Poll may
// be used by one goroutine; Cut, Stats and Wake by any.
type Follower struct {
	opt   Options
	sink  Sink
	long  LongSink
	log   *slog.Logger
	glob  bool
	namer namer

	// mu guards what Cut and Stats read. Only the follower's goroutine changes it, so that
	// goroutine reads without the lock. It is never held during a system call.
	mu      sync.Mutex
	gens    []*gen // oldest first
	paths   []*path
	total   counters
	backlog backlog
	view    view
	scanErr error
	rounds  int
	first   bool // the very first look at the files is not over yet

	skips      map[string]*skipMark
	scanned    time.Time
	rescan     bool // something changed: search the directory in this round
	fresh      int  // archives that could not be read to their end and are being written
	settled    map[fileKey]settledFile
	scanNo     uint64
	buf        []byte
	wake       chan struct{}
	warned     map[string]time.Time
	progressAt time.Time
	armed      atomic.Bool // notifications are on; for tests
}

// path is one name that is followed.
type path struct {
	name     string
	cur      *gen // generation behind the name, nil while it is missing
	last     *gen // the one it had last
	err      error
	errSince time.Time
	noticed  bool  // the error was logged
	readErr  bool  // it came from reading the open file, so only reading ends it
	unread   int64 // size of a file that cannot be opened
	skip     *skipMark
}

// New prepares a follower. It opens nothing; a missing or unreadable file is no error but
// waited for. The error is about the options or a position that cannot be understood
// (*PositionError), in which case the caller decides whether to start without it.
func New(opt Options, sink Sink) (*Follower, error) {
	if err := opt.fill(); err != nil {
		return nil, err
	}
	f := &Follower{
		opt: opt, sink: sink, log: opt.Logger.With("log", opt.Path),
		namer: newNamer(), first: opt.Restore == nil, rescan: true,
		settled: map[fileKey]settledFile{},
		skips:   map[string]*skipMark{},
		warned:  map[string]time.Time{},
		buf:     make([]byte, tailMax+min(blockSize, opt.MaxLine)+slack),
		wake:    make(chan struct{}, 1),
	}
	f.long, _ = sink.(LongSink)
	if strings.ContainsAny(opt.Path, "*?[") {
		if _, err := os.Lstat(opt.Path); err != nil {
			f.glob = true
		}
	}
	if opt.Restore != nil {
		if err := f.decode(opt.Restore); err != nil {
			return nil, err
		}
	}
	f.view.atEnd = f.opt.Now()
	f.backlog.start("start", f.view.atEnd)
	return f, nil
}

// Run follows until the context ends and then closes all files. It returns nil then: every
// problem of a file is waited out and shown by Stats.
func (f *Follower) Run(ctx context.Context) error {
	defer f.close()
	w := newWatcher(f)
	defer w.close()
	for {
		active := false
		for more := true; more; {
			if ctx.Err() != nil {
				return nil
			}
			var moved bool
			more, moved = f.poll()
			active = active || moved
		}
		if !w.wait(ctx.Done(), w.pause(active)) {
			return nil
		}
	}
}

// Poll does one round, for callers that drive the follower by themselves. It reports whether
// it left something unread because a round is limited; then call again.
func (f *Follower) Poll() (more bool) {
	more, _ = f.poll()
	return more
}

// Close closes all files, for callers that use Poll; Run does it by itself.
func (f *Follower) Close() { f.close() }

// Wake makes Run look at the files now instead of at the next poll. It never blocks.
func (f *Follower) Wake() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Cut calls fn between two blocks with the position that belongs to everything delivered so
// far. The slice is fn's to keep. fn must be short and must not call the follower.
func (f *Follower) Cut(fn func(position []byte)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn(f.encode())
}

// CutStats is Cut with the statistics of the same moment.
func (f *Follower) CutStats(fn func(position []byte, st Stats)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn(f.encode(), f.stats())
}

// Stats returns the state of the moment.
func (f *Follower) Stats() Stats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.stats()
}

// CaughtUp reports whether no backlog is being read: see Stats.CatchingUp.
func (f *Follower) CaughtUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.backlog.active
}
