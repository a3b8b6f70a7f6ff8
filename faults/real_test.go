package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
)

// sender logs to a syslog socket as HAProxy does, at a rate. It blocks when the daemon is
// slow, so that what is sent is what has to be counted.
type sender struct {
	conn  *net.UnixConn
	mu    sync.Mutex
	n     int
	sent  Counts
	rest  sync.Mutex // held while the sender has to be silent
	stop  chan struct{}
	ended chan error
}

func startSender(t *testing.T, socket string, rate int) *sender {
	t.Helper()
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{conn: c, sent: Counts{}, stop: make(chan struct{}), ended: make(chan error, 1)}
	go func() { s.ended <- s.run(rate) }()
	return s
}

func (s *sender) run(rate int) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for begin := time.Now(); ; {
		select {
		case <-s.stop:
			return nil
		case <-tick.C:
		}
		due := int(time.Since(begin).Seconds() * float64(rate))
		s.rest.Lock()
		for ; s.n < due; s.n++ {
			line, k := Line("s", s.n, 0)
			_, msg, _ := strings.Cut(line, " lb ") // the daemon writes the host itself
			if _, err := s.conn.Write([]byte("<134>Nov 21 06:00:00 " + msg)); err != nil {
				s.rest.Unlock()
				return err
			}
			s.mu.Lock()
			s.sent[k]++
			s.mu.Unlock()
		}
		s.rest.Unlock()
	}
}

func (s *sender) halt(t *testing.T) Counts {
	t.Helper()
	close(s.stop)
	if err := <-s.ended; err != nil {
		t.Fatal(err)
	}
	s.conn.Close()
	return s.sent
}

// TestFaultRsyslog follows a log that real rsyslogd writes and real logrotate rotates ten
// times, at 10,000 lines a second.
func TestFaultRsyslog(t *testing.T) {
	set := current(t)
	if !set.all && set.only == "" {
		t.Skip("long, see make fault")
	}
	haproxytest.Need(t, "rsyslogd", "logrotate")
	const hup = "postrotate\n kill -HUP $(cat PIDFILE)\nendscript"
	for name, directives := range map[string]string{
		"create_delaycompress": "rotate 20\ncreate 0640\ncompress\ndelaycompress\n" + hup,
		"create_compress":      "rotate 20\ncreate 0640\ncompress\n" + hup,
		"dateext":              "rotate 20\ncreate 0640\ndateext\ndateformat -%Y%m%d-%s\n" + hup,
		"copytruncate":         "rotate 20\ncopytruncate\ncompress\ndelaycompress\n",
	} {
		for prog, p := range programs(t) {
			t.Run(name+"/"+prog, func(t *testing.T) {
				r := haproxytest.StartRsyslog(t, "")
				directives := strings.ReplaceAll(directives, "PIDFILE", r.PidFile)
				s := Scenario{Name: name, Run: func(e *Env) {
					e.Log = r.File
					e.Start()
					snd := startSender(t, r.Socket, 10_000)
					for range 10 {
						e.Pass(time.Second)
						if name == "copytruncate" {
							// What comes between copy and truncation is nowhere on disk: let the
							// daemon write what it has, and rest.
							snd.rest.Lock()
							quiet(e, r.File)
						}
						haproxytest.Logrotate(t, r.Dir, r.File+" {\n"+directives+"\n}\n")
						if name == "copytruncate" {
							snd.rest.Unlock()
						}
					}
					e.Pass(time.Second)
					e.extra = snd.halt(t)
				}}
				res := Run(s, p, os.Args[0])
				if problem := res.Problem(); problem != "" {
					t.Errorf("%s", problem)
				}
				t.Logf("%d lines", res.Want.Sum())
			})
		}
	}
}

