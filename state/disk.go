package state

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/renameio/v2"
)

// disk is what the store does to files; tests replace it to fail and to stall.
type disk interface {
	// replace writes a file in place of path without waiting for the disk.
	replace(path string, header []byte, parts [][]byte) (size int64, err error)
	// replaceSynced does the same and returns when it would survive a power loss.
	replaceSynced(path string, header []byte, parts [][]byte) error
}

type realDisk struct{}

func (realDisk) replace(path string, header []byte, parts [][]byte) (size int64, err error) {
	// The name is fixed: there is one writer, and what a killed one left is overwritten.
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = writeAll(f, header, parts)
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		// A full disk needs the space more than we need half a file.
		_ = os.Remove(tmp)
	}
	return size, err
}

func (realDisk) replaceSynced(path string, header []byte, parts [][]byte) error {
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if _, err := writeAll(f, header, parts); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

func writeAll(w io.Writer, header []byte, parts [][]byte) (size int64, err error) {
	n, err := w.Write(header)
	size = int64(n)
	for i := 0; err == nil && i < len(parts); i++ {
		n, err = w.Write(parts[i])
		size += int64(n)
	}
	return size, err
}

// ensureLock takes the lock, or checks that the one taken still guards this directory: it may
// have been removed or replaced meanwhile, and another process may be in the new one.
func (s *Store) ensureLock() error {
	name := s.path(lockName)
	s.mu.Lock()
	held := s.lock
	s.mu.Unlock()
	if held != nil {
		if sameFile(held, name) {
			return nil
		}
		s.log.Warn("the state directory was replaced, locking the new one")
	}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return fmt.Errorf("create the state directory: %w", err)
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o640)
	if err != nil {
		return fmt.Errorf("lock the state directory: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return lockedBy(s.dir, f)
		}
		return fmt.Errorf("lock the state directory %s: %w", s.dir, err)
	}
	if !sameFile(f, name) {
		f.Close()
		return fmt.Errorf("the state directory %s is being replaced", s.dir)
	}
	// The pid is for people and for the other process's message; the lock is the kernel's.
	_ = f.Truncate(0)
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	s.mu.Lock()
	s.lock = f
	s.mu.Unlock()
	if held != nil {
		held.Close()
	}
	return nil
}

func sameFile(f *os.File, name string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Lstat(name)
	return err == nil && os.SameFile(a, b)
}

func lockedBy(dir string, f *os.File) error {
	e := &LockedError{Dir: dir}
	b := make([]byte, 32)
	n, _ := f.ReadAt(b, 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil && pid > 0 {
		e.Pid = pid
		if comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid)); err == nil {
			e.Who = strings.TrimSpace(string(comm))
		}
	}
	return e
}

// syncer writes the newest stored snapshot again, synced, at most once in a period. It is a
// second file and a second goroutine: waiting for the disk never delays a scrape.
type syncer struct {
	s    *Store
	mu   sync.Mutex
	next *job
	quit chan struct{}
	done chan struct{}
}

func newSyncer(s *Store) *syncer {
	return &syncer{s: s, quit: make(chan struct{}), done: make(chan struct{})}
}

func (y *syncer) offer(j *job) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.next = j
}

// stop ends the goroutine after a last write; the channel is closed when it has ended.
func (y *syncer) stop() <-chan struct{} {
	close(y.quit)
	return y.done
}

func (y *syncer) run() {
	defer close(y.done)
	tick := time.NewTicker(y.s.opt.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			y.write()
		case <-y.quit:
			y.write()
			return
		}
	}
}

func (y *syncer) write() {
	y.mu.Lock()
	j := y.next
	y.next = nil
	y.mu.Unlock()
	if j == nil {
		return
	}
	err := y.s.opt.disk.replaceSynced(y.s.path(syncedName), j.header, j.parts())
	y.s.mu.Lock()
	defer y.s.mu.Unlock()
	if err != nil {
		y.s.stats.WriteErrors++
		y.s.stats.LastError = fmt.Errorf("sync the snapshot: %w", err)
		return
	}
	y.s.stats.LastSync = y.s.opt.Now()
}
