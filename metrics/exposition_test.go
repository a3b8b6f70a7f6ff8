package metrics

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
)

// hostile are label values that have to be escaped, or look as if.
func hostile() []string {
	return []string{"", "plain", `"`, `\`, "\n", `a"b\c` + "\nd", `\n`, `\"`, `x="y",z="`, "ü", "日本語", "\u2028", "a,b}", `end\`, strings.Repeat("é", 64)}
}

// hostilePage is a page with every kind of family, hostile label values and numbers of every size.
func hostilePage(t testing.TB, created bool) *Page {
	t.Helper()
	opt := Options{ExemplarField: "ID", SLAs: []SLA{{Name: "high", Timeout: 1e9}, {Name: "odd", Timeout: 1234567e6}}, ExtraHistograms: []string{"queue"},
		Counters: []spec.Counter{{Name: text("tls_requests"), Labels: []spec.Text{text("client"), text("sslv")}, Help: `A "help" with \ and` + "\nlines."}}}
	f := newFixture(t, routeSpec("high"), opt, `%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %sslv %ID %{+Q}r`)
	for i, v := range []string{"myback", "a%22b", "a%5Cb", "x%7B", "ü"} {
		for _, end := range []string{"0/0/1/2/3 200 7 ----", "0/0/1/5000/5007 500 1234567 ----", "0/9/1/-1/1004 504 198 sHNN", "0/0/0/0/0 200 0 ----", "0/3600000/1/2/3600003 200 7 ----"} {
			f.shard.SetTime(clock().UnixMilli() + int64(i)*1000 + 7)
			f.counted(fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] egress be:%d/s1 %s TLSv1.%d tr%dace "GET /%s/prod/example/prod/www/high/x HTTP/1.1"`, i, end, i%2+2, i, v))
		}
	}
	for i, v := range hostile() {
		f.table.Declare("", []string{v, "b", v, "d", v, "high"}, v, fmt.Sprint("backend ", i))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range f.shard.vals { // every size of number in every family
		if rng.IntN(3) == 0 && i > 300 {
			f.shard.vals[i] = rng.Uint64() >> (11 + rng.IntN(53))
		}
	}
	f.shard.grow()
	c := f.cut()
	s := NewSamples(f.table.Families())
	c.SelfSamples(s)
	for i, v := range hostile() {
		s.Add(catalogue.LagBytes, []float64{0, math.Copysign(0, -1), 1, -1, 1e6, 999999, 1e21, 1e-7, 0.1 + 0.2, math.NaN(), math.Inf(1), math.Inf(-1), 123456789, 1.5, -2.5e-300}[i], v)
	}
	s.Add(catalogue.ReloadsTotal, 3)
	s.Add("haproxy_process_build_info", 1, "2.6")
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return &Page{Cut: c, Samples: s, Created: created}
}

// TestTextEqualsExpfmt compares byte for byte with Prometheus' own encoders on the same families.
func TestTextEqualsExpfmt(t *testing.T) {
	for _, created := range []bool{false, true} {
		page := hostilePage(t, created)
		families := page.Gather()
		var text, om bytes.Buffer
		if err := page.WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if err := page.WriteOpenMetrics(&om); err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []model.EscapingScheme{model.NoEscaping, model.UnderscoreEscaping, model.DotsEscaping, model.ValueEncodingEscaping} {
			diffText(t, text.String(), encode(t, families, expfmt.FmtText.WithEscapingScheme(scheme)))
			want := encode(t, families, expfmt.FmtOpenMetrics_1_0_0.WithEscapingScheme(scheme), page.encoderOptions()...)
			diffText(t, om.String(), want)
		}
		if n := strings.Count(om.String(), "# EOF"); n != 1 || !strings.HasSuffix(om.String(), "\n# EOF\n") {
			t.Errorf("%d EOF lines", n)
		}
		if created != strings.Contains(om.String(), "haproxy_log_requests_created{") {
			t.Error("created lines do not follow the setting")
		}
		for _, part := range []string{` # {trace_id="tr`, "e+0", `le="10.0"`, `le="1234.567"`, `client="a\"b\\c\nd"`, "TYPE haproxy_log_requests counter"} {
			if !strings.Contains(om.String(), part) {
				t.Errorf("the page does not test %s", part)
			}
		}
	}
}

func encode(t testing.TB, families []*dto.MetricFamily, format expfmt.Format, opts ...expfmt.EncoderOption) string {
	t.Helper()
	var b bytes.Buffer
	e := expfmt.NewEncoder(&b, format, opts...)
	for _, f := range families {
		if err := e.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.(expfmt.Closer).Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func diffText(t *testing.T, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d:\n got %s\nwant %s", i+1, g[i], w[i])
		}
	}
	t.Fatalf("%d lines, want %d", len(g), len(w))
}

func TestFamiliesAreNeverSplit(t *testing.T) {
	page := hostilePage(t, false)
	page.Extra = []*dto.MetricFamily{{Name: new("go_info"), Type: dto.MetricType_GAUGE.Enum(), Metric: []*dto.Metric{{Gauge: &dto.Gauge{Value: new(1.0)}}}}}
	var b bytes.Buffer
	if err := page.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for l := range strings.Lines(b.String()) {
		if name, ok := strings.CutPrefix(l, "# TYPE "); ok {
			if types[name] {
				t.Errorf("twice: %s", l)
			}
			types[name] = true
		}
	}
	if !types["go_info gauge\n"] || len(types) < 20 {
		t.Errorf("families are missing: %v", types)
	}
}

// TestExpositionIsCleanAndAsCommitted lints an exposition and compares it with the committed one.
func TestExpositionIsCleanAndAsCommitted(t *testing.T) {
	lines, _ := corpus(t, "httplog-26")
	f := newFixture(t, routeSpec("high", "medium", "low"), Options{SLAs: []SLA{{Name: "high", Timeout: 1e9}}}, "httplog", "tcplog").feed(lines[:24]...)
	s := NewSamples(f.table.Families())
	c := f.cut()
	c.SelfSamples(s)
	f.table.StaticSamples(s)
	page := &Page{Cut: c, Samples: s}
	var b bytes.Buffer
	if err := page.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(bytes.NewReader(b.Bytes())).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
	golden := filepath.Join("testdata", "exposition.prom")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	diffText(t, b.String(), string(want))
}

func TestNumbersAsFloats(t *testing.T) {
	check := func(v uint64) {
		for _, om := range []bool{false, true} {
			if got, want := string(appendCount(nil, v, om)), string(appendFloat(nil, float64(v), om)); got != want {
				t.Fatalf("count %d: %s, want %s", v, got, want)
			}
			if got, want := string(appendSeconds(nil, v, om)), string(appendFloat(nil, float64(v)/1000, om)); got != want {
				t.Fatalf("%d ms: %s, want %s", v, got, want)
			}
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for v := range uint64(20000) {
		check(v)
	}
	for p := uint64(1); p < 1e19; p *= 10 {
		for d := range uint64(3) {
			check(p + d - 1)
			check(5*p + d - 1)
		}
	}
	for range 200000 {
		check(rng.Uint64() >> rng.IntN(64))
	}
}

func FuzzLabelText(f *testing.F) {
	for _, v := range hostile() {
		f.Add(v, v)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		l := labelPairs(nil, string(labelsOf("a", a, "b", b)))
		if len(l) != 2 || l[0].GetValue() != a || l[1].GetValue() != b || l[1].GetName() != "b" {
			t.Fatalf("%q %q became %v", a, b, l)
		}
	})
}
