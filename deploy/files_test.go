package deploy

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/haproxy/cfg"
	"haproxy_log_exporter/internal/child"
	"haproxy_log_exporter/internal/haproxytest"
)

// run runs a checker to its end.
func run(t *testing.T, program string, args ...string) (output string, ok bool) {
	t.Helper()
	p, err := child.Start(child.Options{Path: haproxytest.Program(t, program), Args: args})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(30 * time.Second):
		p.Kill()
		t.Fatalf("%s did not end within 30 s", program)
	}
	return p.Output(), p.Err() == nil
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var exposure = regexp.MustCompile(`Overall exposure level for \S+ ([0-9.]+)`)

func TestUnit(t *testing.T) {
	haproxytest.Need(t, "systemd-analyze")
	text := strings.Replace(read(t, "systemd/haproxy_log_exporter.service"), "/usr/bin/haproxy_log_exporter", "/bin/true", 1)
	unit := write(t, "haproxy_log_exporter.service", text)
	if out, ok := run(t, "systemd-analyze", "verify", "--man=no", unit); !ok || strings.Contains(out, "haproxy_log_exporter.service") {
		t.Errorf("systemd-analyze verify: %s", out)
	}
	out, ok := run(t, "systemd-analyze", "security", "--offline=true", "--no-pager", unit)
	m := exposure.FindStringSubmatch(out)
	if !ok || m == nil {
		t.Skipf("this systemd-analyze cannot judge a file: %s", out)
	}
	if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > 1.6 {
		t.Errorf("exposure level %s, want at most 1.6", m[1])
	}
}

func TestSysusers(t *testing.T) {
	haproxytest.Need(t, "systemd-sysusers")
	file := write(t, "u.conf", read(t, "systemd/haproxy_log_exporter.sysusers"))
	if out, ok := run(t, "systemd-sysusers", "--dry-run", file); !ok || !strings.Contains(out, "haproxy-log-exporter") {
		t.Errorf("systemd-sysusers: %s", out)
	}
}

func TestRsyslogFile(t *testing.T) {
	haproxytest.Need(t, "rsyslogd")
	text := "global(maxMessageSize=\"16k\")\nmodule(load=\"imuxsock\" SysSock.Use=\"off\")\n" + read(t, "rsyslog/49-haproxy.conf")
	if out, ok := run(t, "rsyslogd", "-N1", "-f", write(t, "rsyslog.conf", text)); !ok || strings.Contains(out, "error") {
		t.Errorf("rsyslogd -N1: %s", out)
	}
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "etc/rsyslog.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/rsyslog.conf"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if hs := cfg.RsyslogHazards(root); len(hs) > 0 {
		t.Errorf("our own file is a hazard: %+v", hs)
	}
}

func TestLogrotateFile(t *testing.T) {
	haproxytest.Need(t, "logrotate")
	text := read(t, "logrotate/haproxy")
	if out, ok := run(t, "logrotate", "-d", "-s", filepath.Join(t.TempDir(), "state"), write(t, "haproxy", text)); !ok || strings.Contains(out, "error:") {
		t.Errorf("logrotate -d: %s", out)
	}
	if strings.Contains(strings.Split(text, "{")[1], "copytruncate") {
		t.Error("copytruncate loses lines")
	}
}

func TestScrapeConfig(t *testing.T) {
	haproxytest.Need(t, "promtool")
	if out, ok := run(t, "promtool", "check", "config", "prometheus/scrape.yml"); !ok {
		t.Errorf("promtool: %s", out)
	}
}

// TestSnippet lets HAProxy check the lines that docs/install.md recommends, and wants no hazard in them.
func TestSnippet(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	// The group exists only where the exporter is installed.
	text := strings.Replace(read(t, "haproxy/snippet.cfg"), "group haproxy-log-exporter ", "", 1) + "\nfrontend f\n    bind 127.0.0.1:1\n"
	for _, v := range haproxytest.Versions() {
		if out, ok := haproxytest.Check(t, v, text); !ok {
			t.Errorf("HAProxy %q: %s", v, out)
		}
	}
	c, err := cfg.Parse(cfg.Options{}, "snippet.cfg", text)
	if err != nil {
		t.Fatal(err)
	}
	if hs := c.Hazards(); len(hs) > 0 || len(c.Warnings) > 0 {
		t.Errorf("hazards %+v, warnings %v", hs, c.Warnings)
	}
	if s := c.Global.Sockets[0]; s.Address != "unix:/run/haproxy/exporter.sock" || s.Level != "user" {
		t.Errorf("%+v", s)
	}
}

// TestInstallPageShowsTheFiles keeps docs/install.md and the files beside this test the same.
func TestInstallPageShowsTheFiles(t *testing.T) {
	page := read(t, "../docs/install.md")
	for _, file := range []string{"haproxy/snippet.cfg", "prometheus/scrape.yml"} {
		for line := range strings.Lines(read(t, file)) {
			line = strings.TrimSpace(line)
			if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "timeout") {
				continue
			}
			if !strings.Contains(page, line) {
				t.Errorf("docs/install.md lacks %q of %s", line, file)
			}
		}
	}
	for _, path := range regexp.MustCompile(`deploy/[a-z_./-]+[a-z]`).FindAllString(page, -1) {
		if _, err := os.Stat(filepath.Join("..", path)); err != nil {
			t.Errorf("docs/install.md names %s: %v", path, err)
		}
	}
}
