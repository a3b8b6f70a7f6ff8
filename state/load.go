package state

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// maxFile is the largest snapshot that Load reads, in bytes.
const maxFile = 1 << 31

// Load returns the newest usable snapshot, nil when nothing was stored yet. Files that cannot
// be used are renamed and named in a *DamagedError, which comes together with an older
// snapshot when there is one. Call it once, before the first Save.
func (s *Store) Load() (*Snapshot, error) {
	var best *Snapshot
	var damaged DamagedError
	for _, name := range []string{fileName, syncedName} {
		snap, err := readFile(s.path(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			damaged.Files = append(damaged.Files, DamagedFile{s.path(name), s.putAside(name), err})
		case best == nil || snap.Sequence > best.Sequence:
			best = snap
		}
	}
	s.mu.Lock()
	if best != nil {
		s.seq = max(s.seq, best.Sequence)
	}
	s.stats.Damaged += uint64(len(damaged.Files))
	s.mu.Unlock()
	if len(damaged.Files) == 0 {
		return best, nil
	}
	damaged.Used = best != nil
	return best, &damaged
}

func readFile(name string) (*Snapshot, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		if errors.Is(err, syscall.ELOOP) {
			return nil, fmt.Errorf("it is a symbolic link: %w", errForeign)
		}
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file (%s): %w", fi.Mode().Type(), errForeign)
	}
	if fi.Size() > maxFile {
		return nil, fmt.Errorf("it has %d bytes: %w", fi.Size(), errForeign)
	}
	b := make([]byte, fi.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, err
	}
	return decode(b)
}

// putAside renames a file that cannot be used, so that it can be looked at and the next save
// finds its place free. Only the newest few are kept.
func (s *Store) putAside(name string) string {
	stamp := s.opt.Now().UTC().Format("20060102T150405.000")
	aside := s.path(name) + asideMark + stamp
	for i := 1; i < 100; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		}
		aside = fmt.Sprintf("%s%s%s-%d", s.path(name), asideMark, stamp, i)
	}
	if err := os.Rename(s.path(name), aside); err != nil {
		s.log.Error("a damaged snapshot cannot be put aside", "path", s.path(name), "err", err)
		return ""
	}
	old, _ := filepath.Glob(s.path(name) + asideMark + "*")
	slices.Sort(old)
	for len(old) > asideMax {
		// A directory that stood there may hold somebody's files: Remove leaves it then.
		_ = os.Remove(old[0])
		old = old[1:]
	}
	return aside
}
