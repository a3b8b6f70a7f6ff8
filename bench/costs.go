package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// goBench runs benchmarks of the exporter's own module and returns ns/op by name, with GOMAXPROCS 1 so that
// time is CPU time.
func goBench(pkg, pattern, benchtime string) (map[string]float64, error) {
	cmd := exec.Command("go", "test", pkg, "-run", "^$", "-bench", pattern, "-benchtime", benchtime, "-count", "3", "-cpu", "1")
	cmd.Dir = ".."
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s%s", pkg, err, out.String(), errs.String())
	}
	ns := map[string]float64{}
	for line := range strings.Lines(out.String()) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		if v, err := strconv.ParseFloat(f[2], 64); err == nil && (ns[f[0]] == 0 || v < ns[f[0]]) {
			ns[f[0]] = v // the least of three: others are noise
		}
	}
	return ns, nil
}

// scrapes compares whole scrapes with promhttp over the same series.
func (w *workshop) scrapes(o options) (section, error) {
	x := section{title: "What a scrape costs", intro: "CPU of copying, merging and writing, beside promhttp over the same series in client_golang (`go test ./metrics -bench Scrape -cpu 1`). Targets at 200,000 samples: text ≥ 15, gzip ≥ 8, protobuf ≤ 150 ms.",
		head: []string{"samples", "format", "ms", "promhttp, ms", "ratio"}}
	fmt.Fprintln(os.Stderr, "scrapes")
	ns, err := goBench("./metrics", "^BenchmarkScrape$", "3x")
	if err != nil {
		return x, err
	}
	for _, n := range []int{2000, 20_000, 200_000} {
		for _, form := range []string{"text", "gzip", "protobuf"} {
			at := fmt.Sprintf("BenchmarkScrape/samples=%d/%s/", n, form)
			own, ref := ns[at+"own"], ns[at+"promhttp"]
			if own == 0 || ref == 0 {
				return x, fmt.Errorf("no figures of %s", at)
			}
			x.rows = append(x.rows, []string{fmt.Sprint(n), form, fmt.Sprintf("%.2f", own/1e6), fmt.Sprintf("%.2f", ref/1e6), fmt.Sprintf("%.1f", ref/own)})
			if least := map[string]float64{"text": 15, "gzip": 8}[form]; n == 200_000 && ref/own < least*0.9 {
				x.missed = append(x.missed, fmt.Sprintf("scrape, %s: %.1f, target %.0f", form, ref/own, least))
			}
			if form == "protobuf" && own/1e6 > 165 {
				x.missed = append(x.missed, fmt.Sprintf("scrape, protobuf: %.0f ms, target 150", own/1e6))
			}
		}
	}
	return x, nil
}

// snapshots measures the parts of saving and of starting again.
func (w *workshop) snapshots(o options) (section, error) {
	x := section{title: "What a snapshot costs", intro: "Milliseconds by number of series (`go test ./metrics -bench Snapshot -cpu 1`). Only the copy is made while counting waits.",
		head: []string{"series", "copy", "merge", "marshal", "restore"}}
	fmt.Fprintln(os.Stderr, "snapshots")
	ns, err := goBench("./metrics", "^BenchmarkSnapshot$", "5x")
	if err != nil {
		return x, err
	}
	for _, n := range []int{1000, 20_000, 200_000} {
		row := []string{fmt.Sprint(n)}
		for _, part := range []string{"copy", "merge", "marshal", "restore"} {
			v := ns[fmt.Sprintf("BenchmarkSnapshot/series=%d/%s", n, part)]
			if v == 0 {
				return x, fmt.Errorf("no figures of the snapshot, %d series, %s", n, part)
			}
			row = append(row, fmt.Sprintf("%.3f", v/1e6))
			if part == "copy" && v/1e6 > 5.5 {
				x.missed = append(x.missed, fmt.Sprintf("counting waits %.1f ms for a copy, target 5", v/1e6))
			}
		}
		x.rows = append(x.rows, row)
	}
	return x, nil
}
