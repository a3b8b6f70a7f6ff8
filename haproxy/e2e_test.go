package haproxy_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

const reloadConfig = `
global
    stats socket %[1]s/stats.sock mode 600 level user
    log %[2]s local0
    nbthread 2
defaults
    mode http
    log global
    option httplog
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend fe
    bind 127.0.0.1:%[3]d
    monitor-uri /monitor
    http-request redirect location /elsewhere if { path /redirect }
    default_backend be
backend be
    server s1 %[4]s
`

// load is the generator: what it sent and got is the truth.
type load struct {
	port    int
	client  *http.Client
	answers atomic.Int64 // requests with an answer, monitor hits not included
	monitor atomic.Int64
	failed  atomic.Int64
}

// run sends requests one after the other, each on its own connection, until stop; some of them are slow.
func (l *load) run(stop <-chan struct{}, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	for {
		select {
		case <-stop:
			return
		default:
		}
		path, count := "/?delay=5ms", &l.answers
		switch n := rnd.IntN(100); {
		case n < 4:
			path = "/?delay=1500ms"
		case n < 10:
			path, count = "/monitor", &l.monitor
		case n < 14:
			path = "/redirect"
		}
		l.get(path, count)
	}
}

func (l *load) get(path string, count *atomic.Int64) {
	resp, err := l.client.Get(haproxytest.URL(l.port, path))
	if err != nil {
		l.failed.Add(1)
		return
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	count.Add(1)
}

// plainScraper reads one socket and treats a decrease as a restart from 0, as increase() does.
type plainScraper struct{ last, sum float64 }

func (p *plainScraper) read(t *testing.T, socket string) {
	in, err := haproxy.NewInstance(haproxy.Options{Sockets: []string{socket}}) // without memory
	if err != nil {
		t.Fatal(err)
	}
	o := in.Scrape(t.Context()).Object(catalogue.ScopeFrontend, "fe", "")
	if o == nil {
		return
	}
	v, _ := o.Value("req_tot")
	if v < p.last {
		p.last = 0
	}
	p.sum += v - p.last
	p.last = v
}

// TestReloadsUnderLoad: five reloads under load with slow requests, each while an old worker lives long enough to be
// asked. Our counter of requests is the generator's, none has no line, and no counter ever goes down.
// All sockets are at level user; old workers end although they are asked all the time.
func TestReloadsUnderLoad(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy "+version, func(t *testing.T) { reloadsUnderLoad(t, version) })
	}
}

func reloadsUnderLoad(t *testing.T, version string) {
	dir, port := haproxytest.ShortDir(t), haproxytest.FreePort(t)
	partners, log := haproxytest.StartPartners(t), haproxytest.CollectUDP(t)
	h := haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Master: true, MasterLevel: "user", Config: fmt.Sprintf(reloadConfig, dir, log.Target, port, partners.OK)})
	stats := filepath.Join(dir, "stats.sock")
	in, err := haproxy.NewInstance(haproxy.Options{MasterSocket: h.MasterSocket, Sockets: []string{stats}})
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, in: in, stats: stats, reconciler: haproxy.NewReconciler(), log: log}
	w.look()
	gen := &load{port: port, client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	stop, done := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() { gen.run(stop, uint64(i)) })
	}
	go func() { wg.Wait(); close(done) }()
	for range 5 {
		w.during(700 * time.Millisecond)
		before := h.WorkerPid()
		pinned := partners.Requests("ok")
		wg.Go(func() { gen.get("/?delay=3s", &gen.answers) }) // the old worker lives long enough to be asked
		haproxytest.Wait(t, 10*time.Second, "the slow request is on its way", func() bool { return partners.Requests("ok") > pinned })
		if err := h.Process.Signal(syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		haproxytest.Wait(t, 20*time.Second, "a new worker", func() bool {
			w.tick()
			pid := h.WorkerPid()
			return pid != "" && pid != before
		})
	}
	w.during(700 * time.Millisecond)
	close(stop)
	for ended := false; !ended; {
		select {
		case <-done:
			ended = true
		case <-time.After(10 * time.Millisecond):
			w.tick()
		}
	}
	start := time.Now()
	haproxytest.Wait(t, 10*time.Second, "old workers have ended although they are asked", func() bool { w.tick(); return w.old == 0 })
	t.Logf("old workers ended %v after the last request", time.Since(start).Round(time.Millisecond))
	w.judge(gen)
}

