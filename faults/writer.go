package faults

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// WriterMain is the body of a writer process: it obeys the commands on in, one a line, and
// answers each with one line. It counts what it wrote; that is the truth.
//
//	open PATH [hole]    open for appending (without O_APPEND for hole: truncation leaves one)
//	close
//	write N             write N lines, each with one write call
//	block N             write N lines with one write call
//	half | rest         write the first or the second half of a line
//	long BYTES          write a line with a path of that length
//	raw QUOTED          write any text that is not to be counted
//	start RATE          write that many lines a second until halt
//	halt
//	counts              answer with the counts as JSON
func WriterMain(name string, in io.Reader, out io.Writer) error {
	w := &writer{name: name, counts: map[string]int{}}
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		answer, err := w.do(sc.Text())
		if err != nil {
			answer = "error " + err.Error()
		}
		if _, err := fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}
	w.halt()
	return sc.Err()
}

type writer struct {
	name   string
	mu     sync.Mutex
	file   *os.File
	n      int
	rest   string
	counts map[string]int
	stop   chan struct{}
	done   chan error
}

func (w *writer) do(cmd string) (string, error) {
	verb, arg, _ := strings.Cut(cmd, " ")
	n, _ := strconv.Atoi(arg)
	switch verb {
	case "start":
		return "ok", w.start(n)
	case "halt":
		return "ok", w.halt()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch verb {
	case "open":
		return "ok", w.open(arg)
	case "close":
		return "ok", w.file.Close()
	case "write":
		for range n {
			if err := w.put(1); err != nil {
				return "", err
			}
		}
		return "ok", nil
	case "block":
		return "ok", w.put(n)
	case "half":
		l := w.line(0)
		w.rest = l[len(l)/2:]
		return "ok", w.text(l[:len(l)/2])
	case "rest":
		l := w.rest
		w.rest = ""
		return "ok", w.text(l)
	case "long":
		return "ok", w.text(w.line(n))
	case "raw":
		s, err := strconv.Unquote(arg)
		if err != nil {
			return "", err
		}
		return "ok", w.text(s)
	case "counts":
		b, err := json.Marshal(w.counts)
		return string(b), err
	}
	return "", fmt.Errorf("unknown command %q", cmd)
}

func (w *writer) open(arg string) (err error) {
	path, hole := strings.CutSuffix(arg, " hole")
	flag := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if hole {
		flag &^= os.O_APPEND
	}
	if w.file != nil {
		w.file.Close()
	}
	w.file, err = os.OpenFile(path, flag, 0o644)
	return err
}

func (w *writer) line(extra int) string {
	l, k := Line(w.name, w.n, extra)
	w.n++
	w.counts[k.Backend+" "+k.Code]++
	return l + "\n"
}

func (w *writer) put(n int) error {
	var b strings.Builder
	for range n {
		b.WriteString(w.line(0))
	}
	return w.text(b.String())
}

func (w *writer) text(s string) error {
	_, err := w.file.WriteString(s)
	return err
}

// start writes lines one by one, as many as are due.
func (w *writer) start(rate int) error {
	stop, done := make(chan struct{}), make(chan error, 1)
	w.stop, w.done = stop, done
	go func() {
		begin, written := time.Now(), 0
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				done <- nil
				return
			case <-tick.C:
			}
			due := int(time.Since(begin).Seconds() * float64(rate))
			for ; written < due; written++ {
				w.mu.Lock()
				err := w.put(1)
				w.mu.Unlock()
				if err != nil {
					done <- err
					return
				}
			}
		}
	}()
	return nil
}

func (w *writer) halt() error {
	if w.stop == nil {
		return nil
	}
	close(w.stop)
	w.stop = nil
	return <-w.done
}
