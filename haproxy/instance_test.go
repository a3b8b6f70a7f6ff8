package haproxy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"haproxy_log_exporter/metrics/catalogue"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newInstance(t testing.TB, opt Options) *Instance {
	t.Helper()
	in, err := NewInstance(opt)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func requests(r *Result, proxy string) float64 {
	if o := r.Object(catalogue.ScopeFrontend, proxy, ""); o != nil {
		v, _ := o.Value("req_tot")
		return v
	}
	return -1
}

// TestBadSockets: each way of failing has its reason, shows nothing of its reply, and leaves the other socket alone.
func TestBadSockets(t *testing.T) {
	good := startFake(t, says(whole(t, "26-plain", "1-before.show_stat", "1-before.show_info")))
	full := whole(t, "35-plain", "1-before.show_stat", "1-before.show_info")
	var stop chan struct{}
	for name, c := range map[string]struct {
		answer func(string, net.Conn)
		want   Reason
	}{
		"stalls at once":          {func(_ string, c net.Conn) { <-stop }, ReasonTimeout},
		"stalls in the table":     {func(_ string, c net.Conn) { c.Write(full[:len(full)/2]); <-stop }, ReasonTimeout},
		"answers all, stays open": {func(_ string, c net.Conn) { c.Write(full); <-stop }, ReasonTimeout},
		"says nothing":            {func(_ string, c net.Conn) {}, ReasonCut},
		"cuts in the table":       {says(full[:len(full)/2]), ReasonCut},
		"cuts the last byte":      {says(full[:len(full)-1]), ReasonCut},
		"refuses":                 {says([]byte("Permission denied\n\n")), ReasonRefused},
		"is a master":             {says(readReply(t, "26-plain/1-before.show_proc")), ReasonRefused},
		"is a web server":         {says([]byte("HTTP/1.1 400 Bad request\r\n\r\n<html>")), ReasonNotATable},
		"sends binary":            {says([]byte("\x00\xff\x16\x03\x01\n\n")), ReasonNotATable},
		"binary in the table":     {says(append(slices.Clone(full[:200]), "\x00\xff,\n\n"...)), ReasonNotATable},
		"floods": {func(_ string, c net.Conn) {
			for {
				if _, err := c.Write(full); err != nil {
					return
				}
			}
		}, ReasonTooLarge},
		"floods one line": {func(_ string, c net.Conn) {
			c.Write([]byte("# pxname,svname,"))
			for {
				if _, err := c.Write([]byte("xxxxxxxx")); err != nil {
					return
				}
			}
		}, ReasonTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			stop = make(chan struct{})
			bad := startFake(t, c.answer)
			t.Cleanup(func() { close(stop) })
			in := newInstance(t, Options{Sockets: []string{"unix:" + bad.path, good.path}, Timeout: 300 * time.Millisecond, ReplyLimit: 1 << 20})
			if c.want == ReasonTooLarge { // time enough to fill the limit on a busy machine
				in.opt.Timeout = 20 * time.Second
			}
			r := in.Scrape(t.Context())
			if r.Sockets[0].Up || ReasonOf(r.Sockets[0].Err) != c.want {
				t.Errorf("up %v, %v; want reason %s", r.Sockets[0].Up, r.Sockets[0].Err, c.want)
			}
			if !r.Sockets[1].Up || requests(r, "fe_egress") != 349 {
				t.Errorf("the good socket: %+v, %v requests", r.Sockets[1], requests(r, "fe_egress"))
			}
			if n := r.Errors[SocketError{"unix:" + bad.path, c.want}]; n != 1 || len(r.Errors) != 1 {
				t.Errorf("errors %v", r.Errors)
			}
		})
	}
}

func TestNoSocket(t *testing.T) {
	dir := t.TempDir()
	in := newInstance(t, Options{Sockets: []string{filepath.Join(dir, "none")}})
	r := in.Scrape(t.Context())
	if err := r.Sockets[0].Err; ReasonOf(err) != ReasonDial || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "is HAProxy running") {
		t.Error(err)
	}
	if len(r.Objects) != 0 || r.Info != nil {
		t.Errorf("%+v", r.Objects)
	}
}

