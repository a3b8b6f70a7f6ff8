package metrics

import (
	"slices"
	"strings"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
	"haproxy_log_exporter/parser"
)

// verdictText writes a verdict as "outcome", "failed/blame" or "unserved/reason".
func verdictText(v Verdict) string {
	switch {
	case v.Reason != ReasonNone:
		return "unserved/" + catalogue.UnservedReasons()[v.Reason-1]
	case v.Outcome == OutcomeNone:
		return "none"
	case v.Blame != BlameNone:
		return catalogue.Outcomes()[v.Outcome-1] + "/" + catalogue.Blames()[v.Blame-1]
	}
	return catalogue.Outcomes()[v.Outcome-1]
}

// TestOutcomeOfEachState holds every termination state that the manual documents or that was provoked, as
// versions 2.6 and 3.x write them. Unless the row says otherwise, a server of a backend was chosen.
func TestOutcomeOfEachState(t *testing.T) {
	const nosrv, front = "nosrv", "frontend" // front: backend = frontend and no server
	rows := []struct {
		state  string
		status int
		where  string
		want   string
	}{
		{"--", 200, "", "met"}, {"--", 302, "", "met"}, {"--", 404, "", "met"}, {"--", 429, "", "met"}, {"--", 500, "", "failed/partner"},
		{"--", 503, "", "failed/partner"}, {"--", 0, "", "failed/partner"}, {"--", StatusUnknown, "", "met"},
		// The client gave up. 2.6 without abortonclose logs sH or sQ or sC instead, see below.
		{"CC", 503, "", "aborted"}, {"CC", 0, "", "aborted"}, {"CD", 200, "", "aborted"}, {"CD", 0, "", "aborted"}, {"CD", 400, "", "aborted"},
		{"cD", 200, "", "aborted"}, {"CH", 400, "", "aborted"}, {"cH", 504, "", "aborted"}, {"cH", 400, "", "aborted"},
		{"CQ", 503, nosrv, "aborted"}, {"CQ", 0, nosrv, "aborted"}, {"CL", 200, "", "aborted"}, {"cL", 200, "", "aborted"},
		{"CR", 400, front, "unserved/bad_request"}, {"cR", 408, front, "unserved/bad_request"}, {"CR", 0, front, "unserved/bad_request"},
		{"CT", 500, front, "unserved/denied"}, {"CT", 500, nosrv, "unserved/denied"},
		// HAProxy answered.
		{"LC", 302, "", "unserved/local"}, {"LR", 302, front, "unserved/local"}, {"LR", 200, nosrv, "unserved/local"}, {"LH", 200, "", "unserved/local"},
		{"PR", 403, front, "unserved/denied"}, {"PR", 403, nosrv, "unserved/denied"}, {"PR", 429, nosrv, "unserved/denied"}, {"PR", 500, nosrv, "unserved/denied"},
		{"PR", 400, front, "unserved/bad_request"}, {"PR", 414, front, "unserved/bad_request"}, // a long URI: 400 on 2.6, 414 on 3.x
		{"PT", 500, front, "unserved/denied"}, {"PT", 500, nosrv, "unserved/denied"},
		{"SC", 503, front, "unserved/no_route"}, {"--", 503, front, "unserved/no_route"},
		// The partner.
		{"SC", 502, "", "failed/partner"}, {"SC", 503, "", "failed/partner"}, {"sC", 503, "", "failed/partner"}, {"sC", 504, "", "failed/partner"},
		{"SD", 200, "", "failed/partner"}, {"sD", 200, "", "failed/partner"}, {"SH", 502, "", "failed/partner"}, {"sH", 504, "", "failed/partner"},
		{"SL", 200, "", "failed/partner"}, {"sL", 200, "", "failed/partner"},
		{"PD", 200, "", "failed/partner"}, {"PH", 502, "", "failed/partner"}, {"PH", 500, "", "failed/partner"}, {"PH", 400, "", "failed/partner"},
		// No server: DNS gone, all down.
		{"SC", 503, nosrv, "failed/no_server"}, {"--", 503, nosrv, "failed/no_server"}, {"SQ", 503, nosrv, "failed/no_server"},
		{"sQ", 503, nosrv, "throttled"}, {"sQ", 503, "", "throttled"},
		// HAProxy itself.
		{"PC", 503, "", "failed/proxy"}, {"PC", 500, nosrv, "failed/proxy"}, {"RC", 503, "", "failed/proxy"}, {"RH", 500, "", "failed/proxy"},
		{"IH", 500, "", "failed/proxy"}, {"IC", 500, nosrv, "failed/proxy"},
		// Killed: 2.6 writes KH, KD, DH, DD, UH, UD; 3.x KC, DC, UC.
		{"KH", 502, "", "failed/admin"}, {"KD", 200, "", "failed/admin"}, {"KC", 500, "", "failed/admin"}, {"DH", 502, "", "failed/admin"},
		{"DD", 200, "", "failed/admin"}, {"DC", 500, "", "failed/admin"}, {"UH", 502, "", "failed/admin"}, {"UD", 200, "", "failed/admin"},
		{"UC", 500, "", "failed/admin"}, {"DQ", 503, nosrv, "failed/admin"},
	}
	rules := OutcomeRules()
	seen := map[string]bool{}
	used := map[string]bool{"early": true, "tunnel": true, "throttled as failed": true, "failed by status": true} // tested below
	for _, r := range rows {
		in := OutcomeInput{Termination: r.state + "NI", Status: r.status}
		if r.where != "" {
			in.Server, in.BackendIsFrontend = ServerNone, r.where == front
		}
		v, rule := Judge(rules, &in)
		if got := verdictText(v); got != r.want {
			t.Errorf("%s %d %s: %s by rule %q, want %s", r.state, r.status, r.where, got, rules[rule].Name, r.want)
		}
		seen[r.state], used[rules[rule].Name] = true, true
	}
	for _, m := range terminationMeanings() {
		s := m.state
		if !seen[s] {
			t.Errorf("state %s has no row", s)
		}
	}
	for _, r := range rules {
		if !used[r.Name] {
			t.Errorf("no row is decided by rule %q", r.Name)
		}
		if r.When == "" {
			t.Errorf("rule %q does not say when", r.Name)
		}
	}
}

