package metrics

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

func request(client, end string) string {
	return fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s1 %s - - ---- 1/1/0/0/0 0/0 "GET /%s/prod/p/prod/api/high/x HTTP/1.1"`, end, client)
}

func total(c *Cut, name string) (n uint64) {
	for _, v := range project(c, name) {
		n += v
	}
	return n
}

func TestSampleLimit(t *testing.T) {
	const limit = 2000
	f := newFixture(t, routeSpec(), Options{SampleLimit: limit}, "httplog")
	const clients = 300
	for range 3 {
		for i := range clients {
			f.counted(request(fmt.Sprint("client", i), "0/0/0/1/2 200 10"))
		}
	}
	c := f.cut()
	if n := total(c, catalogue.RequestsTotal); n != 3*clients {
		t.Errorf("%d requests, want %d", n, 3*clients)
	}
	for _, name := range []string{catalogue.SLARequestsTotal, catalogue.ServerRequestsTotal, catalogue.FrontendRequestsTotal} {
		if n := total(c, name); n != 3*clients {
			t.Errorf("%s: %d, want %d", name, n, 3*clients)
		}
	}
	if n := total(c, catalogue.ResponseBytesTotal); n != 30*clients {
		t.Errorf("%d bytes", n)
	}
	if c.Samples() < limit/2 || c.Samples() > limit+300 {
		t.Errorf("%d samples, limit %d", c.Samples(), limit)
	}
	if n := len(exposition(t, c)); n > limit+300 {
		t.Errorf("%d samples are shown", n)
	}
	by := project(c, catalogue.RequestsTotal, "client")
	if by["other"] == 0 || by["client0"] != 3 || by["other"]%3 != 0 {
		t.Errorf("requests by client: %v", by)
	}
	if n := project(c, catalogue.OverflowTotal, "label")["series"]; n != by["other"] {
		t.Errorf("overflow %d, want %d", n, by["other"])
	}
	// Values never move: what is in other stays, what had its own series keeps it.
	before := by
	for i := range clients {
		f.counted(request(fmt.Sprint("client", i), "0/0/0/1/2 200 10"))
	}
	for k, n := range project(f.cut(), catalogue.RequestsTotal, "client") {
		if n < before[k] {
			t.Errorf("%s went down", k)
		}
		if k != "other" && n != before[k]+1 {
			t.Errorf("%s = %d, want %d", k, n, before[k]+1)
		}
	}
}

func TestFloodOfCombinationsStaysBounded(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{SampleLimit: 3000}, "httplog")
	rng := rand.New(rand.NewPCG(5, 5))
	states := TerminationStates()
	const n = 20000
	for range n {
		f.counted(fmt.Sprintf(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] fe be/s%d 0/0/0/1/2 %d 10 - - %s-- 1/1/0/0/0 0/0 "M%d /c/prod/p/prod/api/high/x HTTP/1.1"`,
			rng.IntN(3000), 100+rng.IntN(500), states[rng.IntN(len(states))], rng.IntN(1000)))
	}
	c := f.cut()
	if got := total(c, catalogue.RequestsTotal); got != n {
		t.Errorf("%d requests, want %d", got, n)
	}
	if got := total(c, catalogue.ServerRequestsTotal); got != n {
		t.Errorf("%d requests of servers, want %d", got, n)
	}
	if c.Samples() > 3000+3000/20+1000+700 { // the limit, its reserve, and the states of servers "other"
		t.Errorf("%d samples", c.Samples())
	}
	if m := project(c, catalogue.RequestsTotal, "method"); m["other"] != n {
		t.Errorf("methods %v", m)
	}
}

func TestResetLimits(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{ValueLimit: 1}, "httplog")
	line := func(server string) string { return strings.Replace(request("c", "0/0/0/1/2 200 10"), "s1", server, 1) }
	f.counted(line("a"), line("b"), line("b"))
	if m := project(f.cut(), catalogue.ServerRequestsTotal, "server"); m["a"] != 1 || m["other"] != 2 {
		t.Fatalf("%v", m)
	}
	f.table.ResetLimits()
	f.counted(line("b"), line("a"))
	if m := project(f.cut(), catalogue.ServerRequestsTotal, "server"); m["b"] != 1 || m["other"] != 3 {
		t.Errorf("after the reset: %v", m)
	}
}

