package syslog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openFIFO opens a named pipe and creates it when it is missing. It is opened for writing too: else the end of
// one writer would be the end of the input.
func openFIFO(a address) (*os.File, error) {
	st, err := os.Stat(a.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := unix.Mkfifo(a.target, uint32(a.mode)); err != nil {
			return nil, &os.PathError{Op: "mkfifo", Path: a.target, Err: err}
		}
		if err := a.permit(); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case st.Mode()&fs.ModeNamedPipe == 0:
		return nil, fmt.Errorf("%s is no named pipe", a.target)
	case a.modeWanted || a.uid >= 0 || a.gid >= 0:
		if err := a.permit(); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(a.target, os.O_RDWR|unix.O_NONBLOCK, 0)
}

// readInput reads standard input or a FIFO. The end of ctx is noticed in poll(2), because a read of a pipe or a
// terminal that somebody else opened cannot be interrupted.
func (r *Receiver) readInput(ctx context.Context) error {
	wakeR, wakeW, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = wakeR.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = wakeW.Close() })
	defer func() {
		if stop() {
			_ = wakeW.Close()
		}
	}()
	f := r.frames(Origin{Source: r.source})
	fd := int(r.input.Fd())
	polled := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}, {Fd: int32(wakeR.Fd()), Events: unix.POLLIN}}
	for {
		if _, err := unix.Poll(polled, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("poll: %w", err)
		}
		ended := ctx.Err() != nil
		if polled[0].Revents == 0 {
			if ended {
				return nil
			}
			continue
		}
		switch n, err := unix.Read(fd, f.room()); {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
		case err != nil:
			return fmt.Errorf("read: %w", err)
		case n == 0:
			r.endInput(f)
			return nil
		default:
			if err := f.took(n); err != nil {
				r.count(func(s *Stats) { s.FramingErrors++ })
				return err
			}
		}
		if ended {
			return r.drainInput(fd, f, polled[:1])
		}
	}
}

// drainInput reads what is there now, at most drainLimit bytes of it: a regular file would never be empty.
func (r *Receiver) drainInput(fd int, f *frames, polled []unix.PollFd) error {
	const drainLimit = 1 << 20 // the largest pipe an unprivileged process gets
	for total := 0; total < drainLimit; {
		if n, err := unix.Poll(polled, 0); err != nil || n == 0 {
			return nil
		}
		n, err := unix.Read(fd, f.room())
		if n <= 0 || err != nil {
			if n == 0 && err == nil {
				r.endInput(f)
			}
			return nil
		}
		if f.took(n) != nil {
			return nil
		}
		total += n
	}
	return nil
}

// endInput delivers the last line of an input that has ended, with or without its line end.
func (r *Receiver) endInput(f *frames) {
	if rest := f.rest(); len(rest) > 0 {
		if f.mode == framingOctets {
			r.count(func(s *Stats) { s.PartialLines++ })
		} else {
			f.block(withSlack(append(rest, '\n')))
		}
	}
	r.count(func(s *Stats) { s.Ended = true })
}
