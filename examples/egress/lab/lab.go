// Package lab runs the egress example: simulated partners and clients around a real HAProxy,
// rsyslog, the exporter and Prometheus, all on loopback, with their files in one temporary folder.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"haproxy_log_exporter/internal/child"
	"haproxy_log_exporter/internal/ports"
)

// Options tune a run. Empty paths are looked up; an empty Exporter is built from the source.
type Options struct {
	HAProxy, Rsyslogd, Prometheus, Exporter string
	// Source is the checkout; found from the working folder when empty.
	Source string
	// Rate is the number of requests a second, beside a burst every 5 s.
	Rate float64
	// Switch is when the tax office's new contract begins.
	Switch time.Time
	Out    io.Writer
}

// Lab is a running example. Close ends all of it.
type Lab struct {
	Dir           string
	EgressURL     string
	ExporterURL   string
	PrometheusURL string
	LogFile       string

	o        Options
	env      []string
	partners *partners
	traffic  *traffic
	children []named // in the order of their start
	ports    []*ports.Port
}

type named struct {
	name string
	*child.Process
}

// Start starts everything, waits until it answers, then lets traffic flow. When it fails or ctx
// ends before, whatever had been started is ended.
func Start(ctx context.Context, o Options) (l *Lab, err error) {
	if err := findPrograms(&o); err != nil {
		return nil, err
	}
	if o.Source == "" {
		if o.Source, err = sourceDir(); err != nil {
			return nil, err
		}
	}
	l = &Lab{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
			l = nil
		}
	}()
	if l.Dir, err = os.MkdirTemp("", "egress"); err != nil {
		return l, err
	}
	// Prometheus and rsyslogd run as this user; nobody else needs the folder.
	for _, step := range []func(context.Context) error{l.prepare, l.startRsyslog, l.startHAProxy, l.startExporter, l.startPrometheus} {
		if err := step(ctx); err != nil {
			return l, err
		}
	}
	l.traffic = startTraffic(strings.TrimPrefix(l.EgressURL, "http://"), o.Rate)
	return l, nil
}

func (l *Lab) prepare(context.Context) error {
	if l.o.Exporter == "" {
		fmt.Fprintln(l.o.Out, "building the exporter …")
		path, err := buildExporter(l.Dir, l.o.Source)
		if err != nil {
			return err
		}
		l.o.Exporter = path
	}
	var err error
	l.partners, err = startPartners()
	return err
}

func (l *Lab) startRsyslog(ctx context.Context) error {
	port, err := l.port(5514)
	if err != nil {
		return err
	}
	l.LogFile = filepath.Join(l.Dir, "haproxy.log")
	l.env = append(l.env, fmt.Sprintf("EGRESS_LOG=127.0.0.1:%d", port), "EGRESS_DIR="+l.Dir)
	conf := filepath.Join(l.Dir, "rsyslog.conf")
	text := fmt.Sprintf(`global(maxMessageSize="16k" workDirectory="%s")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="%d" rcvbufSize="1m")
action(type="omfile" file="%s" fileCreateMode="0640" template="RSYSLOG_TraditionalFileFormat")
`, l.Dir, port, l.LogFile)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	pid := filepath.Join(l.Dir, "rsyslogd.pid")
	p, err := l.start("rsyslogd", child.Options{Path: l.o.Rsyslogd, Args: []string{"-n", "-i", pid, "-f", conf}})
	if err != nil {
		return err
	}
	listening := fmt.Sprintf(":%04X ", port)
	return l.wait(ctx, p, func() bool {
		b, err := os.ReadFile("/proc/net/udp")
		return err == nil && strings.Contains(string(b), listening)
	})
}

func (l *Lab) startHAProxy(ctx context.Context) error {
	port, err := l.port(8080)
	if err != nil {
		return err
	}
	l.EgressURL = fmt.Sprintf("http://127.0.0.1:%d", port)
	l.env = append(l.env, "EGRESS_PORT="+strconv.Itoa(port), fmt.Sprintf("EGRESS_SWITCH_AT=%d", l.o.Switch.Unix()))
	for name, addr := range l.partners.vars {
		l.env = append(l.env, name+"="+addr)
	}
	cfg := filepath.Join(l.o.Source, "examples/egress/haproxy.cfg")
	master := filepath.Join(l.Dir, "master.sock")
	p, err := l.start("haproxy", child.Options{Path: l.o.HAProxy, Env: l.env, Death: syscall.SIGTERM,
		Args: []string{"-W", "-db", "-S", master + ",mode,600,level,user", "-f", cfg}})
	if err != nil {
		return err
	}
	// The runtime socket is asked, not the frontend: that would be a request in the log.
	return l.wait(ctx, p, func() bool { return answers(filepath.Join(l.Dir, "stats.sock")) })
}

