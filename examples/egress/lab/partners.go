package lab

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// partners simulates the services behind the egress controller: one listener on loopback per
// behaviour. vars are the variables of haproxy.cfg with their addresses.
type partners struct {
	vars    map[string]string
	servers []*http.Server
}

func startPartners() (*partners, error) {
	p := &partners{vars: map[string]string{}}
	for name, handler := range map[string]http.HandlerFunc{
		"PARTNER_BANK":    bank,
		"PARTNER_SLOW":    slow,
		"PARTNER_BUSY":    busy,
		"PARTNER_ERRORS":  erring(),
		"PARTNER_CLOSING": closing(),
	} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			p.close()
			return nil, fmt.Errorf("start a partner: %w", err)
		}
		s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
		go func() {
			if err := s.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
				fmt.Println("partner:", err)
			}
		}()
		p.servers = append(p.servers, s)
		p.vars[name] = l.Addr().String()
	}
	// Port 1 (tcpmux) is not served by anything on an ordinary host: connections are refused.
	p.vars["PARTNER_GONE"] = "127.0.0.1:1"
	return p, nil
}

func (p *partners) close() {
	for _, s := range p.servers {
		s.Close()
	}
}

// between is a random time, short ones more often than long ones.
func between(low, high time.Duration) time.Duration {
	x := rand.Float64()
	return low + time.Duration(x*x*float64(high-low))
}

// think lets time pass, shorter when the caller has gone.
func think(r *http.Request, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
}

func answer(w http.ResponseWriter, r *http.Request, code, size int) {
	// The request's body has to be read before the answer, or the connection would be reset.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprintf(w, "{\"host\":%q,\"pad\":%q}\n", r.Host, strings.Repeat("x", size))
}

func bank(w http.ResponseWriter, r *http.Request) {
	think(r, between(2*time.Millisecond, 40*time.Millisecond))
	code := http.StatusOK
	switch n := rand.IntN(1000); {
	case n < 15:
		code = http.StatusNotFound
	case n < 18:
		code = http.StatusInternalServerError
	}
	answer(w, r, code, rand.IntN(2000))
}

func slow(w http.ResponseWriter, r *http.Request) {
	d := between(100*time.Millisecond, 900*time.Millisecond)
	if rand.IntN(100) < 3 {
		d = 2500 * time.Millisecond // past the timeout of SLA medium
	}
	think(r, d)
	answer(w, r, http.StatusOK, rand.IntN(500))
}

func busy(w http.ResponseWriter, r *http.Request) {
	think(r, between(40*time.Millisecond, 90*time.Millisecond))
	answer(w, r, http.StatusOK, 200)
}

// erring answers one request in eight or so with an error: by turns, so that a short run sees all of them.
func erring() http.HandlerFunc {
	var n atomic.Uint64
	return func(w http.ResponseWriter, r *http.Request) {
		think(r, between(5*time.Millisecond, 50*time.Millisecond))
		code := http.StatusOK
		switch n.Add(1) % 33 {
		case 5, 17:
			code = http.StatusInternalServerError
		case 11:
			code = http.StatusBadGateway
		case 29:
			code = http.StatusTooManyRequests
		}
		answer(w, r, code, 100)
	}
}

// closing promises more than it sends, every fourth time.
func closing() http.HandlerFunc {
	var n atomic.Uint64
	return func(w http.ResponseWriter, r *http.Request) {
		think(r, between(10*time.Millisecond, 80*time.Millisecond))
		if n.Add(1)%4 > 0 {
			answer(w, r, http.StatusAccepted, 300)
			return
		}
		breakOff(w)
	}
}

func breakOff(w http.ResponseWriter) {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprint(buf, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\nonly this")
	buf.Flush()
}
