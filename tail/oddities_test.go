package tail

import (
	"os"
	"path/filepath"
	"strings"
	"time"
)

// oddities are scenarios about places and content.
func oddities() []scenario {
	const log = "haproxy.log"
	return []scenario{
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