func TestDeclaredRoutesAreThereFromTheStart(t *testing.T) {
	sp := routeSpec("high")
	labelsOfRoute := map[string]string{}
	for i, n := range sp.Names() {
		labelsOfRoute[n] = []string{"a", "b", "c", "d", "e", "high"}[i]
	}
	sp.Routes = []spec.Route{{Labels: labelsOfRoute, Place: text("x").Place}}
	f := newFixture(t, sp, Options{}, "httplog")
	f.table.Declare("", f.schema.Routes()[0], "be")
	c := f.cut()
	for name, n := range map[string]int{catalogue.FailuresTotal: 4, catalogue.PhaseSecondsTotal: 7, catalogue.AbortsTotal: 7, catalogue.RetriesTotal: 1,
		catalogue.RequestBytesTotal: 1, catalogue.SLARequestsTotal: 5, catalogue.RequestDuration: 1, catalogue.RouteInfo: 1, catalogue.BackendRouteInfo: 1} {
		got := 0
		for _, fam := range c.families {
			if fam.Name == name {
				got = fam.series.Len()
			}
		}
		if got != n {
			t.Errorf("%s has %d series, want %d", name, got, n)
		}
	}
	before := len(c.families)
	f.counted(strings.Replace(request("a", "0/0/0/1/2 200 10"), "/prod/p/prod/api/", "/b/c/d/e/", 1))
	after := f.cut()
	for i := range before {
		switch name := c.families[i].Name; name {
		case catalogue.RequestsTotal, catalogue.ServerRequestsTotal, catalogue.FrontendRequestsTotal:
		default:
			if after.families[i].series.Len() != c.families[i].series.Len() {
				t.Errorf("%s got new series with the first request of a declared route", name)
			}
		}
	}
}

func TestIdleSeriesLeaveAndReturn(t *testing.T) {
	now := clock()
	opt := Options{IdleTTL: time.Hour, Now: func() time.Time { return now }}
	f := newFixture(t, routeSpec(), opt, "httplog")
	f.table.Declare("", []string{"declared", "b", "c", "d", "e", "f"})
	f.counted(request("busy", "0/0/0/1/2 200 10"), request("idle", "0/0/0/1/2 200 10"), request("busy", "0/0/0/1/2 404 10"))
	full := len(exposition(t, f.cut()))
	for range 5 {
		now = now.Add(20 * time.Minute)
		f.counted(request("busy", "0/0/0/1/2 200 10"))
		f.cut()
	}
	c := f.cut()
	shown := exposition(t, c)
	for k := range shown {
		if strings.Contains(k, `client="idle"`) || strings.Contains(k, `code="404"`) {
			t.Errorf("still there: %s", k)
		}
	}
	if len(shown) >= full || c.expired == 0 || c.Samples() > len(shown) {
		t.Errorf("%d of %d samples, %d expired, %d counted", len(shown), full, c.expired, c.Samples())
	}
	for _, k := range []string{`haproxy_log_failures_total{client="busy",client_env="prod",partner="p",partner_env="prod",partner_service="api",sla="high",blame="proxy"}`,
		`haproxy_log_retries_total{client="declared",client_env="b",partner="c",partner_env="d",partner_service="e",sla="f"}`} {
		if _, ok := shown[k]; !ok {
			t.Errorf("gone: %s", k)
		}
	}
	f.counted(request("idle", "0/0/0/1/2 200 10"))
	k := `haproxy_log_requests_total{client="idle",client_env="prod",partner="p",partner_env="prod",partner_service="api",sla="high",frontend="fe",backend="be",method="GET",code="200",termination_state="--"}`
	if got := exposition(t, f.cut())[k]; got != "2" {
		t.Errorf("the idle series came back with %q", got)
	}
}

