package main

import (
	"os"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// TestProfileOfTheCompiler reads the profile that is in the repository.
func TestProfileOfTheCompiler(t *testing.T) {
	f, err := os.Open("../cmd/haproxy_log_exporter/default.pgo")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := profile.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range p.Function {
		names[f.Name] = true
		if f.Filename != "" || strings.HasPrefix(f.Name, "/") {
			t.Errorf("a path of the machine it was measured on: %q %q", f.Name, f.Filename)
		}
		if f.StartLine == 0 && strings.HasPrefix(f.Name, "haproxy_log_exporter/") {
			t.Errorf("%s begins in no line: the compiler ignores it", f.Name)
		}
	}
	for _, m := range p.Mapping {
		if m.File != "" {
			t.Errorf("mapped %s", m.File)
		}
	}
	for _, want := range []string{"app.(*ingest).block", "parser.(*Reader).First", "parser.(*Program).quick", "metrics.(*Counter).request", "metrics.(*Counter).times", "metrics.(*Counter).server"} {
		if !names["haproxy_log_exporter/"+want] {
			t.Errorf("nothing of %s: run make profile", want)
		}
	}
}
