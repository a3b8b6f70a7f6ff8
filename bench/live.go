package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"haproxy_log_exporter/bench/corpus"
)

// live follows one file: idle, and at 5,000 lines a second with a scrape every five seconds.
func (w *workshop) live(o options) (section, error) {
	x := section{title: "Following a file", intro: "One file, a snapshot folder, 2,000 routes. Target: idle ≤ 0.5 % of a core.",
		head: []string{"what", "seconds", "CPU, % of a core", "RSS MiB"}}
	fmt.Fprintln(os.Stderr, "live")
	log := filepath.Join(w.dir, "live.log")
	if _, err := writeCorpus(log, corpus.Options{Lines: 200_000}); err != nil {
		return x, err
	}
	text, err := os.ReadFile(log)
	if err != nil {
		return x, err
	}
	half := len(text) / 2
	if err := os.WriteFile(log, text[:half], 0o600); err != nil { // ends within a line, as files do
		return x, err
	}
	s, err := w.serve(log)
	if err != nil {
		return x, err
	}
	defer s.stop()
	row := func(what string, d time.Duration, work func(context.Context) error) (float64, error) {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		before, start, err := s.cpu(), time.Now(), error(nil)
		if work != nil {
			err = work(ctx)
		}
		<-ctx.Done()
		share := float64(s.cpu()-before) / float64(time.Since(start)) * 100
		x.rows = append(x.rows, []string{what, fmt.Sprintf("%.0f", d.Seconds()), fmt.Sprintf("%.2f", share), fmt.Sprintf("%.0f", s.rss())})
		return share, err
	}
	idle, err := row("idle", 20*time.Second, nil)
	if err != nil {
		return x, err
	}
	if idle > 0.55 {
		x.missed = append(x.missed, fmt.Sprintf("idle: %.2f %% of a core, target 0.5", idle))
	}
	_, err = row("5,000 lines a second, scraped every 5 s", 15*time.Second, func(ctx context.Context) error { return s.feed(ctx, log, text[half:]) })
	return x, err
}

// server is a running exporter.
type server struct {
	cmd *exec.Cmd
	url string
}

func (w *workshop) serve(log string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	cmd := exec.Command(w.exporter, "serve", "--web.listen-address="+addr, "--haproxy.log.path="+log, "--haproxy.log.format=httplog", "--haproxy.log.from=start",
		"--state.dir="+filepath.Join(w.dir, "state"), pathLabels)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &server{cmd: cmd, url: "http://" + addr + "/metrics"}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if body, err := s.scrape(); err == nil && strings.Contains(body, "haproxy_log_requests_total{") {
			return s, nil
		}
	}
	s.stop()
	return nil, errors.New("the exporter did not serve the log's families within 30 s")
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended by itself
	_ = s.cmd.Wait()
}

func (s *server) scrape() (string, error) {
	r, err := http.Get(s.url)
	if err != nil {
		return "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	return string(b), err
}

// feed appends 500 lines ten times a second until the context ends.
func (s *server) feed(ctx context.Context, log string, text []byte) error {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := strings.SplitAfter(string(text), "\n")
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; len(lines) > 500; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if _, err := f.WriteString(strings.Join(lines[:500], "")); err != nil {
			return err
		}
		lines = lines[500:]
		if n%50 == 0 {
			if _, err := s.scrape(); err != nil {
				return err
			}
		}
	}
	return nil
}

// cpu is the user and system time used so far: fields 14 and 15 of proc(5)'s stat, in hundredths of a second.
func (s *server) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	f := strings.Fields(rest)
	ticks := 0
	for _, i := range []int{11, 12} {
		if i < len(f) {
			n, _ := strconv.Atoi(f[i]) // a number by proc(5)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// rss is the resident set in MiB.
func (s *server) rss() float64 { return float64(statusKiB(s.cmd.Process.Pid, "VmRSS:")) / 1024 }
