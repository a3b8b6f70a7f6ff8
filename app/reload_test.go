package app

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"haproxy_log_exporter/config"
)

// oneSource is a configuration with one log.
func oneSource(log string) string {
	return fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}]\nlabels: [{from: path, template: '/{client}/{partner}'}]\n", log)
}

// TestAReloadThatCannotOpenASourceChangesNothing: the new configuration drops the log, adds another one and
// a syslog address that is taken. As long as it is, nothing of it may happen.
func TestAReloadThatCannotOpenASourceChangesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	log, second, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "second.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	write(t, second, 7)
	const labels = "labels: [{from: path, template: '/{client}/{partner}'}]\n"
	configFile(t, conf, fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}]\n", log)+labels)
	r := start(t, Options{ConfigFile: conf, Flags: config.Flags{StateDir: filepath.Join(dir, "state")}})
	r.wait(requests, 10)

	configFile(t, conf, fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}, {path: 'tcp://%s', format: httplog}]\n", second, taken.Addr())+labels)
	if err := r.app.Reload(); err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
		t.Fatalf("want an error that names the address, got %v", err)
	}
	write(t, log, 1)
	r.wait(requests, 11)
	if n := len(r.app.sources); n != 1 || r.app.sources[0].name != log {
		t.Errorf("%d sources, want the old one only", n)
	}

	taken.Close()
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wait(requests, 18) // the 11 stay, the second log's are new
}

// TestReloadsAtOnce: a signal and several requests may ask for a reload in the same moment, while lines
// are written and pages are served.
func TestReloadsAtOnce(t *testing.T) {
	dir := t.TempDir()
	log, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	configFile(t, conf, oneSource(log))
	r := start(t, Options{ConfigFile: conf})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				if err := r.app.Reload(); err != nil {
					t.Error(err)
				}
				r.app.Status()
			}
		})
	}
	for range 40 {
		write(t, log, 25)
	}
	wg.Wait()
	r.wait(requests, 1010)
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	log, second, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "second.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	write(t, second, 7)
	one := oneSource(log)
	both := fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}, {path: %s, from: start, format: httplog}]\nlabels: [{from: path, template: '/{client}/{partner}'}]\n", log, second)
	configFile(t, conf, one)
	r := start(t, Options{ConfigFile: conf, Flags: config.Flags{StateDir: filepath.Join(dir, "state")}})
	r.wait(requests, 10)

	configFile(t, conf, "sources: [{pth: x}]\n")
	if err := r.app.Reload(); err == nil {
		t.Fatal("a bad configuration was taken")
	}
	r.wait("haproxy_log_config_last_reload_successful", 0)
	write(t, log, 1)
	r.wait(requests, 11)

	configFile(t, conf, both)
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wait("haproxy_log_config_last_reload_successful", 1)
	r.wait(requests, 18)

	configFile(t, conf, one) // the second source goes; its counts stay
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	write(t, second, 2)
	write(t, log, 1)
	r.wait(requests, 19)

	configFile(t, conf, both) // and comes back: it continues where it was
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wait(requests, 21)
}

func TestReloadKeepsFamiliesThatDidNotChange(t *testing.T) {
	dir := t.TempDir()
	log, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	text := oneSource(log)
	configFile(t, conf, text)
	r := start(t, Options{ConfigFile: conf})
	r.wait(requests, 10)
	configFile(t, conf, text+"slas: {gold: {timeout: 7s}}\n")
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wait(requests, 10)
	r.wait(`haproxy_log_schema_restarts_total{family="haproxy_log_request_duration_seconds"}`, 1)
	if _, ok := r.value(`haproxy_log_schema_restarts_total{family="haproxy_log_requests_total"}`); ok {
		t.Error("requests_total is said to have restarted")
	}
}

// TestReloadWithFewerFamilies leaves families out by a reload: the one that is kept goes on, a name that is no
// family is refused with its place and changes nothing.
func TestReloadWithFewerFamilies(t *testing.T) {
	dir := t.TempDir()
	log, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	text := oneSource(log)
	configFile(t, conf, text)
	r := start(t, Options{ConfigFile: conf})
	page := func() string { _, p := r.get("/metrics"); return p }
	r.wait(requests, 10)
	const left = `haproxy_log_lines_total{source=`
	frontend := `haproxy_log_frontend_requests_total`
	if !strings.Contains(page(), frontend) {
		t.Fatalf("no %s before", frontend)
	}
	configFile(t, conf, text+"metrics: {only: [haproxy_log_request_total]}\n")
	if err := r.app.Reload(); err == nil || !strings.Contains(err.Error(), conf+":3:18") || !strings.Contains(err.Error(), "did you mean haproxy_log_requests_total?") {
		t.Errorf("reload: %v", err)
	}
	configFile(t, conf, text+"metrics: {only: [haproxy_log_requests_total]}\n")
	if err := r.app.Reload(); err != nil {
		t.Fatal(err)
	}
	r.wait(requests, 10)
	if p := page(); strings.Contains(p, frontend) || !strings.Contains(p, left) {
		t.Errorf("after the reload:\n%s", p)
	}
}
