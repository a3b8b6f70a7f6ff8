package tail

import (
	"os"
	"path/filepath"
	"time"
)

func globbed(o *Options) { o.Path = filepath.Join(filepath.Dir(o.Path), "*.log") }

func fromEnd(o *Options) { o.From = FromEnd }

// starting are scenarios about power losses, first starts and globs.
func starting() []scenario {
	const log = "haproxy.log"
	return []scenario{
		{name: "power loss: shorter with the same beginning, cut in a line", run: func(w *world) {
			w.append(log, 100)
			w.poll()
			w.stop()
			fi, err := os.Stat(w.log)
			w.must(err)
			w.truncate(log, fi.Size()*2/3)
			w.start(w.saved)
			w.poll()
			w.append(log, 10)
			w.poll()
			w.append(log, 100)
			expect(w, "shortened", w.f.Stats().Shortened, uint64(1))
		}},
		{name: "power loss: grown again before the start, seen by the marks", run: func(w *world) {
			var cut int64
			for i := range 30 {
				w.append(log, 10)
				w.poll()
				if i == 20 {
					fi, err := os.Stat(w.log)
					w.must(err)
					cut = fi.Size()
				}
			}
			w.stop()
			w.truncate(log, cut)
			w.append(log, 40)
			w.start(w.saved)
			w.poll()
			w.append(log, 200)
		}},
		{name: "power loss: shorter than one head", run: func(w *world) {
			w.append(log, 3)
			w.poll()
			fi, err := os.Stat(w.log)
			w.must(err)
			w.append(log, 3)
			w.poll()
			w.stop()
			w.truncate(log, fi.Size())
			w.start(w.saved)
			w.poll()
			w.append(log, 10)
		}},
		{name: "first start at the start: what was rotated before is history", run: func(w *world) {
			w.must(os.WriteFile(w.path(log+".1"), []byte("history one\nhistory two\nhalf"), 0o644))
			w.must(os.WriteFile(w.path("h"), []byte("history zero\nhistory zero\n"), 0o644))
			w.pack("h", log+".2.gz", ".gz")
			w.append(log, 10)
			w.poll()
			w.restart()
			w.poll()
			w.rename(log+".2.gz", log+".3.gz")
			w.rename(log+".1", log+".2")
			w.compress(log+".2", ".zst")
			w.rename(log, log+".1")
			w.append(log, 10)
			w.poll()
		}},
		{name: "killed before the first look", run: func(w *world) {
			w.must(os.WriteFile(w.path(log+".1"), []byte("history one\n"), 0o644))
			w.append(log, 10)
			w.save()
			w.kill()
			w.poll()
		}},
		{name: "killed in the first round, then rotated twice", run: func(w *world) {
			w.must(os.WriteFile(w.path(log+".9"), []byte("history one\n"), 0o644))
			for range 5 {
				w.append(log, 50_000)
			}
			if !w.f.Poll() {
				w.t.Error("one round read everything: the test is too small")
			}
			w.save()
			w.rename(log, log+".2")
			w.append(log, 10)
			w.rename(log, log+".1")
			w.append(log, 10)
			w.kill()
		}},
		{name: "killed before the first look, beginning at the end", opt: fromEnd, run: func(w *world) {
			w.must(os.WriteFile(w.log, []byte("old one\n"), 0o644))
			w.save()
			w.kill()
			w.poll()
			expect(w, "left out", w.f.Stats().LeftOut, uint64(8))
			w.append(log, 10)
		}},
		{name: "first start at the end", opt: fromEnd, run: func(w *world) {
			w.must(os.WriteFile(w.log, []byte("old one\nold two\n"), 0o644))
			w.poll()
			expect(w, "left out", w.f.Stats().LeftOut, uint64(16))
			w.append(log, 10)
			w.restart()
			w.append(log, 10)
			w.poll()
			w.rename(log, log+".1")
			w.append(log, 10)
		}},
		{name: "first start at the end in the middle of a line", opt: fromEnd, run: func(w *world) {
			text := w.lines(1)
			w.must(os.WriteFile(w.log, []byte("old one\n"+text[:20]), 0o644))
			w.poll()
			w.put(w.writer(log), text[20:])
		}},
		{name: "first start at the end, the file comes later", opt: fromEnd, run: func(w *world) {
			w.poll()
			w.restart()
			w.append(log, 10)
		}},
		{name: "glob: files come and go", opt: globbed, run: func(w *world) {
			for _, n := range []string{"a.log", "b.log", "c.log"} {
				w.append(n, 10)
			}
			w.poll()
			w.append("d.log", 10)
			w.append("a.log", 10)
			w.rename("a.log", "a.log.1")
			w.append("a.log", 10)
			w.remove("b.log")
			w.poll()
			w.append("b.log", 5)
			w.poll()
			w.remove("c.log")
			w.restart()
			w.append("e.log", 10)
			w.poll()
			w.rename("d.log", "f.log")
			w.append("f.log", 10)
			w.poll()
			w.rename("f.log", "d.log")
			w.append("d.log", 10)
		}},
		{name: "glob that matches the rotated names, too", opt: func(o *Options) { o.Path += "*" }, run: func(w *world) {
			w.must(os.WriteFile(w.path(log+".2"), []byte("history\n"), 0o644))
			w.append(log, 10)
			w.poll()
			for range 3 {
				if _, err := os.Stat(w.path(log + ".1")); err == nil {
					w.rename(log+".1", log+".2")
					w.compress(log+".2", ".gz")
				}
				w.rename(log, log+".1")
				w.append(log, 10)
				w.append(log+".1", 2)
				w.poll()
				w.restart()
				w.later(30 * time.Second)
			}
		}},
		{name: "glob with dated names and no rotation", opt: globbed, run: func(w *world) {
			for _, n := range []string{"haproxy-2026-11-19.log", "haproxy-2026-11-20.log", "haproxy-2026-11-21.log"} {
				w.append(n, 10)
				w.poll()
				w.append(n, 3)
			}
			w.restart()
			w.append("haproxy-2026-11-20.log", 3)
		}},
	}
}
