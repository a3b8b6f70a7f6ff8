package syslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines collects what a Receiver delivers.
type lines struct {
	mu     sync.Mutex
	got    []string
	blocks int
	long   int
	froms  map[Origin]bool
}

func (l *lines) Block(b []byte, from Origin) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !bytes.HasSuffix(b, []byte{'\n'}) || cap(b)-len(b) < slack {
		l.got = append(l.got, fmt.Sprintf("BAD BLOCK %q, %d behind", b, cap(b)-len(b)))
	}
	for _, s := range strings.SplitAfter(string(b), "\n") {
		if s != "" {
			l.got = append(l.got, strings.TrimSuffix(s, "\n"))
		}
	}
	l.blocks++
	if l.froms == nil {
		l.froms = map[Origin]bool{}
	}
	l.froms[from] = true
}

func (l *lines) TooLong(Origin) { l.mu.Lock(); l.long++; l.mu.Unlock() }

func (l *lines) all() []string { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.got) }

func wait(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// start runs a Receiver until the test ends or stop is called; stop returns Run's error.
func start(t *testing.T, url string, opt Options, sink Sink) (r *Receiver, stop func() error) {
	t.Helper()
	r, err := Listen(url, opt, sink)
	if err != nil {
		t.Fatal(err)
	}
	return r, run(t, r)
}

func run(t *testing.T, r *Receiver) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() { _ = stop() })
	return stop
}

