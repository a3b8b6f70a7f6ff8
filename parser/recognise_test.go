package parser

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestRecognise(t *testing.T) {
	for _, c := range []struct {
		msg  string
		want Result
	}{
		{"Proxy fe_egress started.", ResultNotice},
		{"Proxy fe stopped (cumulated conns: FE: 12, BE: 0).", ResultNotice},
		{"Stopping frontend fe in 0 ms.", ResultNotice},
		{"Paused frontend fe_proxy.", ResultNotice},
		{"Resumed frontend fe_proxy.", ResultNotice},
		{"Proxy fe reached the configured maximum connection limit. Please check the global 'maxconn' value.", ResultNotice},
		{"Server be/s1 is DOWN, reason: Layer4 timeout, check duration: 2001ms. 1 active and 0 backup servers left.", ResultNotice},
		{"Backup Server be/s1 is UP.", ResultNotice},
		{"Server be/s1 was DOWN and now enters maintenance (DNS timeout status).", ResultNotice},
		{"Server be/s1 administratively READY thanks to valid DNS answer.", ResultNotice},
		{"be/s1 changed its IP from 10.0.0.1 to 10.0.0.2 by DNS cache.", ResultNotice},
		{"backend be has no server available!", ResultNotice},
		{"Connect() failed for backend srcport: no free ports.", ResultNotice},
		{"[NOTICE]   (24120) : haproxy version is 2.6.12", ResultNotice},
		{"[WARNING] 324/051042 (24120) : config : text", ResultNotice},
		{"-:- [21/Nov/2026:04:49:59.538] <OCSP-UPDATE> /etc/x.pem 1 \"Update successful\" 0 1", ResultNotice},
		{"-- Journal begins at Sat 2026-11-21 05:10:42 UTC, ends at Sat 2026-11-21 05:11:00 UTC. --", ResultNotice},
		{"Health check for server be/s1 succeeded, reason: Layer4 check passed, check duration: 0ms, status: 3/3 UP.", ResultHealthCheck},
		{"Health check for backup server be/s1 failed, reason: Layer7 timeout, check duration: 5ms, status: 0/2 DOWN.", ResultHealthCheck},
		{"Agent check for server be/s1 failed.", ResultHealthCheck},
		{"127.0.1.1:33815 [21/Nov/2026:04:49:59.538] fe_tls/1: SSL handshake failure", ResultHandshakeError},
		{"127.0.1.1:33815 [21/Nov/2026:04:49:59.538] fe_tls/1: SSL handshake failure (error:0A000102:SSL routines::unsupported protocol)", ResultHandshakeError},
		{"::1:33815 [21/Nov/2026:04:49:59.538] fe_tls/https: Connection closed during SSL handshake", ResultHandshakeError},
		{"unix:3 [21/Nov/2026:04:49:59.538] fe/1: Timeout during handshake", ResultHandshakeError},
		{"Connect from 127.0.1.4:56391 to 127.0.0.1:21080 (fe_egress/HTTP)", ResultConnect},
		{"Connect to unix:3 (fe_egress/HTTP)", ResultConnect},
		{"[286B blob data]", ResultCut},
		{"[4.2K blob data]", ResultCut},
	} {
		if got, ok := Recognise([]byte(c.msg)); !ok || got != c.want {
			t.Errorf("%q: %v, %v; want %v", c.msg, got, ok, c.want)
		}
	}
	for _, msg := range []string{
		"", "x", "[", "[]", "[x blob data]", "[NOTICE] x", "Proxy-Authorization", "Server: nginx", "GET / HTTP/1.1", testMessage, "127.0.0.1:1 [21/Nov/2026:04:49:59.538] fe be/s1 x: y",
		"127.0.0.1:1 [21/Nov/2026:04:49:59.538] fe/1", "127.0.0.1:1 [x] fe/1: y", "Health check for x", "a/b changed", "-:- <OCSP-UPDATE>", "backend be 200",
		`{"ts":"21/Nov/2026:04:51:04.071","client":"-"}`,
	} {
		if got, ok := Recognise([]byte(msg)); ok {
			t.Errorf("%q taken for %v", msg, got)
		}
	}
}

// Every line of the real logs is either a request (it has the corpus' request shape) or recognised.
func TestRecogniseCorpora(t *testing.T) {
	request := map[string]*regexp.Regexp{
		"httplog-26.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`), "httpslog-26.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`),
		"egress-26.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`), "wrap-26-stdout-raw.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`),
		"reload-26-plain.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`), "tcplog-26.log": regexp.MustCompile(`^\S+ \[[^]]+\] \S+ \S+/\S+ \S+`),
		"httplogclf-26.log": regexp.MustCompile(`^\S+ - - \[`), "pipe-26.log": regexp.MustCompile(`^[^|]+\|.*\|`), "json-30.log": regexp.MustCompile(`^\{"ts`),
		"jsonhand-26.log": regexp.MustCompile(`^\{"ts`), "none-26.log": regexp.MustCompile(`^$`),
	}
	handshake := regexp.MustCompile(`\] fe_(tls|proxy)/1: `)
	for name, re := range request {
		t.Run(strings.TrimSuffix(name, filepath.Ext(name)), func(t *testing.T) {
			counts := map[Result]int{}
			requests := 0
			var e Envelope
			for _, l := range corpusLines(t, name) {
				msg, _, ok := e.Strip(l)
				if !ok {
					t.Fatalf("no message in %q", l)
				}
				res, ok := Recognise(msg)
				switch {
				case re.Match(msg) && !handshake.Match(msg) || !ok && strings.Contains(string(msg), "] fe_tcp"):
					requests++
					if ok {
						t.Errorf("request taken for %v: %q", res, msg)
					}
				case !ok:
					t.Errorf("not recognised: %q", msg)
				default:
					counts[res]++
					if want := handshake.Match(msg); want != (res == ResultHandshakeError) {
						t.Errorf("%v: %q", res, msg)
					}
				}
			}
			t.Logf("%d requests, %v", requests, counts)
			if name == "none-26.log" && (counts[ResultConnect] != 382 || requests != 0) {
				t.Errorf("connect lines: %d", counts[ResultConnect])
			}
			if name == "httplog-26.log" && (counts[ResultHandshakeError] != 7 || requests != 390) {
				t.Errorf("%d requests, %v", requests, counts)
			}
		})
	}
}
