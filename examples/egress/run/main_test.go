package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
)

// output is a buffer that may be read while a process writes to it.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var folder = regexp.MustCompile(`on loopback and in (\S+)\.`)

// TestEndsWithAllItStarted ends the program by Ctrl-C and by SIGKILL: no process of the example is
// left, and after Ctrl-C no file either.
func TestEndsWithAllItStarted(t *testing.T) {
	haproxytest.Need(t, "haproxy", "rsyslogd", "prometheus")
	if testing.Short() {
		t.Skip("starts everything twice")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, ".", "haproxy_log_exporter/cmd/haproxy_log_exporter")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		var out output
		cmd := exec.Command(filepath.Join(bin, "run"), "-exporter", filepath.Join(bin, "haproxy_log_exporter"))
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(out.String())
			}
		})
		haproxytest.Wait(t, 60*time.Second, "the guide", func() bool { return strings.Contains(out.String(), "Ctrl-C ends all of it.") })
		dir := folder.FindStringSubmatch(out.String())[1]
		if n := len(processes(dir)); n < 5 {
			t.Errorf("%d processes mention %s; rsyslogd, HAProxy twice, exporter and Prometheus were expected", n, dir)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		haproxytest.Wait(t, 10*time.Second, fmt.Sprintf("every process in %s to be gone after %v", dir, sig), func() bool { return len(processes(dir)) == 0 })
		_, statErr := os.Stat(dir)
		if sig == syscall.SIGINT && (err != nil || statErr == nil || !strings.Contains(out.String(), "requests sent")) {
			t.Errorf("after Ctrl-C: %v, folder %v, output\n%s", err, statErr, out.String())
		}
		os.RemoveAll(dir)
	}
}

// processes lists those whose command line names dir.
func processes(dir string) []string {
	var out []string
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return nil
	}
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil && bytes.Contains(b, []byte(dir)) {
			out = append(out, string(b))
		}
	}
	return out
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-rate", "0"}, {"-rate", "1e9"}, {"-nonsense"}, {"word"}} {
		var out, errs bytes.Buffer
		if code := run(args, &out, &errs); code != 2 || errs.Len() == 0 {
			t.Errorf("%q: exit code %d, message %q", args, code, errs.String())
		}
	}
	var out, errs bytes.Buffer
	if code := run([]string{"-haproxy", "/no/haproxy"}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "missing programs: /no/haproxy") {
		t.Errorf("exit code %d, message %q", code, errs.String())
	}
}
