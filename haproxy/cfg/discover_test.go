package cfg

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/internal/haproxytest"
)

// host writes files under a temporary root.
func host(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestDiscover(t *testing.T) {
	root := host(t, map[string]string{
		"lib/systemd/system/haproxy.service": "[Service]\nEnvironmentFile=-/etc/default/haproxy\nEnvironment=\"CONFIG=/etc/haproxy/haproxy.cfg\" \"EXTRA=-S /run/m.sock\"\n" +
			"ExecStart=/usr/sbin/haproxy -Ws -f $CONFIG -p $PIDFILE $EXTRA\n",
		"etc/systemd/system/haproxy.service.d/10-more.conf": "[Service]\nEnvironment=\"EXTRA=-f /etc/haproxy/conf.d -S /run/m.sock,mode,660,level,user\"\n",
		"etc/default/haproxy":                               "# comment\nREGION='north east'\n",
		"etc/haproxy/haproxy.cfg":                           "global\n log /dev/log local0\n stats socket /run/${REGION}.sock\n stats socket \"/run/$REGION.sock\" level user\n",
		"etc/haproxy/conf.d/a.cfg":                          "global\n stats socket /run/second.sock\n",
		"etc/rsyslog.d/49-haproxy.conf":                     "# /var/log/old-haproxy.log\n:programname, startswith, \"haproxy\" {\n  /var/log/haproxy/all.log\n  stop\n}\n",
		"var/log/haproxy/all.log":                           "",
		"var/log/haproxy.log":                               "",
	})
	d := Discover(root)
	if want := []string{filepath.Join(root, "etc/haproxy/haproxy.cfg"), filepath.Join(root, "etc/haproxy/conf.d")}; !slices.Equal(d.Config, want) {
		t.Errorf("config %q", d.Config)
	}
	if want := []string{"unix:/run/north east.sock"}; !slices.Equal(d.Sockets, want) {
		t.Errorf("sockets %q", d.Sockets)
	}
	if d.MasterSocket != "unix:/run/m.sock" || !slices.Equal(d.Logs, []string{filepath.Join(root, "var/log/haproxy/all.log")}) {
		t.Errorf("master %q, logs %q", d.MasterSocket, d.Logs)
	}
	if u, _ := ReadUnit(root); u.MasterLevel != "user" {
		t.Errorf("master level %q", u.MasterLevel)
	}
	empty := Discover(t.TempDir())
	if len(empty.Config)+len(empty.Logs)+len(empty.Sockets) != 0 || empty.MasterSocket != "" {
		t.Errorf("an empty host gives %+v", empty)
	}
}

func TestBestSocket(t *testing.T) {
	dir := haproxytest.ShortDir(t)
	l, err := net.Listen("unix", dir+"/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, c := range map[string]struct {
		sockets []Socket
		want    string
	}{
		"least rights":      {[]Socket{{Address: "unix:/a", Level: "admin"}, {Address: "unix:/o", Level: "operator"}, {Address: "unix:/u", Level: "user"}}, "unix:/u"},
		"usable first":      {[]Socket{{Address: "unix:/u", Level: "user"}, {Address: "unix:" + dir + "/admin.sock", Level: "admin"}}, "unix:" + dir + "/admin.sock"},
		"tcp is usable":     {[]Socket{{Address: "unix:/u", Level: "user"}, {Address: "tcp:127.0.0.1:1", Level: "operator"}}, "tcp:127.0.0.1:1"},
		"none can be asked": {[]Socket{{Address: "", Level: "user"}}, ""},
	} {
		if s, ok := BestSocket(c.sockets); s.Address != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", name, s.Address, c.want)
		}
	}
}

