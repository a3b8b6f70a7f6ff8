package panels

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/dashboards"
)

func view() *View {
	to := time.Unix(1_700_000_000, 0)
	return &View{From: to.Add(-time.Hour), To: to, Scrape: 15 * time.Second, Points: 120, Values: map[string]string{"client": "shop"}}
}

func TestFill(t *testing.T) {
	d := &dashboards.Dashboard{Templating: dashboards.Templating{List: []dashboards.Variable{{Name: "client", AllValue: ".*"}, {Name: "client_env", AllValue: ".*"}}}}
	got := view().Fill(d, `rate(x{a=~"$client",b=~"$client_env"}[$__rate_interval]) + y[$__range] + z[$__interval] + label_replace(v,"a","$1","b","(.)")`)
	want := `rate(x{a=~"shop",b=~".*"}[60s]) + y[3600s] + z[30s] + label_replace(v,"a","$1","b","(.)")`
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestLegend(t *testing.T) {
	labels := map[string]string{"a": "x", "b": ""}
	for format, want := range map[string]string{"{{a}} {{b}}": "x", "p95": "p95", "{{ a }}/{{c}}": "x/", "{{a": "{{a"} {
		if got := legend(format, labels); got != want {
			t.Errorf("%q: %q", format, got)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		v    float64
		unit string
		want string
	}{{0.00219, "percentunit", "0.219%"}, {3.789, "s", "3.79 s"}, {0.25, "s", "250 ms"}, {7200, "s", "2 hours"}, {53.04, "reqps", "53 req/s"}, {2048, "bytes", "2 KiB"}, {61234, "short", "61.2 K"}, {0, "short", "0"}} {
		if got := format(c.v, c.unit, -1); got != c.want {
			t.Errorf("%v %s: %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}

// TestHistoryHasWhatTheDashboardsAskFor keeps the invented history in step with the panels.
func TestHistoryHasWhatTheDashboardsAskFor(t *testing.T) {
	from := time.Unix(1_700_000_000, 0)
	write := func() string {
		var b bytes.Buffer
		h := &History{From: from, To: from.Add(3 * time.Minute), Every: time.Minute, Job: "j", Seed: 1}
		if err := h.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := write()
	if text != write() {
		t.Error("the same seed gives another history")
	}
	if !strings.HasSuffix(text, "# EOF\n") {
		t.Error("no end")
	}
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		series, _, ok := strings.Cut(line, "} ")
		if !ok {
			continue
		}
		at := line[strings.LastIndexByte(line, ' '):]
		if seen[series+at] {
			t.Fatalf("twice: %s", line)
		}
		seen[series+at] = true
	}
	all, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		for _, p := range d.Flat() {
			for _, q := range p.Targets {
				for _, name := range alerts.Metrics(q.Expr) {
					if !strings.Contains(text, "\n"+name+"{") && !strings.Contains(p.Needs, "native") {
						t.Errorf("%s: %s: no %s in the history", d.Title, p.Title, name)
					}
				}
			}
		}
	}
}

// TestPageDrawsEveryKindOfPanel draws all dashboards with the same answer to each query.
func TestPageDrawsEveryKindOfPanel(t *testing.T) {
	v := view()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/query") {
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"client":"<b>&"},"value":[%d,"3"]}]}}`, v.To.Unix())
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"le":"1"},"values":[[%d,"1"],[%d,"NaN"]]},{"metric":{"le":"2"},"values":[[%d,"2"],[%d,"4"]]}]}}`,
			v.From.Unix(), v.From.Unix()+30, v.From.Unix(), v.From.Unix()+30)
	}))
	defer srv.Close()
	v.URL = srv.URL
	all, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		page, height := v.Page(d, false)
		if strings.Contains(page, `class="err"`) || strings.Contains(page, "<b>") || height < 500 {
			t.Errorf("%s: an error, or a value that was not escaped: height %d", d.Title, height)
		}
		for _, p := range d.Flat() {
			if !strings.Contains(page, ">"+strings.ReplaceAll(p.Title, "'", "&#39;")+"<") {
				t.Errorf("%s: %s is not drawn", d.Title, p.Title)
			}
		}
	}
}

func TestAskReportsWhatPrometheusSays(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"status":"error","error":"parse error"}`)
	}))
	defer srv.Close()
	v := view()
	v.URL = srv.URL
	if _, err := v.Instant("(", v.To); err == nil || err.Error() != "parse error" {
		t.Errorf("%v", err)
	}
}
