// Package child starts programs that never outlive the one that started them.
//
// A child is ended in three ways: by Stop (first a polite signal, then SIGKILL), by the
// kernel when the starting process dies for whatever reason, and by itself. All signals go
// to the process id or its own process group, never to a name.
package child

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// Options says what to start. Path may be a bare name that is looked up in PATH.
type Options struct {
	Path string
	Args []string
	Dir  string
	// Env is added to the environment of the calling process.
	Env []string
	// Output receives standard output and standard error. Nil keeps the last 64 KiB in
	// memory for Process.Output.
	Output io.Writer
	// Interrupt is the polite signal of Stop, SIGTERM when zero.
	Interrupt syscall.Signal
	// Death is what the kernel sends when the starting process dies, SIGKILL when zero.
	// A supervisor with children of its own (HAProxy's master) needs SIGTERM.
	Death syscall.Signal
}

// Process is a running or finished child. Its methods may be called from any goroutine.
type Process struct {
	Pid       int
	name      string
	interrupt syscall.Signal
	tail      *tailBuffer
	done      chan struct{}
	mu        sync.Mutex
	err       error
}

// Start starts the program. The child stands in a process group of its own, so that a
// Ctrl-C on the terminal reaches only the caller, who then decides on the order.
func Start(o Options) (*Process, error) {
	cmd := exec.Command(o.Path, o.Args...)
	cmd.Dir = o.Dir
	cmd.Env = append(os.Environ(), o.Env...)
	p := &Process{name: o.Path, interrupt: o.Interrupt, tail: &tailBuffer{max: 64 << 10}, done: make(chan struct{})}
	if p.interrupt == 0 {
		p.interrupt = syscall.SIGTERM
	}
	death := o.Death
	if death == 0 {
		death = syscall.SIGKILL
	}
	out := o.Output
	if out == nil {
		out = p.tail
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death}
	// A grandchild that keeps the pipe open must not block Wait for ever.
	cmd.WaitDelay = 5 * time.Second
	started := make(chan error)
	go func() {
		// The parent death signal is tied to the forking thread, not to the process: the
		// thread has to live as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.Pid = cmd.Process.Pid
		}
		started <- err
		if err != nil {
			return
		}
		err = cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", o.Path, err)
	}
	return p, nil
}

// Done is closed when the child has ended and was waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running reports whether the child has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err is how the child ended: nil for exit status 0 and while it runs.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Output is the end of what the child wrote, when Options.Output was nil.
func (p *Process) Output() string { return p.tail.String() }

// Signal sends a signal to the child alone.
func (p *Process) Signal(sig syscall.Signal) error {
	if !p.Running() {
		return os.ErrProcessDone
	}
	return syscall.Kill(p.Pid, sig)
}

// Stop ends the child: the polite signal, then after grace SIGKILL to its process group.
// It returns when the child is gone; a child that had ended before is no error.
func (p *Process) Stop(grace time.Duration) error {
	if err := p.Signal(p.interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(grace):
		p.Kill()
	}
	return nil
}

// Kill ends the child and its process group at once and waits for the child.
func (p *Process) Kill() {
	if p.Running() {
		// The group id equals the child's pid and cannot be reused before Wait has returned.
		_ = syscall.Kill(-p.Pid, syscall.SIGKILL)
	}
	<-p.done
}

// tailBuffer keeps the last max bytes written to it.
type tailBuffer struct {
	mu  sync.Mutex
	max int
	b   []byte
}

func (t *tailBuffer) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, b...)
	if over := len(t.b) - t.max; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
	return len(b), nil
}

func (t *tailBuffer) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
