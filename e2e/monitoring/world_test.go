package monitoring

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haproxy_log_exporter/internal/child"
	"haproxy_log_exporter/internal/haproxytest"
)

// world is everything that runs.
type world struct {
	t        *testing.T
	dir      string
	ha       *haproxytest.HAProxy
	log      *logFile
	partners map[string]*partner
	dns      *dns
	exporter string // host:port
	ports    struct{ http, tls, tcp int }
}

// partner is a service whose behaviour can be changed while it runs.
type partner struct {
	addr  string
	slow  atomic.Bool // every third request hangs until HAProxy gives up
	hang  atomic.Bool // every request hangs
	mu    sync.Mutex
	l     net.Listener
	s     *http.Server
	count atomic.Int64
}

func startPartner(t *testing.T) *partner {
	p := &partner{addr: fmt.Sprintf("127.0.0.1:%d", haproxytest.FreePort(t))}
	p.open(t)
	t.Cleanup(p.close)
	return p
}

func (p *partner) open(t *testing.T) {
	l, err := net.Listen("tcp4", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.l = l
	p.s = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := p.count.Add(1)
		io.Copy(io.Discard, r.Body)
		switch {
		case r.URL.Path == "/check":
		case p.hang.Load() || p.slow.Load() && n%3 == 0:
			<-r.Context().Done()
		case n%41 == 0:
			w.WriteHeader(http.StatusNotFound)
		default:
			time.Sleep(time.Duration(n%10) * time.Millisecond)
		}
		io.WriteString(w, "ok\n")
	})}
	go p.s.Serve(l)
}

// close cuts the partner off: its port refuses connections from now on.
func (p *partner) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.s.Close()
}

// logFile receives HAProxy's lines by UDP and writes them into a file, unless it is paused.
type logFile struct {
	addr, path string
	paused     atomic.Bool
}

func startLog(t *testing.T, dir string) *logFile {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c.SetReadBuffer(8 << 20)
	l := &logFile{addr: c.LocalAddr().String(), path: filepath.Join(dir, "haproxy.log")}
	f, err := os.Create(l.path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, _, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if !l.paused.Load() {
				f.Write(append(bytes.TrimSuffix(buf[:n:n], []byte("\n")), '\n'))
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done; f.Close() })
	return l
}

// The two checked partners have several backends on one route, as a canary has.
const haproxyConfig = `
global
    log %[1]s len 8192 format rfc3164 local0
    maxconn 2000
    stats socket %[2]s/stats.sock mode 600 level user
    hard-stop-after 20s
    # Only so that a log line can be provoked for an old version of TLS.
    ssl-default-bind-options ssl-min-ver TLSv1.0
    ssl-default-bind-ciphers ALL:@SECLEVEL=0
resolvers names
    nameserver ns1 %[10]s
    resolve_retries 2
    timeout resolve 300ms
    timeout retry 200ms
    hold valid 300ms
    hold nx 300ms
defaults
    mode http
    log global
    option httpslog
    option httpchk GET /check
    timeout connect 500ms
    timeout client 300s
    timeout server 1s
    timeout queue 500ms
    retries 1
    option abortonclose
frontend egress
    bind 127.0.0.1:%[3]d
    bind 127.0.0.1:%[4]d ssl crt %[2]s/cert.pem
    monitor-uri /alive
    stick-table type ip size 1k expire 1m store http_req_rate(10s)
    http-request track-sc0 src
    use_backend acme:prod:pay:high:canary if { path_beg /shop/prod/acme/ } { rand(100) lt 20 }
    use_backend acme:prod:pay:high if { path_beg /shop/prod/acme/ }
    use_backend globex:prod:invoice:high if { path_beg /billing/prod/globex/ }
    use_backend initech:prod:lookup:high if { path_beg /crm/prod/initech/ }
    use_backend umbrella:prod:batch:low if { path_beg /crm/prod/umbrella/ }
    use_backend wayne:prod:batch:low if { path_beg /crm/prod/wayne/ }
    use_backend stark:prod:files:high if { path_beg /crm/prod/stark/ }
backend acme:prod:pay:high
    http-request set-path /ok
    server s1 %[5]s maxconn 50 check inter 200ms
    server s2 %[5]s maxconn 50 check inter 200ms
backend acme:prod:pay:high:canary
    server canary %[5]s maxconn 50
backend globex:prod:invoice:high
    server s1 %[6]s maxconn 100
backend initech:prod:lookup:high
    server s1 %[7]s maxconn 50 check inter 200ms fall 2
backend umbrella:prod:batch:low
    server s1 %[8]s maxconn 50
backend wayne:prod:batch:low
    timeout server 300s
    server s1 %[12]s maxconn 1000
backend stark:prod:files:high
    server s1 partner.example:%[11]s maxconn 50 resolvers names init-addr none resolve-prefer ipv4
frontend mq
    mode tcp
    option tcplog
    bind 127.0.0.1:%[9]d
    default_backend mq
backend mq
    mode tcp
    server s1 %[5]s
`

const exporterConfig = `
haproxy: {config: %[1]s/haproxy.cfg, master_socket: %[1]s/master.sock}
sources: [{path: %[1]s/haproxy.log}]
labels:
  - {from: path,    template: '/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}'}
  - {from: backend, template: '{partner}:{partner_env}:{partner_service}:{sla}[:{}]'}
slas:
  high: {timeout: 1s, within: 1s, objective: 0.99}
  low:  {timeout: 1s, objective: 0.98}
counters:
  - {name: tls_requests, labels: [client, client_env, sslv]}
`