// quiet waits until a file has not grown for a while.
func quiet(e *Env, name string) {
	size, since := int64(-1), time.Now()
	for time.Since(since) < 150*time.Millisecond {
		fi, err := os.Stat(name)
		e.must(err)
		if fi.Size() != size {
			size, since = fi.Size(), time.Now()
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// TestFaultReloads sends requests through a real HAProxy that is reloaded ten times with slow
// requests in flight, logs through rsyslog, and is rotated meanwhile: every answer is counted
// once.
func TestFaultReloads(t *testing.T) {
	set := current(t)
	if !set.all && set.only == "" {
		t.Skip("long, see make fault")
	}
	haproxytest.Need(t, "haproxy", "rsyslogd", "logrotate")
	for prog, p := range programs(t) {
		if prog == "testbin" {
			continue // it knows the lines of this package's writers only
		}
		t.Run(prog, func(t *testing.T) {
			r := haproxytest.StartRsyslog(t, "")
			partners := haproxytest.StartPartners(t)
			port := haproxytest.FreePort(t)
			h := haproxytest.Start(t, haproxytest.Options{Master: true, Config: reloadConfig(r.UDP, port, partners)})
			s := Scenario{Name: "haproxy_reloads", Run: func(e *Env) {
				e.Log = r.File
				e.Start()
				c := startClients(t, fmt.Sprintf("http://127.0.0.1:%d", port))
				for i := range 10 {
					e.Pass(700 * time.Millisecond)
					if err := h.Reload(); err != nil {
						e.failf("reload: %v", err)
					}
					if i%3 == 1 {
						haproxytest.Logrotate(t, r.Dir, r.File+" {\nrotate 9\ncreate 0640\ncompress\ndelaycompress\npostrotate\n kill -HUP $(cat "+r.PidFile+")\nendscript\n}\n")
					}
				}
				e.extra = c.halt()
				// The old workers end when their last request has.
				e.Pass(time.Second)
			}}
			res := Run(s, p, os.Args[0])
			if res.Err != nil || res.Died != "" {
				t.Fatal(res.Problem())
			}
			// Requests that got no answer (a connection that a reload refused) may be logged,
			// too; they have other codes.
			for k, want := range res.Want {
				if got := res.Served[k]; got != want || res.Increase[k] != want {
					t.Errorf("%v: %d answers, %d counted, increase %d", k, want, got, res.Increase[k])
				}
			}
			if res.Want.Sum() < 500 || res.Want[Key{"slow", "200"}] < 20 {
				t.Errorf("only %v requests were answered", res.Want)
			}
			t.Logf("%v", res.Want)
		})
	}
}

func reloadConfig(target string, port int, p *haproxytest.Partners) string {
	return fmt.Sprintf(`
global
    log %s local0
    hard-stop-after 30s
defaults
    mode http
    log global
    option httplog
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend fe
    bind 127.0.0.1:%d
    use_backend slow if { path_beg /slow }
    use_backend errors if { path_beg /errors }
    default_backend ok
backend ok
    server srv1 %s
backend slow
    server srv1 %s
backend errors
    server srv1 %s
`, target, port, p.OK, p.Slow, p.Error)
}

type clients struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	got    Counts
}

func startClients(t *testing.T, url string) *clients {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &clients{cancel: cancel, got: Counts{}}
	for i := range 12 {
		backend := [...]string{"ok", "slow", "errors", "slow"}[i%4]
		c.wg.Go(func() {
			// Without keep-alive: a request that a reload cuts off is not sent a second time.
			hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for ctx.Err() == nil {
				if code, err := get(hc, url+"/"+backend); err == nil {
					c.mu.Lock()
					c.got[Key{backend, fmt.Sprint(code)}]++
					c.mu.Unlock()
				} else if !errors.Is(err, context.Canceled) {
					time.Sleep(time.Millisecond)
				}
				if backend != "slow" {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	return c
}

func get(hc *http.Client, url string) (int, error) {
	res, err := hc.Get(url)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// halt lets requests that are under way end.
func (c *clients) halt() Counts {
	c.cancel()
	c.wg.Wait()
	return c.got
}
