package syslog

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// address is a source's URL, understood.
type address struct {
	scheme     string // udp, tcp, unix, unixgram, fifo, or - for standard input
	target     string // host:port or path
	mode       fs.FileMode
	uid, gid   int // -1: as created
	modeWanted bool
}

// IsURL reports that a source's text is for Listen and no file name.
func IsURL(text string) bool {
	if text == "-" {
		return true
	}
	scheme, _, found := strings.Cut(text, ":")
	if !found {
		return false
	}
	switch scheme {
	case "udp", "tcp", "unix", "unixgram", "fifo":
		return true
	}
	return false
}

const forms = "use udp://host:port, tcp://host:port, unix:///path, unixgram:///path, fifo:///path or -"

func parseAddress(text string) (address, error) {
	a := address{mode: 0o660, uid: -1, gid: -1}
	if text == "-" {
		a.scheme = "-"
		return a, nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return a, fmt.Errorf("source %q: %w; %s", text, err, forms)
	}
	a.scheme = u.Scheme
	switch u.Scheme {
	case "udp", "tcp":
		return a, a.network(text, u)
	case "unix", "unixgram", "fifo":
		return a, a.local(text, u)
	}
	return a, fmt.Errorf("source %q: unknown scheme %q; %s", text, u.Scheme, forms)
}

func (a *address) network(text string, u *url.URL) error {
	host, port := u.Hostname(), u.Port()
	switch n, err := strconv.ParseUint(port, 10, 16); {
	case port == "":
		return fmt.Errorf("source %q: no port; write %s://127.0.0.1:PORT", text, u.Scheme)
	case err != nil:
		return fmt.Errorf("source %q: port %q is not between 0 and 65535", text, port)
	default:
		port = strconv.FormatUint(n, 10)
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.User != nil || u.Opaque != "" {
		return fmt.Errorf("source %q: nothing may stand behind the port", text)
	}
	if host == "" {
		host = "127.0.0.1" // log lines are not authenticated: another address must be asked for
	}
	a.target = net.JoinHostPort(host, port)
	return nil
}

// loopback reports that an address is reached from this machine only.
func loopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UDPAddr:
		return a.IP.IsLoopback()
	}
	return true
}

func (a *address) local(text string, u *url.URL) error {
	a.target = u.Path
	if u.Opaque != "" {
		a.target = u.Opaque // unix:relative/path
	}
	if u.Host != "" {
		return fmt.Errorf("source %q: a path has three slashes in front: %s:///%s%s", text, u.Scheme, u.Host, u.Path)
	}
	if a.target == "" {
		return fmt.Errorf("source %q: no path; write %s:///run/PATH", text, u.Scheme)
	}
	if len(a.target) > 107 && a.scheme != "fifo" {
		return fmt.Errorf("source %q: the path of a socket has at most 107 bytes, this one %d", text, len(a.target))
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return fmt.Errorf("source %q: %w", text, err)
	}
	for key, values := range q {
		v := values[len(values)-1]
		switch key {
		case "mode":
			n, err := strconv.ParseUint(v, 8, 9)
			if err != nil {
				return fmt.Errorf("source %q: mode %q is no octal number such as 0660", text, v)
			}
			a.mode, a.modeWanted = fs.FileMode(n), true
		case "user":
			if a.uid, err = lookup(v, func(s string) (string, error) { u, err := user.Lookup(s); return id(u, err) }); err != nil {
				return fmt.Errorf("source %q: %w", text, err)
			}
		case "group":
			if a.gid, err = lookup(v, func(s string) (string, error) { g, err := user.LookupGroup(s); return gid(g, err) }); err != nil {
				return fmt.Errorf("source %q: %w", text, err)
			}
		default:
			return fmt.Errorf("source %q: unknown key %q; mode, user and group are known", text, key)
		}
	}
	return nil
}

func id(u *user.User, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func gid(g *user.Group, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}

// lookup turns a name, or a number as it is, into an id.
func lookup(v string, find func(string) (string, error)) (int, error) {
	if n, err := strconv.Atoi(v); err == nil && n >= 0 {
		return n, nil
	}
	s, err := find(v)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(s)
}

// permit gives the socket or FIFO its mode and owner.
func (a *address) permit() error {
	if a.uid >= 0 || a.gid >= 0 {
		if err := os.Chown(a.target, a.uid, a.gid); err != nil {
			return err
		}
	}
	return os.Chmod(a.target, a.mode)
}

// clearSocket removes what an earlier run left: only a socket, and only when nobody listens on it.
func clearSocket(a address) error {
	st, err := os.Lstat(a.target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if st.Mode()&fs.ModeSocket == 0 {
		return fmt.Errorf("%s exists and is no socket; it is left alone", a.target)
	}
	c, err := net.DialTimeout(a.scheme, a.target, time.Second)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("%s is in use: another process listens on it", a.target)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s exists and cannot be tried: %w", a.target, err)
	}
	return os.Remove(a.target)
}

// removeSocket removes our own socket at the end. A successor may have put its own there meanwhile.
func removeSocket(path string, log *slog.Logger) {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = c.Close()
		return
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return // gone, or of the other type with a listener (EPROTOTYPE)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Warn("The socket could not be removed.", "path", path, "err", err)
	}
}
