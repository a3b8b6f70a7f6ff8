package tail

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// compress makes name.ext from name and removes name, as gzip does.
func (w *world) compress(name, ext string) {
	w.t.Helper()
	w.pack(name, name+ext, ext)
	w.remove(name)
}

func (w *world) pack(name, to, ext string) {
	w.t.Helper()
	plain, err := os.ReadFile(w.path(name))
	w.must(err)
	var b bytes.Buffer
	var z io.WriteCloser
	switch ext {
	case ".gz":
		z = gzip.NewWriter(&b)
	case ".zst":
		z, err = zstd.NewWriter(&b)
	case ".xz":
		z, err = xz.NewWriter(&b)
	}
	w.must(err)
	_, err = z.Write(plain)
	w.must(err)
	w.must(z.Close())
	w.must(os.WriteFile(w.path(to), b.Bytes(), 0o644))
}

type scenario struct {
	name string
	opt  func(*Options)
	run  func(w *world)
}

func TestFollowing(t *testing.T) {
	for _, s := range following() {
		t.Run(s.name, func(t *testing.T) {
			var change []func(*Options)
			if s.opt != nil {
				change = append(change, s.opt)
			}
			w := newWorld(t, change...)
			s.run(w)
			w.check()
		})
	}
}

func following() []scenario {
	const log = "haproxy.log"
	return []scenario{
		{name: "steady", run: func(w *world) {
			for range 20 {
				w.append(log, 50)
				w.poll()
			}
			expect(w, "rotations", w.f.Stats().Rotations, uint64(0))
		}},
		{name: "rename and create, late writes to the renamed file", run: func(w *world) {
			old := w.writer(log)
			w.put(old, w.lines(10))
			w.poll()
			w.rename(log, log+".1")
			w.put(old, w.lines(10))
			w.poll()
			w.append(log, 5)
			w.poll()
			w.put(old, w.lines(10))
			w.later(5 * time.Second)
			w.put(old, w.lines(10))
			w.poll()
			expect(w, "rotations", w.f.Stats().Rotations, uint64(1))
			expect(w, "recovered lines", w.f.Stats().RecoveredLines(FromRotated), uint64(30))
		}},
		{name: "late writes after the drain", run: func(w *world) {
			old := w.writer(log)
			w.put(old, w.lines(10))
			w.poll()
			w.rename(log, log+".1")
			w.append(log, 5)
			w.poll()
			w.later(time.Minute)
			w.later(time.Minute)
			expect(w, "open", w.f.Stats().GenerationsOpen, 1)
			w.put(old, w.lines(10))
			w.later(3 * time.Second)
		}},
		{name: "renamed again and again between two looks", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.append(log, 10)
			for i := range 4 {
				w.rename(log, log+".x"+string(rune('0'+i)))
				w.append(log, 7)
			}
			for i := range 4 {
				w.rename(log+".x"+string(rune('0'+i)), log+"."+string(rune('4'-i)))
			}
		}},
		{name: "dateext, two rotations unseen", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.append(log, 10)
			w.rename(log, log+"-20261120")
			w.append(log, 10)
			w.rename(log, log+"-20261121-1")
			w.append(log, 10)
		}},
		{name: "dateext with the extension kept", run: func(w *world) {
			w.append(log, 10)
			w.poll()
			w.rename(log, "haproxy-20261120.log")
			w.append(log, 10)
			w.rename(log, "haproxy-20261121.log")
			w.append(log, 10)
		}},
		{name: "moved to a directory we do not know", run: func(w *world) {
			old := w.writer(log)
			w.put(old, w.lines(10))
			w.poll()
			w.must(os.Mkdir(w.path("old"), 0o755))
			w.rename(log, "old/"+log+".1")
			w.append(log, 5)
			w.poll()
			w.put(old, w.lines(10))
			w.later(15 * time.Second)
			w.put(old, w.lines(10))
		}},
		{name: "deleted and created again", run: func(w *world) {
			old := w.writer(log)
			w.put(old, w.lines(10))
			w.poll()
			w.remove(log)
			w.put(old, w.lines(10))
			w.poll()
			w.append(log, 10)
			w.put(old, w.lines(10))
			w.poll()
			w.later(15 * time.Second)
			w.put(old, w.lines(10))
		}},
		{name: "compressed at once, late writes", run: func(w *world) {
			old := w.writer(log)
			w.put(old, w.lines(10))
			w.poll()
			w.rename(log, log+".1")
			w.append(log, 5)
			w.put(old, w.lines(10))
			w.poll()
			w.compress(log+".1", ".gz")
			w.put(old, w.lines(10))
			w.poll()
		}},
		{name: "compressed while open and before a line of it was read", run: func(w *world) {
			old := w.writer(log)
			w.poll()
			w.put(old, w.lines(10))
			w.rename(log, log+".1")
			w.writer(log)
			w.compress(log+".1", ".gz")
			w.poll()
		}},
		{name: "delaycompress", run: func(w *world) {
			for i := range 4 {
				w.append(log, 10)
				w.poll()
				w.append(log, 3)
				if i > 0 {
					w.rename(log+".1", log+".2")
					w.compress(log+".2", ".gz")
				}
				w.rename(log, log+".1")
				w.append(log, 2)
				w.later(20 * time.Second)
				w.later(3 * time.Second)
			}
		}},
		{name: "copytruncate", run: func(w *world) {
			live := w.writer(log)
			for i := range 3 {
				w.put(live, w.lines(20))
				w.poll()
				w.put(live, w.lines(5)) // read only from the copy
				w.copy(log, log+"."+string(rune('3'-i)))
				w.truncate(log, 0)
				w.put(live, w.lines(5))
				w.poll()
			}
			expect(w, "recovered lines", w.f.Stats().RecoveredLines(FromCopy), uint64(15))
			expect(w, "truncations", w.f.Stats().Truncations, uint64(3))
		}},
		{name: "copytruncate, the copy seen long before the truncation", run: func(w *world) {
			live := w.writer(log)
			w.put(live, w.lines(20))
			w.poll()
			w.put(live, w.lines(5))
			w.copy(log, log+".1")
			w.later(5 * time.Second)
			w.later(5 * time.Second)
			w.truncate(log, 0)
			w.put(live, w.lines(5))
		}},
		{name: "copytruncate of content that was never read", run: func(w *world) {
			live := w.writer(log)
			w.poll()
			w.put(live, w.lines(5))
			w.copy(log, log+".1")
			w.truncate(log, 0)
			w.put(live, w.lines(5))
		}},
		{name: "copytruncate, copy of half a line seen first", run: func(w *world) {
			live := w.writer(log)
			text := w.lines(5)
			w.put(live, text[:30])
			w.copy(log, log+".1")
			w.poll()
			w.later(3 * time.Second)
			w.put(live, text[30:])
			w.copy(log, log+".1")
			w.later(3 * time.Second)
			w.truncate(log, 0)
			w.put(live, w.lines(5))
		}},
		{name: "copytruncate, the copy compressed at once", run: func(w *world) {
			live := w.writer(log)
			w.put(live, w.lines(20))
			w.poll()
			w.put(live, w.lines(5))
			w.copy(log, log+".1")
			w.compress(log+".1", ".gz")
			w.truncate(log, 0)
			w.put(live, w.lines(5))
			w.poll()
			w.later(3 * time.Second)
			expect(w, "recovered lines", w.f.Stats().RecoveredLines(FromArchive), uint64(5))
		}},
		{name: "copytruncate with a writer that leaves a hole", run: func(w *world) {
			live := w.writer(log, os.O_WRONLY|os.O_CREATE)
			w.put(live, w.lines(50))
			w.poll()
			w.copy(log, log+".1")
			w.truncate(log, 0)
			w.poll()
			w.put(live, w.lines(50))
			w.poll()
			w.copy(log, log+".2")
			w.truncate(log, 0)
			w.put(live, w.lines(50))
			w.poll()
			w.put(live, w.lines(50))
		}},
		{name: "a hole of gigabytes", run: func(w *world) {
			live := w.writer(log, os.O_WRONLY|os.O_CREATE)
			_, err := live.Seek(5<<30, io.SeekStart)
			w.must(err)
			w.put(live, w.lines(50))
			w.poll()
			w.put(live, w.lines(5))
		}},
		{name: "truncated and regrown beyond the position", run: func(w *world) {
			live := w.writer(log)
			w.put(live, w.lines(20))
			w.poll()
			w.truncate(log, 0)
			w.put(live, w.lines(60))
		}},
		{name: "truncated and regrown to exactly the position", run: func(w *world) {
			w.n = 40
			w.put(w.writer(log), w.lines(1))
			w.poll()
			w.n = 0
			fi, err := os.Stat(w.path(log))
			w.must(err)
			w.truncate(log, 0)
			l := w.line()
			l += strings.Repeat("y", int(fi.Size())-len(l)-1)
			w.want[l]++
			w.put(w.writer(log), l+"\n")
		}},
		{name: "half lines across reads and a rotation", run: func(w *world) {
			old := w.writer(log)
			text := w.lines(3)
			for i := range len(text) {
				w.put(old, text[i:i+1])
				w.poll()
				if i == len(text)/2 {
					w.rename(log, log+".1")
					w.append(log, 3)
					w.poll()
				}
			}
		}},
		{name: "a half line that is never finished", run: func(w *world) {
			w.append(log, 3)
			w.put(w.writer(log), "half a line")
			w.poll()
			w.rename(log, log+".1")
			w.append(log, 3)
			w.poll()
			w.later(20 * time.Second)
			expect(w, "partial lines", w.f.Stats().PartialLines, uint64(1))
		}},
		{name: "symbolic link switched", run: func(w *world) {
			a, b := w.writer("a.log"), w.writer("b.log")
			w.must(os.Symlink("a.log", w.log))
			w.put(a, w.lines(10))
			w.poll()
			w.must(os.Symlink("b.log", w.path("link.tmp")))
			w.put(a, w.lines(3))
			w.rename("link.tmp", log)
			w.put(b, w.lines(10))
			w.poll()
			w.put(a, w.lines(5))
			w.later(20 * time.Second)
			w.later(20 * time.Second)
			w.put(a, w.lines(5))
			w.later(3 * time.Second)
		}},
		{name: "missing directory, then missing file", opt: func(o *Options) { o.Path = filepath.Join(filepath.Dir(o.Path), "not/yet", log) }, run: func(w *world) {
			w.poll()
			expect(w, "up", w.f.Stats().Up, false)
			w.must(os.MkdirAll(w.path("not/yet"), 0o755))
			w.poll()
			w.append("not/yet/"+log, 10)
			w.poll()
			expect(w, "up", w.f.Stats().Up, true)
		}},
		{name: "the directory is replaced", opt: func(o *Options) { o.Path = filepath.Join(filepath.Dir(o.Path), "d", log) }, run: func(w *world) {
			w.must(os.Mkdir(w.path("d"), 0o755))
			old := w.writer("d/" + log)
			w.put(old, w.lines(10))
			w.poll()
			w.rename("d", "d.old")
			w.poll()
			w.put(old, w.lines(10))
			w.must(os.Mkdir(w.path("d"), 0o755))
			w.append("d/"+log, 10)
			w.poll()
			w.put(old, w.lines(10))
		}},
		{name: "the directory becomes a file for a while", opt: func(o *Options) { o.Path = filepath.Join(filepath.Dir(o.Path), "d", log) }, run: func(w *world) {
			w.must(os.Mkdir(w.path("d"), 0o755))
			old := w.writer("d/" + log)
			w.put(old, w.lines(10))
			w.poll()
			w.rename("d", "d.old")
			w.writer("d").Close()
			w.put(old, w.lines(10))
			w.poll()
			expect(w, "up", w.f.Stats().Up, false)
			w.remove("d")
			w.rename("d.old", "d")
			w.put(old, w.lines(10))
			w.poll()
			expect(w, "up", w.f.Stats().Up, true)
			expect(w, "rotations", w.f.Stats().Rotations, uint64(0))
		}},
		{name: "the name is a directory, then a FIFO-free file", run: func(w *world) {
			w.must(os.Mkdir(w.log, 0o755))
			w.poll()
			expect(w, "up", w.f.Stats().Up, false)
			w.remove(log)
			w.append(log, 3)
		}},
		{name: "NUL and CR inside lines", run: func(w *world) {
			for range 5 {
				l := w.line() + "\x00mid\x00\r"
				w.want[l]++
				w.put(w.writer(log), l+"\n")
			}
			w.poll()
		}},
		{name: "space reserved with NULs before the lines", run: func(w *world) {
			w.append(log, 3)
			w.poll()
			fi, err := os.Stat(w.log)
			w.must(err)
			w.truncate(log, fi.Size()+100_000)
			w.poll()
			f := w.writer(log, os.O_WRONLY)
			text := w.lines(4)
			_, err = f.WriteAt([]byte(text), fi.Size())
			w.must(err)
			w.poll()
		}},
		{name: "NULs between lines, as a crash leaves them", run: func(w *world) {
			w.append(log, 3)
			w.put(w.writer(log), string(make([]byte, 5000)))
			w.poll()
			w.append(log, 3)
			w.poll()
		}},
		{name: "long lines up to the limit, and beyond", opt: func(o *Options) { o.MaxLine = 400_000 }, run: func(w *world) {
			f := w.writer(log)
			for _, n := range []int{60_000, 70_000, 300_000, 399_999, 400_000, 400_001, 2_000_000} {
				w.put(f, w.lines(1))
				l := w.line()
				l += strings.Repeat("z", n-len(l)-1)
				if n <= 400_000 {
					w.want[l]++
				}
				w.put(f, l+"\n"+w.lines(2))
			}
			w.poll()
			expect(w, "too long", w.f.Stats().TooLong, uint64(2))
			expect(w, "too long at the sink", w.long, 2)
		}},
		{name: "a line that is too long comes in pieces", opt: func(o *Options) { o.MaxLine = 1000 }, run: func(w *world) {
			f := w.writer(log)
			w.put(f, w.lines(2))
			for range 10 {
				w.put(f, strings.Repeat("q", 333))
				w.poll()
			}
			w.restart()
			w.put(f, "end\n"+w.lines(2))
			w.poll()
			expect(w, "too long", w.f.Stats().TooLong, uint64(1))
		}},
		{name: "an empty file and empty lines", run: func(w *world) {
			w.writer(log)
			w.poll()
			w.want[""] = 1
			w.put(w.writer(log), "\n"+w.lines(2))
			w.poll()
		}},
		{name: "somebody else's files beside the log", run: func(w *world) {
			w.append(log, 3)
			for _, name := range []string{"haproxy.log-errors", "haproxy.log.json", "haproxy.logs", "haproxy2.log", "haproxy.log.1.tmp"} {
				w.must(os.WriteFile(w.path(name), []byte("foreign "+name+"\n"), 0o644))
			}
			w.poll()
			w.later(3 * time.Second)
			w.put(w.writer("haproxy.log-errors"), "foreign again\n")
		}},
		{name: "bigger than a round", run: func(w *world) {
			for range 5 {
				w.append(log, 50_000)
			}
			if !w.f.Poll() {
				w.t.Error("one round read everything: the test is too small")
			}
			expect(w, "caught up", w.f.CaughtUp(), false)
			w.append(log, 10)
		}},
	}
}
