package tail

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
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
	for _, s := range append(following(), oddities()...) {
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
	}
}
