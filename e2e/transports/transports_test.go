// Package transports holds a test only: a real HAProxy logs through every transport that the product's own
// receivers offer, and each must deliver every line.
package transports

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/parser"
	"haproxy_log_exporter/syslog"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// reader counts lines as the product does.
type reader struct {
	t       *testing.T
	mu      sync.Mutex
	r       *parser.Reader
	rec     parser.Record
	results map[parser.Result]int
	ids     map[string]int
	kind    string
}

func (r *reader) Block(b []byte, _ syslog.Origin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for line := range bytes.Lines(b) {
		res := r.r.Line(bytes.TrimSuffix(line, []byte{'\n'}), &r.rec)
		r.results[res]++
		if res == parser.ResultHTTP {
			r.ids[string(r.rec.Bytes(parser.Path))]++
			r.kind = r.r.Envelope()
		}
	}
}

func (r *reader) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.results[parser.ResultHTTP]
}

func TestEveryTransportDeliversEveryLine(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	dir := haproxytest.ShortDir(t)
	partners := haproxytest.StartPartners(t)
	transports := []struct {
		name, url, format, kind string
		ring                    string // "" logs directly; else the ring's log-proto
	}{
		{"udp", "udp://127.0.0.1:0", "rfc3164", "syslog", ""},
		{"udp5424", "udp://127.0.0.1:0", "rfc5424", "rfc5424", ""},
		{"udpraw", "udp://127.0.0.1:0", "raw", "raw", ""},
		{"unixgram", "unixgram://" + filepath.Join(dir, "g.sock"), "local", "syslog", ""},
		{"octets", "tcp://127.0.0.1:0", "rfc5424", "rfc5424", "octet-count"},
		{"legacy", "tcp://127.0.0.1:0", "iso", "time", "legacy"},
		{"unix", "unix://" + filepath.Join(dir, "s.sock"), "short", "priority", "legacy"},
	}
	var rings, logs strings.Builder
	readers := make([]*reader, len(transports))
	sources := make([]*syslog.Receiver, len(transports))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	for i, tr := range transports {
		format, _ := parser.Preset("httplog")
		set, err := parser.NewSet([]parser.Format{{Name: "httplog", Text: format}}, parser.SetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		readers[i] = &reader{t: t, r: set.NewReader(), results: map[parser.Result]int{}, ids: map[string]int{}}
		rec, err := syslog.Listen(tr.url, syslog.Options{}, readers[i])
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = rec
		running.Go(func() {
			if err := rec.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		target := rec.Addr().String()
		if tr.ring == "" {
			fmt.Fprintf(&logs, " log %s format %s local0\n", target, tr.format)
			continue
		}
		server := target
		if strings.HasPrefix(tr.url, "unix:") {
			server = "unix@" + target
		}
		fmt.Fprintf(&rings, "ring %s\n format %s\n size 65536\n timeout connect 2s\n timeout server 5s\n server s %s log-proto %s\n", tr.name, tr.format, server, tr.ring)
		fmt.Fprintf(&logs, " log ring@%s local0\n", tr.name)
	}
	port := haproxytest.FreePort(t)
	config := fmt.Sprintf("%sdefaults\n mode http\n timeout connect 2s\n timeout client 5s\n timeout server 5s\n option httplog\n%s"+
		"frontend f\n bind 127.0.0.1:%d\n default_backend b\nbackend b\n server s %s\n", rings.String(), logs.String(), port, partners.OK)
	haproxytest.Start(t, haproxytest.Options{Dir: dir, Config: config})
	const n = 50
	for i := range n {
		haproxytest.Get(t, haproxytest.URL(port, fmt.Sprintf("/request/%d", i)))
	}
	for i, tr := range transports {
		haproxytest.Wait(t, 15*time.Second, tr.name+": all lines", func() bool { return readers[i].requests() >= n })
	}
	cancel()
	running.Wait()
	for i, tr := range transports {
		r, s := readers[i], sources[i].Stats()
		if r.requests() != n || len(r.ids) != n {
			t.Errorf("%s: %d lines of %d requests, want %d", tr.name, r.requests(), len(r.ids), n)
		}
		if r.kind != tr.kind {
			t.Errorf("%s: envelope %s, want %s", tr.name, r.kind, tr.kind)
		}
		for res, count := range r.results {
			if res.Refused() {
				t.Errorf("%s: %d lines are %v", tr.name, count, res)
			}
		}
		if s.KernelDrops+s.TooLong+s.FramingErrors+s.PartialLines+s.Refused != 0 {
			t.Errorf("%s: %+v", tr.name, s)
		}
	}
}
