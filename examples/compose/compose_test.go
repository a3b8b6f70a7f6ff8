package compose

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/internal/haproxytest"
)

// TestComposeFile checks what can be checked without Docker: the files that are mounted exist, ports are
// published on loopback only, services that are named exist.
func TestComposeFile(t *testing.T) {
	var file struct {
		Services map[string]struct {
			Image, Build string
			Ports        []string
			Volumes      []string
			DependsOn    []string `yaml:"depends_on"`
		}
		Volumes map[string]any
	}
	body, err := os.ReadFile("compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(body, &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		if (s.Image == "") == (s.Build == "") || strings.HasSuffix(s.Image, "latest") || s.Image != "" && !strings.Contains(s.Image, ":") {
			t.Errorf("%s: image %q, build %q", name, s.Image, s.Build)
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s: port %s is not on loopback", name, p)
			}
		}
		for _, d := range s.DependsOn {
			if _, ok := file.Services[d]; !ok {
				t.Errorf("%s depends on %s", name, d)
			}
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, named := file.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(from); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestExporterConfiguration(t *testing.T) {
	if _, err := config.Load("exporter/exporter.yml"); err != nil {
		t.Error(err)
	}
}

func TestHAProxyConfigurations(t *testing.T) {
	for _, name := range []string{"haproxy.cfg", "partner.cfg"} {
		body, err := os.ReadFile(filepath.Join("haproxy", name))
		if err != nil {
			t.Fatal(err)
		}
		// Names of other containers are known to Docker only.
		text := strings.NewReplacer("log exporter:", "log 127.0.0.1:", "partner:8081", "127.0.0.1:8081", "bind :", "bind 127.0.0.1:").Replace(string(body))
		if out, ok := haproxytest.Check(t, "", text); !ok {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

func TestPrometheusConfiguration(t *testing.T) {
	dir := t.TempDir()
	for from, to := range map[string]string{"prometheus/prometheus.yml": "prometheus.yml", "../../alerts/haproxy-log.rules.yml": "haproxy-log.rules.yml"} {
		body, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), body, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(haproxytest.Program(t, "promtool"), "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestGrafanaProvisioning(t *testing.T) {
	files, err := filepath.Glob("grafana/provisioning/*/*.yml")
	more, _ := filepath.Glob("../../dashboards/provisioning/*.yml")
	if err != nil || len(files) != 2 || len(more) != 2 {
		t.Fatal(files, more, err)
	}
	for _, f := range append(files, more...) {
		var any map[string]any
		body, err := os.ReadFile(f)
		if err == nil {
			err = yaml.Unmarshal(body, &any)
		}
		if err != nil || any["apiVersion"] != 1 {
			t.Errorf("%s: %v", f, err)
		}
	}
}
