package parser_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/parser"
)

// The fields that a real HAProxy also prints as structured data: the truth of each line.
func truthFields() map[string]parser.Field {
	return map[string]parser.Field{"ST": parser.Status, "B": parser.BytesSent, "U": parser.BytesReceived, "TR": parser.TimeRequest, "Tw": parser.TimeQueue,
		"Tc": parser.TimeConnect, "Tr": parser.TimeResponse, "Ta": parser.TimeActive, "Tt": parser.TimeTotal, "Td": parser.TimeData, "Th": parser.TimeHandshake,
		"Ti": parser.TimeIdle, "Tq": parser.TimeTq, "rc": parser.Retries, "tsc": parser.TerminationState, "ts": parser.TerminationState, "f": parser.Frontend, "ft": parser.Frontend,
		"b": parser.Backend, "s": parser.Server, "ci": parser.ClientAddr, "cp": parser.ClientPort, "si": parser.ServerAddr, "sp": parser.ServerPort,
		"ac": parser.ActiveConns, "fc": parser.FrontendConns, "bq": parser.BackendQueue, "sq": parser.ServerQueue, "lc": parser.LogCounter, "pid": parser.ProcessID,
		"HM": parser.Method, "HU": parser.Target, "HV": parser.Protocol}
}

// randomFormat makes a log-format of aliases that HAProxy 2.6 knows, and of expressions.
func randomFormat(rng *rand.Rand) (format string, names []string) {
	seps := []string{" ", " ", " ", "/", "|", ", ", "; ", " x=", `","k":"`, " - ", "] ["}
	exprs := []string{"%[src]", "%[capture.req.hdr(0)]", "%[var(txn.ua)]", "%[var(txn.ua),json(utf8s)]", "%[fc_http_major]", "%[date,ltime(%Y-%m-%d %H:%M:%S)]",
		"%{+Q}[capture.req.hdr(1)]", "%{+Q,+E}[capture.req.hdr(0)]", "%[var(txn.none)]"}
	var known []string
	for _, a := range parser.AliasNames() {
		if since, retired, _ := parser.Versions(a[1:]); since <= "2.6" && retired == "" {
			known = append(known, a)
		}
	}
	var b strings.Builder
	for i := range 2 + rng.IntN(12) {
		if i > 0 {
			b.WriteString(seps[rng.IntN(len(seps))])
		}
		if rng.IntN(5) == 0 {
			b.WriteString(exprs[rng.IntN(len(exprs))])
			continue
		}
		alias := known[rng.IntN(len(known))]
		flags := []string{"", "", "", "", "{+Q}", "{+Q,+E}", "{-Q}"}[rng.IntN(7)]
		b.WriteString("%" + flags + alias[1:])
		names = append(names, alias[1:])
	}
	return b.String(), names
}

const differentialFormats = 240

func differentialConfig(rng *rand.Rand, port int, target, server string) (config string, formats []string, names [][]string) {
	var b, sd strings.Builder
	for name := range truthFields() {
		fmt.Fprintf(&sd, ` %s=\"%%%s\"`, name, name)
	}
	fmt.Fprintf(&b, `global
    log %s len 8192 format rfc5424 local0
    maxconn 500
    nbthread 1
defaults
    mode http
    log global
    timeout client 5s
    timeout server 5s
    timeout connect 5s
backend be
    server s1 %s
backend down
    retries 0
    server s9 127.0.0.1:1
`, target, server)
	for i := range differentialFormats {
		f, n := randomFormat(rng)
		for {
			if _, err := parser.Compile(f); err == nil {
				break
			}
			f, n = randomFormat(rng)
		}
		formats, names = append(formats, f), append(names, n)
		fmt.Fprintf(&b, `frontend f%d
    bind 127.0.%d.%d:%d
    capture request header user-agent len 60
    capture request header x-b len 60
    capture response header server len 30
    capture cookie SID len 40
    http-request set-var(txn.ua) req.fhdr(user-agent)
    http-request deny if { path /deny }
    use_backend down if { path /down }
    default_backend be
    log-format '%s'
    log-format-sd "%%{+Q,+E}o [t@1%s]"
`, i, 1+i/200, 1+i%200, port, f, strings.ReplaceAll(sd.String(), `"%`, `"%{-Q}`))
	}
	return b.String(), formats, names
}

