package cfg

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// Discovery is what a host offers to an exporter that was started without any flags.
type Discovery struct {
	// Config lists the configuration files (-f of the unit, or /etc/haproxy/haproxy.cfg);
	// empty when there is none.
	Config []string
	// Logs lists the existing log files that HAProxy's lines are written to.
	Logs []string
	// Sockets and MasterSocket are addresses as the flags want them. Sockets holds at most one:
	// all of a process say the same (see BestSocket).
	Sockets      []string
	MasterSocket string
	// Env is HAProxy's environment as far as its unit tells.
	Env func(name string) (string, bool)
}

// BestSocket chooses the socket to ask: one that this process may use before others, then the one
// with the least rights. It is false when none can be dialled at all.
func BestSocket(sockets []Socket) (best Socket, ok bool) {
	rank := func(s Socket) int {
		n := 2 * slices.Index([]string{"user", "operator", "admin"}, s.Level)
		if path, isUnix := strings.CutPrefix(s.Address, "unix:/"); isUnix && syscall.Access("/"+path, accessWrite) != nil {
			n += 100
		}
		return n
	}
	for _, s := range sockets {
		if s.Address != "" && (!ok || rank(s) < rank(best)) {
			best, ok = s, true
		}
	}
	return best, ok
}

// accessWrite is W_OK: connecting to a unix socket needs the right to write.
const accessWrite = 2

var rsyslogTarget = regexp.MustCompile(`/var/log/[^\s";,)}]*haproxy[^\s";,)}]*`)

// Discover looks at the usual places under root, "/" on a host: the systemd unit with its
// environment, the configuration it names, the sockets in that, and the files that rsyslog's
// rules about haproxy write. What does not exist or cannot be read is left out.
func Discover(root string) Discovery {
	u, _ := ReadUnit(root)
	d := Discovery{MasterSocket: u.MasterSocket, Env: func(name string) (string, bool) { v, ok := u.Env[name]; return v, ok }}
	files := u.Files
	if len(files) == 0 {
		files = []string{"/etc/haproxy/haproxy.cfg"}
	}
	for _, f := range files {
		f = filepath.Join(root, f)
		if _, err := os.Stat(f); err == nil {
			d.Config = append(d.Config, f)
		}
	}
	if len(d.Config) > 0 {
		// Mistakes are reported when the file is loaded for good.
		if c, _ := Load(Options{Env: d.Env}, d.Config...); c != nil {
			if s, ok := BestSocket(c.Global.Sockets); ok {
				d.Sockets = []string{s.Address}
			}
		}
	}
	for _, f := range logCandidates(root) {
		st, err := os.Stat(f)
		if err == nil && st.Mode().IsRegular() && !slices.Contains(d.Logs, f) {
			d.Logs = append(d.Logs, f)
		}
	}
	return d
}

// logCandidates are the files named in rsyslog's configuration, else the customary ones.
func logCandidates(root string) []string {
	var out []string
	confs, _ := filepath.Glob(filepath.Join(root, "etc/rsyslog.d/*.conf"))
	for _, conf := range append([]string{filepath.Join(root, "etc/rsyslog.conf")}, confs...) {
		b, err := os.ReadFile(conf)
		if err != nil {
			continue
		}
		for _, m := range rsyslogTarget.FindAllString(withoutComments(string(b)), -1) {
			out = append(out, filepath.Join(root, m))
		}
	}
	if len(out) == 0 {
		for _, f := range []string{"/var/log/haproxy.log", "/var/log/haproxy/haproxy.log"} {
			out = append(out, filepath.Join(root, f))
		}
	}
	return out
}

var commentLine = regexp.MustCompile(`(?m)^\s*#.*$`)

func withoutComments(s string) string { return commentLine.ReplaceAllString(s, "") }
