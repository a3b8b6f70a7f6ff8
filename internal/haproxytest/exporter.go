package haproxytest

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"haproxy_log_exporter/internal/child"
)

// MainWithExporter is the body of a TestMain: it builds the exporter once, stores the path of the
// binary in bin, runs the tests and removes the binary.
func MainWithExporter(m *testing.M, bin *string) int {
	dir, err := os.MkdirTemp("", "exporter")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	*bin = filepath.Join(dir, "haproxy_log_exporter")
	if out, err := exec.Command("go", "build", "-o", *bin, "haproxy_log_exporter/cmd/haproxy_log_exporter").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the exporter: %v\n%s", err, out)
		return 1
	}
	// Other users have to be able to run it: tests of permissions do.
	if err := os.Chmod(dir, 0o755); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Run runs the exporter to its end and returns what it wrote and its exit code.
func Run(t testing.TB, bin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Env = append(os.Environ(), "STATE_DIRECTORY=")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// Serving is a running exporter.
type Serving struct {
	URL     string
	Process *child.Process
}

// Serve starts the exporter's serve command on a free port and waits until it answers.
func Serve(t testing.TB, bin string, args ...string) *Serving {
	t.Helper()
	addr := fmt.Sprintf("127.0.0.1:%d", FreePort(t))
	s := &Serving{URL: "http://" + addr}
	s.Process = StartProcess(t, child.Options{Path: bin, Args: append([]string{"serve", "--web.listen-address=" + addr}, args...), Env: []string{"STATE_DIRECTORY="}})
	waitReady(t, s.Process, "the exporter", func() bool { return ok(s.URL + "/-/healthy") })
	return s
}

// Metrics scrapes once.
func (s *Serving) Metrics(t testing.TB) Exposition {
	t.Helper()
	return ParseExposition(t, Get(t, s.URL+"/metrics"))
}

// Exposition are the families of an exposition by name, read by Prometheus' own parser.
type Exposition map[string]*dto.MetricFamily

// ParseExposition reads exposition text; what Prometheus' parser refuses fails the test.
func ParseExposition(t testing.TB, text string) Exposition {
	t.Helper()
	p := expfmt.NewTextParser(model.UTF8Validation)
	families, err := p.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		t.Fatalf("the exposition is no exposition: %v\n%.2000s", err, text)
	}
	return families
}

// Sum adds the samples of a family by some of its labels; the key is their values joined by "|". The
// sum of a histogram is its _sum. Series at 0 are left out.
func (e Exposition) Sum(family string, by ...string) map[string]float64 {
	out := map[string]float64{}
	for _, m := range e[family].GetMetric() {
		key := make([]string, len(by))
		for _, l := range m.GetLabel() {
			if i := slices.Index(by, l.GetName()); i >= 0 {
				key[i] = l.GetValue()
			}
		}
		out[strings.Join(key, "|")] += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() + m.GetHistogram().GetSampleSum()
	}
	maps.DeleteFunc(out, func(_ string, v float64) bool { return v == 0 })
	return out
}

// Total is the sum of all samples of a family.
func (e Exposition) Total(family string) float64 { return e.Sum(family)[""] }
