package haproxy_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

func instance(t *testing.T, opt haproxy.Options) *haproxy.Instance {
	t.Helper()
	in, err := haproxy.NewInstance(opt)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func each(t *testing.T, test func(t *testing.T, version string)) {
	haproxytest.Need(t, "haproxy")
	for _, v := range haproxytest.Versions() {
		t.Run("haproxy "+v, func(t *testing.T) { test(t, v) })
	}
}

func total(t *testing.T, r *haproxy.Result) float64 {
	t.Helper()
	o := r.Object(catalogue.ScopeFrontend, "fe", "")
	if o == nil {
		t.Fatalf("no frontend: %+v", r.Sockets)
	}
	v, _ := o.Value("req_tot")
	return v
}

const small = `
global
    stats socket %[1]s/stats.sock mode 600 level user
    stats socket %[1]s/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 5s
    timeout server 5s
frontend fe
    bind 127.0.0.1:%[2]d
    http-request track-sc0 src table st
    http-request return status 200
backend st
    stick-table type ip size 1k expire 10m store http_req_cnt
%[3]s`

// TestFailedReload: a reload with a broken configuration changes no counter, is shown, and is over with the next.
func TestFailedReload(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		dir, port := haproxytest.ShortDir(t), haproxytest.FreePort(t)
		good := fmt.Sprintf(small, dir, port, "")
		h := haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Master: true, MasterLevel: "operator", Config: good})
		in := instance(t, haproxy.Options{MasterSocket: h.MasterSocket})
		request(t, port)
		if r := in.Scrape(t.Context()); total(t, r) != 1 || r.LastReloadFailed || !r.ReloadStateKnown {
			t.Fatalf("%v requests, failed %v, known %v", total(t, r), r.LastReloadFailed, r.ReloadStateKnown)
		}
		var r *haproxy.Result
		reload := func(config, what string, until func() bool) {
			h.WriteConfig(config)
			if err := h.Process.Signal(syscall.SIGUSR2); err != nil {
				t.Fatal(err)
			}
			haproxytest.Wait(t, 20*time.Second, what, func() bool { r = in.Scrape(t.Context()); return r.Sockets[0].Up && until() })
		}
		reload("frontend\n  nonsense\n", "the failed reload is shown", func() bool { return r.LastReloadFailed })
		request(t, port)
		haproxytest.Wait(t, 5*time.Second, "the serving worker goes on", func() bool { r = in.Scrape(t.Context()); return total(t, r) == 2 })
		if len(r.Workers) != 1 || r.Workers[0].State != haproxy.WorkerCurrent {
			t.Errorf("workers %+v: the one that serves is the current one", r.Workers)
		}
		pid := r.Workers[0].ID.PID
		t.Logf("reloads %d after a failed one", r.Reloads)
		reload(good, "a good reload ends it", func() bool { return !r.LastReloadFailed && r.Info.PID != pid })
		request(t, port)
		haproxytest.Wait(t, 5*time.Second, "the sum goes on", func() bool { r = in.Scrape(t.Context()); return total(t, r) == 3 })
	})
}

func request(t *testing.T, port int) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(haproxytest.URL(port, "/"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// TestClearedCounters: what was counted before "clear counters all" stays.
func TestClearedCounters(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		dir, port := haproxytest.ShortDir(t), haproxytest.FreePort(t)
		haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Config: fmt.Sprintf(small, dir, port, "")})
		in := instance(t, haproxy.Options{Sockets: []string{"unix:" + filepath.Join(dir, "stats.sock")}})
		for range 5 {
			request(t, port)
		}
		if got := total(t, in.Scrape(t.Context())); got != 5 {
			t.Fatalf("%v requests", got)
		}
		if _, err := haproxytest.CLI(filepath.Join(dir, "admin.sock"), "clear counters all"); err != nil {
			t.Fatal(err)
		}
		request(t, port)
		if r := in.Scrape(t.Context()); total(t, r) != 6 || r.CounterResets != 1 {
			t.Errorf("%v requests, %d resets", total(t, r), r.CounterResets)
		}
	})
}

// TestEntriesNeedOperator: entries of stick tables are the one thing that level user does not show. Refusing them
// costs nothing else.
func TestEntriesNeedOperator(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		dir, port := haproxytest.ShortDir(t), haproxytest.FreePort(t)
		haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Config: fmt.Sprintf(small, dir, port, "")})
		request(t, port)
		want := []haproxy.EntriesRequest{{Table: "st", Top: 3}}
		user := instance(t, haproxy.Options{Sockets: []string{filepath.Join(dir, "stats.sock")}, Entries: want}).Scrape(t.Context())
		if len(user.Entries) != 0 || !user.Sockets[0].Up || total(t, user) != 1 || len(user.Tables) != 1 || user.Tables[0].Values[1] != 1 {
			t.Errorf("level user: %+v %+v %+v", user.Entries, user.Sockets, user.Tables)
		}
		if user.Errors[haproxy.SocketError{Socket: filepath.Join(dir, "stats.sock"), Reason: haproxy.ReasonRefused}] != 1 {
			t.Errorf("errors %v", user.Errors)
		}
		admin := instance(t, haproxy.Options{Sockets: []string{filepath.Join(dir, "admin.sock")}, Entries: want}).Scrape(t.Context())
		if len(admin.Entries) != 1 || admin.Entries[0] != (haproxy.TableEntry{Table: "st", Key: "127.0.0.1", Counter: "http_req_cnt", Value: 1}) {
			t.Errorf("%+v", admin.Entries)
		}
	})
}

// TestLargeTable: a table of many megabytes comes whole over a connection whose other half is closed, from a worker's
// socket and through the master.
func TestLargeTable(t *testing.T) {
	each(t, func(t *testing.T, version string) {
		dir, port := haproxytest.ShortDir(t), haproxytest.FreePort(t)
		const backends, servers = 60, 50
		var more strings.Builder
		for b := range backends {
			fmt.Fprintf(&more, "backend be%d\n", b)
			for s := range servers {
				fmt.Fprintf(&more, "    server a-server-with-a-long-name-%d 127.0.0.1:9\n", s)
			}
		}
		h := haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Master: true, MasterLevel: "user", Config: fmt.Sprintf(small, dir, port, more.String())})
		for _, opt := range []haproxy.Options{{MasterSocket: h.MasterSocket}, {Sockets: []string{filepath.Join(dir, "stats.sock")}}} {
			opt.Timeout = 20 * time.Second
			r := instance(t, opt).Scrape(t.Context())
			if !r.Sockets[0].Up || len(r.Objects[catalogue.ScopeServer]) != backends*servers {
				t.Errorf("%d servers; %+v", len(r.Objects[catalogue.ScopeServer]), r.Sockets[0])
			}
			t.Logf("%d servers in %v", len(r.Objects[catalogue.ScopeServer]), r.Sockets[0].Duration.Round(time.Millisecond))
		}
		opt := haproxy.Options{Sockets: []string{filepath.Join(dir, "stats.sock")}, ReplyLimit: 100 << 10}
		if r := instance(t, opt).Scrape(t.Context()); haproxy.ReasonOf(r.Sockets[0].Err) != haproxy.ReasonTooLarge || len(r.Objects) != 0 {
			t.Errorf("beyond the limit: %+v", r.Sockets[0])
		}
	})
}
