package corpora

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/metrics/catalogue"
)

// variant is one way to log, as it is found in the field.
type variant struct {
	name    string
	since   string   // first HAProxy branch that knows it, "" for all
	setup   string   // lines of the frontend; FORMAT stands for formats[0]
	formats []string // what --haproxy.log.format is given
	tcp     bool
	asap    bool
	tls     bool
	noCap   bool
}

const vars = `%[var(txn.p2)]/%[var(txn.p3)]`

func variants() []variant {
	return []variant{
		{name: "httplog", setup: "option httplog", formats: []string{"httplog"}},
		{name: "httplog-nocap", setup: "option httplog", formats: []string{"httplog"}, noCap: true},
		{name: "httplog-asap", setup: "option httplog", formats: []string{"httplog"}, asap: true},
		{name: "clf", setup: "option httplog clf", formats: []string{"clf"}},
		{name: "clf-asap", setup: "option httplog clf", formats: []string{"clf"}, asap: true},
		{name: "httpslog", setup: "option httpslog", formats: []string{"httpslog"}, tls: true},
		{name: "tcplog", setup: "option tcplog", formats: []string{"tcplog"}, tcp: true},
		{name: "tcplog-clf", since: "3.2", setup: "option tcplog clf", formats: []string{"tcpclf"}, tcp: true},
		{name: "egress", formats: []string{`%ci:%cp [%tr] %ft %b/%s client=` + vars + ` sla=%[var(txn.p7)] %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r`}},
		{name: "kv", formats: []string{`time="%tr" client=%ci:%cp fe=%f be=%b srv=%s client="%[var(txn.p2)]" ua=%{+Q}[capture.req.hdr(0)] host=%{+Q}[capture.req.hdr(1)] method=%HM uri=%{+Q}HU status=%ST bytes=%B tr=%TR tw=%Tw tc=%Tc tresp=%Tr ta=%Ta term=%tsc retries=%rc req=%{+Q}r`}},
		{name: "kv-allq", formats: []string{`%{+Q}o client_ip=%ci port=%cp ts=%tr fe=%ft be=%b srv=%s tr=%TR tw=%Tw tc=%Tc tres=%Tr ta=%Ta status=%ST bytes=%B cookie=%CC term=%tsc ua=%[capture.req.hdr(0)] req=%r`}},
		{name: "kv-asap", asap: true, formats: []string{`ua=%{+Q}[capture.req.hdr(0)] fe=%f be=%b srv=%s method=%HM path=%HPO status=%ST bytes=%B tr=%TR tw=%Tw tc=%Tc tres=%Tr ta=%Ta term=%ts rc=%rc`}},
		{name: "pipe", formats: []string{`%Ts.%ms|%ID|%[capture.req.hdr(0)]|%[capture.req.hdr(1)]|%ci|%cp|%ft|%b|%s|%HM|%HP|%HQ|%HV|%ST|%TR|%Tw|%Tc|%Tr|%Ta|%B|%U|%tsc|%ac|%fc|%bc|%sc|%rc|%sq|%bq`}},
		{name: "pipe-asap", asap: true, formats: []string{`%Ts.%ms|%[capture.req.hdr(0)]|%ft|%b|%s|%HM|%HU|%ST|%TR|%Tw|%Tc|%Tr|%Ta|%B|%tsc|%rc`}},
		{name: "mapip", formats: []string{`%ci:%cp_%[src,map_ip(MAP)] [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r`}},
		{name: "jsonhand", asap: true, formats: []string{`{"ts":"%tr","client":"%[var(txn.p2)]","frontend":"%ft","backend":"%b","server":"%s","status":%ST,"bytes":%B,"term":"%tsc","tr":%TR,"tw":%Tw,"tc":%Tc,"tresp":%Tr,"ta":%Ta,"retries":"%rc","ua":"%[capture.req.hdr(0),json(utf8s)]","method":"%HM","uri":"%HU"}`}},
		{name: "json", since: "3.0", formats: []string{`%{+json}o %(ts)tr %(src)ci %(client)[var(txn.p2)] %(frontend)ft %(backend)b %(server)s %(status:sint)ST %(bytes)B %(term)tsc %(tr)TR %(tw)Tw %(tc)Tc %(tresp)Tr %(ta)Ta %(retries)rc %(ua)[capture.req.hdr(0)] %(method)HM %(uri)HU %(ssl:bool)[ssl_fc] %(hdrs)hr %(cookie)CC`}},
		{name: "errfmt", tls: true, setup: "log-format 'FORMAT'\n error-log-format '%ci:%cp [%tr] %ft ERR %[fc_err] %[fc_err_str]'",
			formats: []string{`%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %{+Q}r`, `%ci:%cp [%tr] %ft ERR %[fc_err] %[fc_err_str]`}},
	}
}

