package haproxytest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"haproxy_log_exporter/internal/child"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func config(port int, target, backend string) string {
	return fmt.Sprintf(`global
    log %s local0
defaults
    mode http
    log global
    option httplog
    timeout connect 1s
    timeout client 5s
    timeout server 1s
frontend fe
    bind 127.0.0.1:%d
    default_backend be
backend be
    server s1 %s
`, target, port, backend)
}

func status(t *testing.T, url string) int {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode
}

func TestHAProxyServesLogsAndReloads(t *testing.T) {
	for _, version := range Versions() {
		t.Run("version "+version, func(t *testing.T) {
			p, logs, port := StartPartners(t), CollectUDP(t), FreePort(t)
			h := Start(t, Options{Version: version, Master: true, Config: config(port, logs.Target, p.OK)})
			if got := status(t, URL(port, "/a?status=404")); got != http.StatusNotFound {
				t.Fatalf("status %d", got)
			}
			logs.WaitLines(t, 1, "fe be/s1", "GET /a?status=404")
			before := h.WorkerPid()
			h.WriteConfig(config(port, logs.Target, p.Error))
			if err := h.Reload(); err != nil {
				t.Fatal(err)
			}
			if h.WorkerPid() == before {
				t.Fatal("the worker is the same after a reload")
			}
			Wait(t, 5*time.Second, "the new backend's 500", func() bool { return status(t, URL(port, "/b")) == 500 })
			h.WriteConfig("global\n    nonsense\n")
			if err := h.Reload(); err == nil {
				t.Fatal("a broken configuration was accepted")
			}
			for _, line := range logs.Lines() {
				if strings.Contains(string(line), "BADREQ") {
					t.Errorf("waiting for readiness left a line: %s", line)
				}
			}
		})
	}
}

func TestNeedsAnInstalledHAProxy(t *testing.T) { Need(t, "haproxy") }

func TestPartners(t *testing.T) {
	p := StartPartners(t)
	for kind, addr := range map[string]string{"ok": p.OK, "slow": p.Slow, "error": p.Error} {
		want := map[string]int{"ok": 200, "slow": 200, "error": 500}[kind]
		if got := status(t, "http://"+addr+"/"); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
		if p.Requests(kind) != 1 {
			t.Errorf("%s: %d requests", kind, p.Requests(kind))
		}
	}
	for kind, addr := range map[string]string{"close_first": p.CloseFirst, "reset": p.Reset, "refused": p.Refused, "close_early": p.CloseEarly} {
		if _, err := get("http://" + addr + "/"); err == nil {
			t.Errorf("%s: no error", kind)
		}
	}
	quick := &http.Client{Timeout: 50 * time.Millisecond, Transport: &http.Transport{DisableKeepAlives: true}}
	if _, err := quick.Get("http://" + p.Never + "/"); err == nil || !os.IsTimeout(err) {
		t.Errorf("never: %v", err)
	}
}

func TestCollectors(t *testing.T) {
	p := StartPartners(t)
	dir := ShortDir(t)
	unix, out := CollectUnix(t, dir), NewOutput()
	for name, c := range map[string]*Collector{"unix": unix, "stdout": out} {
		port := FreePort(t)
		o := Options{Config: config(port, c.Target, p.OK)}
		if c == out {
			o.Output = out
		}
		Start(t, o)
		status(t, URL(port, "/"+name))
		c.WaitLines(t, 1, "GET /"+name)
	}
	tcp, port := CollectTCP(t), FreePort(t)
	ring := fmt.Sprintf("ring r\n    format rfc3164\n    size 65536\n    server s %s log-proto octet-count\n", tcp.Target)
	Start(t, Options{Config: config(port, "ring@r", p.OK) + ring})
	status(t, URL(port, "/tcp"))
	Wait(t, 10*time.Second, "an octet-counted message", func() bool { return strings.Contains(string(tcp.Raw()), "GET /tcp") })
}

func TestRsyslogAndLogrotate(t *testing.T) {
	Need(t, "rsyslogd", "logrotate")
	p, port, r := StartPartners(t), FreePort(t), StartRsyslog(t, "")
	Start(t, Options{Config: config(port, r.Socket, p.OK)})
	read := func(file string) string { b, _ := os.ReadFile(file); return string(b) }
	status(t, URL(port, "/one"))
	Wait(t, 10*time.Second, "the first line in the file", func() bool { return strings.Contains(read(r.File), "GET /one") })
	Logrotate(t, r.Dir, fmt.Sprintf("%s {\n su root root\n rotate 2\n create 0640\n postrotate\n  kill -HUP $(cat %s)\n endscript\n}\n", r.File, r.PidFile))
	Wait(t, 10*time.Second, "the second line in the new file", func() bool {
		status(t, URL(port, "/two"))
		return strings.Contains(read(r.File), "GET /two")
	})
	if !strings.Contains(read(r.File+".1"), "GET /one") {
		t.Error("the rotated file lacks the first line")
	}
}

func TestPrometheusAndAlertmanager(t *testing.T) {
	Need(t, "prometheus", "prometheus-alertmanager")
	p := StartPrometheus(t, "", "global: {scrape_interval: 1s}\n")
	if v, ok := p.Value("vector(2)"); !ok || v != 2 {
		t.Errorf("1+1 = %v", v)
	}
	StartAlertmanager(t, "", "route: {receiver: none}\nreceivers: [{name: none}]\n")
}

// TestChildrenDieWithTheTest kills a helper process as hard as possible and looks for its child.
func TestChildrenDieWithTheTest(t *testing.T) {
	if os.Getenv("HAPROXYTEST_HELPER") == "1" {
		p, err := child.Start(child.Options{Path: "sleep", Args: []string{"300"}})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("child %d\n", p.Pid)
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChildrenDieWithTheTest$")
	cmd.Env = append(os.Environ(), "HAPROXYTEST_HELPER=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Fscanf(out, "child %d\n", &pid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); err != nil {
		t.Fatalf("the child is not there: %v", err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	Wait(t, 5*time.Second, "the child to be gone", func() bool {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || strings.Contains(string(b), ") Z ")
	})
}
