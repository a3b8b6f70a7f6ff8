package host

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

const line = `127.0.0.1:34032 [21/Nov/2026:04:50:36.591] egress bank/s1 0/0/1/3/4 200 205 - - ---- 5/5/2/1/0 0/0 "GET /app/bank/%d HTTP/1.1"` + "\n"

func writeLines(t *testing.T, path string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(b.String()); err != nil {
		t.Fatal(err)
	}
}

// brokenSocket answers each command as f does; nil leaves nothing listening behind the file.
func brokenSocket(t *testing.T, path string, f func(c net.Conn)) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		l.Close()
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = bufio.NewReader(c).ReadString('\n')
				f(c)
			}()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
}

// TestBrokenSockets: each kind of broken socket has its own message and metric, and none costs another HAProxy or the
// log anything.
func TestBrokenSockets(t *testing.T) {
	dir := haproxytest.ShortDir(t)
	reply, err := os.ReadFile("../../testdata/stats/26-plain/4-after.show_stat")
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	defer close(release)
	kinds := map[string]struct {
		answer func(net.Conn)
		says   string
	}{
		"missing": {nil, "no such file"},
		"refused": {nil, "connection refused"},
		"stalls":  {func(net.Conn) { <-release }, "timeout"},
		"cuts":    {func(c net.Conn) { c.Write(reply[:len(reply)/2]) }, "cut"},
		"error":   {func(c net.Conn) { io.WriteString(c, "Permission denied\n\n") }, "Permission denied"},
		"nothing": {func(net.Conn) {}, "the reply ends early"},
	}
	conf, log := filepath.Join(dir, "exporter.yml"), filepath.Join(dir, "haproxy.log")
	text := fmt.Sprintf("sources: [{path: %s, from: start, format: httplog, haproxy: error}]\nlabels: [{from: path, template: '/{client}/{partner}'}]\nhaproxies:\n", log)
	for kind, k := range kinds {
		path := filepath.Join(dir, kind+".sock")
		if kind != "missing" {
			brokenSocket(t, path, k.answer)
		}
		text += fmt.Sprintf("  - {name: %s, sockets: ['unix:%s'], timeout: 300ms}\n", kind, path)
	}
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	writeLines(t, log, 3)
	s := haproxytest.Serve(t, exporter, "--config.file="+conf)
	haproxytest.Wait(t, wait, "the log's requests", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 3 })
	start := time.Now()
	e := s.Metrics(t)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("the scrape took %v", took)
	}
	up := values(e, "haproxy_up", []string{"haproxy"})
	for kind, k := range kinds {
		if v, there := up[kind]; !there || v != 0 {
			t.Errorf("haproxy_up of %s is %v, %v", kind, v, there)
		}
		found := false
		for said := range strings.Lines(s.Process.Output()) {
			found = found || strings.Contains(said, kind+".sock") && strings.Contains(said, k.says)
		}
		if !found {
			t.Errorf("%s: nothing says %q", kind, k.says)
		}
	}
	if t.Failed() {
		t.Log(haproxytest.Get(t, s.URL+"/status?format=json"))
	}
	writeLines(t, log, 4)
	haproxytest.Wait(t, wait, "later requests", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 7 })
}

