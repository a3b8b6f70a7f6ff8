package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestReloadWithFewerFamilies leaves families out by a reload: the one that is kept goes on, a name that is no
// family is refused with its place and changes nothing.
func TestReloadWithFewerFamilies(t *testing.T) {
	dir := t.TempDir()
	log, conf := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "exporter.yml")
	write(t, log, 10)
	text := fmt.Sprintf("sources: [{path: %s, from: start, format: httplog}]\nlabels: [{from: path, template: '/{client}/{partner}'}]\n", log)
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
