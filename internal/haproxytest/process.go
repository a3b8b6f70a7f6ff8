package haproxytest

import (
	"testing"
	"time"

	"haproxy_log_exporter/internal/child"
)

// StartProcess starts any program for the length of the test. Its output is printed when
// the test fails.
func StartProcess(t testing.TB, o child.Options) *child.Process {
	t.Helper()
	p, err := child.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(10 * time.Second); err != nil {
			t.Error(err)
		}
		if t.Failed() && p.Output() != "" {
			t.Logf("output of %s:\n%s", o.Path, p.Output())
		}
	})
	return p
}

// waitReady polls ready, and fails at once when the process ends before.
func waitReady(t testing.TB, p *child.Process, name string, ready func() bool) {
	t.Helper()
	Wait(t, 30*time.Second, name+" to be ready", func() bool {
		if !p.Running() {
			t.Fatalf("%s ended (%v) before it was ready:\n%s", name, p.Err(), p.Output())
		}
		return ready()
	})
}