// TestBrokenFiles: a folder, a file that may not be read and one that is not there yet, beside a good one.
func TestBrokenFiles(t *testing.T) {
	needRoot(t)
	dir := haproxytest.ShortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	writeLines(t, path("good.log"), 2)
	writeLines(t, path("secret.log"), 1)
	if err := os.Chmod(path("good.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path("folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	var flags []string
	for _, name := range []string{"good.log", "secret.log", "folder", "later.log"} {
		flags = append(flags, "--haproxy.log.path="+path(name))
	}
	flags = append(flags, "--haproxy.log.from=start", "--haproxy.log.format=httplog")
	s := haproxytest.Serve(t, asNobody(t), flags...)
	haproxytest.Wait(t, wait, "the good file's requests", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 2 })
	up := map[string]float64{}
	haproxytest.Wait(t, wait, "the state of each source", func() bool {
		up = values(s.Metrics(t), "haproxy_log_source_up", []string{"source"})
		return len(up) == 4 && up[path("good.log")] == 1
	})
	for _, name := range []string{"secret.log", "folder", "later.log"} {
		if up[path(name)] != 0 {
			t.Errorf("%s is up", name)
		}
	}
	for name, says := range map[string]string{"secret.log": "permission denied", "folder": "not a regular file", "later.log": "no such file"} {
		found := false
		for said := range strings.Lines(s.Process.Output()) {
			found = found || strings.Contains(said, path(name)) && strings.Contains(said, says) && (strings.Contains(said, "WARN") || strings.Contains(said, "ERROR"))
		}
		if !found {
			t.Errorf("nothing says %q of %s", says, name)
		}
	}
	writeLines(t, path("later.log"), 3)
	if err := os.Chmod(path("later.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path("secret.log"), 0o644); err != nil {
		t.Fatal(err)
	}
	haproxytest.Wait(t, wait, "what became readable", func() bool { return s.Metrics(t).Total(catalogue.RequestsTotal) == 6 })
}

func needRoot(t *testing.T) {
	t.Helper()
	haproxytest.Need(t, "setpriv")
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
}

// asNobody returns a program that runs the exporter as the user nobody.
func asNobody(t *testing.T, more ...string) string {
	t.Helper()
	script := filepath.Join(haproxytest.ShortDir(t), "exporter")
	text := fmt.Sprintf("#!/bin/sh\nexec %s --reuid=65534 --regid=65534 --clear-groups %s %s \"$@\"\n", haproxytest.Program(t, "setpriv"), strings.Join(more, " "), exporter)
	if err := os.WriteFile(script, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return script
}

// TestPermissions: check, run as another user, names each path that stands in the way, and the group that may pass.
func TestPermissions(t *testing.T) {
	needRoot(t)
	haproxytest.Need(t, "haproxy")
	dir := haproxytest.ShortDir(t)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	writeLines(t, at("haproxy.log"), 1)
	mode := func(name string, m os.FileMode, group int) {
		t.Helper()
		if err := os.Chmod(at(name), m); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(at(name), 0, group); err != nil {
			t.Fatal(err)
		}
	}
	const adm = 4 // Debian's group for logs
	mode("haproxy.log", 0o640, adm)
	for _, d := range []string{"closed", "run", "state"} {
		if err := os.Mkdir(at(d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeLines(t, at("closed/haproxy.log"), 1)
	mode("closed/haproxy.log", 0o640, adm)
	mode("closed", 0o750, adm)
	config := fmt.Sprintf("global\n stats socket %s mode 660 level user\ndefaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\nlisten x\n bind 127.0.0.1:%d\n", at("run/user.sock"), haproxytest.FreePort(t))
	haproxytest.Start(t, haproxytest.Options{Config: config})
	flags := []string{"check", "--haproxy.log.path=" + at("haproxy.log"), "--haproxy.log.path=" + at("closed/haproxy.log"), "--haproxy.socket=unix:" + at("run/user.sock"), "--state.dir=" + at("state"), "--haproxy.log.format=httplog"}
	out, err := exec.Command(asNobody(t), flags...).CombinedOutput()
	if err == nil {
		t.Errorf("check finds nothing:\n%s", out)
	}
	for _, want := range []string{
		at("haproxy.log") + " cannot be read by user nobody: it belongs to root:adm with mode -rw-r-----",
		"usermod -aG adm nobody",
		at("closed") + " cannot be entered by user nobody: it belongs to root:adm with mode -rwxr-x---",
		at("run/user.sock") + " belongs to root:root with mode",
		"stats socket " + at("run/user.sock") + " mode 660 group",
		at("state") + " cannot be written by user nobody",
		"chown nobody " + at("state"),
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("check does not say %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
	out, err = exec.Command("/bin/sh", append([]string{"-c", `exec setpriv --reuid=65534 --regid=65534 --groups=4 "$0" "$@"`, exporter}, "check", "--haproxy.log.path="+at("haproxy.log"), "--haproxy.log.path="+at("closed/haproxy.log"), "--haproxy.log.format=httplog")...).CombinedOutput()
	if err != nil {
		t.Errorf("with the group adm check still finds problems: %v\n%s", err, out)
	}
}
