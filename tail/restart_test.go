package tail

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRestarting(t *testing.T) {
	for _, s := range append(restarting(), starting()...) {
		t.Run(s.name, func(t *testing.T) {
			var change []func(*Options)
			if s.opt != nil {
				change = append(change, s.opt)
			}
			w := newWorld(t, change...)
			s.run(w)
			w.check()
			// Whatever happened, one more restart finds nothing to be counted.
			w.restart()
			w.check()
		})
	}
}

func restarting() []scenario {
	const log = "haproxy.log"
	return []scenario{
		{name: "stop and start", run: func(w *world) {
			for range 5 {
				w.append(log, 10)
				w.poll()
				w.append(log, 5)
				w.restart()
			}
		}},
		{name: "killed again and again with rotations", run: func(w *world) {
			w.save()
			for i := range 40 {
				w.append(log, 7)
				if i%3 == 0 {
					w.poll()
				}
				if i%4 == 0 {
					w.save()
				}
				if i%5 == 0 {
					for k := 8; k > 0; k-- {
						from := log + "." + string(rune('0'+k))
						if _, err := os.Stat(w.path(from)); err == nil {
							w.rename(from, log+"."+string(rune('1'+k)))
						}
					}
					w.rename(log, log+".1")
				}
				w.append(log, 3)
				if i%2 == 0 {
					w.f.Poll()
				}
				w.kill()
			}
		}},
		{name: "rotated once while down", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 10)
			w.rename(log, log+".1")
			w.append(log, 10)
			w.start(w.saved)
		}},
		{name: "rotated three times while down", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 10)
			w.rename(log, log+".3")
			w.append(log, 10)
			w.rename(log, log+".2")
			w.append(log, 10)
			w.rename(log, log+".1")
			w.append(log, 10)
			w.start(w.saved)
			w.poll()
			expect(w, "rotations", w.f.Stats().Rotations, uint64(3))
		}},
		{name: "the rest only in archives", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			for i, ext := range []string{".gz", ".zst", ".xz"} {
				w.append(log, 10)
				name := log + "-2026112" + string(rune('0'+i))
				w.rename(log, name)
				w.compress(name, ext)
			}
			w.append(log, 10)
			w.start(w.saved)
			w.poll()
			expect(w, "recovered lines", w.f.Stats().RecoveredLines(FromArchive), uint64(30))
		}},
		{name: "a large archive, killed in the middle", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 100_000)
			w.rename(log, log+".1")
			w.compress(log+".1", ".gz")
			w.append(log, 10)
			w.start(w.saved)
			for range 40 {
				if !w.f.Poll() {
					break
				}
				expect(w, "caught up", w.f.CaughtUp(), false)
				w.save()
				w.kill()
			}
		}},
		{name: "an archive that is still being written at the start", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 3000)
			w.rename(log, log+".1")
			w.compress(log+".1", ".gz")
			w.append(log, 10)
			whole, err := os.ReadFile(w.path(log + ".1.gz"))
			w.must(err)
			w.must(os.WriteFile(w.path(log+".1.gz"), whole[:len(whole)/2], 0o644))
			w.start(w.saved)
			w.poll()
			expect(w, "caught up", w.f.CaughtUp(), false)
			w.must(os.WriteFile(w.path(log+".1.gz"), whole, 0o644))
			w.later(3 * time.Second)
			expect(w, "caught up", w.f.CaughtUp(), true)
		}},
		{name: "a damaged archive", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.must(os.WriteFile(w.path(log+".2.gz"), []byte("\x1f\x8b\x08 this is no archive"), 0o644))
			w.append(log, 10)
			w.rename(log, log+".1")
			w.start(w.saved)
			w.later(time.Minute)
		}},
		{name: "copytruncate while down", run: func(w *world) {
			live := w.writer(log)
			w.put(live, w.lines(10))
			w.poll()
			w.stop()
			w.put(live, w.lines(10))
			w.copy(log, log+".1")
			w.truncate(log, 0)
			w.put(live, w.lines(10))
			w.start(w.saved)
		}},
		{name: "copytruncate twice while down, with shifted copies", run: func(w *world) {
			live := w.writer(log)
			w.put(live, w.lines(10))
			w.poll()
			w.stop()
			for _, name := range []string{log + ".2", log + ".1"} {
				w.put(live, w.lines(10))
				w.copy(log, name)
				w.truncate(log, 0)
			}
			w.put(live, w.lines(50))
			w.start(w.saved)
		}},
		{name: "inode reused by a new log", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			// The same inode with other content, longer than the position.
			w.truncate(log, 0)
			w.append(log, 30)
			w.start(w.saved)
		}},
		{name: "inode reused while the old content went to an archive", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 5)
			w.pack(log, log+".1.gz", ".gz")
			w.truncate(log, 0)
			w.append(log, 30)
			w.start(w.saved)
		}},
		{name: "the content came back under another inode", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.copy(log, "restored")
			w.rename("restored", log)
			w.append(log, 10)
			w.start(w.saved)
		}},
		{name: "moved to a subdirectory while down", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 10)
			w.must(os.Mkdir(w.path("old"), 0o755))
			w.rename(log, "old/"+log+".1")
			w.append(log, 10)
			w.start(w.saved)
		}},
		{name: "moved to a configured directory while down, twice", opt: func(o *Options) { o.OldDirs = []string{"old"} }, run: func(w *world) {
			w.must(os.Mkdir(w.path("old"), 0o755))
			w.append(log, 10)
			w.poll()
			w.stop()
			w.append(log, 10)
			w.rename(log, "old/"+log+".2")
			w.append(log, 10)
			w.rename(log, "old/"+log+".1")
			w.append(log, 10)
			w.start(w.saved)
		}},
		{name: "deleted while down", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.stop()
			w.remove(log)
			w.append(log, 10)
			w.start(w.saved)
			w.poll()
			expect(w, "vanished", w.f.Stats().Vanished, uint64(1))
		}},
		{name: "nothing was consumed before the kill", run: func(w *world) {
			w.writer(log)
			w.poll()
			w.save()
			w.append(log, 10)
			w.rename(log, log+".1")
			w.append(log, 10)
			w.kill()
		}},
		{name: "half a line at the kill", run: func(w *world) {
			f := w.writer(log)
			text := w.lines(2)
			w.put(f, text[:len(text)-5])
			w.poll()
			w.restart()
			w.poll()
			w.put(f, text[len(text)-5:])
			w.poll()
		}},
	}
}

