// Package state keeps one snapshot of named sections in a directory: versioned, checksummed,
// replaced atomically, and locked against a second process. It does not know what it stores.
//
// A snapshot is written to a temporary file and renamed, without waiting for the disk: that
// is enough for any death of the process. Beside, every few seconds, a second copy is written
// and synced, for the death of the machine; Load falls back to it. Both are complete
// snapshots, so going back to the older one only means reading more of the log again.
package state

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Names of the files in the directory.
const (
	fileName   = "snapshot"
	syncedName = "snapshot.synced"
	lockName   = "lock"
	asideMark  = ".aside-"
	asideMax   = 4 // damaged files that are kept of each name
)

// ErrOverdue is returned by SaveWithin and Pending.Wait when the time was over. The write goes on beside; if
// it succeeds, its snapshot or a newer one is the stored one.
var ErrOverdue = errors.New("saving the snapshot takes too long, it goes on beside")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the state directory was closed")

// LockedError says that another process uses the directory.
type LockedError struct {
	Dir string
	Pid int    // 0 when it is not known
	Who string // the process's command, "" when it is not known
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.Pid > 0 {
		who = fmt.Sprintf("process %d", e.Pid)
	}
	if e.Who != "" {
		who += " (" + e.Who + ")"
	}
	return fmt.Sprintf("the state directory %s is in use by %s: two exporters cannot share one, give each its own", e.Dir, who)
}

// DamagedError says that stored snapshots could not be used and were put aside. It comes with
// the snapshot that could be used instead, if there was one.
type DamagedError struct {
	Files []DamagedFile
	// Used says that Load returned an older snapshot in spite of it.
	Used bool
}

// DamagedFile is one file that could not be used.
type DamagedFile struct {
	Path  string
	Aside string // where it is now; "" when it could not be moved
	Err   error
}

func (e *DamagedError) Error() string {
	s := "the stored snapshot cannot be used: "
	for i, f := range e.Files {
		if i > 0 {
			s += "; "
		}
		s += fmt.Sprintf("%s: %v", f.Path, f.Err)
		if f.Aside != "" {
			s += ", kept as " + filepath.Base(f.Aside)
		}
	}
	if e.Used {
		return s + "; an older one is used"
	}
	return s
}

func (e *DamagedError) Unwrap() []error {
	var errs []error
	for _, f := range e.Files {
		errs = append(errs, f.Err)
	}
	return errs
}

// Options are optional.
type Options struct {
	// SyncEvery is how often a changed snapshot is written for a power loss, 5 s when zero.
	SyncEvery time.Duration
	Logger    *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time

	disk disk // replaced by tests
}

// Store is a state directory. Its methods may be called from any goroutine.
type Store struct {
	dir string
	opt Options
	log *slog.Logger

	mu      sync.Mutex
	lock    *os.File // nil while the lock could not be taken
	problem error    // why the directory cannot be written
	seq     uint64
	stats   Stats
	closed  bool

	next *job // waits for the writer, the newest one only
	kick chan struct{}
	done chan struct{} // closed when the writer has ended
	sync *syncer
}

// Stats is what operators see of the store.
type Stats struct {
	Saves       uint64
	WriteErrors uint64 // failed or overdue saves, failed syncs
	LastError   error  // nil after a success
	LastSave    time.Time
	LastSync    time.Time
	Duration    time.Duration // of the last successful save
	Bytes       int64         // of the last successful save
	Damaged     uint64        // files put aside by Load
}

// Open prepares a directory, creates it if it is missing, and locks it. An error is final:
// the directory is in use (*LockedError) or is no directory. A directory that cannot be
// written is no error here, it may become writable: see Problem.
func Open(dir string) (*Store, error) { return OpenWith(dir, Options{}) }

// OpenWith is Open with options.
func OpenWith(dir string, opt Options) (*Store, error) {
	if dir == "" {
		return nil, errors.New("no state directory")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if opt.SyncEvery <= 0 {
		opt.SyncEvery = 5 * time.Second
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.disk == nil {
		opt.disk = realDisk{}
	}
	s := &Store{dir: abs, opt: opt, log: opt.Logger.With("dir", abs), kick: make(chan struct{}, 1), done: make(chan struct{})}
	if fi, err := os.Stat(abs); err == nil && !fi.IsDir() {
		return nil, fmt.Errorf("state directory %s is not a directory", abs)
	}
	if err := s.ensureLock(); err != nil {
		var locked *LockedError
		if errors.As(err, &locked) {
			return nil, err
		}
		s.problem = err
	}
	s.sync = newSyncer(s)
	go s.writer()
	go s.sync.run()
	return s, nil
}

// Problem is why the directory cannot be used at the moment, nil when it can.
func (s *Store) Problem() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.problem
}

// Stats returns counters and the last events.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stats
}

// Dir is the absolute path of the directory.
func (s *Store) Dir() string { return s.dir }

// Close ends the writers and gives the lock back. A write that is going on is waited for; one
// that a stalled disk never ends is left alone after a few seconds.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.wakeWriter()
	limit := time.NewTimer(5 * time.Second)
	defer limit.Stop()
	for _, done := range []<-chan struct{}{s.done, s.sync.stop()} {
		select {
		case <-done:
		case <-limit.C:
			return fmt.Errorf("%w: the last write has not ended", ErrOverdue)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lock != nil {
		return s.lock.Close()
	}
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name) }
