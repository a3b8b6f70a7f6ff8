package faults

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// settings are the arguments behind `go test ./faults -args`.
type settings struct {
	all    bool   // every scenario, not only the quick ones
	runs   int    // how often each
	kills  int    // kills in the long storm
	binary string // program under test instead of the ones that are built
	only   string // substring of the scenarios' names
}

// TestMain parses the arguments and hands them on by the environment of the process: tests
// take no parameters, and package-level flags are not wanted.
func TestMain(m *testing.M) {
	Writers()
	fs := flag.CommandLine
	all := fs.Bool("all", false, "run every scenario three times and 200 kills")
	runs := fs.Int("runs", 0, "run each scenario that often")
	binary := fs.String("binary", os.Getenv("FAULTS_BINARY"), "program under test")
	only := fs.String("only", "", "run only scenarios with this in their name")
	// Most of a scenario is waiting for the world to have happened.
	if err := fs.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	flag.Parse()
	s := settings{all: *all, runs: 1, kills: 20, binary: *binary, only: *only}
	if s.all {
		s.runs, s.kills = 3, 200
	}
	if *runs > 0 {
		s.runs = *runs
	}
	code := 0
	withSettings(s, func() { code = m.Run() })
	os.Exit(code)
}

const settingsEnv = "FAULTS_SETTINGS"

func withSettings(s settings, fn func()) {
	os.Setenv(settingsEnv, fmt.Sprintf("%t|%d|%d|%s|%s", s.all, s.runs, s.kills, s.binary, s.only))
	fn()
}

func current(t *testing.T) (s settings) {
	t.Helper()
	p := strings.SplitN(os.Getenv(settingsEnv), "|", 5)
	if _, err := fmt.Sscan(strings.Join(p[:3], " "), &s.all, &s.runs, &s.kills); err != nil {
		t.Fatal(err)
	}
	s.binary, s.only = p[3], p[4]
	return s
}

// build compiles a package of this module. Other users have to be able to run it: scenarios
// about permissions do.
func build(t *testing.T, pkg string, args ...string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "faults")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	out := filepath.Join(dir, filepath.Base(pkg))
	cmd := exec.Command("go", append(append([]string{"build", "-o", out}, args...), pkg)...)
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, b)
	}
	return out
}

// programs are the ones under test: the exporter and the small one, or the one that is given.
func programs(t *testing.T) map[string]Program {
	t.Helper()
	s := current(t)
	if s.binary != "" {
		return map[string]Program{"binary": {Path: s.binary}}
	}
	return map[string]Program{
		"exporter": {Path: build(t, "../cmd/haproxy_log_exporter")},
		"testbin":  {Path: build(t, "./internal/testbin")},
	}
}

// skip says why a scenario cannot be run here, "" when it can.
func skip(s Scenario) string {
	if s.Root && os.Getuid() != 0 {
		return "needs root"
	}
	return ""
}

// TestFault runs the scenarios against the exporter and against the small program that has
// nothing but packages tail and state.
func TestFault(t *testing.T) {
	set := current(t)
	for name, p := range programs(t) {
		t.Run(name, func(t *testing.T) {
			for _, s := range Scenarios() {
				if !strings.Contains(s.Name, set.only) || (!set.all && set.only == "" && !s.Quick) {
					continue
				}
				if !set.all && set.only == "" && name == "testbin" {
					continue
				}
				for i := range set.runs {
					t.Run(fmt.Sprintf("%s/%d", s.Name, i+1), func(t *testing.T) {
						if why := skip(s); why != "" {
							t.Skip(why)
						}
						t.Parallel()
						score(t, s, p)
					})
				}
			}
		})
	}
}

func score(t *testing.T, s Scenario, p Program) {
	t.Helper()
	r := Run(s, p, os.Args[0])
	if problem := r.Problem(); problem != "" {
		t.Errorf("%s (%d pages)", problem, r.Pages)
	}
}

// TestFaultKills kills the exporter many times at random moments during steady writing with
// rotation.
func TestFaultKills(t *testing.T) {
	set := current(t)
	if testing.Short() {
		t.Skip("long")
	}
	for name, p := range programs(t) {
		if !set.all && name == "testbin" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			s := KillStorm("kills", set.kills, false, func(e *Env, w *Writer) {
				e.Shift(log)
				e.Pass(20 * time.Millisecond)
				w.Open(log)
				if e.Exists(log + ".3") {
					e.Compress("gzip", log+".3")
				}
			})
			score(t, s, p)
			t.Logf("%d kills in %v", set.kills, time.Since(begin).Round(time.Second))
		})
	}
}
