package tail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counter counts lines; it may be read while the follower runs.
type counter struct{ lines, bytes atomic.Int64 }

func (c *counter) Block(b []byte, _ Origin) {
	for _, x := range b {
		if x == '\n' {
			c.lines.Add(1)
		}
	}
	c.bytes.Add(int64(len(b)))
}

// run starts a follower and stops it with the test.
func run(t *testing.T, opt Options, sink Sink) (*Follower, func()) {
	t.Helper()
	f, err := New(opt, sink)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return f, stop
}

// until waits for a condition, not for a time.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func TestRun(t *testing.T) {
	for _, notify := range []bool{true, false} {
		t.Run(map[bool]string{true: "notified", false: "polling alone"}[notify], func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "x.log")
			var c counter
			f, _ := run(t, Options{Path: name, From: FromStart, NoNotify: !notify, Poll: 20 * time.Millisecond}, &c)
			// What is rotated before the first look would be history.
			until(t, "the first look", func() bool { return f.Stats().Err != nil })
			var wg sync.WaitGroup
			ctx, cancel := context.WithCancel(t.Context())
			wg.Go(func() { // a scrape at every moment, for the race detector
				for ctx.Err() == nil {
					f.CutStats(func(p []byte, st Stats) {
						if st.ReadBytes != uint64(c.bytes.Load()) {
							t.Errorf("the cut has %d bytes, %d were delivered", st.ReadBytes, c.bytes.Load())
						}
					})
					f.Stats()
					f.CaughtUp()
					f.Wake()
				}
			})
			want := int64(0)
			for i := range 20 {
				file, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				for j := range 500 {
					fprintf(t, file, "%d %d a line of the log\n", i, j)
					want++
				}
				file.Close()
				if i%5 == 4 {
					if err := os.Rename(name, name+"."+string(rune('9'-i/5))); err != nil {
						t.Fatal(err)
					}
				}
			}
			until(t, "all lines", func() bool { return c.lines.Load() >= want })
			cancel()
			wg.Wait()
			until(t, "caught up", f.CaughtUp)
			if got := c.lines.Load(); got != want {
				t.Errorf("%d lines, want %d", got, want)
			}
		})
	}
}

func fprintf(t *testing.T, f *os.File, format string, args ...any) {
	t.Helper()
	if _, err := f.WriteString(fmt.Sprintf(format, args...)); err != nil {
		t.Fatal(err)
	}
}

