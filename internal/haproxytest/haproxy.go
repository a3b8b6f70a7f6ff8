package haproxytest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"haproxy_log_exporter/internal/child"
)

// Options says how to start HAProxy.
type Options struct {
	// Version is "" for the installed HAProxy or one of Versions.
	Version string
	// Config is the text of haproxy.cfg. Listeners must be on 127.0.0.x, [::1] or unix sockets.
	Config string
	// Master starts the master-worker mode with a master socket.
	Master bool
	// MasterLevel is the level of the master CLI (user, operator, admin); admin when empty,
	// which Reload needs.
	MasterLevel string
	// Dir holds haproxy.cfg and the master socket; a temporary folder when empty. A unix
	// socket's path is limited to 107 bytes: keep it short.
	Dir string
	// Env is added to the environment, Args to the command line.
	Env, Args []string
	// Output receives standard output and error (for `log stdout`), nil keeps its end in memory.
	Output io.Writer
}

// HAProxy is a running HAProxy.
type HAProxy struct {
	Dir          string
	ConfigFile   string
	MasterSocket string // empty without Options.Master
	Process      *child.Process
	t            testing.TB
}

// ShortDir is a temporary folder with a path short enough for unix sockets.
func ShortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ha")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Start starts HAProxy and returns when its listeners are bound and its worker answers.
// No connection is made to a `bind` address, so the log stays empty.
func Start(t testing.TB, o Options) *HAProxy {
	t.Helper()
	binary := Binary(t, o.Version)
	h := &HAProxy{Dir: o.Dir, t: t}
	if h.Dir == "" {
		h.Dir = ShortDir(t)
	}
	h.ConfigFile = filepath.Join(h.Dir, "haproxy.cfg")
	h.WriteConfig(o.Config)
	args := []string{"-db", "-f", h.ConfigFile}
	death := syscall.SIGKILL
	if o.Master {
		h.MasterSocket = filepath.Join(h.Dir, "master.sock")
		listen := h.MasterSocket + ",mode,600"
		if o.MasterLevel != "" {
			listen += ",level," + o.MasterLevel
		}
		args = append([]string{"-W", "-S", listen}, args...)
		// Workers end when their master does; the master has to end them itself.
		death = syscall.SIGTERM
	}
	h.Process = StartProcess(t, child.Options{Path: binary, Args: append(args, o.Args...), Dir: h.Dir, Env: o.Env, Death: death, Output: o.Output})
	waitReady(t, h.Process, "haproxy", func() bool { return h.listening(o.Config) && h.answers(o.Config) })
	return h
}

var (
	bindLine  = regexp.MustCompile(`(?m)^\s*bind\s+(\S+)`)
	statsLine = regexp.MustCompile(`(?m)^\s*stats\s+socket\s+(/\S+)`)
)

func (h *HAProxy) listening(config string) bool {
	for _, m := range bindLine.FindAllStringSubmatch(config, -1) {
		for addr := range strings.SplitSeq(m[1], ",") {
			if !isListening(addr) {
				return false
			}
		}
	}
	return true
}

func (h *HAProxy) answers(config string) bool {
	if h.MasterSocket != "" {
		return h.WorkerPid() != ""
	}
	for _, m := range statsLine.FindAllStringSubmatch(config, -1) {
		if out, err := CLI(m[1], "show info"); err != nil || !strings.Contains(out, "Pid:") {
			return false
		}
	}
	return true
}

// WriteConfig replaces haproxy.cfg; Reload makes it effective.
func (h *HAProxy) WriteConfig(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.ConfigFile, []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

var pidLine = regexp.MustCompile(`(?m)^Pid: (\d+)$`)

// WorkerPid is the process id of the newest worker as text, "" while none answers.
func (h *HAProxy) WorkerPid() string {
	out, err := CLI(h.MasterSocket, "@1 show info")
	if err != nil {
		return ""
	}
	if m := pidLine.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return ""
}

var failedReloads = regexp.MustCompile(`(?m)^\d+\s+master\s+\d+\s+\[failed: (\d+)\]|^\d+\s+master\s+(\d+)`)

func (h *HAProxy) masterLine() string {
	out, _ := CLI(h.MasterSocket, "show proc")
	return failedReloads.FindString(out)
}

// Reload asks the master for a reload and returns when the new worker answers, or with an
// error when the new configuration was refused.
func (h *HAProxy) Reload() error {
	h.t.Helper()
	if h.MasterSocket == "" {
		return fmt.Errorf("reload needs Options.Master")
	}
	before, line := h.WorkerPid(), h.masterLine()
	out, err := CLI(h.MasterSocket, "reload")
	if err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	if strings.Contains(out, "Success=0") {
		return fmt.Errorf("reload refused: %s", out)
	}
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		if pid := h.WorkerPid(); pid != "" && pid != before {
			return nil
		}
		// 2.6 answers nothing at once; a refused configuration shows only in this counter.
		// The line also has the number of reloads, which grows with a success.
		if now := h.masterLine(); strings.Contains(now, "[failed:") && !strings.Contains(now, "[failed: 0]") && now != line {
			return fmt.Errorf("reload refused: %s", now)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("reload: no new worker within 30 s")
}

// Stop ends HAProxy at once (SIGTERM) and waits.
func (h *HAProxy) Stop() {
	h.t.Helper()
	if err := h.Process.Stop(10 * time.Second); err != nil {
		h.t.Error(err)
	}
}

// Check runs `haproxy -c` on a configuration: its output, and whether it was accepted.
func Check(t testing.TB, version, config string) (output string, ok bool) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return CheckFiles(t, version, nil, file)
}

// CheckFiles is Check for several files or directories and an added environment.
func CheckFiles(t testing.TB, version string, env []string, files ...string) (output string, ok bool) {
	t.Helper()
	args := []string{"-c"}
	for _, f := range files {
		args = append(args, "-f", f)
	}
	p, err := child.Start(child.Options{Path: Binary(t, version), Args: args, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(30 * time.Second):
		p.Kill()
		t.Fatal("haproxy -c did not end within 30 s")
	}
	return p.Output(), p.Err() == nil
}
