package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestUnwritableDirectoryRecovers(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(parent, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "state") // below a file: not even root can make it
	s := open(t, dir, Options{})
	if s.Problem() == nil {
		t.Error("no problem seen")
	}
	if err := s.Save(&Snapshot{}); err == nil || s.Stats().WriteErrors != 1 {
		t.Errorf("Save gives %v, stats %+v", err, s.Stats())
	}
	if err := os.Remove(parent); err != nil {
		t.Fatal(err)
	}
	save(t, s, 1)
	if s.Problem() != nil || s.Stats().LastError != nil {
		t.Errorf("after a success: %v, %v", s.Problem(), s.Stats().LastError)
	}
}

func TestDirectoryReplaced(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir, Options{})
	save(t, s, 1)
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	save(t, s, 2)
	var le *LockedError
	if _, err := Open(dir); !errors.As(err, &le) {
		t.Errorf("the new directory is not locked: %v", err)
	}
	// Replaced once more, and somebody else was quicker.
	if err := os.Rename(dir, dir+".older"); err != nil {
		t.Fatal(err)
	}
	other := open(t, dir, Options{})
	if err := s.Save(&Snapshot{Sections: sections(3)}); !errors.As(err, &le) {
		t.Errorf("both write into one directory: %v", err)
	}
	if snap, err := other.Load(); snap != nil || err != nil {
		t.Errorf("the other sees %v, %v", snap, err)
	}
}

func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no tmpfs can be mounted: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	s := open(t, dir, Options{})
	save(t, s, 1)
	err := s.Save(&Snapshot{Sections: map[string][]byte{"big": make([]byte, 200<<10)}})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("Save gives %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); left != nil {
		t.Errorf("left behind on a full disk: %v", left)
	}
	save(t, s, 2)
	s.Close()
	// Read-only: what was stored is used, and saving says what is wrong.
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, Options{})
	if !errors.Is(s.Problem(), syscall.EROFS) {
		t.Errorf("the problem is %v", s.Problem())
	}
	if err := s.Save(&Snapshot{}); !errors.Is(err, syscall.EROFS) {
		t.Errorf("Save gives %v", err)
	}
	snap, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	wantSections(t, snap, 2)
}

// slowDisk blocks every write until it gets a token, and notes what was written.
type slowDisk struct {
	realDisk
	token chan struct{}
	mu    sync.Mutex
	seqs  []string
	at    int // writers at the same time
	most  int
}

func (d *slowDisk) replace(path string, header []byte, parts [][]byte) (int64, error) {
	d.mu.Lock()
	d.at++
	d.most = max(d.most, d.at)
	d.mu.Unlock()
	<-d.token
	n, err := d.realDisk.replace(path, header, parts)
	d.mu.Lock()
	d.at--
	d.seqs = append(d.seqs, string(parts[0]))
	d.mu.Unlock()
	return n, err
}

func TestStalledDisk(t *testing.T) {
	d := &slowDisk{token: make(chan struct{})}
	dir := t.TempDir()
	s := open(t, dir, Options{disk: d})
	within := func(i int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		return s.SaveWithin(ctx, &Snapshot{Sections: map[string][]byte{"i": fmt.Append(nil, i)}})
	}
	for i := range 5 {
		if err := within(i); !errors.Is(err, ErrOverdue) {
			t.Fatalf("save %d on a stalled disk: %v", i, err)
		}
	}
	if n := s.Stats().WriteErrors; n != 5 {
		t.Errorf("%d write errors, want 5", n)
	}
	// The disk works again: the first one and the newest are written, those between are not.
	close(d.token)
	if err := s.Save(&Snapshot{Sections: map[string][]byte{"i": []byte("last")}}); err != nil {
		t.Fatal(err)
	}
	if d.most != 1 {
		t.Errorf("%d writers at the same time", d.most)
	}
	if got := d.seqs[len(d.seqs)-1]; got != "last" {
		t.Errorf("written were %q", d.seqs)
	}
	if len(d.seqs) > 3 {
		t.Errorf("superseded snapshots were written: %q", d.seqs)
	}
	s.Close()
	s = open(t, dir, Options{})
	snap, err := s.Load()
	if err != nil || string(snap.Sections["i"]) != "last" {
		t.Errorf("stored is %v, %v", snap, err)
	}
}

func TestManySavers(t *testing.T) {
	s := open(t, t.TempDir(), Options{SyncEvery: time.Millisecond})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 30 {
				save(t, s, g*100+i)
				s.Stats()
			}
		})
	}
	wg.Wait()
	s.Close()
	if err := s.Save(&Snapshot{}); !errors.Is(err, ErrClosed) {
		t.Errorf("Save after Close: %v", err)
	}
}
