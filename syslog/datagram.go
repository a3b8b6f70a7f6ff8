package syslog

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// packetConn is what *net.UDPConn and *net.UnixConn have in common.
type packetConn interface {
	net.PacketConn
	syscall.Conn
	SetReadBuffer(bytes int) error
}

func listenPacket(a address) (packetConn, error) {
	c, err := net.ListenPacket(a.scheme, a.target)
	if err != nil {
		return nil, err
	}
	if u, ok := c.(*net.UnixConn); ok {
		return u, nil
	}
	return c.(*net.UDPConn), nil
}

// receive takes datagrams, as many at once as are there, until ctx ends.
func (r *Receiver) receive(ctx context.Context) error {
	from := Origin{Source: r.source}
	batch, err := newBatch(r.packets, r.opt.MaxLine)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = r.packets.SetReadDeadline(time.Now()) })
	defer stop()
	var out []byte
	var end time.Time // of draining; zero before the end was asked for
	for {
		n, err := batch.read()
		out = out[:0]
		for i := range n {
			msg, cut := batch.message(i)
			if cut {
				r.tooLong(from)
				continue
			}
			out = appendLine(out, msg)
		}
		if len(out) > 0 {
			out = withSlack(out)
			r.deliver(out, from)
		}
		if ctx.Err() != nil && (err == nil || end.IsZero() && errors.Is(err, os.ErrDeadlineExceeded)) {
			// What is in the kernel's buffer has been sent and would be lost.
			if end.IsZero() {
				end = time.Now().Add(drainTime)
			}
			if now := time.Now(); now.Before(end) {
				_ = r.packets.SetReadDeadline(now.Add(quiet))
				continue
			}
			return nil
		}
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		default: // an error that an earlier datagram caused is reported once and is gone
			r.log.Warn("Receiving failed; trying again.", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}
