package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, dir string, opt Options) *Store {
	t.Helper()
	s, err := OpenWith(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func sections(i int) map[string][]byte {
	return map[string][]byte{
		"empty":                   nil,
		"position /var/log/x":     []byte(fmt.Sprintf("position %d", i)),
		"series":                  bytes.Repeat([]byte{byte(i)}, 3000),
		"zz last, with \n and \"": []byte("end"),
	}
}

func save(t *testing.T, s *Store, i int) {
	t.Helper()
	if err := s.Save(&Snapshot{Sections: sections(i)}); err != nil {
		t.Fatal(err)
	}
}

func wantSections(t *testing.T, snap *Snapshot, i int) {
	t.Helper()
	if snap == nil {
		t.Fatal("no snapshot")
	}
	want := sections(i)
	if len(snap.Sections) != len(want) {
		t.Errorf("%d sections, want %d", len(snap.Sections), len(want))
	}
	for n, b := range want {
		if !bytes.Equal(snap.Sections[n], b) {
			t.Errorf("section %q is %.20q, want %.20q", n, snap.Sections[n], b)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "yet")
	s := open(t, dir, Options{})
	if snap, err := s.Load(); snap != nil || err != nil {
		t.Fatalf("an empty directory gives %v, %v", snap, err)
	}
	var last uint64
	for i := range 3 {
		save(t, s, i)
		s.Close()
		s = open(t, dir, Options{})
		snap, err := s.Load()
		if err != nil {
			t.Fatal(err)
		}
		wantSections(t, snap, i)
		if snap.Sequence <= last {
			t.Errorf("sequence %d after %d", snap.Sequence, last)
		}
		last = snap.Sequence
	}
}

// TestDamages makes every damage to the stored file and wants a typed error, the file put
// aside, and a directory that can be used.
func TestDamages(t *testing.T) {
	snap := &Snapshot{Sections: sections(1)}
	header, names := snap.encode()
	whole := append([]byte(nil), header...)
	cuts := []int{0, 1, len(magic), len(magic) + 4, len(header) - 1, len(header)}
	for _, n := range names {
		whole = append(whole, snap.Sections[n]...)
		cuts = append(cuts, len(whole)-1, len(whole))
	}
	damages := map[string]func(path string) error{
		"foreign":       put([]byte(`{"json": true, "and": "longer than the magic text"}`)),
		"text":          put([]byte("x")),
		"longer":        put(append(whole[:len(whole):len(whole)], 0)),
		"newer version": put(changed(whole, len(magic), version+1)),
		"older version": put(changed(whole, len(magic), 0)),
		"directory":     func(p string) error { return os.Mkdir(p, 0o755) },
		"full directory": func(p string) error {
			return errors.Join(os.Mkdir(p, 0o755), os.WriteFile(filepath.Join(p, "x"), []byte("y"), 0o644))
		},
		"symbolic link": func(p string) error {
			return errors.Join(os.WriteFile(p+".target", whole, 0o644), os.Symlink(p+".target", p))
		},
		"dangling link": func(p string) error { return os.Symlink("nowhere", p) },
		"fifo":          func(p string) error { return syscall.Mkfifo(p, 0o644) },
	}
	if os.Getuid() != 0 {
		damages["unreadable"] = func(p string) error { return os.WriteFile(p, whole, 0) }
	}
	for _, n := range cuts {
		if n < len(whole) {
			damages[fmt.Sprintf("cut at %d", n)] = put(whole[:n])
		}
	}
	for i := 0; i < len(whole); i += 1 + i/40 {
		damages[fmt.Sprintf("flipped byte %d", i)] = put(changed(whole, i, whole[i]^0x40))
	}
	for name, do := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, fileName)
			if err := do(path); err != nil {
				t.Fatal(err)
			}
			s := open(t, dir, Options{})
			got, err := s.Load()
			var de *DamagedError
			if got != nil || !errors.As(err, &de) {
				t.Fatalf("Load gives %v, %v", got, err)
			}
			if len(de.Files) != 1 || de.Used || s.Stats().Damaged != 1 {
				t.Errorf("error is %+v, stats %+v", de, s.Stats())
			}
			if _, err := os.Lstat(de.Files[0].Aside); err != nil {
				t.Errorf("not kept: %v", err)
			}
			if !strings.Contains(err.Error(), filepath.Base(de.Files[0].Aside)) {
				t.Errorf("the error does not name the kept file: %v", err)
			}
			save(t, s, 7)
			s.Close()
			s = open(t, dir, Options{})
			got, err = s.Load()
			if err != nil {
				t.Fatal(err)
			}
			wantSections(t, got, 7)
		})
	}
}