type watcher struct {
	t          *testing.T
	in         *haproxy.Instance
	stats      string
	plain      plainScraper
	reconciler *haproxy.Reconciler
	log        *haproxytest.Collector
	last       map[string]float64
	old        int
	res        *haproxy.Result
	shown      haproxy.Reconciled
	at         time.Time
}

func (w *watcher) during(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		w.tick()
	}
}

// interval is the time between two scrapes, of ours and of the plain scraper.
const interval = 400 * time.Millisecond

// tick scrapes when it is time.
func (w *watcher) tick() {
	w.t.Helper()
	if time.Since(w.at) >= interval {
		w.look()
	}
}

// look scrapes once and checks that no counter went down.
func (w *watcher) look() {
	w.t.Helper()
	w.at = time.Now()
	w.res = w.in.Scrape(w.t.Context())
	w.plain.read(w.t, w.stats)
	if w.last == nil {
		w.last = map[string]float64{}
	}
	for _, scope := range []catalogue.Scope{catalogue.ScopeProcess, catalogue.ScopeFrontend, catalogue.ScopeBackend, catalogue.ScopeServer} {
		for i, f := range catalogue.NativeFieldsOf(scope) {
			for _, o := range w.res.Objects[scope] {
				key := f.Name() + f.Code + o.Proxy + "/" + o.Name
				if v := o.Values[i]; f.Aggregate == catalogue.Accumulate {
					if v < w.last[key] {
						w.t.Errorf("%s fell from %v to %v", key, w.last[key], v)
					}
					w.last[key] = v
				}
			}
		}
	}
	w.old = 0
	for _, k := range w.res.Workers {
		if k.State != haproxy.WorkerCurrent {
			w.old++
		}
	}
	for _, r := range w.reconciler.Update(w.res, map[string]haproxy.LineCount{"fe": w.lines()}) {
		w.shown = r
	}
}

// lines counts the request lines that have arrived.
func (w *watcher) lines() (c haproxy.LineCount) {
	for _, line := range w.log.Lines() {
		if !bytes.Contains(line, []byte(" HTTP/1.1\"")) {
			continue
		}
		c.Requests++
		if bytes.Contains(line, []byte(" fe fe/")) && bytes.Contains(line, []byte(" LR-- ")) {
			c.Local++
		}
	}
	return c
}

func (w *watcher) judge(gen *load) {
	t := w.t
	truth := float64(gen.answers.Load())
	haproxytest.Wait(t, 10*time.Second, "every line has arrived", func() bool { w.look(); return w.lines().Requests >= truth })
	w.look()
	total := truth + float64(gen.monitor.Load())
	o := w.res.Object(catalogue.ScopeFrontend, "fe", "")
	ours, _ := o.Value("req_tot")
	served, _ := w.res.Object(catalogue.ScopeBackend, "be", "").Value("stot")
	t.Logf("%.0f requests sent; ours %.0f (%.2f %%), a plain scraper %.0f (%.2f %%); backend sessions %.0f; reloads %d, shared %v",
		total, ours, 100*ours/total, w.plain.sum, 100*w.plain.sum/total, served, w.res.Reloads, w.res.SharedStats)
	t.Logf("comparison: %.0f should have a line, %.0f have one, %.0f monitor hits: ratio %.4f", w.shown.Requests, w.shown.Lines, w.shown.Monitor, w.shown.Ratio())
	failed := float64(gen.failed.Load()) // may or may not have reached HAProxy
	if ours < total || ours > total+failed || w.plain.sum >= ours {
		t.Errorf("ours %v, the truth is %v and perhaps %v more; plain %v", ours, total, failed, w.plain.sum)
	}
	if missing := w.shown.Missing(); w.shown.Lines < truth || w.shown.Lines > truth+failed || missing < -failed || missing > failed {
		t.Errorf("%v lines for %v answers, %v missing", w.shown.Lines, truth, missing)
	}
	if w.res.Reloads != 5 {
		t.Errorf("%d reloads were noticed", w.res.Reloads)
	}
	for _, s := range w.res.Sockets {
		if !s.Up {
			t.Errorf("%+v", s)
		}
	}
	t.Logf("errors: %v", w.res.Errors) // the master does not listen while it starts itself again
}
