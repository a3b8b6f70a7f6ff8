// Package haproxy reads HAProxy's runtime sockets and master CLI: what it counts, which workers it has, and
// the sums over workers and reloads. Sockets are only read, at level user, and dialled for each scrape: a
// connection that is kept would keep an old worker alive.
package haproxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"
)

// Address is where a socket listens.
type Address struct {
	Network string // unix or tcp
	Target  string // path or host:port
	Text    string // as configured: the value of the label socket
}

// ParseAddress understands unix:/path, unix@/path, a bare /path, tcp:host:port, tcp@host:port, ipv4@ and ipv6@
// (HAProxy's spellings), and host:port.
func ParseAddress(text string) (Address, error) {
	a := Address{Text: text}
	kind, rest, prefixed := cutAny(text, ":@")
	switch {
	case prefixed && kind == "unix":
		a.Network, a.Target = "unix", strings.TrimPrefix(rest, "//")
	case prefixed && (kind == "tcp" || kind == "ipv4" || kind == "ipv6"):
		a.Network, a.Target = "tcp", strings.TrimPrefix(rest, "//")
	case strings.HasPrefix(text, "/"):
		a.Network, a.Target = "unix", text
	default:
		a.Network, a.Target = "tcp", text
	}
	if a.Network == "unix" {
		if !strings.HasPrefix(a.Target, "/") && !strings.HasPrefix(a.Target, "./") {
			return Address{}, fmt.Errorf("socket %q: %q is not a path; write unix:/run/haproxy/admin.sock", text, a.Target)
		}
		if len(a.Target) > 107 {
			return Address{}, fmt.Errorf("socket %q: the path has %d bytes, a unix socket's path has at most 107", text, len(a.Target))
		}
		return a, nil
	}
	host, port, err := net.SplitHostPort(a.Target)
	if err != nil || port == "" {
		return Address{}, fmt.Errorf("socket %q is neither a path nor host:port; write unix:/run/haproxy/admin.sock or tcp:127.0.0.1:9999", text)
	}
	if host == "" {
		a.Target = net.JoinHostPort("127.0.0.1", port)
	}
	return a, nil
}

// cutAny cuts s at the first byte that is in set.
func cutAny(s, set string) (before, after string, found bool) {
	if i := strings.IndexAny(s, set); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}

// DefaultReplyLimit is the largest reply that is read: about 200,000 rows of "show stat".
const DefaultReplyLimit = 64 << 20

// Exchange sends one command line and returns everything that is answered until the socket closes. One
// connection, one exchange: the write side is closed at once, because the master CLI does not end an exchange
// by itself. It ends at ctx's end at the latest; a ctx without a deadline gets one of 10 seconds. Errors are *Error.
func Exchange(ctx context.Context, a Address, command string, limit int) ([]byte, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
	}
	conn, err := dial(ctx, a)
	if err != nil {
		return nil, wrapIO(a.Text, err, ReasonDial)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return nil, wrapIO(a.Text, err, ReasonCut)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return nil, wrapIO(a.Text, err, ReasonCut)
		}
	}
	return readLimited(a, conn, limit)
}

// A reloading HAProxy does not listen on its unix sockets for a moment, while the master starts itself again.
const (
	redialFor   = 250 * time.Millisecond
	redialEvery = 25 * time.Millisecond
)

func dial(ctx context.Context, a Address) (net.Conn, error) {
	var d net.Dialer
	for start := time.Now(); ; {
		conn, err := d.DialContext(ctx, a.Network, a.Target)
		moment := errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT)
		if err == nil || !moment || a.Network != "unix" || time.Since(start) > redialFor {
			return conn, err
		}
		select {
		case <-time.After(redialEvery):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// readLimited reads to the end; memory never grows past limit.
func readLimited(a Address, r io.Reader, limit int) ([]byte, error) {
	buf := make([]byte, 0, 32<<10)
	for {
		if len(buf) == cap(buf) {
			if len(buf) >= limit {
				return nil, &Error{Socket: a.Text, Reason: ReasonTooLarge, Err: fmt.Errorf("more than %d bytes", limit)}
			}
			next := make([]byte, len(buf), min(2*cap(buf), limit))
			copy(next, buf)
			buf = next
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return nil, wrapIO(a.Text, err, ReasonCut)
		}
	}
}