func dial(t *testing.T, r *Receiver) net.Conn {
	t.Helper()
	c, err := net.Dial(r.Addr().Network(), r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func socketPath(t *testing.T) string {
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "x.sock")
}

func TestStreams(t *testing.T) {
	path := socketPath(t)
	for _, c := range []struct {
		name, url, send string
		want            []string
		partial, long   uint64
	}{
		{"lines", "tcp://127.0.0.1:0", "<134>a\nb\r\n\nc", []string{"<134>a", "b\r", ""}, 1, 0},
		{"octets", "tcp://:0", "6 <134>a7 <134>b\n11 <134>c\nd\x00\x00\x0010 <134>", []string{"<134>a", "<134>b", "<134>c d"}, 1, 0},
		{"address is no count", "tcp://127.0.0.1:0", "127.0.0.1:5 x\n12 apples\n", []string{"127.0.0.1:5 x", "12 apples"}, 0, 0},
		{"unix", "unix://" + path, "a\nb\n", []string{"a", "b"}, 0, 0},
		{"too long", "tcp://127.0.0.1:0", "a\n" + strings.Repeat("x", 300) + "\nb\n", []string{"a", "b"}, 0, 1},
		{"count too long", "tcp://127.0.0.1:0", "5 <134>300 " + strings.Repeat("x", 300) + "5 <135>", []string{"<134>", "<135>"}, 0, 1},
		{"as long as allowed", "tcp://127.0.0.1:0", strings.Repeat("x", 100) + "\n" + strings.Repeat("y", 100) + "\n", []string{strings.Repeat("x", 100), strings.Repeat("y", 100)}, 0, 0},
		{"only a count", "tcp://127.0.0.1:0", "123", nil, 1, 0},
	} {
		for _, piece := range []int{1, 3, 7, 1 << 20} {
			t.Run(fmt.Sprintf("%s by %d", c.name, piece), func(t *testing.T) {
				sink := &lines{}
				r, stop := start(t, c.url, Options{MaxLine: 100}, sink)
				conn := dial(t, r)
				for b := []byte(c.send); len(b) > 0; {
					n := min(piece, len(b))
					if _, err := conn.Write(b[:n]); err != nil {
						t.Fatal(err)
					}
					b = b[n:]
				}
				if err := conn.Close(); err != nil {
					t.Fatal(err)
				}
				wait(t, "end of the connection", func() bool { s := r.Stats(); return s.Accepted == 1 && s.Connections == 0 })
				s := r.Stats()
				if got := sink.all(); !slices.Equal(got, c.want) {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if s.PartialLines != c.partial || s.TooLong != c.long || uint64(sink.long) != c.long || s.FramingErrors != 0 || !s.Up {
					t.Errorf("%+v", s)
				}
				if err := stop(); err != nil {
					t.Error(err)
				}
				if _, err := os.Stat(path); err == nil {
					t.Error("the socket is still there")
				}
			})
		}
	}
}

// closing is a listener that takes its time to close, as one does whose goroutine has to wait for a processor: Accept ends
// and a second Close says that it is closed when the first one has begun.
type closing struct {
	net.Listener
	twice atomic.Bool
	begun chan struct{}
}

func (c *closing) Accept() (net.Conn, error) { <-c.begun; return nil, net.ErrClosed }

func (c *closing) Close() error {
	if c.twice.Swap(true) {
		return net.ErrClosed
	}
	close(c.begun)
	// Nobody should look for the socket now; who does is let in.
	l := c.Listener.(*net.UnixListener)
	_ = l.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if conn, err := l.Accept(); err == nil {
		_ = conn.Close()
	}
	return l.Close()
}

// TestSocketGoesWithItsReceiver: one that looks for its socket before it is closed would take itself for a successor, and
// leave it.
func TestSocketGoesWithItsReceiver(t *testing.T) {
	path := socketPath(t)
	r, err := Listen("unix://"+path, Options{}, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	r.listener = &closing{Listener: r.listener, begun: make(chan struct{})}
	if err := run(t, r)(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the socket is still there")
	}
}

func TestBrokenOctetCountClosesTheConnection(t *testing.T) {
	sink := &lines{}
	r, _ := start(t, "tcp://:0", Options{}, sink)
	conn := dial(t, r)
	if _, err := io.WriteString(conn, "6 <134>ax <134>b"); err != nil {
		t.Fatal(err)
	}
	wait(t, "framing error", func() bool { return r.Stats().FramingErrors == 1 })
	_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the connection is open")
	}
	if got := sink.all(); !slices.Equal(got, []string{"<134>a"}) {
		t.Errorf("got %q", got)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	sink := &lines{}
	r, _ := start(t, "tcp://:0", Options{MaxConns: 2}, sink)
	first, second := dial(t, r), dial(t, r)
	wait(t, "two connections", func() bool { return r.Stats().Connections == 2 })
	third := dial(t, r)
	_ = third.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := third.Read(make([]byte, 1)); !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET) {
		t.Error("the third connection is served")
	}
	if s := r.Stats(); s.Refused != 1 || s.Accepted != 2 {
		t.Errorf("%+v", s)
	}
	_ = first.Close()
	wait(t, "a free place", func() bool { return r.Stats().Connections == 1 })
	_, _ = io.WriteString(dial(t, r), "later\n")
	_, _ = io.WriteString(second, "still\n")
	wait(t, "both lines", func() bool { return len(sink.all()) == 2 })
}

func TestDatagrams(t *testing.T) {
	for _, url := range []string{"udp://127.0.0.1:0", "udp://:0", "udp://[::1]:0", "unixgram://" + socketPath(t)} {
		t.Run(url, func(t *testing.T) {
			sink := &lines{}
			r, stop := start(t, url, Options{MaxLine: 2000}, sink)
			conn := dial(t, r)
			long, longest := strings.Repeat("x", 2001), strings.Repeat("y", 2000)
			for _, m := range []string{"<134>a", "b\n", "c\nd\r\n\x00", "", long, longest, "e"} {
				if _, err := conn.Write([]byte(m)); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{"<134>a", "b", "c d", "", longest, "e"}
			wait(t, "all lines", func() bool { return len(sink.all()) >= len(want) })
			if got := sink.all(); !slices.Equal(got, want) {
				t.Errorf("got %.300q", got)
			}
			s := r.Stats()
			if s.TooLong != 1 || sink.long != 1 || s.KernelDrops != 0 || s.ReceiveBuffer <= 0 || s.LastBlock.IsZero() || s.ReadBytes != uint64(len(strings.Join(want, "\n"))+1) {
				t.Errorf("%+v", s)
			}
			if err := stop(); err != nil {
				t.Error(err)
			}
			if s := r.Stats(); s.Up {
				t.Error("up after its end")
			}
		})
	}
}

// What the kernel holds when the end is asked for has been sent, and is delivered.
func TestNothingIsLostAtTheEnd(t *testing.T) {
	for _, url := range []string{"udp://:0", "tcp://:0", "unix://" + socketPath(t), "unixgram://" + socketPath(t), "fifo://" + socketPath(t)} {
		t.Run(url, func(t *testing.T) {
			sink := &gate{entered: make(chan struct{}), release: make(chan struct{})}
			r, err := Listen(url, Options{}, sink)
			if err != nil {
				t.Fatal(err)
			}
			var conn io.Writer
			if strings.HasPrefix(url, "fifo") {
				f, err := os.OpenFile(strings.TrimPrefix(url, "fifo://"), os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = f.Close() }()
				conn = f
			} else {
				conn = dial(t, r)
			}
			send := func(from, to int) {
				for i := from; i < to; i++ {
					if _, err := fmt.Fprintf(conn, "line %d %s\n", i, strings.Repeat("x", 7000)); err != nil {
						t.Error(err)
					}
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			done := make(chan error, 1)
			go func() { done <- r.Run(ctx) }()
			send(0, 1)
			<-sink.entered // the receiver is within Block
			const n = 8    // fewer than a datagram socket's queue may hold
			send(1, n)
			cancel()
			if r.listener != nil { // the connection is told to end when the listener is
				wait(t, "end of listening", func() bool {
					c, err := net.Dial(r.Addr().Network(), r.Addr().String())
					if err == nil {
						_ = c.Close()
					}
					return err != nil
				})
			}
			close(sink.release)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if got := len(sink.all()); got != n {
				t.Errorf("%d of %d lines", got, n)
			}
		})
	}
}

// gate is a sink that holds the first block back.
type gate struct {
	lines
	entered, release chan struct{}
	once             sync.Once
}

func (g *gate) Block(b []byte, from Origin) {
	g.once.Do(func() { close(g.entered); <-g.release })
	g.lines.Block(b, from)
}

func TestKernelDropsAreCounted(t *testing.T) {
	sink := &lines{}
	var warned bytes.Buffer
	r, err := Listen("udp://:0", Options{ReceiveBuffer: 4096, Logger: slog.New(slog.NewTextHandler(&warned, nil))}, sink)
	if err != nil {
		t.Fatal(err)
	}
	conn := dial(t, r)
	const sent = 500
	for range sent {
		if _, err := conn.Write(bytes.Repeat([]byte{'x'}, 200)); err != nil {
			t.Fatal(err)
		}
	}
	drops := r.Stats().KernelDrops
	if drops == 0 || drops >= sent {
		t.Fatalf("%d drops of %d", drops, sent)
	}
	run(t, r)
	wait(t, "the rest", func() bool { return len(sink.all()) == sent-int(r.Stats().KernelDrops) })
	if got := r.Stats().KernelDrops; got != drops {
		t.Errorf("drops %d, then %d", drops, got)
	}
}

func TestSmallerBufferIsReported(t *testing.T) {
	var log bytes.Buffer
	r, err := Listen("udp://:0", Options{ReceiveBuffer: 1<<31 - 1, Logger: slog.New(slog.NewTextHandler(&log, nil))}, &lines{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !strings.Contains(log.String(), "rmem_max") {
		t.Errorf("no warning; buffer %d", r.Stats().ReceiveBuffer)
	}
}

func TestPositionGoesOn(t *testing.T) {
	sink := &lines{}
	r, stop := start(t, "udp://:0", Options{}, sink)
	_, _ = io.WriteString(dial(t, r), "four")
	wait(t, "the line", func() bool { return len(sink.all()) == 1 })
	var position []byte
	r.Cut(func(p []byte) { position = bytes.Clone(p) })
	_ = stop()
	again, _ := start(t, "udp://:0", Options{Restore: position}, sink)
	if s := again.Stats(); s.ReadBytes != 5 {
		t.Errorf("%+v", s)
	}
	for _, bad := range [][]byte{{99}, {1}, position[:len(position)-1]} {
		if r, err := Listen("udp://:0", Options{Restore: bad}, sink); err == nil {
			r.Close()
			t.Errorf("position %v accepted", bad)
		}
	}
}