func put(b []byte) func(string) error {
	return func(p string) error { return os.WriteFile(p, b, 0o644) }
}

func changed(b []byte, at int, to byte) []byte {
	c := bytes.Clone(b)
	c[at] = to
	return c
}

func TestVersionsAreNamed(t *testing.T) {
	for v, want := range map[byte]string{version + 1: "newer version", 0: "older version"} {
		header, _ := (&Snapshot{}).encode()
		_, err := decode(changed(header, len(magic), v))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("version %d: %v", v, err)
		}
	}
}

func TestFallBackToTheSyncedCopy(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	save(t, s, 1)
	s.Close() // writes the synced copy
	s = open(t, dir, Options{})
	if _, err := s.Load(); err != nil {
		t.Fatal(err)
	}
	save(t, s, 2)
	// As after a power loss: the file that was not synced has lost its data.
	if err := os.Truncate(filepath.Join(dir, fileName), 0); err != nil {
		t.Fatal(err)
	}
	s.sync.mu.Lock()
	s.sync.next = nil
	s.sync.mu.Unlock()
	s.Close()
	s = open(t, dir, Options{})
	snap, err := s.Load()
	var de *DamagedError
	if !errors.As(err, &de) || !de.Used {
		t.Fatalf("error is %v", err)
	}
	wantSections(t, snap, 1)
	save(t, s, 3)
	s.Close()
	s = open(t, dir, Options{})
	snap, err = s.Load()
	if err != nil {
		t.Fatal(err)
	}
	wantSections(t, snap, 3)
}

func TestOnlyAFewAreKeptAside(t *testing.T) {
	dir := t.TempDir()
	for range 10 {
		if err := os.WriteFile(filepath.Join(dir, fileName), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, Options{})
		if _, err := s.Load(); err == nil {
			t.Fatal("no error")
		}
		s.Close()
	}
	kept, _ := filepath.Glob(filepath.Join(dir, fileName+asideMark+"*"))
	if len(kept) != asideMax {
		t.Errorf("%d files are kept, want %d", len(kept), asideMax)
	}
}

func TestSecondProcess(t *testing.T) {
	dir := os.Getenv("STATE_TEST_DIR")
	if dir != "" { // the second process
		_, err := Open(dir)
		fmt.Print(err)
		return
	}
	dir = t.TempDir()
	s := open(t, dir, Options{})
	cmd := exec.Command(os.Args[0], "-test.run=^TestSecondProcess$")
	cmd.Env = append(os.Environ(), "STATE_TEST_DIR="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d", os.Getpid()), "in use"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the second process says %q, without %q", out, want)
		}
	}
	var le *LockedError
	if _, err := Open(dir); !errors.As(err, &le) || le.Pid != os.Getpid() {
		t.Errorf("a second store in this process: %v", err)
	}
	s.Close()
	open(t, dir, Options{})
}

func TestNoDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"", file} {
		if _, err := Open(dir); err == nil {
			t.Errorf("%q is accepted", dir)
		}
	}
}

func FuzzDecode(f *testing.F) {
	snap := &Snapshot{Sections: sections(1)}
	header, names := snap.encode()
	for _, n := range names {
		header = append(header, snap.Sections[n]...)
	}
	f.Add(header)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decode(b)
		if (s == nil) == (err == nil) {
			t.Errorf("both or neither: %v, %v", s, err)
		}
	})
}

func BenchmarkSave(b *testing.B) {
	s, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := make([]byte, 8<<20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if err := s.Save(&Snapshot{Sections: map[string][]byte{"series": data}}); err != nil {
			b.Fatal(err)
		}
	}
}
