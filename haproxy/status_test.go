package haproxy

import (
	"strings"
	"testing"

	"haproxy_log_exporter/metrics/catalogue"
)

func TestStates(t *testing.T) {
	for _, c := range []struct {
		kind catalogue.Kind
		text string
		want string
	}{
		{catalogue.KindFrontendStatus, "OPEN", "UP"}, {catalogue.KindFrontendStatus, "PAUSED", "UP"}, {catalogue.KindFrontendStatus, "FULL", "UP"}, {catalogue.KindFrontendStatus, "STOP", "DOWN"},
		{catalogue.KindBackendStatus, "UP", "UP"}, {catalogue.KindBackendStatus, "DOWN", "DOWN"},
		{catalogue.KindServerStatus, "UP", "UP"}, {catalogue.KindServerStatus, "UP 1/3", "UP"}, {catalogue.KindServerStatus, "no check", "UP"},
		{catalogue.KindServerStatus, "DOWN", "DOWN"}, {catalogue.KindServerStatus, "DOWN 1/2", "DOWN"}, {catalogue.KindServerStatus, "DOWN (agent)", "DOWN"},
		{catalogue.KindServerStatus, "NOLB", "NOLB"}, {catalogue.KindServerStatus, "NOLB 1/2", "NOLB"}, {catalogue.KindServerStatus, "DRAIN", "DRAIN"}, {catalogue.KindServerStatus, "DRAIN (agent)", "DRAIN"},
		{catalogue.KindServerStatus, "MAINT", "MAINT"}, {catalogue.KindServerStatus, "MAINT (via be/s1)", "MAINT"}, {catalogue.KindServerStatus, "MAINT (resolution)", "MAINT"},
		{catalogue.KindServerStatus, "something", ""}, {catalogue.KindListenerStatus, "FULL", "FULL"},
		{catalogue.KindCheckStatus, "L7OK", "L7OK"}, {catalogue.KindCheckStatus, "INI", ""}, {catalogue.KindCheckStatus, "UNK", ""},
	} {
		if got := StateOf(c.kind, c.text); got != c.want {
			t.Errorf("%d %q: %q, want %q", c.kind, c.text, got, c.want)
		}
	}
	if checkName("* L4OK") != "L4OK" || checkName("L4OK") != "L4OK" {
		t.Error("the mark of a running check")
	}
	for status, want := range map[string]bool{"MAINT": true, "MAINT (via be/s1)": true, "MAINT (resolution)": false, "UP": false, "DOWN": false} {
		if inMaintenance(status) != want {
			t.Errorf("maintenance %q", status)
		}
	}
}

func TestVersions(t *testing.T) {
	for v, want := range map[string]bool{"2.6.12-1+deb12u4": false, "3.2.26-1": false, "3.3.0": true, "3.5-dev5-03bde20ef": true, "4.0": true, "": false, "x.y": false} {
		if mayShare(v) != want {
			t.Errorf("%q: %v", v, !want)
		}
	}
	if !strings.HasPrefix("2.6.12-1+deb12u4", "2.6") || !versionAtLeast("2.6.12-1+deb12u4", 2, 6) {
		t.Error("2.6")
	}
}