func TestPositionOfAnotherVersion(t *testing.T) {
	w := newWorld(t)
	w.append("haproxy.log", 3)
	w.poll()
	w.save()
	var pe *PositionError
	for _, bad := range [][]byte{{}, {9}, {1}, append(w.saved[:len(w.saved):len(w.saved)], 0), w.saved[:len(w.saved)-1]} {
		opt := w.opt
		opt.Restore = bad
		if _, err := New(opt, w); !errors.As(err, &pe) {
			t.Errorf("position %.8q…: error %v", bad, err)
		}
	}
}

func FuzzPosition(f *testing.F) {
	t := &testing.T{}
	w := &world{t: t, want: map[string]int{}, got: map[string]int{}}
	w.dir = f.TempDir()
	w.log = filepath.Join(w.dir, "haproxy.log")
	w.opt = Options{Path: w.log, From: FromStart}
	w.start(nil)
	w.append("haproxy.log", 30)
	w.poll()
	w.save()
	f.Add(w.saved)
	w.f.Close()
	f.Fuzz(func(t *testing.T, b []byte) {
		opt := w.opt
		if b == nil {
			b = []byte{}
		}
		opt.Restore, opt.NoNotify = b, true
		fo, err := New(opt, w)
		if err != nil {
			return
		}
		defer fo.Close()
		fo.Poll()
		fo.Cut(func([]byte) {})
	})
}
