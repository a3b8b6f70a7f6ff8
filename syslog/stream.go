package syslog

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// drainTime is how long what senders have already sent is read after the end was asked for; quiet is how long
// nothing may come for that to be all.
const (
	drainTime = time.Second
	quiet     = 20 * time.Millisecond
)

// serve accepts connections until ctx ends.
func (r *Receiver) serve(ctx context.Context) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { defer close(closed); _ = r.listener.Close() })
	defer func() {
		if !stop() {
			<-closed // Accept ends before the socket is closed, and whoever removes its file tries it first
		}
	}()
	pause := time.Duration(0)
	for {
		c, err := r.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if c != nil {
				_ = c.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil: // no file descriptor left, connection gone before it was accepted, …
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			r.log.Warn("Accepting a connection failed; trying again.", "err", err, "pause", pause)
			r.count(func(s *Stats) { s.Err = err })
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			continue
		}
		pause = 0
		if !r.admit(c) {
			_ = c.Close()
			continue
		}
		conns.Go(func() {
			defer r.leave(c)
			r.serveConn(ctx, c)
		})
	}
}

func (r *Receiver) admit(c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.conns) >= r.opt.MaxConns {
		if r.stats.Refused++; r.stats.Refused&(r.stats.Refused-1) == 0 { // 1st, 2nd, 4th, 8th …
			r.log.Warn("Too many connections: one was refused.", "limit", r.opt.MaxConns, "refused_total", r.stats.Refused)
		}
		return false
	}
	r.conns[c] = struct{}{}
	r.stats.Accepted++
	r.stats.Connections, r.stats.Err = len(r.conns), nil
	return true
}

func (r *Receiver) leave(c net.Conn) {
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.stats.Connections = len(r.conns)
}

func (r *Receiver) serveConn(ctx context.Context, c net.Conn) {
	from := Origin{Source: r.source, Remote: c.RemoteAddr().String()}
	f := r.frames(from)
	stop := context.AfterFunc(ctx, func() { _ = c.SetReadDeadline(time.Now()) })
	defer stop()
	var end time.Time // of draining; zero before the end was asked for
	for {
		n, err := c.Read(f.room())
		if n > 0 {
			if ferr := f.took(n); ferr != nil {
				r.log.Warn("A connection was closed: it does not follow the octet counts it began with.", "remote", from.Remote, "err", ferr)
				r.count(func(s *Stats) { s.FramingErrors++ })
				return
			}
		}
		switch {
		case err == nil && end.IsZero():
			continue
		case ctx.Err() != nil && (err == nil || end.IsZero() && errors.Is(err, os.ErrDeadlineExceeded)):
			// What is in the kernel's buffer has been sent and would be lost.
			if end.IsZero() {
				end = time.Now().Add(drainTime)
			}
			if now := time.Now(); now.Before(end) {
				_ = c.SetReadDeadline(now.Add(quiet))
				continue
			}
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, os.ErrDeadlineExceeded):
			r.log.Info("A connection ended with an error.", "remote", from.Remote, "err", err)
		}
		if len(f.rest()) > 0 {
			r.count(func(s *Stats) { s.PartialLines++ })
		}
		return
	}
}

func (r *Receiver) frames(from Origin) *frames {
	return &frames{
		max:     r.opt.MaxLine,
		block:   func(b []byte) { r.deliver(b, from) },
		tooLong: func() { r.tooLong(from) },
	}
}
