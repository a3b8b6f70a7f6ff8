// Command monitoring writes the generated rule files and dashboards; run it at the top of the repository.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"haproxy_log_exporter/internal/monitoring"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	files, err := monitoring.Files()
	if err != nil {
		return err
	}
	for name, body := range files {
		name = filepath.FromSlash(name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
