package panels

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"haproxy_log_exporter/internal/child"
	"haproxy_log_exporter/internal/ports"
)

// ImportHistory writes the blocks of a history into Prometheus' storage folder.
func ImportHistory(promtool, storage string, h *History) error {
	text, err := os.CreateTemp("", "history")
	if err != nil {
		return err
	}
	defer os.Remove(text.Name())
	defer text.Close()
	if err := h.Write(text); err != nil {
		return err
	}
	return run(promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text.Name(), storage)
}

// ImportRules evaluates recording rules over the past of a running Prometheus and writes their blocks into its storage
// folder; it sees them after a restart.
func ImportRules(promtool, url, storage string, from, to time.Time, ruleFiles ...string) error {
	args := []string{"tsdb", "create-blocks-from", "rules", "--start=" + from.Format(time.RFC3339), "--end=" + to.Format(time.RFC3339), "--url=" + url, "--output-dir=" + storage, "--eval-interval=2m"}
	return run(promtool, append(args, ruleFiles...)...)
}

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %v: %w\n%s", name, args, err, out)
	}
	return nil
}

// StartStore starts a Prometheus that only answers queries about a storage folder, on loopback.
func StartStore(prometheus, dir string) (*child.Process, string, error) {
	port, err := ports.Take()
	if err != nil {
		return nil, "", err
	}
	defer port.Release() // it listens by then
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, []byte("global: {scrape_interval: 1m}\n"), 0o644); err != nil {
		return nil, "", err
	}
	p, err := child.Start(child.Options{Path: prometheus, Dir: dir, Args: []string{
		"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, "tsdb"), "--storage.tsdb.retention.time=100d",
		"--web.listen-address=" + port.Addr(), "--log.level=warn",
	}})
	if err != nil {
		return nil, "", err
	}
	url := "http://" + port.Addr()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp, err := http.Get(url + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return p, url, nil
			}
		}
		if !p.Running() || time.Now().After(deadline) {
			p.Kill()
			return nil, "", fmt.Errorf("prometheus did not start:\n%s", p.Output())
		}
	}
}
