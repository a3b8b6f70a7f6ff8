package faults

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"haproxy_log_exporter/internal/child"
	"haproxy_log_exporter/internal/ports"
)

// Program is what is put to the test. It takes the flags
//
//	--haproxy.log.path=GLOB --haproxy.log.from=start --state.dir=DIR --web.listen-address=ADDR
//
// and serves haproxy_log_requests_total with at least the labels backend and code.
type Program struct {
	Path string
	Args []string
	Env  []string
	// NoState leaves out --state.dir: the program keeps none, restarts are not scored.
	NoState bool
	// FromEnd says that the program leaves out what the log holds when it starts: scenarios
	// that begin with such lines write them after the start.
	FromEnd bool
}

// Env is one run of a scenario: a directory, the program and its writers. A failure of the
// means (not of the program) panics with failure and is an error of Run.
type Env struct {
	Dir     string // of the logs
	Log     string // followed path, also a glob
	State   string
	Program Program
	User    bool // run the program as nobody

	self     []string // how to start a writer process
	addr     string   // where the scraper looks
	aside    string   // where it does not
	proc     *child.Process
	cleanups []func()
	writers  []*Writer
	scraper  *scraper
	extra    Counts
	output   *os.File
	closed   sync.Once
}

type failure struct{ err error }

func (e *Env) must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func (e *Env) failf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

// Cleanup runs fn when the run is over, last first.
func (e *Env) Cleanup(fn func()) { e.cleanups = append(e.cleanups, fn) }

// Path is a name in the directory of the logs.
func (e *Env) Path(name string) string { return filepath.Join(e.Dir, name) }

// launch starts the program and does not wait for it.
func (e *Env) launch(addr string) *child.Process {
	args := []string{"--haproxy.log.path=" + e.Log, "--haproxy.log.from=start", "--web.listen-address=" + addr}
	if !e.Program.NoState {
		args = append(args, "--state.dir="+e.State)
	}
	path := e.Program.Path
	args = append(slices.Clone(e.Program.Args), args...)
	if e.User {
		args = append([]string{"--reuid=65534", "--regid=65534", "--clear-groups", "--pdeathsig=KILL", path}, args...)
		path = "setpriv"
	}
	p, err := child.Start(child.Options{Path: path, Args: args, Env: e.Program.Env, Output: e.output})
	e.must(err)
	return p
}

// Start starts the program and waits until it answers.
func (e *Env) Start() {
	p := e.launch(e.addr)
	e.proc = p
	e.Until(60*time.Second, "the program answers", func() bool {
		if !p.Running() {
			e.failf("the program ended: %v\n%s", p.Err(), e.Output())
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := fetch(ctx, e.url())
		return err == nil
	})
	if e.scraper == nil {
		e.scraper = startScraper(e.url(), 100*time.Millisecond)
	}
}

// startBlind starts the program and does not wait for it. It listens elsewhere, so that the
// scraper sees only programs that were waited for; it must be killed before the next Start.
func (e *Env) startBlind() *child.Process {
	return e.launch(e.aside)
}

func contains(s, part string) bool { return strings.Contains(s, part) }

func (e *Env) url() string { return "http://" + e.addr + "/metrics" }

// Output is the end of what the program has written.
func (e *Env) Output() string {
	b, _ := os.ReadFile(e.output.Name())
	if len(b) > 3000 {
		b = b[len(b)-3000:]
	}
	return string(b)
}

// Kill ends the program with SIGKILL, Stop with SIGTERM.
func (e *Env) Kill() { e.proc.Kill() }

// Stop ends the program politely and wants it to end in time.
func (e *Env) Stop() {
	e.must(e.proc.Signal(syscall.SIGTERM))
	select {
	case <-e.proc.Done():
	case <-time.After(20 * time.Second):
		e.failf("the program does not end within 20 s of SIGTERM\n%s", e.Output())
	}
}

// Restart is Stop and Start.
func (e *Env) Restart() { e.Stop(); e.Start() }

// Signal sends a signal to the program.
func (e *Env) Signal(s syscall.Signal) { e.must(e.proc.Signal(s)) }

// Until waits for a condition.
func (e *Env) Until(limit time.Duration, what string, cond func() bool) {
	for deadline := time.Now().Add(limit); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			e.failf("not within %v: %s\n%s", limit, what, e.Output())
		}
	}
}

