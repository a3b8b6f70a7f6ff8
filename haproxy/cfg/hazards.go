package cfg

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"haproxy_log_exporter/internal/diag"
)

// Hazard is a setting that makes log lines differ from requests.
type Hazard struct {
	// Frontend is the frontend it concerns; for a rule of a backend section the backend's name;
	// "" when all lines of the host are concerned.
	Frontend string
	Kind     string // one of HazardKinds
	Place    diag.Place
	// Text says what happens and what helps, in one sentence.
	Text string
}

// HazardKinds lists every kind with its meaning, in the order of reports.
func HazardKinds() [][2]string {
	return [][2]string{
		{"duplicate_targets", "several log targets can reach one file: lines are counted twice"},
		{"dontlog_normal", "successful requests are not logged"},
		{"sampling", "only some of the lines are sent"},
		{"log_steps", "several lines for one request"},
		{"logasap", "lines are written before the response has ended: times and bytes are incomplete"},
		{"no_log", "requests of this frontend are not logged"},
		{"no_format", "lines say \"Connect from\" only: they carry no status and no time"},
		{"set_log_level", "a rule changes the level of some lines or silences them"},
		{"log_level", "the target's level keeps ordinary request lines out"},
		{"short_len", "long lines are cut"},
		{"monitor_uri", "requests for the monitoring URI are answered but never logged"},
		{"repeated_msg_reduction", "rsyslog replaces equal lines by one that says how many they were"},
	}
}

// recommendedLen is the line length below which hazard short_len is reported.
const recommendedLen = 2048

// Hazards lists what makes the number of lines differ from the number of requests.
func (c *Config) Hazards() []Hazard {
	var out []Hazard
	for _, f := range c.Frontends {
		out = append(out, c.frontendHazards(f)...)
	}
	for _, b := range c.Backends {
		out = append(out, b.hazards...)
	}
	return out
}

func (c *Config) frontendHazards(f *Frontend) []Hazard {
	var out []Hazard
	add := func(kind string, at diag.Place, text string, args ...any) {
		out = append(out, Hazard{f.Name, kind, at, fmt.Sprintf(text, args...)})
	}
	if f.NoLog {
		add("no_log", f.place("no_log"), "frontend %s logs nothing: write `log global`", f.Name)
		return out
	}
	if f.Format == "" && !c.allProfiled(f) {
		add("no_format", f.Place, "frontend %s has no log-format: write `option httplog` or a log-format", f.Name)
	}
	if f.DontLogNormal {
		add("dontlog_normal", f.place("dontlog_normal"), "successful requests of %s are not logged", f.Name)
	}
	if f.LogASAP {
		add("logasap", f.place("logasap"), "lines of %s are written before the response has ended: they count, but not in durations, bytes and SLA", f.Name)
	}
	if f.LogSteps != nil && !slices.Equal(f.LogSteps, []string{"close"}) {
		add("log_steps", f.place("log_steps"), "one request of %s gives several lines: write `log-steps close`", f.Name)
	}
	if f.MonitorURI != "" {
		add("monitor_uri", f.place("monitor_uri"), "requests for %s are counted by HAProxy but never logged", f.MonitorURI)
	}
	for _, m := range f.marks {
		if m.kind == "set_log_level" {
			add("set_log_level", m.place, "%s: lines it matches may not arrive", m.text)
		}
	}
	return append(out, targetHazards(f)...)
}

