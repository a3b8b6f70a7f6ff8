package haproxytest

import (
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// CLI sends one command to a runtime or master socket and returns the whole answer. The
// write side is closed at once: the master CLI does not end an exchange by itself.
func CLI(socket, command string) (string, error) {
	c, err := net.DialTimeout("unix", socket, 2*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := io.WriteString(c, command+"\n"); err != nil {
		return "", err
	}
	if err := c.(*net.UnixConn).CloseWrite(); err != nil {
		return "", err
	}
	b, err := io.ReadAll(c)
	return string(b), err
}

// isListening looks the address of a `bind` line up in the kernel's tables, without
// connecting to it.
func isListening(addr string) bool {
	if path, ok := strings.CutPrefix(addr, "unix@"); ok {
		addr = path
	}
	if strings.HasPrefix(addr, "/") {
		// HAProxy binds a temporary name and renames it, so the kernel's table does not help.
		st, err := os.Stat(addr)
		return err == nil && st.Mode()&os.ModeSocket != 0
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return true // a form we do not know (fd@, sockpair@): nothing to wait for
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return true
	}
	want := ":" + strings.ToUpper(hex.EncodeToString([]byte{byte(n >> 8), byte(n)}))
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		b, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			if len(f) > 3 && f[3] == "0A" && strings.HasSuffix(f[1], want) {
				return true
			}
		}
	}
	return false
}

// URL joins an address and a path to an http URL.
func URL(port int, path string) string { return fmt.Sprintf("http://127.0.0.1:%d%s", port, path) }