func (l *Lab) startExporter(ctx context.Context) error {
	port, err := l.port(10199)
	if err != nil {
		return err
	}
	l.ExporterURL = fmt.Sprintf("http://127.0.0.1:%d", port)
	state := filepath.Join(l.Dir, "state")
	if err := os.Mkdir(state, 0o700); err != nil {
		return err
	}
	p, err := l.start("exporter", child.Options{Path: l.o.Exporter, Env: l.env, Args: []string{
		"--config.file=" + filepath.Join(l.o.Source, "examples/egress/exporter.yml"),
		"--haproxy.log.path=" + l.LogFile, "--haproxy.log.from=start",
		"--haproxy.config=" + filepath.Join(l.o.Source, "examples/egress/haproxy.cfg"),
		"--haproxy.socket=unix:" + filepath.Join(l.Dir, "stats.sock"),
		"--haproxy.master-socket=unix:" + filepath.Join(l.Dir, "master.sock"),
		"--state.dir=" + state,
		"--web.listen-address=" + strings.TrimPrefix(l.ExporterURL, "http://"),
	}})
	if err != nil {
		return err
	}
	return l.wait(ctx, p, func() bool { return ready(l.ExporterURL + "/-/ready") })
}

func (l *Lab) startPrometheus(ctx context.Context) error {
	port, err := l.port(9090)
	if err != nil {
		return err
	}
	l.PrometheusURL = fmt.Sprintf("http://127.0.0.1:%d", port)
	b, err := os.ReadFile(filepath.Join(l.o.Source, "examples/egress/prometheus.yml"))
	if err != nil {
		return err
	}
	conf := filepath.Join(l.Dir, "prometheus.yml")
	targets := fmt.Sprintf(`[{"targets": [%q]}]`, strings.TrimPrefix(l.ExporterURL, "http://"))
	if err := errors.Join(os.WriteFile(conf, b, 0o600), os.WriteFile(filepath.Join(l.Dir, "targets.json"), []byte(targets), 0o600)); err != nil {
		return err
	}
	if err := l.rules(); err != nil {
		return err
	}
	p, err := l.start("prometheus", child.Options{Path: l.o.Prometheus, Dir: l.Dir, Args: []string{
		"--config.file=" + conf, "--storage.tsdb.path=" + filepath.Join(l.Dir, "tsdb"),
		"--web.listen-address=" + strings.TrimPrefix(l.PrometheusURL, "http://"), "--log.level=warn",
	}})
	if err != nil {
		return err
	}
	return l.wait(ctx, p, func() bool { return ready(l.PrometheusURL + "/-/ready") })
}

// rules gives Prometheus the shipped rules, so that the dashboards find their series.
func (l *Lab) rules() error {
	files, err := filepath.Glob(filepath.Join(l.o.Source, "alerts/*.rules.yml"))
	if err != nil {
		return err
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(l.Dir, filepath.Base(f)), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) start(name string, o child.Options) (named, error) {
	p, err := child.Start(o)
	n := named{name, p}
	if err == nil {
		l.children = append(l.children, n)
	}
	return n, err
}

// wait polls until the program is ready, it ends, ctx ends, or half a minute has passed.
func (l *Lab) wait(ctx context.Context, p named, ready func() bool) error {
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !ready() {
		select {
		case <-p.Done():
			return fmt.Errorf("%s ended at its start (%w):\n%s", p.name, p.Err(), p.Output())
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return fmt.Errorf("%s is not ready after 30 s:\n%s", p.name, p.Output())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// Failed returns a channel that tells when a program of the example has ended by itself.
func (l *Lab) Failed() <-chan error {
	failed := make(chan error, len(l.children))
	for _, p := range l.children {
		go func() {
			<-p.Done()
			failed <- fmt.Errorf("%s has ended (%v):\n%s", p.name, p.Err(), p.Output())
		}()
	}
	return failed
}

// StopTraffic ends the stream of requests, waits for the last answers and returns the counts.
func (l *Lab) StopTraffic() Sent { return l.traffic.stop() }

// Close ends everything in the reverse order of the start and removes the folder.
func (l *Lab) Close() error {
	if l.traffic != nil {
		l.traffic.cancel()
	}
	var errs []error
	for i := len(l.children) - 1; i >= 0; i-- {
		errs = append(errs, l.children[i].Stop(5*time.Second))
	}
	if l.partners != nil {
		l.partners.close()
	}
	if l.Dir != "" {
		errs = append(errs, os.RemoveAll(l.Dir))
	}
	for _, p := range l.ports {
		p.Release()
	}
	return errors.Join(errs...)
}

var client = &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func answers(socket string) bool {
	c, err := net.DialTimeout("unix", socket, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(c, "show info\n"); err != nil {
		return false
	}
	b, err := io.ReadAll(c)
	return err == nil && strings.Contains(string(b), "\nPid: ")
}

func ready(url string) bool {
	r, err := client.Get(url)
	if err != nil {
		return false
	}
	r.Body.Close()
	return r.StatusCode == http.StatusOK
}

// String lists the answers by status, for the summary at the end.
func (s Sent) String() string {
	var codes []int
	for c := range s.Codes {
		codes = append(codes, c)
	}
	sort.Ints(codes)
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests sent; answers:", s.Total())
	for _, c := range codes {
		name := strconv.Itoa(c)
		if c == 0 {
			name = "none"
		}
		fmt.Fprintf(&b, " %s: %d", name, s.Codes[c])
	}
	return b.String()
}