// targetHazards looks at where the lines of a frontend go.
func targetHazards(f *Frontend) []Hazard {
	var out []Hazard
	add := func(kind string, at diag.Place, text string, args ...any) {
		out = append(out, Hazard{f.Name, kind, at, fmt.Sprintf(text, args...)})
	}
	groups := map[string][]LogTarget{}
	info := false
	short := LogTarget{Len: recommendedLen}
	for _, t := range f.Targets {
		groups[t.destination()] = append(groups[t.destination()], t)
		info = info || t.accepts("info")
		if t.Sample != "" {
			add("sampling", t.Place, "only %s of the lines of %s go to %s", t.Sample, f.Name, t.Address)
		}
		if t.accepts("info") && t.Len < short.Len {
			short = t
		}
	}
	if short.Address != "" {
		add("short_len", short.Place, "lines longer than %d bytes are cut: write `log %s len 8192 %s`", short.Len-1, short.Address, short.Facility)
	}
	if !info {
		add("log_level", f.Targets[0].Place, "request lines have the level info, which no log target of %s takes", f.Name)
	}
	for _, level := range []string{"info", "err"} {
		if level == "err" && !f.SeparateErrors {
			continue // without option log-separate-errors every request line has the level info
		}
		if t, n := doubled(groups, level); n > 1 {
			what := "every line"
			if level == "err" {
				what = "every line of a failed request (option log-separate-errors)"
			}
			add("duplicate_targets", t.Place, "%s of %s is sent %d times to what may be one file (%s): separate the facilities in rsyslog, or keep one target",
				what, f.Name, n, t.destination())
			break
		}
	}
	return out
}

// doubled finds the destination that gets a line of that level most often, and the last of the
// targets that send it there.
func doubled(groups map[string][]LogTarget, level string) (last LogTarget, n int) {
	for _, targets := range groups {
		count := 0
		var at LogTarget
		for _, t := range targets {
			if t.accepts(level) {
				count, at = count+1, t
			}
		}
		if count > n {
			last, n = at, count
		}
	}
	return last, n
}

// accepts reports whether the target sends lines of that level.
func (t LogTarget) accepts(level string) bool {
	return t.Level == "" || severity(level) <= severity(t.Level)
}

// destination groups targets that the same program may write to the same file: every unix
// socket and the syslog port on loopback belong to the local syslog daemon or journald.
func (t LogTarget) destination() string {
	addr := t.Address
	if _, rest, ok := strings.Cut(addr, "@"); ok && !strings.HasPrefix(addr, "ring@") && !strings.HasPrefix(addr, "backend@") && !strings.HasPrefix(addr, "fd@") {
		addr = rest
	}
	if strings.HasPrefix(addr, "/") {
		return "the local syslog"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "514"
	}
	if ip := net.ParseIP(host); port == "514" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return "the local syslog"
	}
	return addr
}

// place is where a kind was last set, the section's header when nowhere.
func (f *Frontend) place(kind string) diag.Place {
	at := f.Place
	for _, m := range f.marks {
		if m.kind == kind {
			at = m.place
		}
	}
	return at
}

// RsyslogHazards reads rsyslog.conf under root ("/" on a host) and the files it includes, and
// reports settings that change the number of lines.
func RsyslogHazards(root string) []Hazard {
	var out []Hazard
	seen := map[string]bool{}
	var read func(path string)
	read = func(path string) {
		if seen[path] {
			return
		}
		seen[path] = true
		b, err := os.ReadFile(path)
		if err != nil {
			return
		}
		for n, raw := range strings.Split(string(b), "\n") {
			words := strings.Fields(raw)
			if len(words) < 2 {
				continue
			}
			switch strings.ToLower(words[0]) {
			case "$includeconfig":
				includes, err := filepath.Glob(filepath.Join(root, words[1]))
				if err != nil {
					continue
				}
				for _, f := range includes {
					read(f)
				}
			case "$repeatedmsgreduction":
				if strings.EqualFold(words[1], "on") {
					out = append(out, Hazard{"", "repeated_msg_reduction",
						diag.Place{Source: path, Line: n + 1, Col: 1 + strings.Index(raw, words[0]), Text: raw},
						"rsyslog folds equal lines into \"message repeated N times\": they are counted N times, but write `$RepeatedMsgReduction off`"})
				}
			}
		}
	}
	read(filepath.Join(root, "etc/rsyslog.conf"))
	return out
}
