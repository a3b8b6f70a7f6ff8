// Package ports hands out ports on loopback to programs that run at the same time: the tests and the examples. Asking
// the kernel for a free port and closing it is not enough. Between that and the program's own bind, the kernel may give
// the port to any connection that is made meanwhile, and the program dies of "address already in use". And HAProxy
// (SO_REUSEPORT) and rsyslog's UDP input (SO_REUSEADDR) share a port with somebody else instead of failing: both then
// miss half of what is sent to them.
package ports

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// Port is a port of this process. Nobody else who asks here gets it before Release.
type Port struct {
	Number int
	lock   *os.File
}

// Addr is the port as an address to listen on: 127.0.0.1:12345.
func (p *Port) Addr() string { return fmt.Sprintf("127.0.0.1:%d", p.Number) }

// Release gives the port back. Whoever holds it when the process ends gives it back, too.
func (p *Port) Release() { p.lock.Close() }

// Take returns the first of the wanted ports that is free, else any other that no client gets from the kernel. Free
// means that nobody has taken it here, and nobody listens on it with TCP or UDP.
func Take(want ...int) (*Port, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("haproxy_log_exporter-ports-%d", os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for try := range len(want) + 1000 {
		n := 11000 + rand.IntN(20000) // below 32768, where the kernel's own choice begins
		if try < len(want) {
			n = want[try]
		}
		p, err := lock(dir, n)
		if err != nil {
			return nil, err
		}
		if p != nil && unused(n) {
			return p, nil
		}
		if p != nil {
			p.Release()
		}
	}
	return nil, errors.New("no free port on 127.0.0.1")
}

// lock returns nil when somebody else has the port. Its file stays: a file that is removed while another process waits
// for it would be locked twice.
func lock(dir string, n int) (*Port, error) {
	f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(n)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, f.Close()
	}
	return &Port{Number: n, lock: f}, nil
}

func unused(port int) bool {
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		return false
	}
	defer l.Close()
	u, err := net.ListenPacket("udp4", addr)
	if err != nil {
		return false
	}
	u.Close()
	return true
}
