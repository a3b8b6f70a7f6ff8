package haproxytest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"haproxy_log_exporter/internal/child"
)

// Rsyslog is a running rsyslogd that writes what it receives to a file.
type Rsyslog struct {
	Dir     string
	UDP     string // address to log to
	Socket  string // unix datagram socket to log to
	File    string // where everything tagged haproxy goes
	PidFile string // for logrotate's postrotate: kill -HUP
	Process *child.Process
}

// RsyslogConfig makes the configuration of StartRsyslog from its parts; extra is inserted
// before the rule that writes the file.
func RsyslogConfig(udpPort int, socket, file, extra string) string {
	return fmt.Sprintf(`module(load="imudp")
module(load="imuxsock" SysSock.Use="off")
input(type="imudp" address="127.0.0.1" port="%d")
input(type="imuxsock" Socket="%s" CreatePath="on" RateLimit.Interval="0")
$FileOwner root
$FileCreateMode 0640
%s
if $programname startswith "haproxy" then {
    action(type="omfile" file="%s" template="RSYSLOG_TraditionalFileFormat" asyncWriting="off" flushOnTXEnd="on")
    stop
}
`, udpPort, socket, extra, file)
}

// StartRsyslog starts rsyslogd in the foreground. extra is added to its configuration.
func StartRsyslog(t testing.TB, extra string) *Rsyslog {
	t.Helper()
	path := Program(t, "rsyslogd")
	dir, port := ShortDir(t), FreePort(t)
	r := &Rsyslog{
		Dir: dir, UDP: fmt.Sprintf("127.0.0.1:%d", port), Socket: filepath.Join(dir, "log"),
		File: filepath.Join(dir, "haproxy.log"), PidFile: filepath.Join(dir, "rsyslogd.pid"),
	}
	conf := filepath.Join(dir, "rsyslog.conf")
	if err := os.WriteFile(conf, []byte(RsyslogConfig(port, r.Socket, r.File, extra)), 0o644); err != nil {
		t.Fatal(err)
	}
	r.Process = StartProcess(t, child.Options{Path: path, Args: []string{"-n", "-i", r.PidFile, "-f", conf}, Dir: dir})
	waitReady(t, r.Process, "rsyslogd", func() bool {
		st, err := os.Stat(r.Socket)
		_, errPid := os.Stat(r.PidFile)
		return err == nil && errPid == nil && st.Mode()&os.ModeSocket != 0
	})
	return r
}

// Logrotate runs logrotate -f with the given configuration text and state file in dir, and
// returns when it has finished.
func Logrotate(t testing.TB, dir, config string) {
	t.Helper()
	path := Program(t, "logrotate")
	conf := filepath.Join(dir, "logrotate.conf")
	// logrotate refuses a configuration that others could have written.
	if err := os.WriteFile(conf, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := child.Start(child.Options{Path: path, Args: []string{"-f", "-s", filepath.Join(dir, "logrotate.state"), conf}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.Done():
	case <-time.After(30 * time.Second):
		p.Kill()
	}
	if err := p.Err(); err != nil {
		t.Fatalf("logrotate: %v\n%s", err, p.Output())
	}
}
