package haproxy

import (
	"math"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

// saved makes the reply of one process out of saved files.
func saved(t testing.TB, s *schema, prefix string) *reply {
	t.Helper()
	b := append(socketReply(readReply(t, prefix+"show_stat")), socketReply(readReply(t, prefix+"show_info"))...)
	r, err := s.parseReply(Address{Text: prefix}, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scrapeOf commits replies; every worker that did not answer is finished unless it is listed in living.
func scrapeOf(a *accumulator, now int64, living []int, replies ...*reply) map[catalogue.Scope][]Object {
	a.begin()
	for _, r := range replies {
		a.answer(r, now)
	}
	for _, w := range a.workers {
		w.live = w.answered
		for _, pid := range living {
			w.live = w.live || w.id.PID == pid
		}
	}
	a.commit(now)
	return a.objectsOf()
}

func value(t testing.TB, all map[catalogue.Scope][]Object, scope catalogue.Scope, proxy, name, field string) float64 {
	t.Helper()
	o := (&Result{Objects: all}).Object(scope, proxy, name)
	if o == nil {
		return math.NaN()
	}
	v, _ := o.Value(field)
	return v
}

// of reads one field of a reply.
func of(s *schema, r *reply, scope catalogue.Scope, proxy, name, field string) float64 {
	for _, row := range r.rows {
		if row.Scope == scope && row.Proxy == proxy && row.Name == name {
			return row.Values[s.find(scope, field)]
		}
	}
	return math.NaN()
}

// TestReloadReplies plays the three phases of each recorded run: before a reload, during it (old and new worker
// answer), and after two more. The sum of a counter is what the old worker was last seen with plus the new one's.
func TestReloadReplies(t *testing.T) {
	for run, old := range map[string]string{"26-plain": "3529", "32-plain": "8163", "35-plain": "6010"} {
		s := newSchema()
		a := newAccumulator(s)
		before := saved(t, s, run+"/1-before.master_at_1_")
		during, leaving := saved(t, s, run+"/2-during.master_at_1_"), saved(t, s, run+"/2-during.master_at_"+old+"_")
		after := saved(t, s, run+"/4-after.master_at_1_")
		type key struct {
			scope       catalogue.Scope
			proxy, name string
			field       int
		}
		last := map[key]float64{}
		check := func(phase string, all map[catalogue.Scope][]Object, parts ...*reply) {
			compared := 0
			for _, scope := range []catalogue.Scope{catalogue.ScopeFrontend, catalogue.ScopeBackend, catalogue.ScopeServer} {
				for _, o := range all[scope] {
					for i, f := range s.fields[scope] {
						if f.Aggregate != catalogue.Accumulate || math.IsNaN(o.Values[i]) {
							continue
						}
						want := 0.0
						for _, p := range parts {
							if v := of(s, p, scope, o.Proxy, o.Name, f.Field); !math.IsNaN(v) {
								want += v
							}
						}
						k := key{scope, o.Proxy, o.Name, i}
						if o.Values[i] != want {
							t.Errorf("%s %s: %s %s/%s %s = %v, want %v", run, phase, scope, o.Proxy, o.Name, f.Field, o.Values[i], want)
						}
						if o.Values[i] < last[k] {
							t.Errorf("%s %s: %s %s/%s %s fell from %v to %v", run, phase, scope, o.Proxy, o.Name, f.Field, last[k], o.Values[i])
						}
						last[k] = o.Values[i]
						compared++
					}
				}
			}
			if compared < 500 {
				t.Errorf("%s %s: only %d counters were compared", run, phase, compared)
			}
		}
		check("before", scrapeOf(a, 100, nil, before), before)
		all := scrapeOf(a, 110, nil, leaving, during)
		check("during", all, leaving, during)
		gauges(t, run, s, all, leaving, during)
		check("after", scrapeOf(a, 130, nil, after), leaving, during, after)
		if a.shared.believed || a.resets != 0 {
			t.Errorf("%s: shared %v, resets %d", run, a.shared.believed, a.resets)
		}
	}
}

// gauges checks what is summed, maxed and taken from the newest worker during the overlap.
func gauges(t *testing.T, run string, s *schema, all map[catalogue.Scope][]Object, old, fresh *reply) {
	t.Helper()
	fe := func(r *reply, field string) float64 { return of(s, r, catalogue.ScopeFrontend, "fe_egress", "", field) }
	for field, want := range map[string]float64{
		"scur": fe(old, "scur") + fe(fresh, "scur"), "smax": max(fe(old, "smax"), fe(fresh, "smax")), "slim": fe(fresh, "slim"),
	} {
		if got := value(t, all, catalogue.ScopeFrontend, "fe_egress", "", field); got != want {
			t.Errorf("%s: %s = %v, want %v", run, field, got, want)
		}
	}
	if o := (&Result{Objects: all}).Object(catalogue.ScopeFrontend, "fe_egress", ""); o.Status != "OPEN" {
		t.Errorf("%s: status %s: the old worker's, not the new one's", run, o.Status)
	}
	if got := value(t, all, catalogue.ScopeProcess, "", "", "Start_time_sec"); got != float64(fresh.info.Start) {
		t.Errorf("%s: start time %v, want the new worker's %d", run, got, fresh.info.Start)
	}
}

// TestSharedReplies plays the run with shm-stats-file: frontends and servers have the same numbers in both workers
// and are not doubled; backends are not shared in this version and are summed.
func TestSharedReplies(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	run := "35-shm/"
	before, leaving := saved(t, s, run+"1-before.master_at_1_"), saved(t, s, run+"2-during.master_at_7901_")
	during, after := saved(t, s, run+"2-during.master_at_1_"), saved(t, s, run+"4-after.master_at_1_")
	scrapeOf(a, 100, nil, before)
	all := scrapeOf(a, 110, nil, leaving, during)
	if !a.shared.believed {
		t.Fatal("shared counters were not noticed")
	}
	if got := value(t, all, catalogue.ScopeFrontend, "fe_egress", "", "req_tot"); got != 380 {
		t.Errorf("during: frontend %v, want 380", got)
	}
	if got := value(t, all, catalogue.ScopeServer, "example_prod_www_high", "s2", "stot"); got != 58 {
		t.Errorf("during: server %v, want 58", got)
	}
	if got := value(t, all, catalogue.ScopeBackend, "example_prod_www_high", "", "stot"); got != 98 {
		t.Errorf("during: backend %v, want 94 + 4", got)
	}
	if got := value(t, all, catalogue.ScopeFrontend, "fe_stats", "", "req_tot"); got != 12 {
		t.Errorf("during: a frontend without guid %v, want 8 + 4", got)
	}
	all = scrapeOf(a, 130, nil, after)
	want := of(s, after, catalogue.ScopeFrontend, "fe_egress", "", "req_tot")
	if got := value(t, all, catalogue.ScopeFrontend, "fe_egress", "", "req_tot"); got != want {
		t.Errorf("after: frontend %v, want %v", got, want)
	}
}

// TestSharedWithoutOverlap: the old worker is gone before anybody saw both.
func TestSharedWithoutOverlap(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	scrapeOf(a, 100, nil, saved(t, s, "35-shm/2-during.master_at_7901_"))
	all := scrapeOf(a, 110, nil, saved(t, s, "35-shm/2-during.master_at_1_"))
	if got := value(t, all, catalogue.ScopeFrontend, "fe_egress", "", "req_tot"); got != 380 || !a.shared.believed {
		t.Errorf("%v, want 380", got)
	}
}

// TestSharedTakenBack: two workers with the same numbers by chance are summed as soon as they differ.
func TestSharedTakenBack(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	old := made(s, 1, 1000, 40, "3.5.0", map[string]float64{"fe": 30})
	scrapeOf(a, 100, nil, old)
	scrapeOf(a, 101, nil, old, made(s, 2, 1039, 1, "3.5.0", map[string]float64{"fe": 30}))
	next := made(s, 2, 1039, 6, "3.5.0", map[string]float64{"fe": 50})
	scrapeOf(a, 106, nil, old, next)
	all := scrapeOf(a, 111, nil, old, made(s, 2, 1039, 11, "3.5.0", map[string]float64{"fe": 60}))
	if got := value(t, all, catalogue.ScopeFrontend, "fe", "", "stot"); got != 90 || a.shared.believed {
		t.Errorf("%v, want 30 + 60", got)
	}
}

// made is the reply of a process with frontends that have so many sessions.
func made(s *schema, pid int, start, uptime int64, version string, sessions map[string]float64) *reply {
	r := &reply{info: &Info{PID: pid, Start: start, Uptime: uptime, Version: version, row: Row{Values: nans(len(s.fields[catalogue.ScopeProcess]))}}}
	for proxy, n := range sessions {
		row := Row{Scope: catalogue.ScopeFrontend, Proxy: proxy, Status: "OPEN", Values: nans(len(s.fields[catalogue.ScopeFrontend]))}
		for _, f := range []string{"stot", "req_tot", "bin", "bout"} {
			row.Values[s.find(catalogue.ScopeFrontend, f)] = n
		}
		row.Values[s.find(catalogue.ScopeFrontend, "scur")] = 1
		r.rows = append(r.rows, row)
	}
	return r
}

type step struct {
	name    string
	living  []int // workers that are listed but do not answer
	replies []*reply
	want    map[string]float64 // stot by frontend; absent ones must be absent
	resets  uint64
	at      int64
}

func fe(n float64) map[string]float64 { return map[string]float64{"fe": n} }

// lives are lives of counters, step by step.
func lives(s *schema) map[string][]step {
	proc := func(pid int, start int64, sessions map[string]float64) *reply {
		return made(s, pid, start, 10, "2.6.12", sessions)
	}
	return map[string][]step{
		"reload": {
			{"first", nil, []*reply{proc(1, 100, fe(10))}, fe(10), 0, 0},
			{"both", nil, []*reply{proc(1, 100, fe(12)), proc(2, 200, fe(3))}, fe(15), 0, 0},
			{"old one silent", []int{1}, []*reply{proc(2, 200, fe(5))}, fe(17), 0, 0},
			{"old one gone", nil, []*reply{proc(2, 200, fe(6))}, fe(18), 0, 0},
			{"much later", nil, []*reply{proc(2, 200, fe(7))}, fe(19), 0, 100000},
		},
		"process id comes back": {
			{"first", nil, []*reply{proc(8, 100, fe(10))}, fe(10), 0, 0},
			{"restarted", nil, []*reply{proc(8, 150, fe(11))}, fe(21), 0, 0},
		},
		"clear counters": {
			{"first", nil, []*reply{proc(1, 100, fe(10))}, fe(10), 0, 0},
			{"cleared", nil, []*reply{proc(1, 100, fe(4))}, fe(14), 1, 0},
			{"on", nil, []*reply{proc(1, 100, fe(6))}, fe(16), 1, 0},
		},
		"removed and back": {
			{"two", nil, []*reply{proc(1, 100, map[string]float64{"fe": 1, "gone": 5})}, map[string]float64{"fe": 1, "gone": 5}, 0, 0},
			{"old still has it", nil, []*reply{proc(1, 100, map[string]float64{"fe": 1, "gone": 6}), proc(2, 200, fe(1))}, map[string]float64{"fe": 2, "gone": 6}, 0, 0},
			{"nobody has it", nil, []*reply{proc(2, 200, fe(2))}, fe(3), 0, 0},
			{"restarts at 0", nil, []*reply{proc(3, 300, map[string]float64{"fe": 1, "gone": 2})}, map[string]float64{"fe": 4, "gone": 2}, 0, 0},
		},
		"two processes answer in turn behind one address": {
			{"a", nil, []*reply{proc(1, 100, fe(10))}, fe(10), 0, 0},
			{"b", nil, []*reply{proc(2, 100, fe(7))}, fe(17), 0, 0},
			{"a again", nil, []*reply{proc(1, 100, fe(11))}, fe(18), 0, 0},
			{"b again", nil, []*reply{proc(2, 100, fe(8))}, fe(19), 0, 0},
		},
		"nobody answers": {
			{"a", nil, []*reply{proc(1, 100, fe(10))}, fe(10), 0, 0},
			{"none", []int{1}, nil, nil, 0, 0},
			{"again", nil, []*reply{proc(1, 100, fe(12))}, fe(12), 0, 0},
		},
		"comes back after it was forgotten": {
			{"a", nil, []*reply{proc(1, 100, fe(10))}, fe(10), 0, 0},
			{"b", nil, []*reply{proc(2, 200, fe(1))}, fe(11), 0, 0},
			{"a is part of the base", nil, []*reply{proc(2, 200, fe(2))}, fe(12), 0, 5000},
			{"a is back", nil, []*reply{proc(2, 200, fe(2)), proc(1, 100, fe(13))}, fe(12), 0, 5001},
			{"a adds", nil, []*reply{proc(2, 200, fe(2)), proc(1, 100, fe(14))}, fe(13), 0, 5002},
		},
	}
}

func TestSums(t *testing.T) {
	s := newSchema()
	for name, steps := range lives(s) {
		a := newAccumulator(s)
		for i, st := range steps {
			now := 1000 + int64(i)
			if st.at != 0 {
				now = 1000 + st.at
			}
			all := scrapeOf(a, now, st.living, st.replies...)
			got := map[string]float64{}
			for _, o := range all[catalogue.ScopeFrontend] {
				got[o.Proxy], _ = o.Value("stot")
			}
			if len(got) != len(st.want) {
				t.Errorf("%s, %s: %v, want %v", name, st.name, got, st.want)
			}
			for k, v := range st.want {
				if got[k] != v {
					t.Errorf("%s, %s: %s = %v, want %v", name, st.name, k, got[k], v)
				}
			}
			if a.resets != st.resets {
				t.Errorf("%s, %s: %d resets, want %d", name, st.name, a.resets, st.resets)
			}
		}
	}
}

// TestStartTimeComputed: HAProxy before 2.5 shows no start time; a second more or less is the same worker.
func TestStartTimeComputed(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	for i, uptime := range []int64{10, 12, 12, 14} { // asked at 1000, 1001, 1002, 1003
		r := made(s, 5, 0, uptime, "1.8.30", map[string]float64{"fe": float64(10 + i)})
		all := scrapeOf(a, 1000+int64(i), nil, r)
		if got := value(t, all, catalogue.ScopeFrontend, "fe", "", "stot"); got != float64(10+i) || len(a.workers) != 1 {
			t.Errorf("scrape %d: %v, %d workers", i, got, len(a.workers))
		}
	}
	scrapeOf(a, 1100, nil, made(s, 5, 0, 50, "1.8.30", map[string]float64{"fe": 20}))
	if len(a.workers) != 2 {
		t.Errorf("%d workers after a restart with the same process id", len(a.workers))
	}
}

// TestDowntimeIsNotDoubled: both workers see a server down; only the newest one's time counts on.
func TestDowntimeIsNotDoubled(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	proc := func(pid int, start int64, down float64) *reply {
		r := made(s, pid, start, 1, "2.6.12", nil)
		row := Row{Scope: catalogue.ScopeServer, Proxy: "be", Name: "s", Status: "DOWN", Values: nans(len(s.fields[catalogue.ScopeServer]))}
		row.Values[s.find(catalogue.ScopeServer, "downtime")] = down
		r.rows = append(r.rows, row)
		return r
	}
	if got := value(t, scrapeOf(newAccumulator(s), 1000, nil, proc(1, 100, 60), proc(2, 200, 5)), catalogue.ScopeServer, "be", "s", "downtime"); got != 5 {
		t.Errorf("both seen at once: %v, want the newest worker's 5", got)
	}
	for i, st := range []struct {
		replies []*reply
		want    float64
	}{
		{[]*reply{proc(1, 100, 50)}, 50},
		{[]*reply{proc(1, 100, 60), proc(2, 200, 5)}, 55},
		{[]*reply{proc(1, 100, 90), proc(2, 200, 35)}, 85},
		{[]*reply{proc(2, 200, 40)}, 90},
	} {
		all := scrapeOf(a, 1000+int64(i), nil, st.replies...)
		if got := value(t, all, catalogue.ScopeServer, "be", "s", "downtime"); got != st.want {
			t.Errorf("scrape %d: %v, want %v", i, got, st.want)
		}
	}
}

// TestTwoSocketsOfOneProcess: the second reply of a worker, which may be the older one, is not counted.
func TestTwoSocketsOfOneProcess(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	all := scrapeOf(a, 1000, nil, made(s, 1, 100, 9, "2.6", fe(10)), made(s, 1, 100, 9, "2.6", fe(9)))
	if got := value(t, all, catalogue.ScopeFrontend, "fe", "", "stot"); got != 10 || a.resets != 0 {
		t.Errorf("%v, %d resets", got, a.resets)
	}
}

// TestSameNameTwice: HAProxy allows two bind lines with one name. Only the first is counted, and nothing runs away.
func TestSameNameTwice(t *testing.T) {
	s := newSchema()
	a := newAccumulator(s)
	for i := range 3 {
		r := made(s, 1, 100, 9, "2.6", fe(10))
		r.rows = append(r.rows, made(s, 1, 100, 9, "2.6", fe(3)).rows...)
		all := scrapeOf(a, 1000+int64(i), nil, r)
		if got := value(t, all, catalogue.ScopeFrontend, "fe", "", "stot"); got != 10 || a.resets != 0 || len(all[catalogue.ScopeFrontend]) != 1 {
			t.Errorf("scrape %d: %v, %d resets", i, got, a.resets)
		}
	}
}