func TestOutcomeSettingsAndTimes(t *testing.T) {
	rows := []struct {
		name string
		in   OutcomeInput
		want string
	}{
		{"exactly the limit", OutcomeInput{Termination: "--", Status: 200, Waited: 3000, Within: 3000}, "met"},
		{"one over", OutcomeInput{Termination: "--", Status: 200, Waited: 3001, Within: 3000}, "late"},
		{"no limit", OutcomeInput{Termination: "--", Status: 200, Waited: 1e9}, "met"},
		{"gave up early", OutcomeInput{Termination: "CH", Status: 400, Waited: 2999, Within: 3000}, "aborted"},
		{"gave up late", OutcomeInput{Termination: "CH", Status: 400, Waited: 3001, Within: 3000}, "late"},
		{"failures are not late", OutcomeInput{Termination: "sH", Status: 504, Waited: 9999, Within: 3000}, "failed/partner"},
		{"logasap", OutcomeInput{Termination: "--", Status: 500, Early: true}, "none"},
		{"bad request", OutcomeInput{Termination: "PR", Status: 400, BadRequest: true, BackendIsFrontend: true, Server: ServerNone}, "unserved/bad_request"},
		{"statistics page", OutcomeInput{Termination: "LR", Status: 200, Server: ServerApplet}, "unserved/local"},
		{"applet", OutcomeInput{Termination: "--", Status: 200, Server: ServerApplet}, "unserved/local"},
		{"WebSocket ended by a timeout", OutcomeInput{Termination: "cD", Status: 101, Upgraded: true, Waited: 5, Within: 3000}, "met"},
		{"WebSocket cut by the server", OutcomeInput{Termination: "SD", Status: 101, Upgraded: true, Waited: 5, Within: 3000}, "met"},
		{"WebSocket killed", OutcomeInput{Termination: "KD", Status: 101, Upgraded: true, Waited: 3001, Within: 3000}, "late"},
		{"listen section with a server", OutcomeInput{Termination: "--", Status: 200, BackendIsFrontend: true}, "met"},
		{"throttling counts", OutcomeInput{Termination: "sQ", Status: 503, Server: ServerNone, ThrottledFails: true}, "failed/proxy"},
		{"429 counts", OutcomeInput{Termination: "--", Status: 429, FailStatus: true}, "failed/partner"},
	}
	for _, r := range rows {
		v, rule := Judge(OutcomeRules(), &r.in)
		if got := verdictText(v); got != r.want {
			t.Errorf("%s: %s by rule %d, want %s", r.name, got, rule, r.want)
		}
	}
}

