// Command bench measures the exporter as a whole process beside its peers: user and system CPU
// time and peak memory from a log file to the final exposition, pair by pair, and checks that all
// who did the same work agree on the counts. It writes docs/benchmarks.md. See make bench.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"haproxy_log_exporter/bench/corpus"
)

type options struct {
	lines, pairs int
	out, dir     string
	exporter     string
	profile      string
	slow         bool
}

func main() {
	var o options
	flag.IntVar(&o.lines, "lines", 1_000_000, "lines of the corpus")
	flag.IntVar(&o.pairs, "pairs", 5, "counted runs of each pair, five times as many of those that take less than a second")
	flag.StringVar(&o.out, "out", "../docs/benchmarks.md", "page to write, - for standard output")
	flag.StringVar(&o.dir, "dir", "", "folder for the corpora, kept; a temporary one by default")
	flag.BoolVar(&o.slow, "slow", true, "run the slow peers too: mtail and the baseline product")
	flag.StringVar(&o.profile, "profile", "", "write a profile for the compiler to this file, and measure nothing")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// maxPeak is the target for the memory of W, in MiB.
const maxPeak = 48

func run(o options) error {
	if o.dir == "" {
		d, err := os.MkdirTemp("", "bench")
		if err != nil {
			return err
		}
		defer os.RemoveAll(d)
		o.dir = d
	}
	if o.profile != "" {
		return writeProfile(o)
	}
	w, err := prepare(o)
	if err != nil {
		return err
	}
	var results []result
	for _, p := range w.pairs(o) {
		fmt.Fprintf(os.Stderr, "%s: %s against %s\n", p.what, p.a.name, p.b.name)
		r, err := measure(p)
		if err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "  ratio %.2f\n", r.ratio)
		results = append(results, r)
	}
	agreed, err := w.agreement()
	if err != nil {
		return err
	}
	var sections []section
	for _, measure := range []func(options) (section, error){w.growth, w.scrapes, w.snapshots, w.live} {
		x, err := measure(o)
		if err != nil {
			return err
		}
		sections = append(sections, x)
	}
	page := w.page(o, results, agreed, sections...)
	if o.out == "-" {
		fmt.Print(page)
	} else if err := os.WriteFile(o.out, []byte(page), 0o644); err != nil {
		return err
	}
	var missed []string
	for _, x := range sections {
		missed = append(missed, x.missed...)
	}
	for _, r := range results {
		if peak := mib(r.wa); strings.HasPrefix(r.what, "W ") && peak > maxPeak*1.1 {
			missed = append(missed, fmt.Sprintf("%s: peak %.0f MiB, target %d", r.what, peak, maxPeak))
		}
		if !r.met() {
			missed = append(missed, fmt.Sprintf("%s: %.2f, target %.2f", r.what, r.ratio, r.target))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("targets missed:\n  %s", strings.Join(missed, "\n  "))
	}
	return nil
}

// A workshop holds the built programs and the corpora of one run.
type workshop struct {
	dir                   string
	exporter, baseline    string
	halog, mtail          string // "" when not installed
	log, clean, custom    string
	size                  int64
	wConfig, wOut, bOut   string
	mOut, cleanOut, mtVer string
}

// prepare builds the programs and writes the corpora.
func prepare(o options) (*workshop, error) {
	w := &workshop{dir: o.dir}
	at := func(name string) string { return filepath.Join(o.dir, name) }
	w.exporter, w.baseline = at("haproxy_log_exporter"), at("baseline")
	for _, b := range []struct{ dir, out, pkg string }{{"..", w.exporter, "./cmd/haproxy_log_exporter"}, {".", w.baseline, "./baseline"}} {
		cmd := exec.Command("go", "build", "-trimpath", "-o", b.out, b.pkg)
		cmd.Dir, cmd.Stderr = b.dir, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", b.pkg, err)
		}
	}
	w.halog, _ = exec.LookPath("halog") // absent: its pairs are left out and the page says so
	w.mtail = os.Getenv("MTAIL")
	if w.mtail == "" {
		w.mtail, _ = exec.LookPath("mtail")
	}
	var err error
	for _, c := range []struct {
		path *string
		name string
		opt  corpus.Options
	}{
		{&w.log, "httplog.log", corpus.Options{Lines: o.lines}},
		{&w.clean, "clean.log", corpus.Options{Lines: o.lines, Clean: true}},
		{&w.custom, "custom.log", corpus.Options{Lines: o.lines, Custom: true}},
	} {
		*c.path = at(c.name)
		if w.size, err = writeCorpus(*c.path, c.opt); err != nil {
			return nil, err
		}
	}
	w.wConfig, w.wOut, w.bOut, w.mOut, w.cleanOut = at("w.yml"), at("w.prom"), at("baseline.prom"), at("mtail.prom"), at("clean.prom")
	return w, os.WriteFile(w.wConfig, []byte(workConfig), 0o600)
}

func writeCorpus(path string, opt corpus.Options) (int64, error) {
	f, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	n, err := corpus.Write(f, opt)
	if err != nil {
		return n, err
	}
	return n, f.Close()
}
