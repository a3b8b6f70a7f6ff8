package spec

import (
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// Reserved returns the label names that cannot be route labels: Prometheus' own, those the exporter's
// metrics already have, and the one that tells several HAProxys apart.
func Reserved() []string {
	return []string{
		"job", "instance", "le", "quantile",
		"backend", "blame", "branch", "code", "desc", "family", "from", "frontend", "goarch", "goos", "goversion", "haproxy",
		"kind", "label", "listener", "meaning", "method", "origin", "outcome", "phase", "proxy", "reason", "result", "revision",
		"server", "socket", "source", "state", "tags", "termination_state", "version",
	}
}

// ValidName reports whether s can be the name of a label: letters, digits and underscores, no digit first.
func ValidName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c != '_' && (c|0x20 < 'a' || c|0x20 > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// CheckName returns the problem of a label's name, or nil. The column refers to the name itself.
func CheckName(s string) *diag.Problem {
	p := diag.Problem{Source: "label", Col: 1, Len: len(s), Text: s}
	switch {
	case !ValidName(s):
		p.Msg, p.Hint = s+" is not a label name", "letters, digits and underscores; no digit first"
	case strings.HasPrefix(s, "__"):
		p.Msg, p.Hint = "label names that begin with __ belong to Prometheus", "remove the underscores"
	case slices.Contains(Reserved(), s):
		p.Msg, p.Hint = s+" is a label that the metrics have already, or that Prometheus sets", "another name, for example route_"+s
	default:
		return nil
	}
	return &p
}
