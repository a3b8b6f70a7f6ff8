package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

func mib(u usage) float64 { return float64(u.rss) / (1 << 20) }

// page renders docs/benchmarks.md.
func (w *workshop) page(o options, results []result, agreed []string, sections ...section) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `make bench` on %s; do not edit.\n\n", time.Now().UTC().Format("2006-01-02"))
	fmt.Fprintf(&b, "Machine: %s, %d cores used, %s. Corpus: %d lines, seed 1, %d bytes a line, 2,000 routes (Zipf 1.1), one line in 750 is no request.\n", cpuModel(), runtime.NumCPU(), runtime.Version(), o.lines, w.size/int64(o.lines))
	b.WriteString("CPU is user and system time of the whole process, from the file to the final text; each pair ran in turn on one core, once to warm up and be watched for its memory, and then as often as the table says; ratios are medians pair by pair.\nThe work W is requests by 9 labels and four 12-bucket histograms by the 6 of the route.\n\n")
	b.WriteString("| what | runs | CPU s | against, CPU s | ratio | target | | peak MiB |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		sign := "≥"
		if r.atMost {
			sign = "≤"
		}
		fmt.Fprintf(&b, "| %s | %d | %.3f | %.3f | %.2f | %s %.1f | %s | %.0f / %.0f |\n", r.what, len(r.ua),
			median(r.ua, seconds), median(r.ub, seconds), r.ratio, sign, r.target, verdict(r.ratio <= r.target == r.atMost), mib(r.wa), mib(r.wb))
	}
	b.WriteString("\n")
	for _, s := range agreed {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	if w.halog == "" {
		b.WriteString("- halog was not installed; its rows are missing.\n")
	}
	if v := version(w.mtail); o.slow && v != "" {
		fmt.Fprintf(&b, "- %s, on a corpus without invalid UTF-8.\n", v)
	}
	for _, x := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", x.title, x.intro)
		b.WriteString("\n| " + strings.Join(x.head, " | ") + " |\n|" + strings.Repeat("---|", len(x.head)) + "\n")
		for _, r := range x.rows {
			b.WriteString("| " + strings.Join(r, " | ") + " |\n")
		}
	}
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

// section is a table of the page.
type section struct {
	title, intro string
	head         []string
	rows         [][]string
	missed       []string // targets
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