// Pass lets time pass: what is under test here is what happens during it.
func (e *Env) Pass(d time.Duration) { time.Sleep(d) }

// Now fetches the page.
func (e *Env) page() (*page, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return fetch(ctx, e.url())
}

// counts are the counts served now, nil when there is no answer or it leaves them out.
func (e *Env) counts() Counts {
	p, err := e.page()
	if err != nil {
		return nil
	}
	c, _ := p.counts()
	return c
}

// Metric is the sum over a family's series; ok is false when it is not served.
func (e *Env) Metric(name string) (float64, bool) {
	p, err := e.page()
	if err != nil {
		return 0, false
	}
	return p.value(name)
}

// Counted waits until the program serves everything that was written so far. Writers must
// be halted. Programs that lose lines never get there: give up after a while without change.
func (e *Env) Counted() {
	want := e.Truth().Sum()
	last, since := -1, time.Now()
	for {
		now := e.counts().Sum()
		if now >= want {
			return
		}
		if now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > 6*time.Second {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Truth is what all writers have written so far.
func (e *Env) Truth() Counts {
	c := Counts{}
	c.Add(e.extra)
	for _, w := range e.writers {
		c.Add(w.counts())
	}
	return c
}

// Writer is a process that writes log lines.
type Writer struct {
	e    *Env
	in   io.WriteCloser
	out  *bufio.Reader
	proc *exec.Cmd
}

// Writer starts a writer process that has nothing open yet.
func (e *Env) Writer() *Writer {
	cmd := exec.Command(e.self[0], e.self[1:]...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=w%d", writerEnv, len(e.writers)))
	cmd.Stderr = e.output
	in, err := cmd.StdinPipe()
	e.must(err)
	out, err := cmd.StdoutPipe()
	e.must(err)
	e.must(cmd.Start()) // ends when its standard input does, so also with us
	w := &Writer{e, in, bufio.NewReader(out), cmd}
	e.writers = append(e.writers, w)
	return w
}

// writerEnv makes a process a writer: see Writers.
const writerEnv = "FAULTS_WRITER"

// Writers is to be called first in main: in a process that was started as a writer it does
// not return.
func Writers() {
	if name := os.Getenv(writerEnv); name != "" {
		if err := WriterMain(name, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "writer:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// Do sends commands, see WriterMain, and waits for each to be done.
func (w *Writer) Do(cmds ...string) (last string) {
	for _, c := range cmds {
		_, err := fmt.Fprintln(w.in, c)
		w.e.must(err)
		last, err = w.answer()
		w.e.must(err)
		if strings.HasPrefix(last, "error") {
			w.e.failf("writer: %s: %s", c, last)
		}
	}
	return last
}

// answer waits for one line; a writer that hangs must not hang the run.
func (w *Writer) answer() (string, error) {
	late := time.AfterFunc(60*time.Second, func() { _ = w.proc.Process.Kill() })
	defer late.Stop()
	return w.out.ReadString('\n')
}

// Open opens a file of the log directory.
func (w *Writer) Open(name string) *Writer { w.Do("open " + w.e.Path(name)); return w }

// Write writes n lines.
func (w *Writer) Write(n int) *Writer { w.Do(fmt.Sprintf("write %d", n)); return w }

// Block writes n lines with one call.
func (w *Writer) Block(n int) *Writer { w.Do(fmt.Sprintf("block %d", n)); return w }

// Begin writes at a rate until Halt.
func (w *Writer) Begin(rate int) { w.Do(fmt.Sprintf("start %d", rate)) }

// Halt ends Begin.
func (w *Writer) Halt() { w.Do("halt") }

func (w *Writer) counts() Counts {
	var m map[string]int
	w.e.must(json.Unmarshal([]byte(w.Do("counts")), &m))
	c := Counts{}
	for k, v := range m {
		b, code, _ := strings.Cut(k, " ")
		c[Key{b, code}] = v
	}
	return c
}

// takeAddr returns an address that belongs to the run until it is over.
func (e *Env) takeAddr() string {
	p, err := ports.Take()
	e.must(err)
	e.Cleanup(p.Release)
	return p.Addr()
}