// structured is what HAProxy puts beside each message: the truth, which no code of the program reads.
const structured = `%{+E}o [truth@1 f="%f" b="%b" s="%s" ts="%ts" Tw="%Tw" Tc="%Tc" Tt="%Tt" B="%B"HTTP]`
const structuredHTTP = ` m="%HM" st="%ST" TR="%TR" Tr="%Tr" Ta="%Ta" p1="%[var(txn.p1)]" p2="%[var(txn.p2)]" p3="%[var(txn.p3)]" p4="%[var(txn.p4)]" p5="%[var(txn.p5)]" p6="%[var(txn.p6)]" p7="%[var(txn.p7)]"`

type running struct {
	variant
	addr string
	logs *haproxytest.Collector
}

func older(version, since string) bool {
	if version == "" {
		version = "2.6"
	}
	return version < since // one digit each
}

func configuration(t *testing.T, dir, version, target string, p *haproxytest.Partners) (string, []*running) {
	t.Helper()
	clients := filepath.Join(dir, "clients.map")
	if err := os.WriteFile(clients, []byte("127.0.0.1 known\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cert := haproxytest.Certificate(t, dir)
	var all []*running
	var b strings.Builder
	b.WriteString("global\n nbthread 1\ndefaults\n timeout connect 2s\n timeout client 5s\n timeout server 1s\n retries 1\n")
	for _, v := range variants() {
		if older(version, v.since) {
			continue
		}
		for i := range v.formats {
			v.formats[i] = strings.ReplaceAll(v.formats[i], "MAP", clients)
		}
		r := &running{variant: v, addr: fmt.Sprintf("127.0.0.1:%d", haproxytest.FreePort(t)), logs: haproxytest.CollectUDP(t)}
		all = append(all, r)
		bind, http := r.addr, structuredHTTP
		if v.tls {
			bind += " ssl crt " + cert
		}
		if v.tcp {
			http = ""
		}
		if v.setup == "" {
			v.setup = "log-format 'FORMAT'"
		}
		fmt.Fprintf(&b, "frontend %s\n bind %s\n log %s len 60000 format rfc5424 local0\n log %s len 8192 format raw local0\n log-format-sd '%s'\n %s\n",
			v.name, bind, target, r.logs.Target, strings.ReplaceAll(structured, "HTTP", http), strings.ReplaceAll(v.setup, "FORMAT", v.formats[0]))
		if v.asap {
			b.WriteString(" option logasap\n")
		}
		if v.tcp {
			b.WriteString(" mode tcp\n default_backend tcp\n")
			continue
		}
		b.WriteString(" mode http\n unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp_%Ts_%rt:%pid\n")
		for i := 1; i <= 7; i++ {
			fmt.Fprintf(&b, " http-request set-var(txn.p%d) path,field(%d,/)\n", i, i)
		}
		b.WriteString(" http-request deny if { path_end /deny }\n use_backend %[path,field(4,/)]\n")
		if !v.noCap {
			b.WriteString(" capture request header User-Agent len 64\n capture request header Host len 64\n capture response header Content-Type len 64\n capture cookie SID len 32\n")
		}
	}
	fmt.Fprintf(&b, "backend ok\n mode http\n cookie SRV insert indirect\n server s1 %s cookie a\nbackend refused\n mode http\n server r1 %s\nbackend first\n mode http\n retries 0\n server c1 %s\n"+
		"backend early\n mode http\n server e1 %s\nbackend error\n mode http\n server x1 %s\nbackend slow\n mode http\n server n1 %s\nbackend nosrv\n mode http\nbackend tcp\n mode tcp\n server t1 %s\n",
		p.OK, p.Refused, p.CloseFirst, p.CloseEarly, p.Error, p.Never, p.OK)
	return b.String(), all
}

// requests are what each frontend gets; the fourth segment chooses the backend.
func requests() []string {
	const end = "Host: partner.example\r\nUser-Agent: curl/7.88 (x; y)\r\nConnection: close\r\n\r\n"
	ua := func(s string) string {
		return "GET /app/prod/ok/prod/api/high/ua HTTP/1.1\r\nHost: h\r\nConnection: close\r\nUser-Agent: " + s + "\r\n\r\n"
	}
	return []string{
		"GET /app/prod/ok/prod/api/high/x?status=404&y=%22z%22 HTTP/1.1\r\n" + end,
		"GET /app/prod/ok/prod/api/high/x?bytes=20000 HTTP/1.1\r\n" + end,
		"POST /app/uat/ok/test/soap/low/one HTTP/1.1\r\nContent-Length: 5\r\nCookie: SID=a\"b|c{d} 1 2; other=1\r\nHost: h\r\nConnection: close\r\n\r\nhello",
		"DELETE /billing/prod/error/prod/api/medium/ HTTP/1.1\r\n" + end,
		"GET http://absolute.example/app/prod/ok/prod/api/high/abs?q=1 HTTP/1.1\r\n" + end,
		"GET /app/prod/refused/prod/api/high HTTP/1.1\r\n" + end,
		"GET /app/prod/first/prod/api/high HTTP/1.1\r\n" + end,
		"GET /app/prod/early/prod/api/high HTTP/1.1\r\n" + end,
		"GET /app/prod/slow/prod/api/high HTTP/1.1\r\n" + end,
		"GET /app/prod/nosrv/prod/api/high HTTP/1.1\r\n" + end,
		"GET /scan/x/unknown/y/z/deny HTTP/1.1\r\n" + end,
		"GET /my\"back|x/prod/none/prod/www/high HTTP/1.1\r\n" + end,
		"PURGE /app/prod/ok/prod/api/high HTTP/1.0\r\n" + end,
		"GET /app/prod/ok/prod/api/high/a{b|c}d[e]^\\`` HTTP/1.1\r\n" + end,
		"GET /app/prod/ok/prod/api/high/1 HTTP/1.1\r\nHost: one\r\n\r\nGET /app/prod/ok/prod/api/high/2 HTTP/1.1\r\n" + end,
		ua("a|b/c \"q\" {x|y} #1 \t end \\ back"), ua("-"), ua("M\xc3\xb6zilla \xe9 \x7f"), ua(""), ua("client: GET /x HTTP/1.1"),
		"GET / bad request line HTTP/1.1\r\n\r\n",
		"\x16\x03nonsense\r\n\r\n",
		"GET /app/prod/ok/prod/api/high HTTP/1.1\r\nHost: h\r\n bad",
	}
}

// drive sends all requests, one after the other.
func (r *running) drive() error {
	list := requests()
	if r.tls {
		list = append(list, "")
	}
	for _, request := range list {
		if err := send(r, request); err != nil {
			return err
		}
	}
	return nil
}

// send writes a request and reads to the end; how it ends is HAProxy's business.
func send(r *running, request string) error {
	c, err := net.DialTimeout("tcp", r.addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if r.tls && request != "" {
		c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
	}
	if request == "" {
		request = "no handshake\r\n\r\n"
	}
	_, _ = io.WriteString(c, request)
	if strings.HasSuffix(request, " bad") {
		return nil // leaves in the middle of the header
	}
	_, _ = io.Copy(io.Discard, c)
	return nil
}

// TestVersions lets each HAProxy that is here write the formats of the field, under hostile traffic, and replays
// them. (HAPROXY_30=/path and the like add versions.)
func TestVersions(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy"+version, func(t *testing.T) {
			dir := haproxytest.ShortDir(t)
			truth := haproxytest.CollectUDP(t)
			config, all := configuration(t, dir, version, truth.Target, haproxytest.StartPartners(t))
			h := haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Config: config})
			var g errgroup.Group
			for _, r := range all {
				g.Go(func() error { return r.drive() })
			}
			if err := g.Wait(); err != nil {
				t.Fatal(err)
			}
			h.Stop() // what is in flight is logged, or never will be
			rows := truthRows(t, truth, all)
			for _, r := range all {
				t.Run(r.name, func(t *testing.T) { compareVariant(t, dir, r, rows[r.name]) })
			}
		})
	}
}

