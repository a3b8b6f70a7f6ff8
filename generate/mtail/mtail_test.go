package mtail

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/parser"
)

const pathTemplate = "/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"

func labelSpec(rules ...string) spec.Spec {
	var s spec.Spec
	for i := 0; i < len(rules); i += 2 {
		s.Rules = append(s.Rules, spec.NewRule(spec.Text{Value: rules[i]}, spec.Text{Value: rules[i+1]}, nil))
	}
	return s
}

func formats(t *testing.T, texts ...string) []parser.Format {
	t.Helper()
	var list []parser.Format
	for _, f := range texts {
		name := f
		if p, ok := parser.Preset(f); ok {
			f = p
		}
		list = append(list, parser.Format{Name: name, Text: f})
	}
	return list
}

// corpus returns the lines of a real log. Bytes that are not UTF-8 are replaced: mtail 3.0.0-rc50 stops at
// them. Double slashes are joined, which the exporter does and a program for mtail does not.
func corpus(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "corpora", name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte("//myback//prod"), []byte("/myback/prod"))
	return bytes.ToValidUTF8(b, []byte("?"))
}

// logFormat reads a corpus' log-format from the configuration beside it.
func logFormat(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "testdata", "corpora", name+".logformat"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(b), `log-format "`)
	text, _, ok2 := strings.Cut(text, "\"\n")
	if !ok || !ok2 {
		t.Fatalf("no log-format in %s", b)
	}
	return strings.ReplaceAll(text, `\"`, `"`)
}

// run lets mtail read a log with a program and returns a family's samples by their label values.
func run(t *testing.T, program string, log []byte, family string) map[string]float64 {
	t.Helper()
	haproxytest.Need(t, "mtail")
	dir := haproxytest.ShortDir(t)
	progs := filepath.Join(dir, "p")
	if err := os.Mkdir(progs, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{filepath.Join(progs, "x.mtail"): []byte(program), filepath.Join(dir, "in.log"): log} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"--one_shot", "--one_shot_format=prometheus", "--emit_prog_label=false", "--unix_socket=" + filepath.Join(dir, "s"),
		"--progs=" + progs, "--logs=" + filepath.Join(dir, "in.log")}
	if strings.Contains(program, "--max_regexp_length") {
		args = append(args, "--max_regexp_length=8192")
	}
	check := exec.CommandContext(t.Context(), haproxytest.Program(t, "mtail"), append(slices.Clone(args), "--compile_only")...)
	if out, err := check.CombinedOutput(); err != nil {
		t.Fatalf("mtail refuses the program: %v\n%s\n%s", err, out, program)
	}
	_ = os.Remove(filepath.Join(dir, "s")) // mtail leaves it behind
	cmd := exec.CommandContext(t.Context(), haproxytest.Program(t, "mtail"), args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("mtail: %v\n%s", err, errs.Bytes())
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(out))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[string]float64{}
	for _, m := range families[family].GetMetric() {
		values := map[string]string{}
		for _, l := range m.GetLabel() {
			values[l.GetName()] = l.GetValue()
		}
		switch {
		case m.GetHistogram() != nil:
			got[key(values)+" count"] += float64(m.GetHistogram().GetSampleCount())
			for _, b := range m.GetHistogram().GetBucket() {
				got[fmt.Sprintf("%s le=%v", key(values), b.GetUpperBound())] += float64(b.GetCumulativeCount())
			}
		default:
			got[key(values)] += m.GetCounter().GetValue()
		}
	}
	return got
}

func key(values map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		v := values[k]
		if k != "termination_state" && k != "code" && k != "method" {
			v = labels.Sanitise(parser.Decode(nil, []byte(v)))
		}
		parts = append(parts, k+"="+v)
	}
	return strings.Join(parts, " ")
}

