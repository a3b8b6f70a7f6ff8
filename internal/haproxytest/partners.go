package haproxytest

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Partners are simulated partner services, one listener on 127.0.0.1 per behaviour. Each
// address can be used as a HAProxy `server` address. Safe for concurrent use.
type Partners struct {
	// OK answers 200 with "ok\n". A query asks for more: status=404, delay=50ms,
	// bytes=1000 (body length), all optional. The request's body is read first.
	OK string
	// Slow answers 200 after SlowDelay.
	Slow string
	// Error answers 500.
	Error string
	// CloseEarly promises a body of 1,000 bytes, sends 10 and closes.
	CloseEarly string
	// CloseFirst closes the connection after the request, before any answer.
	CloseFirst string
	// Reset resets the connection after the request.
	Reset string
	// Never accepts and reads but never answers.
	Never string
	// Refused is an address where nothing listens.
	Refused string

	mu       sync.Mutex
	requests map[string]int
}

// SlowDelay is how long Partners.Slow takes.
const SlowDelay = 300 * time.Millisecond

// StartPartners starts all of them; they end with the test.
func StartPartners(t testing.TB) *Partners {
	t.Helper()
	p := &Partners{requests: map[string]int{}}
	p.OK = p.serveHTTP(t, "ok", answerAsAsked)
	p.Slow = p.serveHTTP(t, "slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(SlowDelay):
			io.WriteString(w, "ok\n")
		case <-r.Context().Done():
		}
	})
	p.Error = p.serveHTTP(t, "error", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "broken", http.StatusInternalServerError)
	})
	p.CloseEarly = p.serveRaw(t, "close_early", func(c net.Conn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789")
	})
	p.CloseFirst = p.serveRaw(t, "close_first", func(net.Conn) {})
	p.Reset = p.serveRaw(t, "reset", func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) })
	p.Never = p.serveRaw(t, "never", func(c net.Conn) { io.Copy(io.Discard, c) })
	p.Refused = fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	return p
}

// Requests is how many requests the partner of that kind (ok, slow, error, close_early,
// close_first, reset, never) has seen.
func (p *Partners) Requests(kind string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.requests[kind]
}

func (p *Partners) count(kind string) {
	p.mu.Lock()
	p.requests[kind]++
	p.mu.Unlock()
}

func answerAsAsked(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	q := r.URL.Query()
	if d, err := time.ParseDuration(q.Get("delay")); err == nil {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
			return
		}
	}
	if code, err := strconv.Atoi(q.Get("status")); err == nil && code >= 200 && code <= 599 {
		w.WriteHeader(code)
	}
	if n, err := strconv.Atoi(q.Get("bytes")); err == nil && n >= 0 {
		io.WriteString(w, strings.Repeat("x", n))
		return
	}
	io.WriteString(w, "ok\n")
}

func (p *Partners) serveHTTP(t testing.TB, kind string, f http.HandlerFunc) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.count(kind)
		f(w, r)
	})}
	done := make(chan struct{})
	go func() { defer close(done); s.Serve(l) }()
	t.Cleanup(func() { s.Close(); <-done })
	return l.Addr().String()
}

// serveRaw reads one request's head and hands the connection to f, then closes it.
func (p *Partners) serveRaw(t testing.TB, kind string, f func(net.Conn)) string {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	serve := func(c net.Conn) {
		defer wg.Done()
		defer func() { mu.Lock(); delete(open, c); mu.Unlock(); c.Close() }()
		var head []byte
		buf := make([]byte, 4096)
		for !strings.Contains(string(head), "\r\n\r\n") {
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			head = append(head, buf[:n]...)
		}
		p.count(kind)
		f(c)
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wg.Add(1)
			go serve(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
	return l.Addr().String()
}
