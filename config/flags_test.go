package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haproxy_log_exporter/config"
)

const egressPath = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}"

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("testdata/x.yml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFlagsAloneAreEnough(t *testing.T) {
	c := config.Default()
	err := c.Merge(config.Flags{
		LogPaths: []string{"a.log", "b.log", "a.log"}, LogFormats: []string{"httplog"}, LogFrom: "start", HAProxyConfig: []string{"h.cfg"},
		Sockets: []string{"unix:/run/a.sock"}, MasterSocket: "/run/m.sock", SocketMetrics: "none", LabelsPath: []string{egressPath},
		LabelsBackend: []string{"{partner}:{zone}"}, StateDir: "/s", LimitSamples: 5, LimitValues: 6, TelemetryPath: "/x",
		CatchUpTimeout: 7, EnableLifecycle: true, EnablePprof: true, StatusSamples: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 || c.Sources[1].Path.Value != "b.log" || c.Sources[1].From != "start" || texts(c.Sources[1].Formats) != "httplog" || !c.Sources[0].Archives {
		t.Errorf("sources %+v", c.Sources)
	}
	h := c.HAProxies[0]
	if texts(h.Config) != "h.cfg" || texts(h.Sockets) != "unix:/run/a.sock" || h.MasterSocket.Value != "/run/m.sock" || h.Metrics != "none" {
		t.Errorf("haproxy %+v", h)
	}
	if got := strings.Join(c.Labels.Names(), " "); got != "client client_env partner partner_env partner_service sla zone" {
		t.Errorf("labels %s", got)
	}
	if c.StateDir != "/s" || c.Limits.Samples != 5 || c.Limits.Values != 6 || c.Limits.Routes != 20000 ||
		c.Web != (config.Web{TelemetryPath: "/x", CatchUpTimeout: 7, EnableLifecycle: true, EnablePprof: true, StatusSamples: true}) {
		t.Errorf("%+v", c)
	}
}

func TestFlagsWinOverTheFile(t *testing.T) {
	const file = `
haproxy: {config: h.cfg, sockets: ["unix:/a"], metrics: none}
sources: [{path: a.log, from: start, format: tcplog, captures: [x]}, {path: b.log}]
labels: [{from: path, template: '/{a}'}, {from: host, template: '{b}'}, {from: path, template: '/{c}'}, {from: backend, template: '{d}'}]
maps: [{field: path, file: clients.map, to: e}]
state: {dir: /file}
web: {enable_lifecycle: true}
`
	c := parse(t, file)
	if err := c.Merge(config.Flags{}); err != nil {
		t.Fatal(err)
	}
	clean := parse(t, file)
	if c.StateDir != clean.StateDir || len(c.Sources) != 2 || c.Sources[0].From != "start" || len(c.Labels.Rules) != 5 || !c.Web.EnableLifecycle {
		t.Errorf("no flags changed something: %+v", c)
	}
	if err := c.Merge(config.Flags{LabelsPath: []string{"/{x}", "/{y}/z"}, LogFormats: []string{"clf"}, StateDir: "/flag", SocketMetrics: "all"}); err != nil {
		t.Fatal(err)
	}
	if got := c.Labels.Names(); !slices.Equal(got, []string{"x", "y", "b", "d", "e"}) {
		t.Errorf("labels %v", got)
	}
	if c.Sources[0].Path.Value != "a.log" || texts(c.Sources[0].Formats) != "clf" || c.Sources[0].Captures != nil || c.Sources[0].From != "start" {
		t.Errorf("source %+v", c.Sources[0])
	}
	if c.StateDir != "/flag" || c.HAProxies[0].Metrics != "all" || texts(c.HAProxies[0].Sockets) != "unix:/a" {
		t.Errorf("%+v", c)
	}
	c = parse(t, file)
	if err := c.Merge(config.Flags{LogPaths: []string{"-"}}); err != nil || len(c.Sources) != 1 || c.Sources[0].From != "end" || c.Sources[0].Formats != nil {
		t.Errorf("a path replaces the file's sources: %+v %v", c.Sources, err)
	}
}

func TestFlagProblemsComeTogether(t *testing.T) {
	c := parse(t, "haproxies: [{name: a}, {name: b}]\nlabels: [{from: path, template: '/{client}'}]\nvocabularies: {client: [x]}\n")
	err := c.Merge(config.Flags{Sockets: []string{"unix:/x"}, LabelsPath: []string{"/{clientt", "/{cl ient}"}, TelemetryPath: "m", LimitValues: -1})
	if err == nil {
		t.Fatal("accepted")
	}
	want := `--haproxy.socket: several HAProxys are configured: which one is meant?
    hint: set it in the list haproxies of testdata/x.yml
--labels.path, column 2: { is never closed
    /{clientt
     ^^^^^^^^
    hint: write \{ for a literal brace
--labels.path, column 3: cl ient is not a label name
    /{cl ient}
      ^^^^^^^
    hint: letters, digits and underscores; no digit first
--limits.values: must be positive
--web.telemetry-path: a path begins with /
    hint: /m
testdata/x.yml:3:16: vocabulary of client, a label that no template and no map gives
    vocabularies: {client: [x]}
                   ^^^^^^`
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
	c = config.Default()
	err = c.Merge(config.Flags{Sockets: []string{"admin.sock"}, MasterSocket: "tcp:host"})
	want = `--haproxy.master-socket: tcp:host has no port
    hint: tcp:host:port
--haproxy.socket: admin.sock is not the address of a socket
    hint: unix:/path or tcp:host:port`
	if err == nil {
		t.Fatal("accepted")
	}
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Error(d)
	}
}
