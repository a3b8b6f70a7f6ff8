package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"haproxy_log_exporter/internal/ports"
)

// findPrograms looks for what the example runs and names everything that is missing at once.
func findPrograms(o *Options) error {
	var missing, packages []string
	look := func(path *string, name, pkg string) {
		if *path == "" {
			*path = name
		}
		found, err := exec.LookPath(*path)
		for _, dir := range []string{"/usr/sbin", "/sbin"} { // a user's PATH on Debian lacks these
			if err != nil && !strings.Contains(*path, "/") {
				found, err = exec.LookPath(filepath.Join(dir, *path))
			}
		}
		if err != nil {
			missing, packages = append(missing, *path), append(packages, pkg)
			return
		}
		*path = found
	}
	look(&o.HAProxy, "haproxy", "haproxy")
	look(&o.Rsyslogd, "rsyslogd", "rsyslog")
	look(&o.Prometheus, "prometheus", "prometheus")
	if o.Exporter == "" {
		if _, err := exec.LookPath("go"); err != nil {
			missing, packages = append(missing, "go"), append(packages, "golang-go")
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing programs: %s\non Debian: apt-get install --no-install-recommends %s", strings.Join(missing, ", "), strings.Join(packages, " "))
	}
	return nil
}

// buildExporter builds the exporter of this checkout into dir.
func buildExporter(dir, source string) (string, error) {
	path := filepath.Join(dir, "haproxy_log_exporter")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/haproxy_log_exporter")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the exporter: %w\n%s", err, out)
	}
	return path, nil
}

// sourceDir finds the folder of go.mod above the working folder.
func sourceDir() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	file := strings.TrimSpace(string(out))
	if err != nil || file == "" || file == os.DevNull {
		return "", fmt.Errorf("not inside the exporter's source: run this from its checkout")
	}
	return filepath.Dir(file), nil
}

// port returns the wanted port when it is free, else another one. It is the lab's until Close.
func (l *Lab) port(want int) (int, error) {
	p, err := ports.Take(want)
	if err != nil {
		return 0, err
	}
	l.ports = append(l.ports, p)
	return p.Number, nil
}