// TestAgainstHAProxy sends requests through frontends with random formats. Every line is read, or
// refused because it has several readings, and what is read is what HAProxy says in the structured data.
func TestAgainstHAProxy(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	if testing.Short() {
		t.Skip("starts a real HAProxy with 240 frontends")
	}
	partners, logs, port := haproxytest.StartPartners(t), haproxytest.CollectUDP(t), haproxytest.FreePort(t)
	config, formats, names := differentialConfig(rand.New(rand.NewPCG(26, 6)), port, logs.Target, partners.OK)
	haproxytest.Start(t, haproxytest.Options{Config: config})
	requests := []string{
		"GET /a/b?x=1&y=%22 HTTP/1.1\r\nHost: h\r\nUser-Agent: ua (q \"x\" | {b}) \\ #5 200 1/2/3\r\nCookie: SID=a|b/c\r\nConnection: close\r\n\r\n",
		"POST /{c|d}/e HTTP/1.0\r\nContent-Length: 2\r\n\r\nok",
		"GET /deny HTTP/1.1\r\nHost: h\r\nX-B: b; c=\"d\", e\r\nConnection: close\r\n\r\n",
		"GET http://egress.lab/down? HTTP/1.1\r\nHost: egress.lab\r\nUser-Agent: -\r\nConnection: close\r\n\r\n",
		"bad\r\n\r\n",
	}
	var wg sync.WaitGroup
	for part := range 16 {
		wg.Go(func() {
			for i := part; i < len(formats); i += 16 {
				for _, r := range requests {
					send(t, fmt.Sprintf("127.0.%d.%d:%d", 1+i/200, 1+i%200, port), r)
				}
			}
		})
	}
	wg.Wait()
	counted, refused := 0, 0
	for _, line := range logs.WaitLines(t, len(formats)*len(requests), "[t@1 ") {
		truth, msg := splitSD(t, line)
		var i int
		if _, err := fmt.Sscanf(truth["f"], "f%d", &i); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if differs(t, formats[i], names[i], truth, msg) {
			counted++
		} else {
			refused++
		}
	}
	t.Logf("%d formats, %d lines read, %d refused", len(formats), counted, refused)
	if counted < 9*(counted+refused)/10 {
		t.Errorf("only %d of %d lines were read", counted, counted+refused)
	}
}

func send(t *testing.T, addr, request string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(c, request); err != nil {
		t.Error(err)
	}
	io.Copy(io.Discard, c)
}

// splitSD returns the structured data of a line in RFC 5424 and the message behind it.
func splitSD(t *testing.T, line []byte) (map[string]string, []byte) {
	t.Helper()
	at := bytes.Index(line, []byte("[t@1 "))
	truth := map[string]string{}
	rest := line[at+len("[t@1 "):]
	param := regexp.MustCompile(`^ ?([A-Za-z]+)="((?:[^"\\\]]|\\.)*)"`)
	for {
		m := param.FindSubmatch(rest)
		if m == nil {
			break
		}
		truth[string(m[1])] = string(m[2])
		rest = rest[len(m[0]):]
	}
	rest, ok := bytes.CutPrefix(rest, []byte("]"))
	if !ok {
		t.Fatalf("structured data of %q", line)
	}
	return truth, bytes.TrimPrefix(rest, []byte(" "))
}

// differs compares a line with its truth and returns whether it was read.
func differs(t *testing.T, format string, names []string, truth map[string]string, msg []byte) bool {
	t.Helper()
	p, err := parser.Compile(format)
	if err != nil {
		t.Fatal(err)
	}
	var rec parser.Record
	res := p.Parse(msg, &rec)
	if res.Refused() {
		if ex := p.Explain(msg); ex.Problem == nil || !strings.Contains(ex.Problem.Msg, "more than one way") {
			t.Errorf("format  %s\nmessage %s\nrefused as %v: %v", format, msg, res, ex.Problem)
		}
		return false
	}
	fields := truthFields()
	for _, name := range names {
		f, ok := fields[name]
		if !ok || rec.Cut() {
			continue
		}
		want := strings.NewReplacer(`\"`, `"`, `\\`, `\`, `\]`, `]`).Replace(truth[name])
		switch {
		case want == "-" || want == "<BADREQ>":
			want = ""
		case name == "ft":
			want = strings.TrimSuffix(want, "~")
		}
		got := string(rec.Bytes(f))
		if name == "ts" || name == "tsc" {
			want, got = want[:2], got[:2]
		}
		if got != want {
			t.Errorf("format  %s\nmessage %s\n%%%s is %q, want %q", format, msg, name, got, want)
		}
	}
	return true
}
