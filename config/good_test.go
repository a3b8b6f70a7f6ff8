package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

func load(t *testing.T, path string) *config.Config {
	t.Helper()
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func texts(ts []config.Text) string {
	var out []string
	for _, x := range ts {
		out = append(out, x.Value)
	}
	return strings.Join(out, " | ")
}

func TestEgressExample(t *testing.T) {
	c := load(t, "testdata/good/egress.yml")
	if got := c.Labels.Names(); !slices.Equal(got, catalogue.RouteLabels()) {
		t.Errorf("labels %v", got)
	}
	if len(c.Labels.Rules) != 3 || c.Labels.Rules[2].Map == nil || !c.RoutesFromConfigured {
		t.Errorf("rules %+v", c.Labels.Rules)
	}
	m, err := c.Labels.Rules[2].Map.Compile()
	if err != nil {
		t.Fatal(err)
	}
	v, _ := m.Lookup([]byte("10.2.3.4"))
	if got, _ := c.Labels.Rules[2].Template.Values(v); got["client"] != "legacy-soap" || got["client_env"] != "uat" {
		t.Errorf("the map's value %q gives %v", v, got)
	}
	want := []string{"high 10s 3s 0.999", "medium 30s 30s 0.995", "low 5m0s 5m0s 0.99"}
	for i, s := range c.SLAs {
		if got := strings.Join([]string{s.Name.Value, s.Timeout.String(), s.Within.String()}, " "); !strings.HasPrefix(want[i], got) {
			t.Errorf("%s, want %s", got, want[i])
		}
	}
	if c.SLAs[0].Objective != 0.999 || len(c.SLAs) != 3 || !slices.Equal(c.Labels.SLAs, []string{"high", "medium", "low"}) {
		t.Errorf("slas %+v", c.SLAs)
	}
	h := c.HAProxies[0]
	if len(c.HAProxies) != 1 || texts(h.Config) != "/etc/haproxy/haproxy.cfg" || h.MasterSocket.Value != "/run/haproxy-master.sock" || h.Metrics != "all" || h.Timeout != 5*time.Second {
		t.Errorf("haproxy %+v", h)
	}
	s := c.Sources[0]
	if len(c.Sources) != 1 || s.Path.Value != "/var/log/haproxy.log" || s.From != "end" || !s.Archives || s.MaxLine != 1<<20 || s.Formats != nil {
		t.Errorf("source %+v", s)
	}
}

func TestEveryKeyArrives(t *testing.T) {
	c := load(t, "testdata/good/full.yml")
	h, s := c.HAProxies[0], c.Sources[0]
	for name, ok := range map[string]bool{
		"haproxies":    len(c.HAProxies) == 2 && h.Name.Value == "egress" && c.HAProxies[1].Name.Value == "edge" && texts(h.Tags) == "haproxy-egress | haproxy",
		"sockets":      texts(h.Sockets) == "unix:/run/haproxy/admin.sock | tcp:127.0.0.1:9999" && texts(h.Config) == "/etc/haproxy/haproxy.cfg | /etc/haproxy/conf.d",
		"metrics":      h.Metrics == "minimal" && h.Timeout == 2*time.Second && texts(h.Scopes) == "frontend | backend" && h.ExcludeMaint,
		"filters":      h.Include[0].MatchString("haproxy_frontend_x") && !h.Include[0].MatchString("xhaproxy_frontend_x") && h.Exclude[0].MatchString("a_bytes_total"),
		"tables":       len(h.Tables) == 1 && h.Tables[0].Name.Value == "per_ip" && h.Tables[0].Top == 20,
		"source":       s.From == "start" && s.HAProxy.Value == "egress" && !s.Archives && s.MaxLine == 65536 && len(s.Formats) == 2,
		"captures":     slices.Equal(s.Captures, []string{"Host", "User-Agent"}) && slices.Equal(s.ResponseCaptures, []string{"Server"}) && slices.Equal(s.OldDirs, []string{"/var/log/haproxy/old"}),
		"map order":    len(c.Labels.Rules) == 4 && c.Labels.Rules[0].From.Value == "host" && c.Labels.Rules[3].From.Value == "src",
		"vocabularies": len(c.Labels.Vocabularies) == 2 && slices.Equal(c.Labels.Vocabularies[1].Values, []string{"visa", "bank", "ehealth"}),
		"routes":       len(c.Labels.Routes) == 1 && c.Labels.Routes[0].Labels["partner_service"] == "pay" && !c.RoutesFromConfigured,
		"counters":     c.Counters[0].Name.Value == "tls_requests" && c.Counters[0].Help != "" && texts(c.Counters[0].Labels) == "client | client_env | sslv" && c.Counters[0].When[0].Op == spec.OpGreaterEqual,
		"families":     texts(c.Only) == "haproxy_log_requests_total | haproxy_log_request_duration_seconds" && texts(c.Without) == "backend",
		"histograms":   slices.Equal(c.Buckets, []float64{0.005, 0.1, 1, 10}) && texts(c.Phases) == "queue | connect" && !c.NativeHistograms,
		"outcomes":     c.ThrottledFails && slices.Equal(c.FailStatus, []int{429}),
		"exemplars":    c.Exemplars.Field.Value == "unique_id" && c.Exemplars.Label == "id",
		"limits":       c.Limits == config.Limits{Samples: 10000, Values: 50, Routes: 500},
		"series":       c.SeriesTTL == 7*24*time.Hour && c.CreatedTimestamps,
		"state":        c.StateDir == "/var/lib/haproxy-log-exporter",
		"web":          c.Web == config.Web{TelemetryPath: "/m", CatchUpTimeout: time.Minute, EnableLifecycle: true, EnablePprof: true, StatusSamples: true},
	} {
		if !ok {
			t.Errorf("%s did not arrive: %+v", name, c)
		}
	}
}

// TestEveryKeyIsUsed walks the full example: it must hold every key of the list, so that the tests above
// and the decoder cover the whole list.
func TestEveryKeyIsUsed(t *testing.T) {
	used := map[string]bool{}
	var walk func(n *yaml.Node, path string)
	walk = func(n *yaml.Node, path string) {
		used[path] = true
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(n.Content); i += 2 {
				name := n.Content[i].Value
				switch path {
				case "slas":
					name = "<name>"
				case "vocabularies":
					name = "<label>"
				}
				walk(n.Content[i+1], strings.TrimPrefix(path+"."+name, "."))
			}
		case yaml.SequenceNode:
			for _, c := range n.Content {
				used[path] = true
				if c.Kind == yaml.MappingNode {
					walk(c, path+"[]")
				}
			}
		}
	}
	for _, f := range []string{"full", "egress"} {
		data, err := os.ReadFile("testdata/good/" + f + ".yml")
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		walk(doc.Content[0], "")
	}
	for _, k := range config.Keys() {
		twin := strings.Replace(k.Path, "haproxy.", "haproxies[].", 1)
		if !used[k.Path] && !used[twin] {
			t.Errorf("%s is in no example", k.Path)
		}
		if k.Meaning == "" || k.Type == "" {
			t.Errorf("%s is not described", k.Path)
		}
	}
}

