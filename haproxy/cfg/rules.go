package cfg

import (
	"fmt"
	"strconv"
	"strings"
)

// capture reads `capture request header N len L`, `capture response header …` and `declare
// capture request len L`. Slots are numbered by declaration (configuration manual 4.2).
func (b *builder) capture(p *proxy, l *line) {
	c := Capture{Place: l.place}
	side, lenAt := l.arg(1), 4
	if l.arg(0) == "declare" {
		if l.arg(1) != "capture" {
			return
		}
		side, lenAt = l.arg(2), 3
	} else {
		if side == "cookie" {
			return // printed as %CC and %CS, no slot
		}
		if l.arg(2) != "header" || l.arg(3) == "" {
			b.problems.Add(l.problem(2, "capture needs: request|response header NAME len N", ""))
			return
		}
		c.Name = l.arg(3)
	}
	if l.arg(lenAt) != "len" {
		b.problems.Add(l.problem(lenAt, "capture needs: len N", ""))
		return
	}
	c.Len = b.number(l, lenAt+1)
	b.slot(p, l, side, c)
}

func (b *builder) slot(p *proxy, l *line, side string, c Capture) {
	switch side {
	case "request":
		p.fe.Captures = append(p.fe.Captures, c)
	case "response":
		p.fe.ResponseCaptures = append(p.fe.ResponseCaptures, c)
	default:
		b.problems.Add(l.problem(1, fmt.Sprintf("capture of %q: request or response is meant", side), ""))
	}
}

// rule looks for the actions of http-request and its like that concern the log.
func (b *builder) rule(p *proxy, l *line) {
	at := 1
	if strings.HasPrefix(l.arg(0), "tcp-") { // tcp-request content ACTION
		at = 2
	}
	action := l.arg(at)
	switch {
	case action == "capture":
		b.captureRule(p, l, at+1)
	case action == "set-log-level":
		p.fe.mark("set_log_level", l)
	case action == "use-service" && l.arg(at+1) == "prometheus-exporter":
		b.c.Promex = append(b.c.Promex, l.place)
		b.warnings.Add(l.problem(at+1, "HAProxy's own exporter is switched on: both exporters publish haproxy_… metrics",
			"scrape one of them, or run this one with --haproxy.socket.metrics=minimal"))
	}
}

// captureRule reads `capture SAMPLE len N` (a new request slot) and `capture SAMPLE id N` (fills
// a declared one). The sample may be several words: converters never are, but arguments may be.
func (b *builder) captureRule(p *proxy, l *line, at int) {
	for i := at + 1; i+1 < len(l.words); i++ {
		sample := strings.Join(texts(l.words[at:i]), " ")
		switch l.arg(i) {
		case "len":
			n := b.number(l, i+1)
			p.fe.Captures = append(p.fe.Captures, Capture{Name: sample, Len: n, Place: l.place})
			return
		case "id":
			n, err := strconv.Atoi(l.arg(i + 1))
			if err != nil {
				return
			}
			ids := p.ids
			if l.arg(0) == "http-response" || l.arg(0) == "tcp-response" {
				ids = p.resIDs
			}
			if _, taken := ids[n]; !taken {
				ids[n] = sample
			}
			return
		}
	}
}

func texts(words []word) []string {
	var s []string
	for _, w := range words {
		s = append(s, w.text)
	}
	return s
}

// profile is a log-profile section (HAProxy 3.1 and newer).
type profile struct {
	steps map[string]profileStep
	order []string
}

type profileStep struct {
	format string
	drop   bool
	l      *line
}

func (b *builder) profile(s *section) {
	p := &profile{steps: map[string]profileStep{}}
	for i := range s.body {
		l := &s.body[i]
		if l.arg(0) != "on" {
			continue
		}
		st := profileStep{l: l}
		for j := 2; j < len(l.words); j++ {
			switch l.arg(j) {
			case "drop":
				st.drop = true
			case "format":
				st.format = l.arg(j + 1)
				j++
			case "sd":
				j++
			}
		}
		p.steps[l.arg(1)] = st
		p.order = append(p.order, l.arg(1))
	}
	b.c.profiles[s.name] = p
}
