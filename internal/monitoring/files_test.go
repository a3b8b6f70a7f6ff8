package monitoring_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"haproxy_log_exporter/internal/monitoring"
)

func TestCommittedFilesAreCurrent(t *testing.T) {
	files, err := monitoring.Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Error(err)
		} else if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator makes: run make docs", name)
		}
	}
	// A file that the generator no longer makes must not stay behind.
	for _, pattern := range []string{"alerts/*.rules.yml", "alerts/*.test.yml", "dashboards/grafana/*.json"} {
		found, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, _ := filepath.Rel("../..", f)
			if files[filepath.ToSlash(name)] == nil {
				t.Errorf("%s is not generated", name)
			}
		}
	}
}
