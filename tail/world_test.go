package tail

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// world is a directory with logs, a follower that is driven by hand, and the truth.
type world struct {
	t      *testing.T
	dir    string
	log    string // the followed path
	opt    Options
	f      *Follower
	now    time.Time
	n      int            // lines written
	want   map[string]int // lines that have to be delivered, once each
	got    map[string]int
	blocks int
	long   int
	from   [4]int

	saved    []byte // the last snapshot: position and counts belong together
	savedGot map[string]int
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	w := &world{t: t, dir: t.TempDir(), want: map[string]int{}, got: map[string]int{}, now: time.Now()}
	w.log = filepath.Join(w.dir, "haproxy.log")
	w.opt = Options{Path: w.log, From: FromStart, Archives: true, NoNotify: true, Now: func() time.Time { return w.now }}
	if testing.Verbose() {
		w.opt.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	for _, c := range change {
		c(&w.opt)
	}
	w.start(nil)
	t.Cleanup(func() { w.f.Close() })
	return w
}

func (w *world) start(restore []byte) {
	w.t.Helper()
	w.opt.Restore = restore
	f, err := New(w.opt, w)
	if err != nil {
		w.t.Fatal(err)
	}
	w.f = f
}

// Block checks what Sink promises and counts.
func (w *world) Block(b []byte, from Origin) {
	if len(b) == 0 || b[len(b)-1] != '\n' {
		w.t.Errorf("block does not end with a line: %.40q", b)
	}
	if cap(b)-len(b) < slack {
		w.t.Errorf("slack behind the block is %d bytes", cap(b)-len(b))
	}
	w.blocks++
	for _, l := range bytes.Split(b[:len(b)-1], []byte{'\n'}) {
		if len(l) > 0 && l[0] == 0 {
			w.t.Errorf("line begins with NUL")
		}
		w.got[string(l)]++
		w.from[from.Recovered]++
	}
}

func (w *world) TooLong(Origin) { w.long++ }

func (w *world) line() string {
	w.n++
	return fmt.Sprintf("Nov 21 06:00:%02d.%03d haproxy[7]: line %06d %s", w.n/1000%60, w.n%1000, w.n, strings.Repeat("x", w.n%50))
}

// lines makes n new lines that have to be delivered.
func (w *world) lines(n int) string {
	var b strings.Builder
	for range n {
		l := w.line()
		w.want[l]++
		b.WriteString(l + "\n")
	}
	return b.String()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// writer opens a file as a logger does, created when missing.
func (w *world) writer(name string, flags ...int) *os.File {
	w.t.Helper()
	flag := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	for _, f := range flags {
		flag = f
	}
	f, err := os.OpenFile(w.path(name), flag, 0o644)
	w.must(err)
	w.t.Cleanup(func() { f.Close() })
	return f
}

func (w *world) put(f *os.File, s string) {
	w.t.Helper()
	_, err := f.WriteString(s)
	w.must(err)
}

// append adds n lines to a file by name.
func (w *world) append(name string, n int) {
	w.t.Helper()
	f := w.writer(name)
	w.put(f, w.lines(n))
	f.Close()
}

func (w *world) rename(from, to string) { w.t.Helper(); w.must(os.Rename(w.path(from), w.path(to))) }
func (w *world) remove(name string)     { w.t.Helper(); w.must(os.Remove(w.path(name))) }
func (w *world) copy(from, to string) {
	w.t.Helper()
	b, err := os.ReadFile(w.path(from))
	w.must(err)
	w.must(os.WriteFile(w.path(to), b, 0o644))
}
func (w *world) truncate(name string, size int64) {
	w.t.Helper()
	w.must(os.Truncate(w.path(name), size))
}

// poll does rounds until nothing is left.
func (w *world) poll() {
	for i := 0; w.f.Poll(); i++ {
		if i > 10000 {
			w.t.Fatal("polling does not come to an end")
		}
	}
}

// later lets time pass, with a poll after it.
func (w *world) later(d time.Duration) {
	w.now = w.now.Add(d)
	w.poll()
}

func (w *world) save() {
	w.f.Cut(func(p []byte) { w.saved, w.savedGot = p, maps.Clone(w.got) })
}

// kill goes back to the last snapshot, as after kill -9; stop saves first.
func (w *world) kill() {
	w.f.Close()
	w.got = maps.Clone(w.savedGot)
	w.start(w.saved)
}

func (w *world) stop() { w.save(); w.f.Close() }

func (w *world) restart() { w.stop(); w.start(w.saved) }

// check compares with the truth: once now, and once after all drains have passed.
func (w *world) check() {
	w.t.Helper()
	w.poll()
	w.later(3 * time.Second)
	w.compare("at once")
	w.later(15 * time.Second)
	w.later(2 * time.Minute)
	w.later(3 * time.Second)
	w.compare("after all drains")
	if !w.f.CaughtUp() {
		w.t.Errorf("still catching up: %+v", w.f.Stats().Backlog)
	}
}

func (w *world) compare(when string) {
	w.t.Helper()
	var lost, twice, foreign []string
	for l := range w.want {
		switch {
		case w.got[l] == 0:
			lost = append(lost, l)
		case w.got[l] > 1:
			twice = append(twice, l)
		}
	}
	for l := range w.got {
		if w.want[l] == 0 {
			foreign = append(foreign, l)
		}
	}
	if len(lost)+len(twice)+len(foreign) > 0 {
		w.t.Fatalf("%s: of %d lines %d lost, %d twice, %d torn or glued\nlost %.90q\ntwice %.90q\nforeign %.300q", when, len(w.want), len(lost), len(twice), len(foreign),
			first(lost), first(twice), first(foreign))
	}
}

func first(l []string) string {
	if len(l) == 0 {
		return ""
	}
	m := l[0]
	for _, s := range l {
		m = min(m, s)
	}
	return m
}

// expect compares one figure of the statistics.
func expect[T comparable](w *world, what string, got, want T) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s is %v, want %v", what, got, want)
	}
}