// TestDiscoverThisHost uses what Debian's package installed here.
func TestDiscoverThisHost(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	if _, err := os.Stat("/etc/haproxy/haproxy.cfg"); err != nil {
		t.Skip("no /etc/haproxy/haproxy.cfg: not Debian's package")
	}
	d := Discover("/")
	if !slices.Equal(d.Config, []string{"/etc/haproxy/haproxy.cfg"}) || !slices.Contains(d.Sockets, "unix:/run/haproxy/admin.sock") {
		t.Errorf("%+v", d)
	}
	c := load(t, nil, d.Config...)
	if len(c.Frontends) != 0 || len(c.Global.Targets) != 2 || c.Global.Chroot != "/var/lib/haproxy" || c.Global.Sockets[0].Level != "admin" {
		t.Errorf("%+v", c.Global)
	}
	// The default section's settings show in the first frontend that somebody adds.
	b, err := os.ReadFile(d.Config[0])
	if err != nil {
		t.Fatal(err)
	}
	c, err = Parse(Options{}, "haproxy.cfg", string(b)+"\nfrontend www\n bind 127.0.0.1:1\n option log-separate-errors\n")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, h := range c.Hazards() {
		kinds = append(kinds, h.Kind)
	}
	if f := c.Frontend("www"); f.Format != "httplog" || !f.DontLogNull || !slices.Equal(kinds, []string{"short_len", "duplicate_targets"}) {
		t.Errorf("%+v, hazards %q", f, kinds)
	}
}

func TestRsyslogHazards(t *testing.T) {
	root := host(t, map[string]string{
		"etc/rsyslog.conf":          "$IncludeConfig /etc/rsyslog.d/*.conf\n#$RepeatedMsgReduction on\n",
		"etc/rsyslog.d/10-x.conf":   " $RepeatedMsgReduction on\n",
		"etc/rsyslog.d/20-off.conf": "$RepeatedMsgReduction off\n",
	})
	hs := RsyslogHazards(root)
	if len(hs) != 1 || hs[0].Kind != "repeated_msg_reduction" || hs[0].Place.Line != 1 || !strings.HasSuffix(hs[0].Place.Source, "10-x.conf") || hs[0].Place.Col != 2 {
		t.Errorf("%+v", hs)
	}
	if hs := RsyslogHazards(t.TempDir()); len(hs) != 0 {
		t.Errorf("%+v", hs)
	}
}

// TestDoubledLinesAreReal shows on a real HAProxy and rsyslog that what duplicate_targets
// reports happens: failed requests are in the file twice, the others once.
func TestDoubledLinesAreReal(t *testing.T) {
	haproxytest.Need(t, "haproxy", "rsyslogd")
	p, r, port := haproxytest.StartPartners(t), haproxytest.StartRsyslog(t, ""), haproxytest.FreePort(t)
	text := fmt.Sprintf(`global
    log %s len 8192 local0
    log %s len 8192 local1 notice
defaults
    mode http
    log global
    option httplog
    option log-separate-errors
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend www
    bind 127.0.0.1:%d
    use_backend bad if { path_beg /bad }
    default_backend good
backend good
    server s1 %s
backend bad
    server s1 %s
`, r.Socket, r.Socket, port, p.OK, p.Error)
	haproxytest.Start(t, haproxytest.Options{Config: text})
	for _, path := range []string{"/bad", "/good", "/bad", "/last"} {
		resp, err := http.Get(haproxytest.URL(port, path))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	read := func() string { b, _ := os.ReadFile(r.File); return string(b) }
	haproxytest.Wait(t, 10_000_000_000, "the last line in the file", func() bool { return strings.Contains(read(), "GET /last") })
	if bad, good := strings.Count(read(), "GET /bad"), strings.Count(read(), "GET /good"); bad != 4 || good != 1 {
		t.Errorf("%d lines for 2 failed requests, %d for 1 good one:\n%s", bad, good, read())
	}
	c, err := Parse(Options{}, "haproxy.cfg", text)
	if err != nil {
		t.Fatal(err)
	}
	if hs := c.Hazards(); len(hs) != 1 || hs[0].Kind != "duplicate_targets" || hs[0].Place.Line != 3 {
		t.Errorf("hazards %+v", hs)
	}
}