// expect reads the same log with the exporter's own parser and templates.
func expect(t *testing.T, fs []parser.Format, s spec.Spec, log []byte, bounds []float64) (requests, durations map[string]float64) {
	t.Helper()
	set, err := parser.NewSet(fs, parser.SetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := labels.Compile(s, set)
	if err != nil {
		t.Fatal(err)
	}
	reader, requests, durations := set.NewReader(), map[string]float64{}, map[string]float64{}
	var rec parser.Record
	for line := range bytes.Lines(log) {
		if reader.Line(bytes.TrimSuffix(line, []byte{'\n'}), &rec) != parser.ResultHTTP {
			continue
		}
		values := map[string]string{"backend": string(rec.Bytes(parser.Backend))}
		for _, l := range schema.Explain(&rec, labels.NewAdmission(schema, labels.Limits{})).Labels {
			if slices.Contains(schema.Names(), l.Name) {
				values[l.Name] = l.Raw
			}
		}
		n := float64(rec.Repeat())
		if ta, ok := rec.Int(parser.TimeActive); ok && !rec.Plus(parser.TimeActive) && ta >= 0 {
			k := key(values)
			durations[k+" count"] += n
			for _, b := range bounds {
				if float64(ta)/1000 <= b {
					durations[fmt.Sprintf("%s le=%v", k, b)] += n
				} else {
					durations[fmt.Sprintf("%s le=%v", k, b)] += 0
				}
			}
			durations[k+" le=+Inf"] += n
		}
		values["frontend"], values["method"] = string(rec.Bytes(parser.Frontend)), string(rec.Bytes(parser.Method))
		values["termination_state"] = string(rec.Bytes(parser.TerminationState)[:2])
		values["code"] = "none"
		if st, ok := rec.Int(parser.Status); ok && st >= 100 && st <= 599 {
			values["code"] = strconv.FormatInt(st, 10)
		}
		requests[key(values)] += n
	}
	if len(requests) < 20 {
		t.Fatalf("only %d label sets: nothing to compare", len(requests))
	}
	return requests, durations
}

// The program that is generated counts what the exporter counts, on real logs.
func TestGeneratedProgramsAgree(t *testing.T) {
	bounds := []float64{0.005, 0.05, 0.5, 1, 5}
	for _, c := range []struct {
		corpus  string
		formats []string
		spec    spec.Spec
	}{
		{"httplog-26", []string{"httplog", "tcplog"}, labelSpec("path", pathTemplate)},
		{"httpslog-26", []string{"httpslog", "tcplog"}, labelSpec("path", pathTemplate)},
		{"httplogclf-26", []string{"clf", "tcplog"}, labelSpec("path", pathTemplate)},
		{"egress-26", []string{"", "tcplog"}, labelSpec("path", "/{client}/{client_env}", "backend", "{partner}_{partner_env}_{partner_service}_{sla}")},
		{"egress-26", []string{"", "tcplog"}, labelSpec("path", "/{client}/{client_env}", "backend", "{client}_{rest...}")},
		{"reload-26-plain", []string{""}, labelSpec("path", pathTemplate)},
		{"wrap-26-rsyslog-udp-traditional", []string{"httplog", "tcplog"}, labelSpec("path", pathTemplate, "path", "/{client}/{client_env}")},
	} {
		t.Run(c.corpus, func(t *testing.T) {
			for i := range c.formats {
				if c.formats[i] == "" {
					c.formats[i] = logFormat(t, c.corpus)
				}
			}
			fs, log := formats(t, c.formats...), corpus(t, c.corpus)
			program, err := Program(Options{Formats: fs, Labels: c.spec, Buckets: bounds})
			if err != nil {
				t.Fatal(err)
			}
			requests, durations := expect(t, fs, c.spec, log, bounds)
			if d := cmp.Diff(requests, run(t, program, log, "haproxy_log_requests_total")); d != "" {
				t.Errorf("requests (-exporter +mtail):\n%s\n%s", d, program)
			}
			if d := cmp.Diff(durations, run(t, program, log, "haproxy_log_request_duration_seconds")); d != "" {
				t.Errorf("durations (-exporter +mtail):\n%s", d)
			}
		})
	}
}

// A program written by hand shares nothing with the generator.
func TestOracle(t *testing.T) {
	program, err := os.ReadFile(filepath.Join("testdata", "httplog.mtail"))
	if err != nil {
		t.Fatal(err)
	}
	log := corpus(t, "httplog-26")
	requests, _ := expect(t, formats(t, "httplog", "tcplog"), labelSpec("path", pathTemplate), log, nil)
	got := map[string]float64{}
	for k, v := range run(t, string(program), log, "requests") {
		got[strings.ReplaceAll(k, "code=-1 ", "code=none ")] += v
	}
	if d := cmp.Diff(requests, got); d != "" {
		t.Errorf("requests (-exporter +mtail):\n%s", d)
	}
}

func TestWhatCannotBeExpressed(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		want string
	}{
		{"JSON", Options{Formats: formats(t, `%{+json}o %(status)ST %(path)HP`)}, "JSON"},
		{"map", Options{Formats: formats(t, "httplog"), Labels: spec.Spec{Rules: []spec.Rule{
			spec.NewRule(spec.Text{Value: "src"}, spec.Text{Value: "{client}"}, &spec.Map{})}}}, "map"},
		{"no such field", Options{Formats: formats(t, "%ci %ST %b/%s"), Labels: labelSpec("path", "/{client}")}, "no field"},
		{"broken format", Options{Formats: formats(t, "%ci %zz")}, "zz"},
	} {
		if program, err := Program(c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, program)
		}
	}
}

// mtail has a limit for the length of an expression; a program beyond it says which flag it needs.
func TestLongExpression(t *testing.T) {
	f := "%ST " + strings.Repeat("%[capture.req.hdr(0)]|a long literal text between the fields|", 30) + "%B"
	program, err := Program(Options{Formats: formats(t, f)})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(program, "--max_regexp_length=") {
		t.Error("the flag is not named")
	}
	got := run(t, program, []byte("200 "+strings.Repeat("x|a long literal text between the fields|", 30)+"5\n"), "haproxy_log_requests_total")
	if len(got) != 1 {
		t.Errorf("%v", got)
	}
}
