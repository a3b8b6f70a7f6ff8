package haproxytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"haproxy_log_exporter/internal/child"
)

// Prometheus is a running Prometheus (or Alertmanager) on loopback.
type Prometheus struct {
	URL        string
	Dir        string
	ConfigFile string
	Process    *child.Process
	t          testing.TB
}

// Sample is one result of a query.
type Sample struct {
	Labels map[string]string
	Value  float64
}

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// StartPrometheus starts Prometheus with the text of a prometheus.yml; files that it names
// relatively (rule files) are looked up in dir, a temporary folder when empty. PROMETHEUS in the
// environment names another program than the installed one.
func StartPrometheus(t testing.TB, dir, config string, args ...string) *Prometheus {
	t.Helper()
	path := os.Getenv("PROMETHEUS")
	if path == "" {
		path = Program(t, "prometheus")
	}
	p := prepare(t, dir, "prometheus.yml", config)
	addr := p.URL[len("http://"):]
	p.Process = StartProcess(t, child.Options{Path: path, Dir: p.Dir, Args: append([]string{
		"--config.file=" + p.ConfigFile, "--storage.tsdb.path=" + filepath.Join(p.Dir, "tsdb"),
		"--web.listen-address=" + addr, "--web.enable-lifecycle", "--log.level=warn",
	}, args...)})
	waitReady(t, p.Process, "prometheus", func() bool { return ok(p.URL + "/-/ready") })
	return p
}

// StartAlertmanager starts Alertmanager with the text of an alertmanager.yml.
func StartAlertmanager(t testing.TB, dir, config string) *Prometheus {
	t.Helper()
	path := Program(t, "prometheus-alertmanager")
	p := prepare(t, dir, "alertmanager.yml", config)
	p.Process = StartProcess(t, child.Options{Path: path, Dir: p.Dir, Args: []string{
		"--config.file=" + p.ConfigFile, "--storage.path=" + filepath.Join(p.Dir, "data"),
		"--web.listen-address=" + p.URL[len("http://"):], "--cluster.listen-address=", "--log.level=warn",
	}})
	waitReady(t, p.Process, "alertmanager", func() bool { return ok(p.URL + "/-/ready") })
	return p
}

func prepare(t testing.TB, dir, name, config string) *Prometheus {
	if dir == "" {
		dir = t.TempDir()
	}
	p := &Prometheus{URL: fmt.Sprintf("http://127.0.0.1:%d", FreePort(t)), Dir: dir, ConfigFile: filepath.Join(dir, name), t: t}
	if err := os.WriteFile(p.ConfigFile, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// Query asks for an instant vector; an error of Prometheus fails the test.
func (p *Prometheus) Query(expr string) []Sample {
	p.t.Helper()
	body, err := get(p.URL + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		p.t.Fatal(err)
	}
	var answer struct {
		Status, Error string
		Data          struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Status != "success" {
		p.t.Fatalf("query %s: %v\n%s", expr, err, body)
	}
	out := make([]Sample, 0, len(answer.Data.Result))
	for _, r := range answer.Data.Result {
		text, _ := r.Value[1].(string)
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			p.t.Fatalf("query %s: value %v", expr, r.Value[1])
		}
		out = append(out, Sample{Labels: r.Metric, Value: v})
	}
	return out
}

// Value is the single value of a query; ok is false for an empty answer.
func (p *Prometheus) Value(expr string) (v float64, ok bool) {
	p.t.Helper()
	s := p.Query(expr)
	if len(s) == 0 {
		return 0, false
	}
	if len(s) > 1 {
		p.t.Fatalf("query %s: %d results, want one", expr, len(s))
	}
	return s[0].Value, true
}

// Get fetches a URL of a component under test; any status but 200 fails the test.
func Get(t testing.TB, u string) string {
	t.Helper()
	b, err := get(u)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func get(u string) ([]byte, error) {
	r, err := client.Get(u)
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s\n%s", u, r.Status, b)
	}
	return b, err
}

func ok(u string) bool { _, err := get(u); return err == nil }

// AttachPrometheus is for a Prometheus that something else has started.
func AttachPrometheus(t testing.TB, url string) *Prometheus { return &Prometheus{URL: url, t: t} }