// TestNotificationWakes needs an event to see a line before the next poll, which is an hour away.
func TestNotificationWakes(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.log")
	var c counter
	f, _ := run(t, Options{Path: name, From: FromStart, Poll: time.Hour}, &c)
	until(t, "armed", func() bool { f.Wake(); return f.armed.Load() })
	if err := os.WriteFile(name, []byte("a line\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	until(t, "the line", func() bool { return c.lines.Load() == 1 })
}

// slowSink is busy until it is let go.
type slowSink struct{ enter, leave chan struct{} }

func (s *slowSink) Block([]byte, Origin) {
	s.enter <- struct{}{}
	<-s.leave
}

func TestCutWaitsForTheBlock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.log")
	if err := os.WriteFile(name, []byte("a line\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s := &slowSink{make(chan struct{}), make(chan struct{})}
	f, _ := run(t, Options{Path: name, From: FromStart}, s)
	<-s.enter
	cut := make(chan uint64)
	go f.CutStats(func(_ []byte, st Stats) { cut <- st.ReadBytes })
	select {
	case <-cut:
		t.Error("a cut was made in the middle of a block")
	default:
	}
	s.leave <- struct{}{}
	if got := <-cut; got != 7 {
		t.Errorf("the cut after the block has %d bytes, want 7", got)
	}
}

func TestBacklogAfterAnError(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Path = filepath.Join(filepath.Dir(o.Path), "d", "haproxy.log") })
	w.must(os.Mkdir(w.path("d"), 0o755))
	w.append("d/haproxy.log", 10)
	w.poll()
	// The name leads through a file: ENOTDIR, as when a mount is gone. Nothing is open then.
	w.restart()
	w.rename("d", "real")
	w.writer("d").Close()
	w.later(time.Second)
	st := w.f.Stats()
	if st.Up || !errors.Is(st.Err, syscall.ENOTDIR) || !w.f.CaughtUp() {
		t.Errorf("while the directory is away: %+v", st)
	}
	w.append("real/haproxy.log", 300_000)
	w.later(time.Hour)
	w.remove("d")
	w.rename("real", "d")
	w.f.Poll()
	st = w.f.Stats()
	if !st.CatchingUp || st.Backlog.Reason != "error" || st.Backlog.Total < 10<<20 || st.Backlog.Done >= st.Backlog.Total || st.LagBytes == 0 {
		t.Errorf("after one round: %+v", st)
	}
	w.check()
	st = w.f.Stats()
	if st.CatchingUp || st.LagBytes != 0 || st.Backlog.Done != st.Backlog.Total {
		t.Errorf("at the end: %+v", st)
	}
}

func TestSmallBacklogAfterAnErrorIsNone(t *testing.T) {
	w := newWorld(t)
	w.poll()
	w.must(os.Mkdir(w.log, 0o755))
	w.poll()
	w.remove("haproxy.log")
	w.append("haproxy.log", 10)
	w.f.Poll()
	expect(w, "caught up", w.f.CaughtUp(), true)
	w.check()
}

// TestReadError: the open file gives errors for a while, as a disk or a network does. A
// descriptor closed behind the follower's back gives them, too.
func TestReadError(t *testing.T) {
	w := newWorld(t)
	w.append("haproxy.log", 10)
	w.poll()
	g := w.f.paths[0].cur
	g.file.Close()
	w.append("haproxy.log", 10)
	w.f.Poll()
	begin := w.now
	w.later(time.Minute)
	st := w.f.Stats()
	if st.Up || !errors.Is(st.Err, os.ErrClosed) || !st.Since.Equal(begin) || st.LagBytes == 0 || st.Lag < time.Minute {
		t.Errorf("while reading fails: %+v", st)
	}
	file, err := os.Open(w.log)
	w.must(err)
	g.file = file
	w.poll()
	expect(w, "up", w.f.Stats().Up, true)
	w.check()
}

// TestLostBytes: bytes that were seen and then truncated away without a copy.
func TestLostBytes(t *testing.T) {
	w := newWorld(t)
	w.append("haproxy.log", 3)
	w.poll()
	half := "half a line that is truncated away"
	w.put(w.writer("haproxy.log"), half)
	w.poll()
	expect(w, "lag", w.f.Stats().LagBytes, int64(len(half)))
	expect(w, "lag in time", w.f.Stats().Lag, 0)
	w.truncate("haproxy.log", 0)
	w.check()
	expect(w, "lost bytes", w.f.Stats().LostBytes, uint64(len(half)))
}

func TestManyRotationsStayBounded(t *testing.T) {
	w := newWorld(t)
	for range 300 {
		w.append("haproxy.log", 2)
		w.poll()
		w.rename("haproxy.log", "gone")
		w.append("haproxy.log", 2)
		w.poll()
		w.remove("gone")
		w.later(3 * time.Second)
	}
	st := w.f.Stats()
	if st.GenerationsOpen > openMax+2 || st.GenerationsKnown > unseenMax+openMax+4 {
		t.Errorf("open %d, known %d", st.GenerationsOpen, st.GenerationsKnown)
	}
	w.check()
}

func TestOptions(t *testing.T) {
	for _, path := range []string{"", "/x/[", "/x/["} {
		if _, err := New(Options{Path: path}, &counter{}); err == nil {
			t.Errorf("%q is accepted", path)
		}
	}
	// A file whose name looks like a glob is a file.
	name := filepath.Join(t.TempDir(), "a[b]*.log")
	if err := os.WriteFile(name, []byte("one\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var c counter
	f, err := New(Options{Path: name, From: FromStart}, &c)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Poll()
	if c.lines.Load() != 1 {
		t.Error("the file was not read")
	}
}

func BenchmarkFollow(b *testing.B) {
	name := filepath.Join(b.TempDir(), "x.log")
	line := make([]byte, 164)
	for i := range line {
		line[i] = 'x'
	}
	line = append(line, '\n')
	file, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	for range 200_000 {
		file.Write(line)
	}
	file.Close()
	b.SetBytes(200_000 * int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		f, err := New(Options{Path: name, From: FromStart}, discard{})
		if err != nil {
			b.Fatal(err)
		}
		for f.Poll() {
		}
		f.Close()
	}
}

type discard struct{}

func (discard) Block([]byte, Origin) {}
