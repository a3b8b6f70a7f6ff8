package deploy

import (
	"fmt"
	"strings"
	"testing"

	"haproxy_log_exporter/haproxy/cfg"
	"haproxy_log_exporter/internal/haproxytest"
)

// TestLevelUserSuffices asks real sockets what docs/install.md promises: everything the exporter
// reads is answered at level user, and nothing can be changed there.
func TestLevelUserSuffices(t *testing.T) {
	haproxytest.Need(t, "haproxy")
	for _, version := range haproxytest.Versions() {
		for _, level := range []string{"user", "operator"} {
			t.Run(fmt.Sprintf("haproxy %s, master %s", version, level), func(t *testing.T) {
				dir := haproxytest.ShortDir(t)
				socket := dir + "/stats.sock"
				h := haproxytest.Start(t, haproxytest.Options{Version: version, Dir: dir, Master: true, MasterLevel: level, Config: fmt.Sprintf(`global
    stats socket %s mode 600 level user
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend f
    bind 127.0.0.1:%d
    stick-table type ip size 10 expire 1m store http_req_rate(10s)
resolvers r
    nameserver a 127.0.0.1:1
`, socket, haproxytest.FreePort(t))})
				ask := func(socket, command string) string {
					out, err := haproxytest.CLI(socket, command)
					if err != nil {
						t.Fatalf("%s: %v", command, err)
					}
					return out
				}
				for command, want := range map[string]string{"show info": "\nPid: ", "show stat": "\nf,FRONTEND,", "show table": "# table: f,", "show resolvers": "Resolvers section r", "show version": "."} {
					if out := ask(socket, command); !strings.Contains(out, want) {
						t.Errorf("socket at level user, %s: %q", command, out)
					}
					if out := ask(h.MasterSocket, "@1 "+command); !strings.Contains(out, want) {
						t.Errorf("master CLI at level %s, @1 %s: %q", level, command, out)
					}
				}
				// Since 3.2 the list of processes needs level operator. Without it old workers
				// cannot be found, which docs/install.md says.
				v := cfg.ParseVersion(ask(socket, "show version"))
				wantList := level == "operator" || v[0] < 3 || v[0] == 3 && v[1] < 2
				if out := ask(h.MasterSocket, "show proc"); strings.Contains(out, "worker") != wantList {
					t.Errorf("master CLI at level %s, show proc: %q", level, out)
				}
				if out := ask(h.MasterSocket, "reload"); level == "user" && !strings.Contains(out, "ermission denied") {
					t.Errorf("master CLI at level user, reload: %q", out)
				}
				for _, command := range []string{"disable frontend f", "set server x/y state maint", "clear counters all", "operator"} {
					if out := ask(socket, command); !strings.Contains(out, "ermission denied") {
						t.Errorf("socket at level user, %s is not refused: %q", command, out)
					}
				}
			})
		}
	}
}