func TestDefaults(t *testing.T) {
	c := config.Default()
	if c.Hash != 0 || c.File != "" || len(c.Sources) != 0 || len(c.HAProxies) != 1 {
		t.Errorf("%+v", c)
	}
	if c.Limits != (config.Limits{Samples: 300000, Values: 1000, Routes: 20000}) {
		t.Errorf("limits %+v", c.Limits)
	}
	if c.Web.TelemetryPath != "/metrics" || c.Web.CatchUpTimeout != 5*time.Minute || c.Web.EnableLifecycle || !c.NativeHistograms || c.SeriesTTL != 0 {
		t.Errorf("%+v", c.Web)
	}
	if s := config.NewSource(config.Text{Value: "a.log"}); s.From != "end" || !s.Archives || s.MaxLine != 1<<20 {
		t.Errorf("source %+v", s)
	}
}

// TestDefaultsAreAsDocumented sets each scalar key to its documented default: nothing may change.
func TestDefaultsAreAsDocumented(t *testing.T) {
	want := config.Default()
	for _, k := range config.Keys() {
		top, sub, two := strings.Cut(k.Path, ".")
		if k.Default == "" || k.Default == "timeout" || strings.ContainsAny(k.Path, "[<") {
			continue
		}
		text := k.Path + ": " + k.Default
		if two {
			text = top + ": {" + sub + ": " + k.Default + "}"
		}
		if top == "exemplars" {
			continue // needs a field
		}
		got, err := config.Parse("", []byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got.Hash = 0
		if d := cmp.Diff(want, got, cmp.AllowUnexported(spec.Template{}), cmp.Comparer(func(a, b config.Text) bool { return a.Value == b.Value })); d != "" {
			t.Errorf("%s is not the default:\n%s", text, d)
		}
	}
}

func TestHashFollowsTheFileAndWhatItNames(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("c.yml", "maps: [{field: src, file: a.map, match: cidr, to: client}]\n")
	write("a.map", "10.0.0.0/8 x\n")
	hash := func() uint64 { return load(t, filepath.Join(dir, "c.yml")).Hash }
	first := hash()
	if again := hash(); again != first || first == 0 || first >= 1<<48 {
		t.Errorf("hash %x, then %x", first, again)
	}
	write("a.map", "10.0.0.0/8 y\n")
	if hash() == first {
		t.Error("another map, the same hash")
	}
}

func TestYAMLConveniences(t *testing.T) {
	c, err := config.Parse("x", []byte("\ufeffsources:\r\n  - &s {path: a.log, format: httplog}\r\n  - path: 42\r\n    format: &f [httplog, tcplog]\r\n  - {path: c.log, format: *f}\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if texts(c.Sources[2].Formats) != "httplog | tcplog" || texts(c.Sources[0].Formats) != "httplog" || c.Sources[1].Path.Value != "42" {
		t.Errorf("%+v", c.Sources)
	}
}

func TestMissingFile(t *testing.T) {
	_, err := config.Load(filepath.Join(t.TempDir(), "no.yml"))
	if err == nil || !strings.Contains(err.Error(), "no.yml: cannot read the configuration: no such file or directory") {
		t.Errorf("%v", err)
	}
	dir := t.TempDir()
	if _, err = config.Load(dir); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("%v", err)
	}
}

func TestPhasesAreThoseOfTheCatalogue(t *testing.T) {
	if !slices.Equal(config.Phases(), catalogue.Phases()) {
		t.Errorf("%v", config.Phases())
	}
}

func TestConfigurationPageIsCurrent(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Page(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != string(want) {
		t.Error("docs/configuration.md is not what the list of keys says: run make docs")
	}
}

// TestConfigurationPageExamples parses every YAML block of the page.
func TestConfigurationPageExamples(t *testing.T) {
	page, err := os.ReadFile("../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("%d examples", len(blocks))
	}
	for _, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		// Maps and vocabularies of the page are those of the test data.
		if _, err := config.Parse("testdata/example.yml", []byte(text)); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, g := range []string{"testdata/good/*.yml", "testdata/bad/*.yml"} {
		files, _ := filepath.Glob(g)
		for _, p := range files {
			if data, err := os.ReadFile(p); err == nil {
				f.Add(data)
			}
		}
	}
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("sources: &a\n  - *a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("x.yml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v and %v", c, err)
		}
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Fatal("an error without a message")
		}
	})
}
