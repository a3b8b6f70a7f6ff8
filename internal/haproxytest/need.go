// Package haproxytest starts the real programs that the tests run against: HAProxy in
// several versions, rsyslog, logrotate, Prometheus, Alertmanager, and simulated partners.
//
// Everything listens on loopback only, keeps its files in a temporary folder, is waited for
// by asking it (no sleeping) and ends with the test, also when the test is killed.
package haproxytest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/ports"
)

// Need asks for programs by name. A missing one fails the test where CI=true is set, and
// skips it with the reason elsewhere. "haproxy:3.0" asks for that version of HAProxy.
func Need(t testing.TB, programs ...string) {
	t.Helper()
	var missing []string
	for _, p := range programs {
		if v, ok := strings.CutPrefix(p, "haproxy:"); ok {
			if _, err := find(v); err != nil {
				missing = append(missing, err.Error())
			}
			continue
		}
		if _, err := lookPath(p); err != nil {
			missing = append(missing, p+" is not installed")
		}
	}
	if len(missing) > 0 {
		lack(t, "needs real programs: "+strings.Join(missing, "; "))
	}
}

// NeedFile returns a file that a package brings; a missing one is treated as a missing program.
func NeedFile(t testing.TB, path, of string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		lack(t, fmt.Sprintf("needs a file of the package %s: %v", of, err))
	}
	return b
}

func lack(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Program returns the path of a program that Need has found.
func Program(t testing.TB, name string) string {
	t.Helper()
	Need(t, name)
	path, err := lookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Versions lists the HAProxy versions that can be started here: "" (the installed one)
// and those whose path is in the environment (HAPROXY_30=/path/to/haproxy gives "3.0").
func Versions() []string {
	var vs []string
	for _, v := range []string{"", "2.8", "3.0", "3.2", "3.3", "3.4", "3.5"} {
		if _, err := find(v); err == nil {
			vs = append(vs, v)
		}
	}
	return vs
}

// Binary returns the haproxy program of a version as in Versions; see Need when missing.
func Binary(t testing.TB, version string) string {
	t.Helper()
	Need(t, "haproxy:"+version)
	path, err := find(version)
	if err != nil {
		t.Fatal(err)
	}
	return reexecutable(t, path)
}

// reexecutable helps where a version is started by a script `exec LOADER --library-path
// LIB PROGRAM "$@"`: HAProxy's master executes its argv[0] again at a reload, which then
// has to be a script again, not the bare program with the wrong libraries.
func reexecutable(t testing.TB, path string) string {
	b, err := os.ReadFile(path)
	if err != nil || len(b) > 4096 || !strings.HasPrefix(string(b), "#!") || strings.Contains(string(b), "--argv0") {
		return path
	}
	script := strings.Replace(string(b), " --library-path ", ` --argv0 "$0" --library-path `, 1)
	own := filepath.Join(ShortDir(t), "haproxy")
	if err := os.WriteFile(own, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	return own
}

func find(version string) (string, error) {
	if version == "" {
		path, err := lookPath("haproxy")
		if err != nil {
			return "", fmt.Errorf("haproxy is not installed")
		}
		return path, nil
	}
	name := "HAPROXY_" + strings.ReplaceAll(version, ".", "")
	path := os.Getenv(name)
	if path == "" {
		return "", fmt.Errorf("HAProxy %s: the environment variable %s with its path is not set", version, name)
	}
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("HAProxy %s from %s: %w", version, name, err)
	}
	return path, nil
}

// lookPath also looks where Debian keeps system programs, which a user's PATH often lacks.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(dir + "/" + name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// FreePort returns a port on 127.0.0.1 that belongs to the test until it ends.
func FreePort(t testing.TB) int {
	t.Helper()
	p, err := ports.Take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p.Number
}

// Wait polls cond until it is true or the deadline has passed, then fails the test with
// what. It is the only way this package waits.
func Wait(t testing.TB, limit time.Duration, what string, cond func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !cond() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
