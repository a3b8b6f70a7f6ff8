package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/nxadm/tail"

	"haproxy_log_exporter/internal/child"
)

// wrapped is a program around one of the others.
type wrapped struct {
	mu     sync.Mutex
	Counts map[string]int
	Offset int64
	Inode  uint64
	file   string // of the state, "" without
}

type flags struct{ path, dir, addr string }

func wrap(kind string) error {
	var f flags
	flag.StringVar(&f.path, "haproxy.log.path", "", "")
	flag.String("haproxy.log.from", "", "")
	flag.StringVar(&f.dir, "state.dir", "", "")
	flag.StringVar(&f.addr, "web.listen-address", "", "")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if kind == "mtail" {
		return wrapMtail(ctx, f)
	}
	w := &wrapped{Counts: map[string]int{}}
	if f.dir != "" {
		if err := os.MkdirAll(f.dir, 0o755); err != nil {
			return err
		}
		w.file = filepath.Join(f.dir, "state.json")
		if b, err := os.ReadFile(w.file); err == nil {
			if err := json.Unmarshal(b, w); err != nil {
				return err
			}
		}
	}
	read := w.readTailF
	if kind != "tail-F" {
		read = func(ctx context.Context, path string) error { return w.readNx(ctx, path, kind == "nx-poll") }
	}
	ended := make(chan error, 1)
	go func() { ended <- read(ctx, f.path) }()
	if err := serve(f.addr, w.scrape); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.save()
	case err := <-ended:
		return fmt.Errorf("the reader ended: %w", err)
	}
}

func serve(addr string, h http.HandlerFunc) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/metrics", h)
	go http.Serve(l, mux) //nolint:errcheck // ends with the process
	return nil
}

// line counts a request; what is torn or glued does not look like one.
func (w *wrapped) line(l string) {
	if !strings.HasPrefix(l, "Nov ") || strings.Count(l, "haproxy[77]") != 1 || !strings.HasSuffix(l, " HTTP/1.1\"") {
		return
	}
	_, l, _ = strings.Cut(l, "] fe ")
	backend, l, _ := strings.Cut(l, "/srv1 ")
	fields := strings.SplitN(l, " ", 3)
	if len(fields) == 3 {
		w.Counts[backend+" "+fields[1]]++
	}
}

func (w *wrapped) save() error {
	if w.file == "" {
		return nil
	}
	b, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.file+".tmp", b, 0o644); err != nil {
		return err
	}
	return os.Rename(w.file+".tmp", w.file)
}

func (w *wrapped) scrape(rw http.ResponseWriter, _ *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.save(); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	for k, n := range w.Counts {
		backend, code, _ := strings.Cut(k, " ")
		fmt.Fprintf(rw, "haproxy_log_requests_total{backend=%q,code=%q} %d\n", backend, code, n)
	}
}

// readNx follows with github.com/nxadm/tail in its best settings (complete lines, reopen),
// resumed at the stored offset when the inode is the same.
func (w *wrapped) readNx(ctx context.Context, path string, poll bool) error {
	conf := tail.Config{ReOpen: true, Follow: true, Poll: poll, CompleteLines: true, Logger: tail.DiscardingLogger}
	if ino := inode(path); w.Offset > 0 && ino == w.Inode {
		conf.Location = &tail.SeekInfo{Offset: w.Offset, Whence: io.SeekStart}
	}
	t, err := tail.TailFile(path, conf)
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return t.Stop()
		case l, ok := <-t.Lines:
			if !ok {
				return t.Wait()
			}
			w.mu.Lock()
			if l.SeekInfo.Offset < w.Offset || w.Inode == 0 {
				w.Inode = inode(path)
			}
			w.line(strings.TrimSuffix(l.Text, "\r"))
			w.Offset = l.SeekInfo.Offset
			w.mu.Unlock()
		}
	}
}

func inode(path string) uint64 {
	fi, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return fi.Sys().(*syscall.Stat_t).Ino
}

// readTailF counts what GNU tail prints.
func (w *wrapped) readTailF(ctx context.Context, path string) error {
	r, pw := io.Pipe()
	args := append([]string{"-n", "+1", "-F"}, globbed(path)...)
	p, err := child.Start(child.Options{Path: "tail", Args: args, Output: pw})
	if err != nil {
		return err
	}
	go func() {
		<-ctx.Done()
		p.Kill()
		pw.Close()
	}()
	b := bufio.NewReaderSize(r, 1<<20)
	for {
		l, err := b.ReadString('\n')
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.line(strings.TrimSuffix(l, "\n"))
		w.mu.Unlock()
	}
}

// globbed is what a shell makes of a glob, once.
func globbed(path string) []string {
	if m, err := filepath.Glob(path); err == nil && len(m) > 0 {
		return m
	}
	return []string{path}
}

// program is the mtail program that counts like the wrappers.
const program = `counter haproxy_log_requests_total by backend, code
/^Nov .*\] fe (?P<backend>\w+)\/srv1 \S+ (?P<code>\d+) .* HTTP\/1\.1"$/ {
  haproxy_log_requests_total[$backend][$code]++
}
`

// wrapMtail runs mtail and hands its page on.
func wrapMtail(ctx context.Context, f flags) error {
	dir, err := os.MkdirTemp("", "mtail")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "requests.mtail"), []byte(program), 0o644); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(f.addr)
	if err != nil {
		return err
	}
	p, err := child.Start(child.Options{Path: "mtail", Output: os.Stderr, Args: []string{
		"--progs=" + dir, "--logs=" + f.path, "--address=" + host, "--port=" + port,
		"--logtostderr", "--emit_prog_label=false"}})
	if err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		p.Kill()
		return nil
	case <-p.Done():
		return fmt.Errorf("mtail ended: %w", p.Err())
	}
}
