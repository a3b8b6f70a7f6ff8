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
	configFile(t, conf, fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}]\nlabels: [{from: path, template: '/{client}/{partner}'}]\n", log))
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