func TestSeveralHAProxys(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{HAProxies: []string{"a", "b"}}, "httplog")
	one, two := f.newShard("1.log", "a"), f.newShard("2.log", "b")
	extra := two.NewCounter(f.set, labels.NewResolver[Cell](f.schema, f.table.Admission()))
	extra.ForHAProxy("a") // some lines of the second source are of the first HAProxy
	res := f.reader.Line([]byte(request("c", "0/0/0/1/2 200 10")), &f.rec)
	one.Record(&f.rec, res)
	two.Record(&f.rec, res)
	two.Record(&f.rec, res)
	extra.Record(&f.rec, res)
	var p, q, r Part
	one.Copy(&p)
	two.Copy(&q)
	f.shard.Copy(&r)
	c := f.table.Merge(&p, &q, &r)
	for _, name := range []string{catalogue.RequestsTotal, catalogue.ServerRequestsTotal, catalogue.FrontendRequestsTotal, catalogue.SLARequestsTotal} {
		if m := project(c, name, "haproxy"); m["a"] != 2 || m["b"] != 2 || len(m) != 2 {
			t.Errorf("%s: %v", name, m)
		}
	}
	if m := project(c, catalogue.LinesTotal, "haproxy", "source"); m["|1.log"] != 1 || m["|2.log"] != 3 {
		t.Errorf("lines %v", m)
	}
	if m := c.FrontendRequests("b"); m["fe"] != 2 {
		t.Errorf("frontends of b: %v", m)
	}
	if r := c.Report(); len(r) != 2 || r[0].Requests != 2 || r[0].HAProxy != "a" {
		t.Errorf("report %+v", r)
	}
}

// TestShardsTogether counts in several sources at once while cuts are taken.
func TestShardsTogether(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{}, "httplog", "tcplog")
	lines, _ := corpus(t, "httplog-26")
	const sources, rounds = 3, 5
	var wg sync.WaitGroup
	locks := make([]sync.Mutex, sources)
	shards := make([]*Shard, sources)
	for i := range sources {
		shards[i] = f.newShard(fmt.Sprint("source", i), "")
	}
	for i := range sources {
		wg.Go(func() {
			reader := f.set.NewReader()
			var rec parser.Record
			for range rounds {
				for _, l := range lines {
					locks[i].Lock()
					shards[i].Record(&rec, reader.Line([]byte(l), &rec))
					locks[i].Unlock()
				}
			}
		})
	}
	take := func() *Cut {
		parts := make([]*Part, sources)
		for i := range parts {
			parts[i] = &Part{}
			locks[i].Lock()
			shards[i].Copy(parts[i])
			locks[i].Unlock()
		}
		return f.table.Merge(parts...)
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	last := map[string]uint64{}
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
		}
		c := take()
		textOf(t, c)
		now := project(c, catalogue.RequestsTotal, "backend", "code")
		for k, n := range last {
			if now[k] < n {
				t.Fatalf("%s went from %d to %d", k, n, now[k])
			}
		}
		last = now
		c.Release()
	}
	single := newFixture(t, routeSpec(), Options{}, "httplog", "tcplog").feed(lines...)
	for k, n := range project(single.cut(), catalogue.RequestsTotal, "backend", "code") {
		if last[k] != n*sources*rounds {
			t.Errorf("%s = %d, want %d", k, last[k], n*sources*rounds)
		}
	}
}

// TestTakenShardsAddUp merges shards that are taken, alone, with others and with a restored base.
func TestTakenShardsAddUp(t *testing.T) {
	f := newFixture(t, routeSpec(), Options{}, "httplog")
	f.counted(request("a", "0/0/0/1/2 200 10"), request("b", "0/0/0/1/2 200 10"))
	saved := f.cut().Marshal(nil)
	for _, shards := range []int{1, 3} {
		g := newFixture(t, routeSpec(), Options{}, "httplog")
		if shards == 3 {
			if _, err := g.table.Restore(saved); err != nil {
				t.Fatal(err)
			}
		}
		parts := make([]*Part, shards)
		for i := range parts {
			g.shard = g.newShard("test.log", "")
			g.counted(request("a", "0/0/0/1/2 200 10"), request(fmt.Sprint("c", i), "0/0/0/1/2 200 10"))
			parts[i] = &Part{}
			if g.shard.Take(parts[i]); i == 1 {
				parts[i] = &Part{values: append([]uint64{}, parts[i].values...)}
			}
		}
		c := g.table.Merge(parts...)
		by := project(c, catalogue.RequestsTotal, "client")
		if want := uint64(shards) + uint64(shards/3); by["a"] != want || by["c0"] != 1 || by["b"] != uint64(shards/3) {
			t.Errorf("%d shards: %v", shards, by)
		}
		if n := total(c, catalogue.PhaseObservationsTotal); n != 4*total(c, catalogue.RequestsTotal) {
			t.Errorf("%d observations", n)
		}
	}
}
