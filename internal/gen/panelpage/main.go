// Command panelpage draws the shipped dashboards with real query results, as HTML pages and pictures, for
// looking at them while they are made. Without -prometheus it invents half a day of history.
//
//	go run ./internal/gen/panelpage -out /tmp/pages [-dark] [-prometheus http://127.0.0.1:9090 -range 30m -scrape 5s]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"haproxy_log_exporter/dashboards"
	"haproxy_log_exporter/internal/panels"
)

func main() {
	out := flag.String("out", "pages", "folder for the pages")
	url := flag.String("prometheus", "", "address of a Prometheus; none invents a history")
	span := flag.Duration("range", 6*time.Hour, "time range to show")
	scrape := flag.Duration("scrape", time.Minute, "scrape interval")
	dark := flag.Bool("dark", false, "dark theme")
	store := flag.String("store", "", "folder for an invented history, kept for the next run")
	flag.Parse()
	if err := run(*out, *url, *store, *span, *scrape, *dark); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out, url, store string, span, scrape time.Duration, dark bool) error {
	v := &panels.View{URL: url, To: time.Now(), Scrape: scrape, Points: 300}
	if url == "" {
		stop, err := invent(v, store)
		if err != nil {
			return err
		}
		defer stop()
	}
	v.From = v.To.Add(-span)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	all, err := dashboards.All()
	if err != nil {
		return err
	}
	for _, d := range all {
		page, height := v.Page(d, dark)
		file := filepath.Join(out, d.UID+".html")
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			return err
		}
		if err := picture(file, height); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	return nil
}

// invent makes a history that ends now, or takes the one that is in the folder.
func invent(v *panels.View, dir string) (stop func(), err error) {
	const hours = 12
	stamp := filepath.Join(dir, "until")
	if dir == "" {
		if dir, err = os.MkdirTemp("", "panels"); err != nil {
			return nil, err
		}
		stamp = filepath.Join(dir, "until")
	}
	if st, err := os.Stat(stamp); err == nil {
		v.To = st.ModTime()
	} else {
		v.To = time.Now().Truncate(time.Minute)
		storage := filepath.Join(dir, "tsdb")
		if err := os.MkdirAll(storage, 0o755); err != nil {
			return nil, err
		}
		h := &panels.History{From: v.To.Add(-hours * time.Hour), To: v.To, Every: time.Minute, Job: "haproxy_log_exporter", Seed: 1}
		if err := panels.ImportHistory("promtool", storage, h); err != nil {
			return nil, err
		}
		if err := record(dir, storage, h); err != nil {
			return nil, err
		}
		if err := os.WriteFile(stamp, nil, 0o644); err != nil {
			return nil, err
		}
		if err := os.Chtimes(stamp, v.To, v.To); err != nil {
			return nil, err
		}
	}
	p, url, err := panels.StartStore("prometheus", dir)
	if err != nil {
		return nil, err
	}
	v.URL = url
	return func() { p.Stop(10 * time.Second) }, nil
}

// record evaluates the recording rules over the history. Rules that read recorded series need a pass after these.
func record(dir, storage string, h *panels.History) error {
	for range 3 {
		p, url, err := panels.StartStore("prometheus", dir)
		if err != nil {
			return err
		}
		err = panels.ImportRules("promtool", url, storage, h.From, h.To, "alerts/haproxy-log.rules.yml")
		p.Stop(10 * time.Second)
		if err != nil {
			return err
		}
	}
	return nil
}

// picture takes a screenshot with Chromium where it is installed.
func picture(page string, height int) error {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return fmt.Errorf("no picture of %s: chromium is not installed", page)
	}
	page, err = filepath.Abs(page)
	if err != nil {
		return err
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		return err
	}
	defer os.RemoveAll(profile)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars", "--user-data-dir="+profile,
		fmt.Sprintf("--window-size=%d,%d", panels.Width, height), "--screenshot="+page[:len(page)-len(".html")]+".png", "file://"+page)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("chromium: %w\n%s", err, out)
	}
	return nil
}