func startWorld(t *testing.T) *world {
	haproxytest.Need(t, "haproxy", "prometheus", "promtool", "go")
	w := &world{t: t, dir: haproxytest.ShortDir(t), partners: map[string]*partner{}}
	w.log, w.dns = startLog(t, w.dir), startDNS(t)
	for _, name := range []string{"acme", "globex", "initech", "umbrella", "wayne"} {
		w.partners[name] = startPartner(t)
	}
	writeCertificate(t, filepath.Join(w.dir, "cert.pem"))
	w.ports.http, w.ports.tls, w.ports.tcp = haproxytest.FreePort(t), haproxytest.FreePort(t), haproxytest.FreePort(t)
	a := func(n string) string { return w.partners[n].addr }
	w.ha = haproxytest.Start(t, haproxytest.Options{Dir: w.dir, Master: true, Config: fmt.Sprintf(haproxyConfig,
		w.log.addr, w.dir, w.ports.http, w.ports.tls, a("acme"), a("globex"), a("initech"), a("umbrella"), w.ports.tcp, w.dns.addr, strings.Split(a("acme"), ":")[1], a("wayne"))})
	w.startExporter()
	return w
}

func (w *world) startExporter() {
	t := w.t
	bin := filepath.Join(t.TempDir(), "haproxy_log_exporter")
	if out, err := exec.Command("go", "build", "-o", bin, "haproxy_log_exporter/cmd/haproxy_log_exporter").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	conf := filepath.Join(w.dir, "exporter.yml")
	if err := os.WriteFile(conf, []byte(fmt.Sprintf(exporterConfig, w.dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	w.exporter = fmt.Sprintf("127.0.0.1:%d", haproxytest.FreePort(t))
	state := filepath.Join(w.dir, "state")
	if err := os.Mkdir(state, 0o755); err != nil {
		t.Fatal(err)
	}
	p := haproxytest.StartProcess(t, child.Options{Path: bin, Dir: w.dir, Args: []string{"serve", "--config.file=" + conf, "--web.listen-address=" + w.exporter, "--state.dir=" + state}})
	haproxytest.Wait(t, 30*time.Second, "the exporter is ready", func() bool {
		if !p.Running() {
			t.Fatalf("the exporter ended:\n%s", p.Output())
		}
		resp, err := http.Get("http://" + w.exporter + "/-/ready")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// traffic sends requests until the test ends: perSecond to each route, some of them with TLS, some TCP sessions, some
// checks by a load balancer, and a few that no backend serves.
func (w *world) traffic(perSecond int) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, MaxIdleConnsPerHost: 4,
	}}
	patient := &http.Client{Transport: &http.Transport{}}
	once := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	old := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, DisableKeepAlives: true,
	}}
	routes := []string{"/shop/prod/acme/prod/pay/high/x", "/billing/prod/globex/prod/invoice/high/x", "/crm/prod/initech/prod/lookup/high/x", "/crm/prod/umbrella/prod/batch/low/x", "/crm/prod/stark/prod/files/high/x"}
	var wg sync.WaitGroup
	go func() {
		defer close(done)
		defer wg.Wait()
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			for i, r := range routes {
				c, url := client, fmt.Sprintf("http://127.0.0.1:%d%s", w.ports.http, r)
				if (n+i)%4 == 0 {
					url = fmt.Sprintf("https://127.0.0.1:%d%s", w.ports.tls, r)
				}
				if n%20 == i {
					c = old
					url = fmt.Sprintf("https://127.0.0.1:%d%s", w.ports.tls, r)
				}
				wg.Go(func() { ask(ctx, c, url) })
			}
			if n%6 == 0 {
				wg.Go(func() {
					ask(ctx, patient, fmt.Sprintf("http://127.0.0.1:%d/crm/prod/wayne/prod/batch/low/x", w.ports.http))
				})
			}
			if n%5 == 0 {
				wg.Go(func() { ask(ctx, client, fmt.Sprintf("http://127.0.0.1:%d/alive", w.ports.http)) })
				wg.Go(func() { ask(ctx, once, fmt.Sprintf("http://127.0.0.1:%d/x", w.ports.tcp)) })
			}
			if n%40 == 0 {
				wg.Go(func() { w.giveUp("/shop/prod/acme/prod/pay/high/x") })
				wg.Go(func() {
					ask(ctx, client, fmt.Sprintf("http://127.0.0.1:%d/shop/prod/nobody/prod/pay/high/x", w.ports.http))
				})
			}
		}
	}()
	w.t.Cleanup(func() { cancel(); <-done; client.CloseIdleConnections(); patient.CloseIdleConnections() })
}

// giveUp is an application that hangs up before it has sent all of its request: no status is logged.
func (w *world) giveUp(path string) {
	c, err := net.Dial("tcp4", fmt.Sprintf("127.0.0.1:%d", w.ports.http))
	if err != nil {
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: egress\r\nContent-Length: 1000\r\n\r\nonly this", path)
	time.Sleep(20 * time.Millisecond) // HAProxy has to see the head first
}

func ask(ctx context.Context, c *http.Client, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	resp, err := c.Do(req)
	if err != nil {
		return // what clients see is not what is tested here
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

func writeCertificate(t *testing.T, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "egress"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der})
	pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
