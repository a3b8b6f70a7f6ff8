package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
)

// TestFaultPrometheus lets a real Prometheus scrape through a storm of kills and rotations.
// For routes that are declared every series is there from the first scrape, so its increase
// is exact: each of them must have begun at 0, never have been reset, and end at the truth.
func TestFaultPrometheus(t *testing.T) {
	set := current(t)
	if !set.all && set.only == "" {
		t.Skip("long, see make fault")
	}
	haproxytest.Need(t, "prometheus")
	for name, p := range programs(t) {
		if name == "testbin" {
			continue // it has no declared routes
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			config := filepath.Join(dir, "exporter.yml")
			if err := os.WriteFile(config, []byte(declared()), 0o644); err != nil {
				t.Fatal(err)
			}
			p.Args = []string{"--config.file=" + config}
			var prom *haproxytest.Prometheus
			storm := KillStorm("prometheus", 15, false, func(e *Env, w *Writer) {
				e.Shift(log)
				w.Open(log)
			})
			s := Scenario{Name: "prometheus", Run: func(e *Env) {
				prom = haproxytest.StartPrometheus(t, "", fmt.Sprintf(
					"scrape_configs: [{job_name: x, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: [{targets: ['%s']}]}]", e.addr))
				// The first scrape comes before the first line, as on a host that is set up.
				e.Create(log)
				e.Start()
				e.Until(20*time.Second, "the declared routes at 0", func() bool {
					v, ok := prom.Value(`haproxy_log_phase_observations_total{partner="be0",phase="response"}`)
					return ok && v == 0
				})
				e.Stop()
				storm.Run(e)
			}}
			r := Run(s, p, os.Args[0])
			if problem := r.Problem(); problem != "" {
				t.Fatal(problem)
			}
			want := map[string]int{}
			for k, n := range r.Want {
				want[k.Backend] += n
			}
			for backend, n := range want {
				sel := fmt.Sprintf(`haproxy_log_phase_observations_total{partner=%q,phase="response"}`, backend)
				// Every line of this package has a response time, so this counts the requests.
				last, ok := prom.Value(`sum(last_over_time(` + sel + `[10m]))`)
				if !ok || int(last) != n {
					t.Errorf("%s: Prometheus has %v, want %d", backend, last, n)
				}
				if v, ok := prom.Value(`sum(resets(` + sel + `[10m]))`); !ok || v != 0 {
					t.Errorf("%s: %v resets", backend, v)
				}
				if v, ok := prom.Value(`sum(min_over_time(` + sel + `[10m]))`); !ok || v != 0 {
					t.Errorf("%s: the series began at %v", backend, v)
				}
			}
		})
	}
}

// declared is a configuration that declares the backends of Line as routes.
func declared() string {
	var b strings.Builder
	b.WriteString("labels:\n  - {from: backend, template: '{partner}'}\nroutes:\n")
	for n := range 7 {
		fmt.Fprintf(&b, "  - {partner: be%d}\n", n)
	}
	return b.String()
}
