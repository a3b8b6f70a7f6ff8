package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/google/pprof/profile"

	"haproxy_log_exporter/bench/corpus"
)

// writeProfile writes the profile that the compiler optimises the exporter with: of reading the corpora with W, with the
// full catalogue, and with a custom log-format. See cmd/haproxy_log_exporter/default.pgo.
func writeProfile(o options) error {
	w, err := prepare(o)
	if err != nil {
		return err
	}
	var all []*profile.Profile
	for _, env := range [][]string{
		{"BENCH_LOG=" + w.log, "BENCH_CONFIG=" + w.wConfig},
		{"BENCH_LOG=" + w.log},
		{"BENCH_LOG=" + w.custom, "BENCH_FORMAT=" + corpus.CustomFormat},
	} {
		p, err := profiled(filepath.Join(w.dir, "cpu.out"), env)
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	merged, err := profile.Merge(all)
	if err != nil {
		return err
	}
	strip(merged)
	f, err := os.Create(o.profile)
	if err != nil {
		return err
	}
	if err := merged.Write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// profiled reads a log over and over and returns where the time went.
func profiled(out string, env []string) (*profile.Profile, error) {
	cmd := exec.Command("go", "test", "-trimpath", "./app", "-run", "^$", "-bench", "Replay", "-benchtime", "20x", "-cpu", "1", "-cpuprofile", out, "-o", out+".test")
	cmd.Dir, cmd.Stderr = "..", os.Stderr
	cmd.Env = append(os.Environ(), env...)
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return profile.Parse(f)
}

// strip removes what the compiler does not look at: where programs were on this machine, addresses, and how long it took.
func strip(p *profile.Profile) {
	p.Mapping, p.Comments, p.TimeNanos, p.DurationNanos = nil, nil, 0, 0
	for _, l := range p.Location {
		l.Mapping, l.Address = nil, 0
	}
	for _, f := range p.Function {
		f.Filename = ""
	}
	for _, s := range p.Sample {
		s.Label, s.NumLabel, s.NumUnit = nil, nil, nil
	}
	p.Sample = slices.DeleteFunc(p.Sample, func(s *profile.Sample) bool { return len(s.Location) == 0 })
}
