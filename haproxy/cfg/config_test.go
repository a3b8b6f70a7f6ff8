package cfg

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/parser"
)

func mapEnv(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func inheritEnv() map[string]string {
	env := map[string]string{"LOGTARGET": "127.0.0.1:514", "LOGTARGET2": "/dev/log", "DIR": "/run/haproxy", "PARTNER": "127.0.0.1:9"}
	for i := 1; i <= 7; i++ {
		env["PORT"+strconv.Itoa(i)] = strconv.Itoa(20000 + i)
	}
	return env
}

func load(t *testing.T, env map[string]string, paths ...string) *Config {
	t.Helper()
	c, err := Load(Options{Env: mapEnv(env)}, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestInheritance(t *testing.T) {
	c := load(t, inheritEnv(), "testdata/inherit.cfg")
	var got []string
	for _, f := range c.Frontends {
		got = append(got, fmt.Sprintf("%s %s %q %q tag=%s targets=%d nolog=%v captures=%q response=%q null=%v asap=%v errors=%v normal=%v",
			f.Name, f.Mode, f.Format, f.ErrorFormat, f.LogTag, len(f.Targets), f.NoLog, names(f.Captures), names(f.ResponseCaptures),
			f.DontLogNull, f.LogASAP, f.SeparateErrors, f.DontLogNormal))
	}
	want := []string{
		`plain http "httplog" "" tag=lab targets=2 nolog=false captures=["Host" "user-agent" "req.hdr(x-trace,1)" "path,field(2,/)"] response=["Content-Type"] null=true asap=false errors=false normal=false`,
		`own http "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc region=north \"%HM %HU\" # %{+Q}[var(txn.x)]" "E %ci:%cp [%t] %ft %ts" tag=other targets=2 nolog=false captures=["req.fhdr(x-id)"] response=[] null=false asap=false errors=false normal=false`,
		`asap http "clf" "" tag=lab targets=2 nolog=false captures=[] response=[] null=true asap=true errors=true normal=false`,
		`quiet http "httplog" "" tag=lab targets=0 nolog=true captures=[] response=[] null=true asap=false errors=true normal=true`,
		`bare tcp "" "" tag=lab targets=2 nolog=false captures=[] response=[] null=false asap=false errors=false normal=false`,
		`relay tcp "tcplog" "" tag=lab targets=1 nolog=false captures=[] response=[] null=false asap=false errors=false normal=false`,
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("frontend %d\n got %s\nwant %s", i, at(got, i), at(want, i))
		}
	}
	if tags := c.LogTags(); !slices.Equal(tags, []string{"lab", "other"}) {
		t.Errorf("log tags %q", tags)
	}
	var sockets []string
	for _, s := range c.Global.Sockets {
		sockets = append(sockets, s.Address+" "+s.Level+" "+s.Mode)
	}
	if want := []string{"unix:/run/haproxy/admin.sock user 600", "tcp:127.0.0.1:20001 operator "}; !slices.Equal(sockets, want) {
		t.Errorf("sockets %q", sockets)
	}
}

func at(l []string, i int) string {
	if i < len(l) {
		return l[i]
	}
	return "nothing"
}

func TestBackendTimeouts(t *testing.T) {
	c := load(t, inheritEnv(), "testdata/inherit.cfg")
	got := map[string][3]time.Duration{}
	for _, b := range c.Backends {
		got[b.Name] = [3]time.Duration{b.ServerTimeout, b.ConnectTimeout, b.QueueTimeout}
	}
	for name, want := range map[string][3]time.Duration{
		"partner:prod": {90 * time.Second, 2 * time.Second, 250 * time.Millisecond},
		"partner:test": {5 * time.Second, 2 * time.Second, time.Second},
		"relay":        {30 * time.Second, time.Second, time.Second},
	} {
		if got[name] != want {
			t.Errorf("%s: server, connect, queue %v, want %v", name, got[name], want)
		}
	}
	routes := c.Routes(func(name string) ([]string, bool) {
		partner, env, ok := strings.Cut(name, ":")
		return []string{partner, env}, ok
	})
	if len(routes) != 2 || routes[1].Backend.Name != "partner:test" || routes[1].Values[1] != "test" {
		t.Errorf("routes %+v", routes)
	}
}

func TestHazards(t *testing.T) {
	c := load(t, inheritEnv(), "testdata/inherit.cfg")
	var got []string
	for _, h := range c.Hazards() {
		got = append(got, fmt.Sprintf("%s %s %d", h.Frontend, h.Kind, h.Place.Line))
		if h.Text == "" || h.Place.Source == "" {
			t.Errorf("incomplete: %+v", h)
		}
	}
	want := []string{
		"asap logasap 41", "asap monitor_uri 49", "asap set_log_level 48", "asap duplicate_targets 4",
		"quiet no_log 54",
		"bare no_format 73", "relay sampling 80",
		"partner:test set_log_level 64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
	known := map[string]bool{}
	for _, k := range HazardKinds() {
		known[k[0]] = true
	}
	for _, h := range c.Hazards() {
		if !known[h.Kind] {
			t.Errorf("kind %s is not in HazardKinds", h.Kind)
		}
	}
}

// TestHazardsOfSettings holds one small configuration per kind, and one without any.
func TestHazardsOfSettings(t *testing.T) {
	for name, c := range map[string]struct{ global, frontend, want string }{
		"none":                     {"log 127.0.0.1:514 len 8192 local0", "log global\noption httplog", ""},
		"default length":           {"log 127.0.0.1:514 local0", "log global\noption httplog", "short_len"},
		"two targets, same level":  {"log /dev/log len 8192 local0\nlog 127.0.0.1 len 8192 local1", "log global\noption httplog", "duplicate_targets"},
		"notice without errors":    {"log /dev/log len 8192 local0\nlog /dev/log local1 notice", "log global\noption httplog", ""},
		"notice and errors":        {"log /dev/log len 8192 local0\nlog /dev/log local1 notice", "log global\noption httplog\noption log-separate-errors", "duplicate_targets"},
		"remote and local":         {"log /dev/log len 8192 local0\nlog 192.0.2.1:514 len 8192 local0", "log global\noption httplog", ""},
		"global and own target":    {"log /dev/log len 8192 local0", "log global\nlog /dev/log len 8192 local3\noption httplog", "duplicate_targets"},
		"dontlog-normal":           {"log /dev/log len 8192 local0", "log global\noption httplog\noption dontlog-normal", "dontlog_normal"},
		"and switched off":         {"log /dev/log len 8192 local0", "log global\noption httplog\noption dontlog-normal\nno option dontlog-normal", ""},
		"sampling":                 {"log /dev/log len 8192 sample 2-3,8:11 local0", "log global\noption httplog", "sampling"},
		"steps":                    {"log /dev/log len 8192 local0", "log global\noption httplog\nlog-steps accept,close", "log_steps"},
		"only the closing step":    {"log /dev/log len 8192 local0", "log global\noption httplog\nlog-steps close", ""},
		"level too severe":         {"log /dev/log len 8192 local0 notice", "log global\noption httplog", "log_level"},
		"no log line":              {"log /dev/log len 8192 local0", "option httplog", "no_log"},
		"no format":                {"log /dev/log len 8192 local0", "log global", "no_format"},
		"profile without a format": {"log /dev/log len 8192 profile p local0", "log global\noption httplog", ""},
	} {
		text := "global\n" + c.global + "\nlog-profile p\n on any format \"%ci\"\nfrontend f\nmode http\nbind 127.0.0.1:1\n" + c.frontend + "\n"
		conf, err := Parse(Options{}, "x.cfg", text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var kinds []string
		for _, h := range conf.Hazards() {
			kinds = append(kinds, h.Kind)
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestFormats(t *testing.T) {
	c := load(t, inheritEnv(), "testdata/inherit.cfg")
	httplog, _ := parser.Preset("httplog")
	clf, _ := parser.Preset("clf")
	tcplog, _ := parser.Preset("tcplog")
	fs := c.Formats()
	var got []string
	for _, f := range fs {
		got = append(got, fmt.Sprintf("%s error=%v %v", f.Name, f.ErrorFormat, f.Frontends))
	}
	want := []string{"httplog error=false [plain]", "testdata/inherit.cfg:33 log-format error=false [own]",
		"testdata/inherit.cfg:34 error-log-format error=true [own]", "clf error=false [asap]", "tcplog error=false [relay]"}
	if !slices.Equal(got, want) {
		t.Fatalf("\n got %q\nwant %q", got, want)
	}
	if fs[0].Text != httplog || fs[3].Text != clf || fs[4].Text != tcplog || httplog == "" {
		t.Error("presets are not resolved")
	}
	shared, err := Parse(Options{}, "x", "global\nlog /dev/log local0\ndefaults\nmode http\nlog global\noption httplog\nfrontend a\nfrontend b\n")
	if err != nil {
		t.Fatal(err)
	}
	if fs := shared.Formats(); len(fs) != 1 || !slices.Equal(fs[0].Frontends, []string{"a", "b"}) {
		t.Errorf("equal formats are not joined: %+v", fs)
	}
}

func TestProfileFormats(t *testing.T) {
	c, err := Parse(Options{}, "x", `global
 log /dev/log profile p local0
log-profile p
 on close format "%ci closed"
 on error format "%ci failed"
 on connect drop
frontend f
 mode http
 log global
 option httplog
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range c.Formats() {
		got = append(got, fmt.Sprintf("%s %v", f.Text, f.ErrorFormat))
	}
	if want := []string{"%ci closed false", "%ci failed true"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestMistakesAllAtOnce(t *testing.T) {
	text := `stray line
global
    log
    log /dev/log
    log /dev/log local0 loud
    tune.http.logurilen many
frontend a from nothing
    timeout server soon
    option "httplog
    capture request header
backend
.if defined(X
.endif
.else
.if 1
`
	c, err := Parse(Options{}, "bad.cfg", text)
	if err == nil || c == nil {
		t.Fatal("no error, or nothing returned")
	}
	for _, want := range []string{
		`bad.cfg:1:1: "stray" stands outside of any section`, "bad.cfg:3:5: log needs a target", "bad.cfg:4:5: this log line has no facility",
		`bad.cfg:5:25: "loud" is not a log level`, `bad.cfg:6:25: "many" is not a number`, `bad.cfg:7:17: there is no defaults section named "nothing"`,
		`bad.cfg:8:20: "soon" is not a time`, "bad.cfg:9:12: this quote is never closed", "bad.cfg:10:", "bad.cfg:11:1: backend needs a name",
		"bad.cfg:12:5: a ) is missing", "bad.cfg:14:1: .else without .if", "bad.cfg:15:1: this .if has no .endif",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
	if !strings.Contains(err.Error(), "^^^^^^^^^") {
		t.Errorf("nothing is drawn:\n%v", err)
	}
	if _, err := Load(Options{}, "testdata/absent.cfg"); err == nil || !strings.Contains(err.Error(), "testdata/absent.cfg: cannot read") {
		t.Errorf("absent file: %v", err)
	}
}

func TestEnvironment(t *testing.T) {
	text := `global
    presetenv A changed
    presetenv B preset
    setenv C set
    unsetenv D
    log "${LOG-/dev/log}" local0
    chroot "$UNKNOWN"
    description "$NOT_OURS"
frontend f
    mode http
    log global
    log-format "$A $B $C ${D-gone} ${HAPROXY_HTTP_LOG_FMT} ${.FILE}:${.LINE} ${.SECTION}"
.if defined(A) && !defined(D)
    log-tag taken
.elif 1
    log-tag "${ALSO_UNKNOWN}"
.else
    log-tag never
.endif
global
    resetenv A
backend b
    mode "${A-no}${C-reset}"
`
	c, err := Parse(Options{Env: mapEnv(map[string]string{"A": "outer", "D": "outer"})}, "e.cfg", text)
	if err != nil {
		t.Fatal(err)
	}
	httplog, _ := parser.Preset("httplog")
	f := c.Frontends[0]
	if want := "outer preset set gone " + httplog + " e.cfg:12 f"; f.Format != want {
		t.Errorf("format %q, want %q", f.Format, want)
	}
	if f.LogTag != "taken" || c.Backends[0].Mode != "outerreset" {
		t.Errorf("tag %q, mode %q", f.LogTag, c.Backends[0].Mode)
	}
	if w := c.Warnings.Error(); !strings.Contains(w, "UNKNOWN is not set here") || strings.Contains(w, "ALSO_UNKNOWN") || strings.Contains(w, "NOT_OURS") {
		t.Errorf("warnings %v", w)
	}
}

func TestFoldersAndSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"20-front.cfg": "frontend f\n bind 127.0.0.1:1\n", "10-base.cfg": "global\n log /dev/log local0\ndefaults\n mode http\n log global\n option httplog\n",
		"30.txt": "nonsense\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	extra := filepath.Join(t.TempDir(), "extra.cfg")
	if err := os.WriteFile(extra, []byte("frontend g\n log-tag g\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := load(t, nil, dir, extra)
	if len(c.Frontends) != 2 || c.Frontends[1].Format != "httplog" || len(c.Files) != 3 {
		t.Errorf("%+v, files %q", c.Frontends, c.Files)
	}
}

func TestPromex(t *testing.T) {
	c, err := Parse(Options{}, "x", "frontend f\n http-request use-service prometheus-exporter if { path /metrics }\n")
	if err != nil || len(c.Promex) != 1 || c.Promex[0].Line != 2 || len(c.Warnings) != 1 {
		t.Errorf("%v %+v %v", err, c.Promex, c.Warnings)
	}
}

// TestHAProxyAcceptsTheFixture keeps the fixture honest.
func TestHAProxyAcceptsTheFixture(t *testing.T) {
	for _, v := range haproxytest.Versions() {
		var env []string
		for k, x := range inheritEnv() {
			env = append(env, k+"="+x)
		}
		if out, ok := haproxytest.CheckFiles(t, v, env, "testdata/inherit.cfg"); !ok {
			t.Errorf("HAProxy %q: %s", v, out)
		}
	}
}

func FuzzParse(f *testing.F) {
	b, err := os.ReadFile("testdata/inherit.cfg")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Add("global\nlog a b c\n.if 1\n.else\nfrontend\nlog-profile x\non\ncapture\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(Options{Env: testEnv}, "f", text)
		if c == nil {
			t.Fatal("no configuration")
		}
		c.Formats()
		c.Hazards()
		if err != nil && err.Error() == "" {
			t.Fatal("empty error")
		}
	})
}

func BenchmarkParse(b *testing.B) {
	text, err := os.ReadFile("testdata/inherit.cfg")
	if err != nil {
		b.Fatal(err)
	}
	// An egress configuration has a backend per partner service and SLA.
	for i := range 2000 {
		text = fmt.Appendf(text, "backend p%d:prod:svc:high from base\n timeout server 10s\n server s1 127.0.0.1:9 maxconn 20\n", i)
	}
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(Options{Env: mapEnv(inheritEnv())}, "x", string(text)); err != nil {
			b.Fatal(err)
		}
	}
}