func TestOptionErrors(t *testing.T) {
	_, err := NewInstance(Options{Sockets: []string{"unix:run/x", "nonsense", "tcp:host"}, MasterSocket: "unix:/" + strings.Repeat("x", 200), Metrics: "some", Entries: []EntriesRequest{{"st", 0}}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"run/x" is not a path`, `"nonsense" is neither`, `"tcp:host" is neither`, "at most 107", "not all, minimal or none", "between 1 and 100"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in:\n%v", want, err)
		}
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]Address{
		"unix:/run/h.sock": {"unix", "/run/h.sock", ""}, "/run/h.sock": {"unix", "/run/h.sock", ""}, "unix@/run/h.sock": {"unix", "/run/h.sock", ""}, "unix:///run/h.sock": {"unix", "/run/h.sock", ""},
		"tcp:127.0.0.1:9999": {"tcp", "127.0.0.1:9999", ""}, "ipv4@10.0.0.1:99": {"tcp", "10.0.0.1:99", ""}, "tcp:[::1]:99": {"tcp", "[::1]:99", ""}, "localhost:99": {"tcp", "localhost:99", ""}, "tcp::99": {"tcp", "127.0.0.1:99", ""},
	} {
		want.Text = text
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", text, got, err, want)
		}
	}
}

// TestCoalesced: callers that come during a scrape share it.
func TestCoalesced(t *testing.T) {
	full := whole(t, "26-plain", "1-before.show_stat", "1-before.show_info")
	gate := make(chan struct{})
	f := startFake(t, func(_ string, c net.Conn) { <-gate; c.Write(full) })
	in := newInstance(t, Options{Sockets: []string{f.path}})
	results := make([]*Result, 10)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = in.Scrape(t.Context()) })
	}
	waitFor(t, "a connection", func() bool { return len(f.commands()) == 1 })
	in.flights.Lock() // everybody who waits now waits for this flight
	in.flights.Unlock()
	early, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if r := in.Scrape(early); r.Sockets[0].Up || ReasonOf(r.Sockets[0].Err) != ReasonTimeout {
		t.Errorf("a caller that cannot wait got %+v", r.Sockets[0])
	}
	close(gate)
	wg.Wait()
	for _, r := range results {
		if !r.Sockets[0].Up || requests(r, "fe_egress") != 349 {
			t.Errorf("%+v", r.Sockets[0])
		}
	}
	if n := len(f.commands()); n > 10 || n < 1 {
		t.Errorf("%d exchanges", n)
	}
}

func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen", what)
		}
	}
}

// announcing is a context that tells when somebody waits for its end.
type announcing struct {
	context.Context
	once  sync.Once
	asked chan struct{}
}

func (a *announcing) Done() <-chan struct{} {
	a.once.Do(func() { close(a.asked) })
	return a.Context.Done()
}

// TestReplyLimit: a reply of the limit's size is read, one byte more is not.
func TestReplyLimit(t *testing.T) {
	const size = 100_000 // not a power of two
	f := startFake(t, says(bytes.Repeat([]byte("x"), size)))
	a, _ := ParseAddress(f.path)
	if b, err := Exchange(t.Context(), a, "x", size+1); err != nil || len(b) != size {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := Exchange(t.Context(), a, "x", size-1); ReasonOf(err) != ReasonTooLarge {
		t.Error(err)
	}
}

// TestCancelledCaller: the first caller's end does not spoil the scrape for those who share it.
func TestCancelledCaller(t *testing.T) {
	full := whole(t, "26-plain", "1-before.show_stat", "1-before.show_info")
	gate := make(chan struct{})
	f := startFake(t, func(_ string, c net.Conn) { <-gate; c.Write(full) })
	in := newInstance(t, Options{Sockets: []string{f.path}})
	first, cancel := context.WithCancel(t.Context())
	firstDone := make(chan *Result)
	go func() { firstDone <- in.Scrape(first) }()
	waitFor(t, "a connection", func() bool { return len(f.commands()) == 1 })
	second := make(chan *Result)
	joined := &announcing{Context: t.Context(), asked: make(chan struct{})}
	go func() { second <- in.Scrape(joined) }()
	<-joined.asked
	cancel()
	if r := <-firstDone; r.Sockets[0].Up {
		t.Error("the cancelled caller got a result that did not exist yet")
	}
	close(gate)
	if r := <-second; !r.Sockets[0].Up {
		t.Errorf("%v", r.Sockets[0].Err)
	}
}

func TestFilters(t *testing.T) {
	full := whole(t, "26-plain", "1-before.show_stat", "1-before.show_info")
	full = []byte(strings.Replace(strings.Replace(string(full), "example_prod_www_high,s1,0,0,1,3,50,45,27179,205429,,0,,0,0,0,0,UP,", "example_prod_www_high,s1,0,0,1,3,50,45,27179,205429,,0,,0,0,0,0,MAINT,", 1),
		"UP,1,1,0,0,0,", "UP,1,1,0,0,0,", 1))
	f := startFake(t, says(full))
	count := func(opt Options) (map[catalogue.Scope]int, *Result) {
		opt.Sockets = []string{f.path}
		r := newInstance(t, opt).Scrape(t.Context())
		n := map[catalogue.Scope]int{}
		for s, fields := range r.Fields {
			n[s] = len(fields)
		}
		return n, r
	}
	all, _ := count(Options{})
	minimal, _ := count(Options{Metrics: MetricsMinimal})
	none, r := count(Options{Metrics: MetricsNone})
	if len(all) != 7 || minimal[catalogue.ScopeServer] == 0 || minimal[catalogue.ScopeServer] >= all[catalogue.ScopeServer] || len(none) != 0 {
		t.Errorf("%v %v %v", all, minimal, none)
	}
	if requests(r, "fe_egress") != 349 || len(r.Objects[catalogue.ScopeServer]) != 0 || r.Omitted[catalogue.ScopeServer] == 0 {
		t.Error("with none, frontends are still read, and nothing else")
	}
	if got := f.commands(); got[len(got)-1] != "show stat -1 1 -1;show info" {
		t.Errorf("with none the command was %q", got[len(got)-1])
	}
	scoped, r := count(Options{Scopes: []catalogue.Scope{catalogue.ScopeBackend}, Match: func(n string) bool { return strings.Contains(n, "status") }})
	if len(scoped) != 1 || scoped[catalogue.ScopeBackend] != 4 || len(r.Objects[catalogue.ScopeBackend]) < 10 {
		t.Errorf("%v", scoped)
	}
}

func TestMaintenance(t *testing.T) {
	s := newSchema()
	row := func(name, status string) Row {
		return Row{Scope: catalogue.ScopeServer, Proxy: "be", Name: name, Status: status, Values: nans(len(s.fields[catalogue.ScopeServer]))}
	}
	back := Row{Scope: catalogue.ScopeBackend, Proxy: "be", Status: "UP", Values: nans(len(s.fields[catalogue.ScopeBackend]))}
	in := newInstance(t, Options{ExcludeMaint: true})
	r := made(in.schema, 1, 100, 10, "2.6", nil)
	r.rows = []Row{row("up", "UP"), row("maint", "MAINT"), row("via", "MAINT (via be/x)"), row("dns", "MAINT (resolution)"), back}
	in.acc.begin()
	in.acc.answer(r, 1000)
	in.acc.commit(1000)
	res := in.result(nil, nil)
	var names []string
	for _, o := range res.Objects[catalogue.ScopeServer] {
		names = append(names, o.Name)
	}
	if strings.Join(names, " ") != "up dns" || res.Omitted[catalogue.ScopeServer] != 2 {
		t.Errorf("%v, %v omitted", names, res.Omitted)
	}
	if b := res.Object(catalogue.ScopeBackend, "be", ""); !slices.Equal(b.ServerStates, []int{0, 1, 3, 0, 0}) {
		t.Errorf("servers in maintenance are counted by their backend: %v", b.ServerStates)
	}
}
