package haproxy

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// fakeSocket is a runtime socket that answers as the test wants. Every connection gets one command line.
type fakeSocket struct {
	path   string
	mu     sync.Mutex
	asked  []string
	answer func(command string, conn net.Conn)
}

func startFake(t *testing.T, answer func(command string, conn net.Conn)) *fakeSocket {
	t.Helper()
	dir, err := os.MkdirTemp("", "rs")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeSocket{path: filepath.Join(dir, "s"), answer: answer}
	l, err := net.Listen("unix", f.path)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var conns []net.Conn
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			conns = append(conns, c)
			f.mu.Unlock()
			wg.Go(func() {
				defer c.Close()
				line, err := bufio.NewReader(c).ReadString('\n')
				if err != nil {
					return
				}
				line = strings.TrimSpace(line)
				f.mu.Lock()
				f.asked = append(f.asked, line)
				answer := f.answer
				f.mu.Unlock()
				answer(line, c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		f.mu.Unlock()
		wg.Wait()
		os.RemoveAll(dir)
	})
	return f
}

func (f *fakeSocket) set(answer func(command string, conn net.Conn)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *fakeSocket) commands() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asked...)
}

// says answers every command with b and closes.
func says(b []byte) func(string, net.Conn) {
	return func(_ string, c net.Conn) { c.Write(b) }
}

// fakeMaster answers like a master CLI: show proc with list, "@!pid …" and "@1 …" with workers[pid].
type fakeMaster struct {
	list    string            // empty: Permission denied
	current string            // pid behind @1
	workers map[string][]byte // reply by pid; missing: the target does not exist
}

func (m *fakeMaster) answer(command string, c net.Conn) {
	if command == "show proc" {
		if m.list == "" {
			c.Write([]byte("Permission denied\n\n"))
			return
		}
		c.Write([]byte(m.list))
		return
	}
	target, _, _ := strings.Cut(command, " ")
	pid := strings.TrimPrefix(target, "@!")
	if target == "@1" {
		pid = m.current
	}
	if b, ok := m.workers[pid]; ok {
		c.Write(b)
		return
	}
	c.Write([]byte("Can't find the target PID matching the prefix '" + target + "'\n"))
}