// TestOutcomeOfLines judges whole lines, as HAProxy writes them in the situations an egress proxy meets.
func TestOutcomeOfLines(t *testing.T) {
	path := "/myback/prod/example/prod/www/high/x"
	lines := map[string]string{
		// 2.6: no ACL matched the client, or no backend the route.
		`egress egress/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0`:                      "unserved/no_route",
		`egress egress/<NOSRV> 0/-1/-1/-1/0 403 192 - - PR-- 1/1/0/0/0 0/0`:                      "unserved/denied",
		`egress egress/<NOSRV> -1/606/-1/-1/602 500 0 - - PT-- 1/1/0/0/0 0/0`:                    "unserved/denied",
		`egress egress/<NOSRV> 0/-1/-1/-1/0 302 101 - - LR-- 1/1/0/0/0 0/0`:                      "unserved/local",
		`egress be/<STATS> 0/0/0/0/0 200 9000 - - LR-- 1/1/0/0/0 0/0`:                            "unserved/local",
		`egress be/<NOSRV> 0/-1/-1/-1/0 503 217 - - SC-- 1/1/0/0/0 0/0`:                          "failed/no_server",
		`egress be/<NOSRV> 0/1000/-1/-1/1000 503 217 - - sQ-- 1/1/0/0/0 0/1`:                     "throttled",
		`egress be/s1 0/0/1/2/3 200 99 - - ---- 1/1/0/0/0 0/0`:                                   "met",
		`egress be/s1 0/500/300/200/1000 200 99 - - ---- 1/1/0/0/0 0/0`:                          "met",
		`egress be/s1 0/500/300/201/1001 200 99 - - ---- 1/1/0/0/0 0/0`:                          "late",
		`egress be/s1 9000/0/1/20/9021 200 99 - - ---- 1/1/0/0/0 0/0`:                            "met", // slow client
		`egress be/s1 0/0/1/20/90021 200 99999999 - - ---- 1/1/0/0/0 0/0`:                        "met", // slow download
		`egress be/s1 0/0/1/20/+21 200 +99 - - ---- 1/1/0/0/0 0/0`:                               "none",
		`egress be/s1 0/0/1/-1/990 -1 0 - - CDNN 1/1/0/0/0 0/0`:                                  "aborted",
		`egress be/s1 0/0/1/-1/1500 400 0 - - CHNN 1/1/0/0/0 0/0`:                                "late",
		`egress be/s1 800/0/1/-1/1500 400 0 - - CHNN 1/1/0/0/0 0/0`:                              "aborted", // its body took 800 ms
		`egress be/s1 0/0/1/-1/1004 504 198 - - sHNN 1/1/0/0/0 0/0`:                              "failed/partner",
		`egress be/s1 0/0/-1/-1/3003 503 217 - - SC-- 1/1/0/0/3 0/0`:                             "failed/partner",
		`egress be/s1 0/0/1/5/3600000 101 4242 - - cD-- 1/1/0/0/0 0/0`:                           "met",
		`egress be/s1 0/0/1/5/3600000 101 4242 - - SD-- 1/1/0/0/0 0/0`:                           "met",
		`egress be/s1 0/0/1/-1/20 502 0 - - KH-- 1/1/0/0/0 0/0`:                                  "failed/admin",
		`egress egress/<NOSRV> -1/-1/-1/-1/0 400 0 - - CR-- 1/1/0/0/0 0/0` + "\x00" + `<BADREQ>`: "unserved/bad_request",
	}
	for line, want := range lines {
		f := newFixture(t, routeSpec("high"), Options{SLAs: []SLA{{Name: "high", Timeout: 1e9}}}, "httplog")
		request := "GET " + path + " HTTP/1.1"
		if l, r, ok := strings.Cut(line, "\x00"); ok {
			line, request = l, r
		}
		// The route is known: a line that reached a server admitted it, and is not counted in the difference.
		f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] egress be/s1 0/0/0/0/0 200 1 - - ---- 1/1/0/0/0 0/0 "GET ` + path + ` HTTP/1.1"`)
		before := f.cut()
		f.counted(`10.0.0.1:9 [21/Nov/2026:04:49:59.036] ` + line + ` "` + request + `"`)
		if got := outcomeOf(f.cut().Changes(before)); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

// outcomeOf reads the verdict from the counters that moved.
func outcomeOf(changes []Change) string {
	var parts []string
	for _, c := range changes {
		l := map[string]string{}
		for _, p := range labelPairs(nil, c.Labels) {
			l[p.GetName()] = p.GetValue()
		}
		switch c.Name {
		case catalogue.SLARequestsTotal:
			parts = append(parts, l["outcome"])
		case catalogue.UnservedTotal:
			parts = append(parts, "unserved", l["reason"])
		case catalogue.FailuresTotal:
			parts = append(parts, l["blame"])
		}
	}
	if parts == nil {
		return "none"
	}
	slices.SortStableFunc(parts, func(a, b string) int { // the outcome first, then its blame
		return strings.Compare(boolText(slices.Contains(catalogue.Blames(), a)), boolText(slices.Contains(catalogue.Blames(), b)))
	})
	return strings.Join(parts, "/")
}

func boolText(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func TestTerminationInfo(t *testing.T) {
	states := TerminationStates()
	if len(states) != 96 || states[0] != "--" {
		t.Fatalf("%d states, first %q", len(states), states[0])
	}
	tt := newTermTable()
	ids := map[uint8]string{}
	for _, s := range states {
		o, p, m, ok := TerminationInfo(s + "NI")
		if !ok || o == "" || p == "" || m == "" {
			t.Errorf("%s: %q %q %q %v", s, o, p, m, ok)
		}
		id := tt.id(parser.End{Origin: s[0], Phase: s[1]})
		if tt.names[id] != s || ids[id] != "" {
			t.Errorf("%s has the number %d of %q", s, id, tt.names[id]+ids[id])
		}
		ids[id] = s
	}
	for _, bad := range []string{"", "-", "XX", "-X", "X-", "lr"} {
		if _, _, _, ok := TerminationInfo(bad); ok {
			t.Errorf("%q has a meaning", bad)
		}
	}
	for in, want := range map[[2]byte]string{{}: "", {'-'}: "other", {'X', 'Y'}: "other", {'-', 'X'}: "other", {'X', '-'}: "other", {'\x01', '\xff'}: "other", {'s', 'H'}: "sH"} {
		if got := tt.names[tt.id(parser.End{Origin: in[0], Phase: in[1]})]; got != want {
			t.Errorf("state %q is counted as %q, want %q", in, got, want)
		}
	}
	for _, m := range terminationMeanings() {
		s := m.state
		if !slices.Contains(states, s) {
			t.Errorf("%s is explained but never written", s)
		}
	}
}
