package cfg

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"haproxy_log_exporter/internal/haproxytest"
	"haproxy_log_exporter/parser"
)

// TestFormatsReadRealLines starts HAProxy with the fixture and reads what it logs with the formats
// that were found in it.
func TestFormatsReadRealLines(t *testing.T) {
	for _, version := range haproxytest.Versions() {
		t.Run("haproxy "+version, func(t *testing.T) {
			logs, partners := haproxytest.CollectUDP(t), haproxytest.StartPartners(t)
			second := haproxytest.CollectUDP(t)
			env := map[string]string{"LOGTARGET": logs.Target, "LOGTARGET2": second.Target, "DIR": haproxytest.ShortDir(t), "PARTNER": partners.OK}
			var list []string
			ports := map[int]int{}
			for i := 1; i <= 7; i++ {
				ports[i] = haproxytest.FreePort(t)
				env[fmt.Sprintf("PORT%d", i)] = fmt.Sprint(ports[i])
			}
			for k, v := range env {
				list = append(list, k+"="+v)
			}
			haproxytest.Start(t, haproxytest.Options{Version: version, Config: readFixture(t), Env: list, Master: true})
			c, err := Parse(Options{Env: mapEnv(env)}, "haproxy.cfg", readFixture(t))
			if err != nil {
				t.Fatal(err)
			}
			get(t, ports[2], "/a/second?x=1") // plain
			get(t, ports[3], "/own")
			get(t, ports[7], "/relayed")
			get(t, ports[7], "/relayed") // every other line is sent
			set, err := parser.NewSet(c.Formats(), parser.SetOptions{All: true, Want: []string{"capture.req.hdr(2)", "capture.req.hdr(3)"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []struct {
				text, frontend string
				result         parser.Result
				fields         map[string]string
			}{
				{" plain ", "plain", parser.ResultHTTP, map[string]string{"status": "200", "path": "/a/second", "req.hdr:Host": fmt.Sprintf("127.0.0.1:%d", ports[2]),
					"req.hdr:user-agent": "lab/1 (x)", "capture.req.hdr(2)": "t-1", "capture.req.hdr(3)": "a", "res.hdr:Content-Type": "text/plain; charset="}},
				{" own ", "own", parser.ResultHTTP, map[string]string{"status": "200", "method": "GET", "path": "/own"}},
				{" relay ", "relay", parser.ResultTCP, map[string]string{"termination_state": "--"}},
			} {
				line := logs.WaitLines(t, 1, want.text)[0]
				var rec parser.Record
				if res := set.NewReader().Line(line, &rec); res != want.result || string(rec.Bytes(parser.Frontend)) != want.frontend {
					t.Errorf("%s: %v, frontend %s\n%s", want.frontend, res, rec.Bytes(parser.Frontend), line)
					continue
				}
				for name, value := range want.fields {
					f, err := set.Field(name)
					if err != nil {
						t.Error(err)
					} else if got := string(rec.Bytes(f)); got != value {
						t.Errorf("%s of %s: %q, want %q\n%s", name, want.frontend, got, value, line)
					}
				}
			}
		})
	}
}

func readFixture(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/inherit.cfg")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func get(t *testing.T, port int, path string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, haproxytest.URL(port, path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "lab/1 (x)")
	r.Header.Set("X-Trace", "t-1")
	r.Header.Set("X-Id", "77")
	c := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
}
