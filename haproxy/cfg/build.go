package cfg

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"haproxy_log_exporter/internal/diag"
)

// builder turns sections into a Config.
type builder struct {
	*reader
	c        *Config
	named    map[string]*proxy
	defaults *proxy // the latest defaults section
}

func (r *reader) build() (*Config, error) {
	b := builder{reader: r, named: map[string]*proxy{},
		c: &Config{Files: r.files, Global: Global{LogURILen: 1024}, profiles: map[string]*profile{}}}
	// The log lines of global and the profiles may be used by sections before them.
	for _, s := range r.sections {
		switch s.kind {
		case "global":
			b.global(s)
		case "log-profile":
			b.profile(s)
		}
	}
	for _, s := range r.sections {
		switch s.kind {
		case "defaults", "frontend", "backend", "listen":
			b.proxy(s)
		case "ring":
			b.c.Rings = append(b.c.Rings, s.name)
		case "log-forward":
			b.c.Forwards = append(b.c.Forwards, s.name)
		}
	}
	b.warnings.Sort()
	b.c.Warnings = b.warnings
	return b.c, b.problems.Err()
}

func (b *builder) global(s *section) {
	g := &b.c.Global
	unixPrefix := ""
	for i := range s.body {
		l := &s.body[i]
		switch l.arg(0) {
		case "log":
			if t, ok := b.logTarget(l); ok {
				g.Targets = append(g.Targets, t)
			}
		case "log-tag":
			g.LogTag = l.arg(1)
		case "chroot":
			g.Chroot = l.arg(1)
		case "user":
			g.User = l.arg(1)
		case "group":
			g.Group = l.arg(1)
		case "tune.http.logurilen":
			g.LogURILen = b.number(l, 1)
		case "hard-stop-after":
			g.HardStopAfter = b.duration(l, 1)
		case "unix-bind":
			if l.arg(1) == "prefix" {
				unixPrefix = l.arg(2)
			}
		case "stats":
			if l.arg(1) == "socket" {
				b.socket(l, unixPrefix)
			}
		case "no":
			if l.arg(1) == "log" {
				g.Targets = nil
			}
		}
	}
}

func (b *builder) socket(l *line, prefix string) {
	s := Socket{Level: "operator", Place: l.at(2)}
	for i := 3; i+1 < len(l.words); i++ {
		v := l.arg(i + 1)
		switch l.arg(i) {
		case "level":
			s.Level = v
		case "mode":
			s.Mode = v
		case "user":
			s.User = v
		case "group":
			s.Group = v
		}
	}
	if l.arg(2) == "" {
		b.problems.Add(l.problem(1, "stats socket needs an address", ""))
	}
	for addr := range strings.SplitSeq(l.arg(2), ",") {
		s.Address = socketAddress(addr, prefix)
		b.c.Global.Sockets = append(b.c.Global.Sockets, s)
	}
}

// socketAddress translates a bind address (configuration manual 11.2) to what can be dialled.
func socketAddress(addr, prefix string) string {
	kind, rest, found := strings.Cut(addr, "@")
	if !found {
		kind, rest = "", addr
	}
	switch {
	case kind == "unix" || kind == "" && strings.HasPrefix(rest, "/"):
		return "unix:" + prefix + rest
	case kind == "abns":
		return "unix:@" + rest
	case kind == "" || kind == "ipv4" || kind == "ipv6" || kind == "tcp4" || kind == "tcp6" || kind == "tcp":
		i := strings.LastIndexByte(rest, ':')
		if i < 0 {
			return ""
		}
		host, port := strings.Trim(rest[:i], "[]"), rest[i+1:]
		// A socket on all addresses is asked on loopback.
		if host == "" || host == "*" || host == "0.0.0.0" {
			host = "127.0.0.1"
		} else if host == "::" {
			host = "::1"
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return "tcp:" + host + ":" + port
	}
	return ""
}

// logTarget reads `log ADDRESS [len N] [format F] [sample R:N] [profile P] FACILITY [LEVEL
// [MINLEVEL]]` (configuration manual 4.2, "log").
func (b *builder) logTarget(l *line) (LogTarget, bool) {
	t := LogTarget{Address: l.arg(1), Len: 1024, Place: l.place}
	if t.Address == "" {
		b.problems.Add(l.problem(0, "log needs a target", "log global, or log ADDRESS FACILITY"))
		return t, false
	}
	i := 2
	for ; i+1 < len(l.words); i += 2 {
		switch l.arg(i) {
		case "len":
			t.Len = b.number(l, i+1)
			continue
		case "format":
			t.Format = l.arg(i + 1)
			continue
		case "sample":
			t.Sample = l.arg(i + 1)
			continue
		case "profile":
			t.Profile = l.arg(i + 1)
			continue
		}
		break
	}
	t.Facility, t.Level, t.MinLevel = l.arg(i), l.arg(i+1), l.arg(i+2)
	if t.Facility == "" {
		b.problems.Add(l.problem(0, "this log line has no facility", "log "+t.Address+" local0"))
		return t, false
	}
	for j := i + 1; j < i+3 && j < len(l.words); j++ {
		if severity(l.arg(j)) < 0 {
			b.problems.Add(l.problem(j, fmt.Sprintf("%q is not a log level", l.arg(j)), diag.DidYouMean(l.arg(j), levels())))
		}
	}
	return t, true
}

func levels() []string {
	return []string{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"}
}

// severity is syslog's number, 0 for emerg and 7 for debug; -1 for anything else.
func severity(level string) int { return slices.Index(levels(), level) }

func (b *builder) number(l *line, i int) int {
	n, err := strconv.Atoi(l.arg(i))
	if err != nil {
		b.problems.Add(l.problem(i, fmt.Sprintf("%q is not a number", l.arg(i)), ""))
	}
	return n
}

func (b *builder) duration(l *line, i int) time.Duration {
	d, ok := ParseDuration(l.arg(i))
	if !ok {
		b.problems.Add(l.problem(i, fmt.Sprintf("%q is not a time", l.arg(i)), "a number with us, ms, s, m, h or d; milliseconds without a unit"))
	}
	return d
}

// ParseDuration reads a time as HAProxy writes it (configuration manual 2.5): "30s", "5m",
// milliseconds without a unit.
func ParseDuration(s string) (time.Duration, bool) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(s[:end], 10, 64)
	if err != nil {
		return 0, false
	}
	unit, ok := map[string]time.Duration{"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second,
		"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[s[end:]]
	if !ok || n > int64(1<<62)/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}
