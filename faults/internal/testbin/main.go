// testbin is the smallest program that counts a log exactly once with packages tail and
// state. The fault harness runs against it where the question is about those packages, and
// breaks it on purpose to see that the harness notices.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sort"
	"sync"
	"syscall"
	"time"

	"haproxy_log_exporter/state"
	"haproxy_log_exporter/tail"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "testbin:", err)
		os.Exit(1)
	}
}

// counts is the sink. It is guarded by the follower's lock.
type counts struct {
	Lines map[string]int64
	Other int64
	n     int
}

// Block counts lines by backend and status: fields 4 and 6 behind the bracketed date.
func (c *counts) Block(b []byte, _ tail.Origin) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		c.line(b[:i])
		b = b[i+1:]
	}
}

func (c *counts) line(l []byte) {
	if !bytes.HasPrefix(l, []byte("Nov ")) {
		c.Other++
		return
	}
	_, l, ok := bytes.Cut(l, []byte("] fe "))
	backend, l, ok2 := bytes.Cut(l, []byte("/srv1 "))
	_, l, ok3 := bytes.Cut(l, []byte(" "))
	code, rest, ok4 := bytes.Cut(l, []byte(" "))
	if !ok || !ok2 || !ok3 || !ok4 || !bytes.HasSuffix(rest, []byte(" HTTP/1.1\"")) {
		c.Other++
		return
	}
	c.n++
	c.Lines[string(backend)+" "+string(code)]++
}

type server struct {
	c  *counts
	f  *tail.Follower
	st *state.Store
	mu sync.Mutex // one scrape at a time

	scrapes int
}

func run() error {
	path := flag.String("haproxy.log.path", "", "")
	dir := flag.String("state.dir", "", "")
	addr := flag.String("web.listen-address", "127.0.0.1:0", "")
	from := flag.String("haproxy.log.from", "end", "")
	flag.Parse()
	st, err := state.Open(*dir)
	if err != nil {
		return err
	}
	defer st.Close()
	s := &server{c: &counts{Lines: map[string]int64{}}, st: st}
	opt := tail.Options{Path: *path, Archives: true, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if *from == "start" {
		opt.From = tail.FromStart
	}
	snap, err := st.Load()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if snap != nil {
		opt.Restore = snap.Sections["position"]
		if err := json.Unmarshal(snap.Sections["counts"], s.c); err != nil {
			return err
		}
	}
	if s.f, err = tail.New(opt, s.c); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- s.f.Run(ctx) }()
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	http.HandleFunc("/metrics", s.scrape)
	go http.Serve(l, nil) //nolint:errcheck // ends with the process
	<-ctx.Done()
	err = <-done
	_, _, e := s.save(10 * time.Second)
	return errors.Join(err, e)
}

// save makes a cut and stores it.
func (s *server) save(limit time.Duration) (body []byte, caughtUp bool, err error) {
	sections := map[string][]byte{}
	s.f.CutStats(func(p []byte, st tail.Stats) {
		b, err := json.Marshal(s.c)
		if err != nil {
			panic(err)
		}
		sections["position"], sections["counts"] = p, b
		body, caughtUp = s.c.text(), !st.CatchingUp
	})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return body, caughtUp, s.st.SaveWithin(ctx, &state.Snapshot{Sections: sections})
}

// text is the cut as exposition.
func (c *counts) text() []byte {
	var b bytes.Buffer
	keys := make([]string, 0, len(c.Lines))
	for k := range c.Lines {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		backend, code, _ := bytes.Cut([]byte(k), []byte(" "))
		fmt.Fprintf(&b, "haproxy_log_requests_total{backend=%q,code=%q} %d\n", backend, code, c.Lines[k])
	}
	return b.Bytes()
}

func (s *server) scrape(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scrapes++
	body, caughtUp, err := s.save(250 * time.Millisecond)
	durable := 1
	if err != nil {
		durable = 0
	}
	if caughtUp {
		w.Write(body) //nolint:errcheck // the client's problem
	}
	fmt.Fprintf(w, "haproxy_log_state_durable %d\n", durable)
}
