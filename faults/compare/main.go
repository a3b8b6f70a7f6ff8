// compare puts other tail programs and libraries to the fault scenarios and prints a table.
//
// It lives in a module of its own so that nobody who builds the exporter links them. Each of
// them is wrapped into a program with the exporter's flags; the wrappers are as fair as the
// library allows: position and counts are stored together, at each scrape.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"

	"haproxy_log_exporter/faults"
)

func main() {
	faults.Writers()
	if kind, ok := os.LookupEnv(wrapEnv); ok {
		exit(wrap(kind))
		return
	}
	runs := flag.Int("runs", 3, "runs of each scenario and program")
	only := flag.String("only", "", "only scenarios with this in their name")
	exporter := flag.String("exporter", "", "the exporter's binary, built when empty")
	slots := flag.Int("parallel", 3, "runs at the same time")
	flag.Parse()
	exit(compare(os.Stdout, *exporter, *runs, *only, *slots))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// wrapEnv makes a process one of the wrapped programs.
const wrapEnv = "COMPARE_WRAP"

type contestant struct {
	name string
	p    faults.Program
}

func contestants(own, dir string) ([]contestant, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if own == "" {
		own = filepath.Join(dir, "haproxy_log_exporter")
		cmd := exec.Command("go", "build", "-C", "../..", "-o", own, "./cmd/haproxy_log_exporter")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build the exporter (run this in faults/compare): %w\n%s", err, out)
		}
	}
	list := []contestant{{"exporter", faults.Program{Path: own}}}
	for _, kind := range []string{"nx-inotify", "nx-poll", "tail-F", "mtail"} {
		if kind == "mtail" {
			if _, err := exec.LookPath("mtail"); err != nil {
				fmt.Fprintln(os.Stderr, "compare: mtail is not installed, left out")
				continue
			}
		}
		stateless := kind == "tail-F" || kind == "mtail"
		list = append(list, contestant{kind, faults.Program{Path: self, Env: []string{wrapEnv + "=" + kind}, NoState: stateless, FromEnd: kind == "mtail"}})
	}
	return list, nil
}

func compare(out io.Writer, exporter string, runs int, only string, parallel int) error {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list, err := contestants(exporter, dir)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	scenarios := slices.DeleteFunc(faults.Scenarios(), func(s faults.Scenario) bool {
		return s.State || !strings.Contains(s.Name, only) || (s.Root && os.Getuid() != 0)
	})
	cells := make([][][]string, len(scenarios))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, s := range scenarios {
		cells[i] = make([][]string, len(list))
		for j, c := range list {
			if s.Restarts && c.p.NoState {
				cells[i][j] = []string{"–"}
				continue
			}
			cells[i][j] = make([]string, runs)
			for k := range runs {
				wg.Go(func() {
					slots <- struct{}{}
					defer func() { <-slots }()
					r := faults.Run(s, c.p, self)
					cells[i][j][k] = cell(&r)
					fmt.Fprintln(os.Stderr, s.Name, c.name, cells[i][j][k])
				})
			}
		}
	}
	wg.Wait()
	return table(out, scenarios, list, cells)
}

// cell is one run in a few words.
func cell(r *faults.Result) string {
	if r.Died != "" {
		return fmt.Sprintf("died, lost %d", r.Lost())
	}
	if r.Problem() == "" {
		return "ok"
	}
	if r.Err != nil {
		return "error: " + strings.SplitN(r.Err.Error(), "\n", 2)[0]
	}
	var parts []string
	if n := r.Lost(); n > 0 {
		parts = append(parts, fmt.Sprintf("lost %d", n))
	}
	if n := r.Twice(); n > 0 {
		parts = append(parts, fmt.Sprintf("twice %d", n))
	}
	if n := len(r.Resets); n > 0 {
		parts = append(parts, fmt.Sprintf("resets %d", n))
	}
	if len(parts) == 0 {
		parts = append(parts, "increase wrong")
	}
	return fmt.Sprintf("%s of %d", strings.Join(parts, " "), r.Want.Sum())
}

func table(out io.Writer, scenarios []faults.Scenario, list []contestant, cells [][][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "| scenario")
	for _, c := range list {
		fmt.Fprintf(w, "\t| %s", c.name)
	}
	fmt.Fprint(w, "\t|\n| ---")
	for range list {
		fmt.Fprint(w, "\t| ---")
	}
	fmt.Fprintln(w, "\t|")
	exact := make([]int, len(list))
	for i, s := range scenarios {
		fmt.Fprintf(w, "| %s", s.Name)
		for j := range list {
			c := cells[i][j]
			same := slices.Compact(slices.Clone(c))
			if len(same) == 1 {
				c = same
			}
			if len(c) == 1 && c[0] == "ok" {
				exact[j]++
			}
			fmt.Fprintf(w, "\t| %s", strings.Join(c, " / "))
		}
		fmt.Fprintln(w, "\t|")
	}
	fmt.Fprint(w, "| exact in all runs")
	for _, n := range exact {
		fmt.Fprintf(w, "\t| %d of %d", n, len(scenarios))
	}
	fmt.Fprintln(w, "\t|")
	return w.Flush()
}
