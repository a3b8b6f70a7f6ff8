package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Scenario is one thing that can happen.
type Scenario struct {
	Name string
	// Run makes it happen. The program is not started yet.
	Run func(e *Env)
	// Restarts says that the program is stopped or killed, State that the state directory is
	// touched: neither is scored for programs that keep no state.
	Restarts, State bool
	// Root says that it needs root (another user, mounts).
	Root bool
	// Quick scenarios are run with the ordinary tests.
	Quick bool
	// Resets allows counters to fall.
	Resets bool
}

// Result is what came of one run.
type Result struct {
	Want     Counts
	Served   Counts // last answer
	Increase Counts // what a Prometheus made of all answers
	Resets   []string
	Pages    int
	Died     string // the program ended by itself
	Err      error  // the run itself failed
}

// Lost and Twice are lines by which the counts are too low and too high, added up over keys.
func (r *Result) Lost() (n int) {
	for k, v := range r.Want {
		n += max(0, v-r.Served[k])
	}
	return n
}

// Twice is described at Lost.
func (r *Result) Twice() (n int) {
	for k, v := range r.Served {
		n += max(0, v-r.Want[k])
	}
	return n
}

// Problem says what is not exact, "" when everything is.
func (r *Result) Problem() string {
	switch {
	case r.Err != nil:
		return r.Err.Error()
	case r.Died != "":
		return "the program died: " + r.Died
	case r.Want.Sum() == 0:
		return "nothing was written"
	}
	if d := r.Served.Difference(r.Want); d != "" {
		return fmt.Sprintf("lost %d, twice %d of %d lines: %s", r.Lost(), r.Twice(), r.Want.Sum(), d)
	}
	if len(r.Resets) > 0 {
		return fmt.Sprintf("%d counter resets: %s", len(r.Resets), r.Resets[0])
	}
	if d := r.Increase.Difference(r.Want); d != "" {
		return "increase over all scrapes: " + d
	}
	return ""
}

// Run runs a scenario once. self is the command that starts a writer process: a program that
// calls Writers first.
func Run(s Scenario, p Program, self ...string) (r Result) {
	dir, err := os.MkdirTemp("", "fault")
	if err != nil {
		return Result{Err: err}
	}
	e := &Env{Program: p, self: self, Dir: filepath.Join(dir, "log"), State: filepath.Join(dir, "state"), extra: Counts{}}
	e.Log = e.Path("haproxy.log")
	defer os.RemoveAll(dir)
	defer e.close()
	defer func() {
		if x := recover(); x != nil {
			f, ok := x.(failure)
			if !ok {
				panic(x)
			}
			r.Err = f.err
			if e.proc != nil && !e.proc.Running() && r.Died == "" {
				r.Died = tailOf(e.Output())
			}
			e.finish(&r)
		}
	}()
	e.must(os.Chmod(dir, 0o755))
	e.must(os.Mkdir(e.Dir, 0o755))
	e.output, err = os.Create(filepath.Join(dir, "output"))
	e.must(err)
	e.addr, e.aside = e.takeAddr(), e.takeAddr()
	s.Run(e)
	e.score(&r)
	return r
}

// score waits for the program to have counted everything, and some more for it to count
// something twice: a search of the directory has to pass.
func (e *Env) score(r *Result) {
	e.Counted()
	e.Pass(2500 * time.Millisecond)
	if !e.proc.Running() {
		r.Died = tailOf(e.Output())
	}
	e.finish(r)
}

func (e *Env) finish(r *Result) {
	defer func() { _ = recover() }()
	if e.scraper != nil && r.Served == nil {
		e.scraper.stop()
		e.scraper.once(context.Background())
		r.Served = e.counts()
		r.Increase, r.Resets, r.Pages = e.scraper.result()
	}
	r.Want = e.Truth()
}

func tailOf(s string) string {
	if len(s) > 600 {
		s = s[len(s)-600:]
	}
	return s
}

func (e *Env) close() {
	e.closed.Do(func() {
		for i := len(e.cleanups) - 1; i >= 0; i-- {
			e.cleanups[i]()
		}
		if e.scraper != nil {
			e.scraper.stop()
		}
		for _, w := range e.writers {
			w.in.Close()
			_ = w.proc.Wait()
		}
		if e.proc != nil {
			e.proc.Kill()
		}
		if e.output != nil {
			e.output.Close()
		}
	})
}
