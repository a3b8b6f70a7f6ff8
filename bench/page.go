package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"haproxy_log_exporter/bench/corpus"
)

// growth measures how cost grows with what a user has more of.
func (w *workshop) growth(o options) ([]string, error) {
	rows := []string{}
	n := o.lines / 4
	for _, g := range []struct {
		what string
		opt  corpus.Options
	}{
		{"a quarter of the lines", corpus.Options{Lines: n}},
		{"half of the lines", corpus.Options{Lines: 2 * n}},
		{"all lines", corpus.Options{Lines: 4 * n}},
		{"200 routes", corpus.Options{Lines: n, Routes: 200}},
		{"20,000 routes", corpus.Options{Lines: n, Routes: 20_000}},
		{"lines 500 bytes longer", corpus.Options{Lines: n, Long: 500}},
		{"lines 4,000 bytes longer", corpus.Options{Lines: n / 4, Long: 4000}},
	} {
		log := filepath.Join(w.dir, "growth.log")
		size, err := writeCorpus(log, g.opt)
		if err != nil {
			return nil, err
		}
		var us []usage
		for range 3 {
			u, err := once(w.replay("", log, filepath.Join(w.dir, "growth.prom"), pathLabels))
			if err != nil {
				return nil, err
			}
			us = append(us, u)
		}
		cpu := median(us, func(u usage) float64 { return u.cpu.Seconds() })
		rows = append(rows, fmt.Sprintf("| %s | %d | %d | %.2f | %.0f |", g.what, g.opt.Lines, size/int64(g.opt.Lines), cpu*1e6/float64(g.opt.Lines), median(us, mib)))
	}
	return rows, os.Remove(filepath.Join(w.dir, "growth.log"))
}

func mib(u usage) float64 { return float64(u.rss) / (1 << 20) }

// page renders docs/benchmarks.md.
func (w *workshop) page(o options, results []result, agreed, growth []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `make bench` on %s; do not edit.\n\n", time.Now().UTC().Format("2006-01-02"))
	fmt.Fprintf(&b, "Machine: %s, %d cores used, %s. Corpus: %d lines, seed 1, %d bytes a line, 2,000 routes (Zipf 1.1), one line in 750 is no request.\n", cpuModel(), runtime.NumCPU(), runtime.Version(), o.lines, w.size/int64(o.lines))
	b.WriteString("CPU is user and system time of the whole process, from the file to the final text; each pair ran in turn, once to warm up and then as often as the table says; ratios are medians pair by pair.\nThe work W is requests by 9 labels and four 12-bucket histograms by 5 or more labels.\n\n")
	b.WriteString("| what | runs | CPU s | against, CPU s | ratio | target | peak MiB |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		sign := "≥"
		if r.atMost {
			sign = "≤"
		}
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.2f | %s %.1f | %.0f / %.0f |\n", r.what, len(r.ua),
			median(r.ua, seconds), median(r.ub, seconds), r.ratio, sign, r.target, median(r.ua, mib), median(r.ub, mib))
	}
	b.WriteString("\n")
	for _, s := range agreed {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	if w.halog == "" {
		b.WriteString("- halog was not installed; its rows are missing.\n")
	}
	if v := version(w.mtail); v != "" {
		fmt.Fprintf(&b, "- %s, on a corpus without invalid UTF-8.\n", v)
	}
	b.WriteString("\n## How cost grows\n\n| corpus | lines | bytes a line | CPU µs a line | peak MiB |\n|---|---|---|---|---|\n")
	b.WriteString(strings.Join(growth, "\n"))
	b.WriteString("\n")
	if extra, err := os.ReadFile("notes.md"); err == nil {
		b.WriteString("\n")
		b.Write(extra)
	}
	return b.String()
}

func seconds(u usage) float64 { return u.cpu.Seconds() }

func version(program string) string {
	if program == "" {
		return ""
	}
	out, err := exec.Command(program, "--version").Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), " git revision")
	return strings.TrimSpace(line)
}

func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(data)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}
