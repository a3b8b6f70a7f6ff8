package haproxy

import (
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// StateOf maps a text of the columns status, check_status and agent_status to the value of the label state that
// HAProxy's own exporter uses (see catalogue.Kind.States), "" when none of them holds.
//
//   - frontend: DOWN when stopped (STOP), else UP (OPEN, PAUSED, FULL)
//   - server: "UP 1/3" and "no check" are UP, "DOWN 1/2" is DOWN, every MAINT is MAINT, also (resolution) and (via …)
//   - check: the result itself; a check that has not run (INI, UNK) has no state
func StateOf(kind catalogue.Kind, text string) string {
	word, _, _ := strings.Cut(text, " ")
	switch kind {
	case catalogue.KindFrontendStatus:
		switch word {
		case "STOP":
			return "DOWN"
		case "OPEN", "PAUSED", "FULL":
			return "UP"
		}
		return ""
	case catalogue.KindServerStatus, catalogue.KindServerStates:
		if word == "no" { // "no check"
			return "UP"
		}
	}
	for _, s := range kind.States() {
		if s == word {
			return s
		}
	}
	return ""
}

// inMaintenance says whether a server is in maintenance because somebody put it there. "MAINT (resolution)" is not:
// such a server has lost its address, which is a partner's failure.
func inMaintenance(status string) bool {
	return strings.HasPrefix(status, "MAINT") && !strings.HasPrefix(status, "MAINT (resolution)")
}
