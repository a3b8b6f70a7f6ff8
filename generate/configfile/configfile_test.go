package configfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/haproxy/cfg"
)

func egress(t *testing.T) *cfg.Config {
	t.Helper()
	c, err := cfg.Load(cfg.Options{}, "../../examples/egress/haproxy.cfg")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, in Input) (string, *config.Config) {
	t.Helper()
	var b strings.Builder
	if err := Write(&b, in); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "exporter.yml")
	if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(file)
	if err != nil {
		t.Fatalf("the generated file is refused: %v\n%s", err, b.String())
	}
	return b.String(), c
}

func TestEgress(t *testing.T) {
	for _, explicit := range []bool{false, true} {
		text, c := write(t, Input{Config: egress(t), Files: []string{"/etc/haproxy/haproxy.cfg"}, Logs: []string{"/var/log/haproxy.log"},
			MasterSocket: "unix:/run/m.sock", PathTemplate: defaultPath, Explicit: explicit})
		slas := map[string]time.Duration{}
		for _, s := range c.SLAs {
			slas[s.Name.Value] = s.Timeout
		}
		if len(slas) != 3 || slas["high"] != time.Second || slas["medium"] != 2*time.Second || slas["low"] != 5*time.Second {
			t.Errorf("slas %v\n%s", slas, text)
		}
		if len(c.Sources) != 1 || c.HAProxies[0].MasterSocket.Value != "unix:/run/m.sock" || len(c.Labels.Rules) != 2 {
			t.Errorf("incomplete:\n%s", text)
		}
		// Ten backends; the canary and the second contract belong to two of them.
		if c.RoutesFromConfigured == explicit || explicit && len(c.Labels.Routes) != 8 {
			t.Errorf("explicit %v: %d routes\n%s", explicit, len(c.Labels.Routes), text)
		}
		if explicit && (!strings.Contains(text, "partner: [bank, credit, fax, ledger, postal, registry, tax]") || strings.Contains(text, "config:")) {
			t.Errorf("vocabularies:\n%s", text)
		}
		if v, ok := c.Labels.Rules[1].Template.Values("bank:prod:payments:high:canary"); !ok || v["sla"] != "high" {
			t.Errorf("the guessed template does not take a canary apart: %v", v)
		}
	}
}

func TestOddConfigurations(t *testing.T) {
	for name, c := range map[string]struct {
		cfg, path string
		want      []string
	}{
		"no shape":    {"backend www\nbackend static.files\n", "", []string{"# The log was not found", "# No template was given", "# labels:"}},
		"underscores": {"defaults\n timeout server 90s\nbackend a_prod_x_low\nbackend b_prod_y_low\nbackend other\n", "", []string{"'{partner}_{partner_env}_{partner_service}_{sla}'", "# does not fit: other (x.cfg:5)", "low: {timeout: 1m30s}", "# - {from: path"}},
		"conflict":    {"backend a:p:x:low\n timeout server 5m\nbackend b:p:x:low\n timeout server 1h\n", "/{client}", []string{"low: {timeout: 1h}", "# but 5m: a:p:x:low"}},
		"no timeout":  {"backend a:p:x:low\n", "", []string{"low: {} # its backends have no timeout server"}},
		"odd names":   {"backend \"y:no:'#':1\"\n timeout server 1s\n", "", []string{`"1": {timeout: 1s}`}},
		"hazards":     {"frontend f\n mode http\n option httplog\n", "", []string{"#   x.cfg:1: frontend f logs nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := cfg.Parse(cfg.Options{}, "x.cfg", c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, explicit := range []bool{false, true} {
				text, _ := write(t, Input{Config: parsed, Files: []string{"x.cfg"}, PathTemplate: c.path, Sockets: []string{"unix:/run/a b.sock"}, Explicit: explicit})
				for _, want := range c.want {
					if !strings.Contains(text, want) {
						t.Errorf("no %q in\n%s", want, text)
					}
				}
			}
		})
	}
	parsed, err := cfg.Parse(cfg.Options{}, "x.cfg", "backend a\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(&strings.Builder{}, Input{Config: parsed, BackendTemplate: "{a"}); err == nil {
		t.Error("a bad template is accepted")
	}
}
