package metrics

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

// seriesLabels returns the labels of a series as a map.
func seriesLabels(c *Cut, s *series) map[string]string {
	m := map[string]string{}
	for _, p := range labelPairs(nil, c.labelText(s)) {
		m[p.GetName()] = p.GetValue()
	}
	return m
}

// project sums a counter by some of its labels.
func project(c *Cut, name string, by ...string) map[string]uint64 {
	m := map[string]uint64{}
	c.eachValue(name, func(s *series, v []uint64) {
		l := seriesLabels(c, s)
		var key []string
		for _, b := range by {
			key = append(key, l[b])
		}
		if v[0] > 0 {
			m[strings.Join(key, "|")] += v[0]
		}
	})
	return m
}

// TestCorpusByLabels replays recorded logs and compares with what HAProxy itself said about each request.
func TestCorpusByLabels(t *testing.T) {
	for name, format := range map[string]string{"httplog-26": "httplog", "httplogclf-26": "clf"} {
		t.Run(name, func(t *testing.T) {
			lines, truth := corpus(t, name)
			var rows map[string]uint64
			if err := json.Unmarshal(truth["by_labels"], &rows); err != nil {
				t.Fatal(err)
			}
			f := newFixture(t, routeSpec(), Options{}, format, "tcplog").feed(lines...)
			c := f.cut()
			want, sessions, reached := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
			for k, n := range rows {
				// client|client_env|partner|partner_env|service|sla|method|backend|server|status|termination
				p := strings.Split(k, "|")
				if p[9] == "-" {
					sessions[p[7]+"|"+p[10]] += n
					continue
				}
				switch p[6] {
				case "<BADREQ>", "-":
					p[6] = ""
				case "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS":
				default:
					p[6] = "other" // the traffic has invented methods
				}
				if v, _ := strconv.Atoi(p[9]); v < 100 {
					p[9] = "none"
				}
				want[strings.Join([]string{p[7], p[6], p[9], p[10][:2]}, "|")] += n
				if p[8] != "<NOSRV>" && p[0] != "-" {
					reached[strings.Join(append(p[:6:6], p[6], p[7]), "|")] += n
				}
			}
			if len(want) < 30 || len(reached) < 30 {
				t.Fatalf("the truth has only %d and %d rows", len(want), len(reached))
			}
			compareCounts(t, "requests", project(c, catalogue.RequestsTotal, "backend", "method", "code", "termination_state"), want)
			compareCounts(t, "sessions", project(c, catalogue.SessionsTotal, "backend", "termination_state"), sessions)
			got := project(c, catalogue.RequestsTotal, "client", "client_env", "partner", "partner_env", "partner_service", "sla", "method", "backend")
			for k, n := range reached {
				if got[k] < n {
					t.Errorf("route %s = %d, want at least %d", k, got[k], n)
				}
			}
		})
	}
}

func compareCounts(t *testing.T, what string, got, want map[string]uint64) {
	t.Helper()
	keys := slices.Sorted(maps.Keys(want))
	for k := range got {
		if _, ok := want[k]; !ok {
			keys = append(keys, k)
		}
	}
	for _, k := range keys {
		if got[k] != want[k] {
			t.Errorf("%s %s = %d, want %d", what, k, got[k], want[k])
		}
	}
}

// TestCorpusSums compares time and byte sums with a plain regular expression over the lines.
func TestCorpusSums(t *testing.T) {
	lines, _ := corpus(t, "httplog-26")
	re := regexp.MustCompile(`^\S+:\d+ \[\S+\] \S+ \S+/\S+ (-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/(\+?-?\d+) (-?\d+) (\+?\d+) `)
	want := map[string]uint64{}
	for _, l := range lines {
		m := re.FindStringSubmatch(l)
		if m == nil {
			continue
		}
		first := true
		for i, p := range []string{"request", "queue", "connect", "response"} {
			v, _ := strconv.Atoi(m[i+1])
			if v >= 0 {
				want["seconds "+p] += uint64(v)
				want["observations "+p]++
			} else if first {
				want["aborts "+p]++
				first = false
			}
		}
		want["requests"]++
		if strings.HasPrefix(m[5], "+") {
			want["early"]++
			continue
		}
		v, _ := strconv.ParseUint(m[5], 10, 64)
		want["duration"] += v
		want["durations"]++
		v, _ = strconv.ParseUint(m[7], 10, 64)
		want["bytes"] += v
	}
	if want["early"] == 0 || want["requests"] < 300 {
		t.Fatalf("the expression is wrong: %v", want)
	}
	c := newFixture(t, routeSpec(), Options{}, "httplog", "tcplog").feed(lines...).cut()
	got := map[string]uint64{"early": want["early"]}
	add := func(key, name string, by string) {
		for k, n := range project(c, name, by) {
			got[strings.TrimSpace(key+" "+k)] += n
		}
	}
	add("seconds", catalogue.PhaseSecondsTotal, "phase")
	add("observations", catalogue.PhaseObservationsTotal, "phase")
	add("aborts", catalogue.AbortsTotal, "phase")
	add("bytes", catalogue.ResponseBytesTotal, "")
	add("requests", catalogue.RequestsTotal, "")
	c.eachValue(catalogue.RequestDuration, func(_ *series, v []uint64) {
		n := c.table.buckets.width()
		got["duration"] += v[0]
		for _, b := range v[1:n] {
			got["durations"] += b
		}
	})
	compareCounts(t, "sum", got, want)
}
