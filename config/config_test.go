package config_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/config"
)

var update = flag.Bool("update", false, "write the messages of testdata/bad anew; read the difference before you commit it")

// TestMistakes holds one file for each mistake and, beside it, exactly what the user is told.
func TestMistakes(t *testing.T) {
	t.Chdir("testdata/bad")
	files, err := filepath.Glob("*.yml")
	if err != nil || len(files) < 50 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(f, ".yml"), func(t *testing.T) {
			_, err := config.Load(f)
			if err == nil {
				t.Fatal("was accepted")
			}
			golden := strings.TrimSuffix(f, ".yml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if d := cmp.Diff(string(want), err.Error()+"\n"); d != "" {
				t.Error(d)
			}
			if !strings.HasPrefix(err.Error(), f) && !strings.Contains(err.Error(), ".map:") {
				t.Error("the message does not name the file")
			}
		})
	}
}
