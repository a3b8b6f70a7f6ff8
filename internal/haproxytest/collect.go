package haproxytest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Collector receives what HAProxy logs. Safe for concurrent use.
type Collector struct {
	// Target is what stands after `log` in haproxy.cfg.
	Target string
	mu     sync.Mutex
	lines  [][]byte
	raw    []byte
}

// CollectUDP listens on a UDP port of 127.0.0.1; one datagram is one line.
func CollectUDP(t testing.TB) *Collector {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadBuffer(8 << 20)
	col := &Collector{Target: c.LocalAddr().String()}
	col.datagrams(t, c)
	return col
}

// CollectUnix listens on a unix datagram socket in dir, as /dev/log does.
func CollectUnix(t testing.TB, dir string) *Collector {
	t.Helper()
	path := filepath.Join(dir, "log.sock")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadBuffer(8 << 20)
	col := &Collector{Target: path}
	col.datagrams(t, c)
	return col
}

// CollectTCP listens on a TCP port of 127.0.0.1, for `ring` sections. Raw gives the bytes;
// Lines splits at newlines.
func CollectTCP(t testing.TB) *Collector {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	col := &Collector{Target: l.Addr().String()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			wg.Add(1)
			go func() { defer wg.Done(); io.Copy(rawWriter{col}, c) }()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return col
}

// NewOutput is a collector for HAProxy's standard output (`log stdout format raw local0`):
// give it to Options.Output.
func NewOutput() *Collector { return &Collector{Target: "stdout format raw"} }

// Write appends bytes of a stream.
func (c *Collector) Write(b []byte) (int, error) { return rawWriter{c}.Write(b) }

type rawWriter struct{ c *Collector }

func (w rawWriter) Write(b []byte) (int, error) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	w.c.raw = append(w.c.raw, b...)
	return len(b), nil
}

func (c *Collector) datagrams(t testing.TB, conn net.PacketConn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, _, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			c.mu.Lock()
			c.lines = append(c.lines, bytes.TrimSuffix(bytes.Clone(buf[:n]), []byte("\n")))
			c.mu.Unlock()
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
}

// Lines is what has arrived so far, without newlines.
func (c *Collector) Lines() [][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := append([][]byte(nil), c.lines...)
	for line := range bytes.Lines(bytes.Clone(c.raw)) {
		if whole, ok := bytes.CutSuffix(line, []byte("\n")); ok {
			out = append(out, whole)
		}
	}
	return out
}

// Raw is the byte stream of a TCP or output collector so far.
func (c *Collector) Raw() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return bytes.Clone(c.raw)
}

// WaitLines waits until n lines that contain each of the texts have arrived and returns them.
func (c *Collector) WaitLines(t testing.TB, n int, texts ...string) [][]byte {
	t.Helper()
	var got [][]byte
	what := fmt.Sprintf("%d log lines with %q", n, texts)
	Wait(t, 10*time.Second, what, func() bool {
		got = got[:0]
	next:
		for _, line := range c.Lines() {
			for _, text := range texts {
				if !bytes.Contains(line, []byte(text)) {
					continue next
				}
			}
			got = append(got, line)
		}
		return len(got) >= n
	})
	return got
}
