package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/goleak"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/internal/haproxytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is an exporter under test.
type running struct {
	t      *testing.T
	app    *App
	reload chan os.Signal
	stop   func()
}

// start runs an exporter on a free port until the test ends or stop is called.
func start(t *testing.T, o Options) *running {
	t.Helper()
	no, addrs, file := false, []string{"127.0.0.1:0"}, ""
	a, err := New(o, ServeOptions{Web: &web.FlagConfig{WebListenAddresses: &addrs, WebSystemdSocket: &no, WebConfigFile: &file}}, slog.New(slog.NewTextHandler(testWriter{t}, nil)))
	if err != nil {
		t.Fatal(err)
	}
	r := &running{t: t, app: a, reload: make(chan os.Signal, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx, r.reload) }()
	r.stop = func() {
		if cancel == nil {
			return
		}
		cancel()
		cancel = nil
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
	t.Cleanup(func() { r.stop() })
	return r
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

func (r *running) get(path string) (int, string) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.app.Addr() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// value returns a sample of /metrics; false when it is not there.
func (r *running) value(sample string) (float64, bool) {
	r.t.Helper()
	_, body := r.get("/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(sample) + ` (\S+)$`).FindStringSubmatch(body)
	if m == nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		r.t.Fatal(err)
	}
	return v, true
}

// wait polls until the sample has the value.
func (r *running) wait(sample string, want float64) {
	r.t.Helper()
	last := "absent"
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		v, ok := r.value(sample)
		if ok && v == want {
			return
		}
		if ok {
			last = fmt.Sprint(v)
		}
	}
	r.t.Fatalf("%s is %s, want %g", sample, last, want)
}

const requestLine = `127.0.0.1:34032 [21/Nov/2026:04:50:36.591] egress bank/s1 0/0/1/3/4 200 205 - - ---- 5/5/2/1/0 0/0 "GET /app/bank/%d HTTP/1.1"` + "\n"

// write appends n request lines to the file.
func write(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		if _, err := fmt.Fprintf(f, requestLine, i); err != nil {
			t.Fatal(err)
		}
	}
}

func options(log, state string) Options {
	return Options{Flags: config.Flags{LogPaths: []string{log}, LogFrom: "start", LogFormats: []string{"httplog"}, LabelsPath: []string{"/{client}/{partner}"}, StateDir: state}}
}

const requests = `haproxy_log_requests_total{client="app",partner="bank",frontend="egress",backend="bank",method="GET",code="200",termination_state="--"}`

func TestCountsContinueAfterARestart(t *testing.T) {
	dir := t.TempDir()
	log, state := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "state")
	write(t, log, 10)
	a := start(t, options(log, state))
	a.wait(requests, 10)
	a.wait("haproxy_log_state_durable", 1)
	a.stop()
	write(t, log, 5)
	b := start(t, options(log, state))
	b.wait(requests, 15)
	if code, body := b.get("/-/ready"); code != http.StatusOK {
		t.Errorf("ready answers %d %s", code, body)
	}
}

func TestTwoExportersInOneProcess(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.log"), filepath.Join(dir, "two.log")
	write(t, one, 3)
	write(t, two, 4)
	a, b := start(t, options(one, "")), start(t, options(two, ""))
	a.wait(requests, 3)
	b.wait(requests, 4)
}

func TestAStateDirectoryIsForOneExporter(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 1)
	start(t, options(log, dir))
	no, addrs, file := false, []string{"127.0.0.1:0"}, ""
	_, err := New(options(log, dir), ServeOptions{Web: &web.FlagConfig{WebListenAddresses: &addrs, WebSystemdSocket: &no, WebConfigFile: &file}}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("the second exporter got %v, want an error that names the process", err)
	}
}

// configFile writes a configuration for a reload test.
func configFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestSyslogSources: what a syslog address can lose is shown, by the kind of address.
func TestSyslogSources(t *testing.T) {
	const udp, tcp = "udp://127.0.0.1:0", "tcp://127.0.0.1:0"
	r := start(t, Options{Flags: config.Flags{LogPaths: []string{udp, tcp}, LogFormats: []string{"httplog"}}})
	r.wait(fmt.Sprintf("haproxy_log_dropped_datagrams_total{source=%q}", udp), 0)
	r.wait(fmt.Sprintf(`haproxy_log_closed_connections_total{source=%q,reason="framing"}`, tcp), 0)
	if _, ok := r.value(fmt.Sprintf("haproxy_log_dropped_datagrams_total{source=%q}", tcp)); ok {
		t.Error("a TCP address has no datagrams")
	}
	conn, err := net.Dial("tcp", r.app.source(tcp).net.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("4 <1>axyz <1>b")); err != nil {
		t.Fatal(err)
	}
	r.wait(fmt.Sprintf(`haproxy_log_closed_connections_total{source=%q,reason="framing"}`, tcp), 1)
}

func TestMissingLogIsWaitedFor(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "later", "haproxy.log")
	r := start(t, options(log, ""))
	r.wait(fmt.Sprintf("haproxy_log_source_up{source=%q}", log), 0)
	if err := os.Mkdir(filepath.Dir(log), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, log, 2)
	r.wait(requests, 2)
	r.wait(fmt.Sprintf("haproxy_log_source_up{source=%q}", log), 1)
}

func TestADeadSocketCostsOnlyItsOwnRows(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 2)
	o := options(log, "")
	o.Flags.Sockets = []string{"unix:" + filepath.Join(dir, "nosuch.sock")}
	r := start(t, o)
	r.wait(requests, 2)
	r.wait(fmt.Sprintf("haproxy_up{socket=%q}", o.Flags.Sockets[0]), 0)
}

