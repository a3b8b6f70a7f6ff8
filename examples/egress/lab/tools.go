package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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

// freePort returns the wanted port when nobody has it, else another one.
func freePort(want int) (int, error) {
	for _, port := range []int{want, 0} {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port, nil
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1")
}