var pair = regexp.MustCompile(` ([A-Za-z0-9]+)="((?:[^"\\]|\\.)*)"`)

// truthRows reads the structured data, when as many of them have arrived as messages.
func truthRows(t *testing.T, truth *haproxytest.Collector, all []*running) map[string][]map[string]string {
	t.Helper()
	count := func() (n int) {
		for _, r := range all {
			n += len(r.logs.Lines())
		}
		return n
	}
	haproxytest.Wait(t, 10*time.Second, "both copies of each line", func() bool {
		return len(truth.Lines()) == count() && count() > len(all)
	})
	rows := map[string][]map[string]string{}
	for _, line := range truth.Lines() {
		_, sd, ok := bytes.Cut(line, []byte("[truth@1"))
		if !ok {
			continue // a failed handshake, in 2.6
		}
		row := map[string]string{}
		for _, m := range pair.FindAllSubmatch(sd[:bytes.Index(sd, []byte(`"] `))+1], -1) {
			row[string(m[1])] = strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\]`, `]`).Replace(string(m[2]))
		}
		rows[row["f"]] = append(rows[row["f"]], row)
	}
	return rows
}

func compareVariant(t *testing.T, dir string, r *running, rows []map[string]string) {
	path := filepath.Join(dir, r.name+".log")
	var file []byte
	for _, l := range r.logs.Lines() {
		file = append(append(file, l...), '\n')
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	var flags []string
	for _, f := range r.formats {
		flags = append(flags, "--haproxy.log.format="+f)
	}
	e := replay(t, flags, path)
	if len(rows) < 10 {
		t.Fatalf("the truth has %d rows of %d lines", len(rows), len(r.logs.Lines()))
	}
	results := noneRefused(t, e)
	requests, sessions, sum := wantedOf(r, rows)
	if r.name == "errfmt" {
		// That error-log-format says nothing about a request that could not be read; those on which the connection
		// failed are handshake errors. In 2.6 not all of them have structured data.
		requests["||none|"] = float64(bytes.Count(file, []byte("ERR 0 Success\n")))
		if want := float64(bytes.Count(file, []byte("ERR "))) - requests["||none|"]; results["handshake_error"] != want || want == 0 {
			t.Errorf("%v handshake errors, want %v", results["handshake_error"], want)
		}
	}
	equal(t, "requests", e.Sum(catalogue.RequestsTotal, "method", "backend", "code", "termination_state"), requests)
	equal(t, "sessions", e.Sum(catalogue.SessionsTotal, "backend", "termination_state"), sessions)
	equal(t, "sum", sums(e), sum)
	if !r.tcp {
		routesOf(t, e, rows)
	}
	if t.Failed() {
		t.Logf("%v of\n%s", results, file)
	}
}

// wantedOf are the sums over the truth, in the words of the exposition.
func wantedOf(r *running, rows []map[string]string) (requests, sessions, sum map[string]float64) {
	requests, sessions, sum = map[string]float64{}, map[string]float64{}, map[string]float64{"Ta": 0, "Tt": 0, "B": 0}
	add := func(row map[string]string, keys ...string) {
		for _, k := range keys {
			if v, err := strconv.ParseFloat(row[k], 64); err == nil && v > 0 && !strings.HasPrefix(row[k], "+") {
				sum[k] += v
			}
		}
	}
	for _, row := range rows {
		switch {
		case r.tcp:
			sessions[row["b"]+"|"+row["ts"]]++
			add(row, "Tt")
		case r.name == "errfmt" && row["m"] == badRequest: // printed by error-log-format, see compareVariant
		case row["st"] == "0": // a failed handshake: in 3.x it has structured data, but is no request
		default:
			requests[strings.Join([]string{method(row["m"]), row["b"], code(row["st"]), row["ts"]}, "|")]++
			add(row, "TR", "Tw", "Tc", "Tr", "Ta", "B")
		}
	}
	for k, v := range sum {
		if v == 0 && len(k) == 2 && k != "Ta" && k != "Tt" {
			delete(sum, k)
		}
	}
	return requests, sessions, sum
}

const badRequest = "<BADREQ>"

// routesOf compares the labels from the path for requests that reached a server.
func routesOf(t *testing.T, e haproxytest.Exposition, rows []map[string]string) {
	t.Helper()
	want := map[string]float64{}
	for _, row := range rows {
		if row["s"] == "<NOSRV>" || row["ts"] == "PR" || row["ts"] == "LR" || row["m"] == badRequest {
			continue
		}
		want[strings.Join([]string{row["p2"], row["p3"], row["p4"], row["p5"], row["p6"], row["p7"], row["b"]}, "|")]++
	}
	got := e.Sum(catalogue.RequestsTotal, append(append([]string{}, routeLabels...), "backend")...)
	if len(want) < 5 {
		t.Errorf("the truth has only %d routes", len(want))
	}
	for k, n := range want {
		if got[k] != n {
			t.Errorf("route %s is %v, want %v", k, got[k], n)
		}
	}
}
