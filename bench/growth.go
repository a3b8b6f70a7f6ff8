package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"haproxy_log_exporter/bench/corpus"
)

// growth measures how cost grows with what a user has more of.
func (w *workshop) growth(o options) (section, error) {
	x := section{title: "How cost grows", intro: "The full catalogue, one reader unless the row says otherwise; medians of three runs.",
		head: []string{"corpus", "lines", "bytes a line", "CPU µs a line", "wall µs a line", "peak MiB"}}
	n := o.lines / 4
	for _, g := range []struct {
		what  string
		opt   corpus.Options
		files int
		args  []string
	}{
		{what: "a quarter of the lines", opt: corpus.Options{Lines: n}},
		{what: "half of the lines", opt: corpus.Options{Lines: 2 * n}},
		{what: "all lines", opt: corpus.Options{Lines: 4 * n}},
		{what: "200 routes", opt: corpus.Options{Lines: n, Routes: 200}},
		{what: "20,000 routes", opt: corpus.Options{Lines: n, Routes: 20_000}, args: []string{"--limits.samples=3000000"}},
		{what: "20,000 routes, the default limits", opt: corpus.Options{Lines: n, Routes: 20_000}},
		{what: "8 files", opt: corpus.Options{Lines: n / 8}, files: 8},
		{what: "8 files, two readers", opt: corpus.Options{Lines: n / 8}, files: 8, args: []string{"--jobs=2"}},
		{what: "all lines, two readers", opt: corpus.Options{Lines: 4 * n}, args: []string{"--jobs=2"}},
		{what: "lines 500 bytes longer", opt: corpus.Options{Lines: n, Long: 500}},
		{what: "lines 4,000 bytes longer", opt: corpus.Options{Lines: n / 4, Long: 4000}},
		{what: "vocabulary of 60 values", opt: corpus.Options{Lines: n}, args: []string{w.vocabulary(60)}},
		{what: "vocabulary of 20,000 values", opt: corpus.Options{Lines: n}, args: []string{w.vocabulary(20_000)}},
		{what: "two formats, taking turns", opt: corpus.Options{Lines: n}, files: -1, args: []string{"--haproxy.log.format=httplog", "--haproxy.log.format=" + corpus.CustomFormat}},
	} {
		logs, size, err := w.grown(g.opt, g.files)
		if err != nil {
			return x, err
		}
		c := w.replay("", logs[0], filepath.Join(w.dir, "growth.prom"), g.args...)
		if slices.Contains(g.args, "--jobs=2") {
			c.args = slices.DeleteFunc(c.args, func(a string) bool { return a == "--jobs=1" })
		}
		if !strings.HasPrefix(strings.Join(g.args, " "), "--config") {
			c.args = append(c.args, pathLabels)
		}
		c.args = append(c.args, logs[1:]...)
		var us []usage
		for i := range 4 { // the memory of the first is watched, the others are timed
			u, err := once(c, i == 0)
			if err != nil {
				return x, err
			}
			us = append(us, u)
		}
		lines := float64(g.opt.Lines * len(logs))
		x.rows = append(x.rows, []string{g.what, fmt.Sprint(int(lines)), fmt.Sprint(int(float64(size) / lines)),
			fmt.Sprintf("%.2f", median(us[1:], seconds)*1e6/lines), fmt.Sprintf("%.2f", median(us[1:], wall)*1e6/lines), fmt.Sprintf("%.0f", mib(us[0]))})
		for _, l := range logs {
			if err := os.Remove(l); err != nil {
				return x, err
			}
		}
	}
	return x, nil
}

func wall(u usage) float64 { return u.wall.Seconds() }

// grown writes the corpora of a row: one, several alike, or (-1) one in two formats.
func (w *workshop) grown(opt corpus.Options, files int) (logs []string, size int64, err error) {
	if files < 0 {
		return w.mixed(opt)
	}
	for i := range max(files, 1) {
		log := filepath.Join(w.dir, fmt.Sprintf("growth%d.log", i))
		n, err := writeCorpus(log, opt)
		if err != nil {
			return nil, 0, err
		}
		logs, size = append(logs, log), size+n
	}
	return logs, size, nil
}

// mixed writes a corpus whose lines follow httplog and the custom format in turn.
func (w *workshop) mixed(opt corpus.Options) ([]string, int64, error) {
	log := filepath.Join(w.dir, "growth.log")
	out, err := os.Create(log)
	if err != nil {
		return nil, 0, err
	}
	defer out.Close()
	var in [2]*bufio.Scanner
	for i := range in {
		half := filepath.Join(w.dir, fmt.Sprintf("half%d.log", i))
		if _, err := writeCorpus(half, corpus.Options{Lines: opt.Lines / 2, Custom: i == 1}); err != nil {
			return nil, 0, err
		}
		f, err := os.Open(half)
		if err != nil {
			return nil, 0, err
		}
		defer os.Remove(half)
		defer f.Close()
		in[i] = bufio.NewScanner(f)
	}
	bw, size := bufio.NewWriter(out), int64(0)
	for in[0].Scan() && in[1].Scan() {
		for _, s := range in {
			n, _ := bw.Write(append(s.Bytes(), '\n')) // Flush tells of errors
			size += int64(n)
		}
	}
	return []string{log}, size, bw.Flush()
}

// vocabulary returns the flag of a configuration whose label partner is closed: the corpus's 60 values and
// others that do not occur.
func (w *workshop) vocabulary(n int) string {
	var b strings.Builder
	b.WriteString("labels:\n  - {from: path, template: '" + strings.TrimPrefix(pathLabels, "--labels.path=") + "'}\nvocabularies:\n  partner:\n")
	for i := range n {
		fmt.Fprintf(&b, "    - partner-%02d\n", i)
	}
	path := filepath.Join(w.dir, fmt.Sprintf("vocabulary%d.yml", n))
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return err.Error() // not a flag: the run fails and shows it
	}
	return "--config.file=" + path
}