func TestStatusPage(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 2)
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, options(log, dir))
	r.wait(requests, 2)
	for _, path := range []string{"/status", "/status?format=json", "/"} {
		code, body := r.get(path)
		if code != http.StatusOK || path != "/" && !strings.Contains(body, log) {
			t.Errorf("%s answers %d:\n%s", path, code, body)
		}
	}
	resp, err := http.Post("http://"+r.app.Addr()+"/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("POST /-/reload answers %d without --web.enable-lifecycle", resp.StatusCode)
	}
}

// TestSourcesWithOtherFields: a field of labels and counters has to be in the formats of one source, not of all.
func TestSourcesWithOtherFields(t *testing.T) {
	dir := t.TempDir()
	web, tcp, conf := filepath.Join(dir, "web.log"), filepath.Join(dir, "tcp.log"), filepath.Join(dir, "exporter.yml")
	write(t, web, 3)
	if err := os.WriteFile(tcp, []byte("127.0.0.1:34032 [21/Nov/2026:04:50:36.591] db pg/s1 0/0/5 212 -- 5/5/2/1/0 0/0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}, {path: %s, from: start, format: tcplog}]\n"+
		"labels: [{from: path, template: '/{client}/{partner}'}]\ncounters: [{name: statuses, labels: [status], when: [status >= 200]}]\n", web, tcp)
	configFile(t, conf, text)
	r := start(t, Options{ConfigFile: conf})
	r.wait(requests, 3)
	r.wait(`haproxy_log_sessions_total{frontend="db",backend="pg",termination_state="--"}`, 1)
	r.wait(`haproxy_log_statuses_total{status="200"}`, 3)

	configFile(t, conf, strings.ReplaceAll(text, "status", "sttus"))
	if err := r.app.Reload(); err == nil || !strings.Contains(err.Error(), "no log format has a field sttus") {
		t.Errorf("a field that nothing prints: %v", err)
	}
}

// prepared returns an exporter that was not started.
func prepared(t *testing.T, o Options) *App {
	t.Helper()
	no, addrs, file := false, []string{"127.0.0.1:0"}, ""
	a, err := New(o, ServeOptions{Web: &web.FlagConfig{WebListenAddresses: &addrs, WebSystemdSocket: &no, WebConfigFile: &file}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.web.close(); _ = a.closeAll() })
	return a
}

func TestLogFamiliesAreAbsentWhileABacklogIsRead(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 3)
	first := start(t, options(log, dir))
	first.wait(requests, 3)
	first.stop()
	write(t, log, 2)
	a := prepared(t, options(log, dir))
	text := func() string {
		page, err := a.Page(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := page.WriteText(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	before := text()
	if strings.Contains(before, "haproxy_log_requests_total") || !strings.Contains(before, `haproxy_log_catching_up{source="`+log+`"} 1`) {
		t.Errorf("two lines wait, but the page shows requests or no backlog:\n%s", before)
	}
	if a.ready() == nil {
		t.Error("ready before the backlog is read")
	}
	for a.sources[0].tail.Poll() {
	}
	if after := text(); !strings.Contains(after, requests+" 5") || a.ready() != nil {
		t.Errorf("the backlog is read: want 5 requests and ready, got %v:\n%s", a.ready(), after)
	}
}

func TestABacklogThatTakesTooLongIsShownRising(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 3)
	o := options(log, "")
	o.Flags.CatchUpTimeout = time.Nanosecond
	if a := prepared(t, o); a.hideLog(a.take()) {
		t.Error("the log's families are left out beyond the timeout")
	}
}

// TestBareCommand: without any flag, a host with Debian's haproxy.cfg and rsyslog rule is served and checked.
func TestBareCommand(t *testing.T) {
	debian := haproxytest.NeedFile(t, "/etc/haproxy/haproxy.cfg", "haproxy")
	root := t.TempDir()
	file := func(name, text string) string {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	file("etc/haproxy/haproxy.cfg", string(debian)+"\nfrontend egress\n bind 127.0.0.1:8080\n default_backend bank\nbackend bank\n server s1 127.0.0.1:8081\n")
	file("etc/rsyslog.d/49-haproxy.conf", ":programname, startswith, \"haproxy\" {\n  /var/log/haproxy.log\n  stop\n}\n")
	log := file("var/log/haproxy.log", "Nov 21 04:53:55 host haproxy[25441]: "+fmt.Sprintf(requestLine, 1))

	var out strings.Builder
	if err := Check(t.Context(), Options{Root: root}, CheckOptions{Dry: true}, Streams{Out: &out, Err: io.Discard}); err != nil {
		t.Errorf("check: %v\n%s", err, out.String())
	}
	for _, want := range []string{"found on this host: configuration " + root, "found on this host: log " + log, "1 frontends, 1 backends", log + " can be read", "unix:/run/haproxy/admin.sock"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("check does not say %q:\n%s", want, out.String())
		}
	}
	r := start(t, Options{Root: root})
	r.wait(fmt.Sprintf("haproxy_log_source_up{source=%q}", log), 1)
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := fmt.Fprintf(f, "Nov 21 04:53:56 host haproxy[25441]: "+requestLine, 2); err != nil {
		t.Fatal(err)
	}
	// From the end: the line before the first start is not counted. Labels are those that every format has.
	r.wait(`haproxy_log_requests_total{frontend="egress",backend="bank",method="GET",code="200",termination_state="--"}`, 1)
}

func TestStateIsSavedEarlyWithoutAScrape(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "haproxy.log")
	write(t, log, 3)
	start(t, options(log, dir))
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(dir, "snapshot")); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal("nothing was saved within 5 s, and nobody scraped")
		}
	}
}
