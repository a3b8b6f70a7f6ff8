package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A command is a whole process that the benchmark times.
type command struct {
	name  string
	args  []string
	stdin string // file given as standard input
	out   string // file that takes standard output
	left  string // file that a run leaves behind and the next one cannot stand
	pin   bool   // stays on one processor, so that moving between two is not measured
}

// usage is what the operating system accounted for one finished process.
type usage struct {
	cpu  time.Duration // user and system
	wall time.Duration
	rss  int64 // peak resident set, bytes; 0 when nobody watched
}

// once runs the command to its end. To watch its memory costs it time: whoever looks holds up its page faults.
func once(c command, watch bool) (usage, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var out *os.File
	if c.stdin != "" {
		f, err := os.Open(c.stdin)
		if err != nil {
			return usage{}, err
		}
		defer f.Close()
		cmd.Stdin = f
	}
	if c.out != "" {
		// Written over, not made anew: to find memory for a file is not the command's work, and costs up to 3 us a page where a
		// virtual machine gives its free memory back to its host.
		f, err := os.OpenFile(c.out, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return usage{}, err
		}
		defer f.Close()
		cmd.Stdout, out = f, f
	}
	if c.left != "" {
		if err := os.Remove(c.left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return usage{}, err
		}
	}
	var said strings.Builder
	cmd.Stderr = &said
	begin := time.Now()
	if err := start(cmd, c.pin); err != nil {
		return usage{}, err
	}
	peak := func() int64 { return 0 }
	if watch {
		peak = watchPeak(cmd.Process.Pid)
	}
	err := cmd.Wait()
	rss := peak()
	if err != nil {
		return usage{}, fmt.Errorf("%s: %w\n%s", strings.Join(c.args, " "), err, tailOf(said.String()))
	}
	if out != nil {
		if err := cut(out); err != nil {
			return usage{}, err
		}
	}
	return usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), wall: time.Since(begin), rss: rss}, nil
}

// cut ends a file where it was last written to.
func cut(f *os.File) error {
	n, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	return f.Truncate(n)
}

// start starts a process, which stays on the last processor if pin is set.
func start(cmd *exec.Cmd, pin bool) error {
	if !pin {
		return cmd.Start()
	}
	runtime.LockOSThread() // a process begins with the processors of the thread that forks
	defer runtime.UnlockOSThread()
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return err
	}
	last := 0
	for i := range 8 * int(unsafe.Sizeof(all)) {
		if all.IsSet(i) {
			last = i
		}
	}
	one.Set(last)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &all))
}

// watchPeak samples the peak resident set of a process until the returned function is called, which returns it
// in bytes. The figure of wait4(2) would not do: it begins with the peak of the process that forked.
func watchPeak(pid int) func() int64 {
	done, out := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(3 * time.Millisecond)
		defer tick.Stop()
		peak := int64(0)
		for {
			peak = max(peak, statusKiB(pid, "VmHWM:")<<10)
			select {
			case <-done:
				out <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return func() int64 {
		close(done)
		return <-out
	}
}

// statusKiB reads a field of proc(5)'s status, 0 when the process is gone.
func statusKiB(pid int, field string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, field); ok {
			kib, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64) // a number by proc(5)
			return kib
		}
	}
	return 0
}

func tailOf(s string) string {
	if len(s) > 2000 {
		return "…" + s[len(s)-2000:]
	}
	return s
}

// A pair is two commands run in turn, so that a drift of the machine's speed hits both.
type pair struct {
	a, b   command
	target float64 // largest allowed ratio a/b of the median CPU time; 0 for none
	atMost bool    // false: the ratio has to be at least target
	what   string
	runs   int
}

type result struct {
	pair
	ua, ub []usage
	wa, wb usage   // of the runs that were watched for their memory, not timed
	ratio  float64 // median of the ratios, pair by pair
}

// measure runs a pair once to warm up, watching the memory, and then runs times in turn.
func measure(p pair) (result, error) {
	p.a.pin, p.b.pin = true, true
	r := result{pair: p}
	for i := range p.runs + 1 {
		ua, err := once(p.a, i == 0)
		if err != nil {
			return r, err
		}
		ub, err := once(p.b, i == 0)
		if err != nil {
			return r, err
		}
		if i == 0 {
			r.wa, r.wb = ua, ub
		}
		if i > 0 || p.runs == 1 {
			r.ua, r.ub = append(r.ua, ua), append(r.ub, ub)
		}
		if p.runs == 1 && i == 0 {
			break
		}
	}
	var ratios []float64
	for i := range r.ua {
		ratios = append(ratios, r.ua[i].cpu.Seconds()/r.ub[i].cpu.Seconds())
	}
	slices.Sort(ratios)
	r.ratio = ratios[len(ratios)/2]
	return r, nil
}

// met tells whether the pair reached its target, with a tenth of it as margin for noise.
func (r result) met() bool {
	switch {
	case r.target == 0:
		return true
	case r.atMost:
		return r.ratio <= r.target*1.1
	}
	return r.ratio >= r.target*0.9
}

func median(u []usage, f func(usage) float64) float64 {
	v := make([]float64, len(u))
	for i := range u {
		v[i] = f(u[i])
	}
	slices.Sort(v)
	return v[len(v)/2]
}
