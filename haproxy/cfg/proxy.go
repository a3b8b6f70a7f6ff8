package cfg

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"haproxy_log_exporter/internal/diag"
)

// proxy is a defaults, frontend, backend or listen section while it is read: its own settings on
// top of a copy of the defaults it started from.
type proxy struct {
	fe       Frontend
	logs     []LogTarget // Address "global" stands for those of the global section
	noLog    diag.Place
	timeouts map[string]time.Duration
	servers  []string
	ids      map[int]string // what `capture … id N` on the request side puts in a slot
	resIDs   map[int]string
}

// mark is a line that causes a hazard.
type mark struct {
	kind, text string
	place      diag.Place
}

// inherit is a copy that shares nothing that the copy may change.
func (p *proxy) inherit() *proxy {
	q := *p
	q.logs = slices.Clone(p.logs)
	q.fe.marks = slices.Clone(p.fe.marks)
	q.fe.Captures = slices.Clone(p.fe.Captures)
	q.fe.ResponseCaptures = slices.Clone(p.fe.ResponseCaptures)
	q.timeouts = map[string]time.Duration{}
	for k, v := range p.timeouts {
		q.timeouts[k] = v
	}
	q.ids, q.resIDs, q.servers = map[int]string{}, map[int]string{}, nil
	return &q
}

func (b *builder) proxy(s *section) {
	base := b.defaults
	if s.from != "" {
		if base = b.named[s.from]; base == nil {
			b.problems.Add(s.head.problem(len(s.head.words)-1, fmt.Sprintf("there is no defaults section named %q before this", s.from), ""))
		}
	} else if s.kind == "defaults" {
		base = nil // a defaults section starts from scratch unless it says from
	}
	if base == nil {
		base = &proxy{fe: Frontend{Mode: "tcp", LogTag: ""}}
	}
	p := base.inherit()
	p.fe.Name, p.fe.Place, p.fe.Listen = s.name, s.head.place, s.kind == "listen"
	for i := range s.body {
		b.keyword(p, &s.body[i])
	}
	switch s.kind {
	case "defaults":
		b.defaults = p
		if s.name != "" {
			b.named[s.name] = p
		}
		return
	case "frontend", "listen":
		b.c.Frontends = append(b.c.Frontends, b.frontend(p))
	}
	if s.kind != "frontend" {
		b.c.Backends = append(b.c.Backends, p.backend())
	}
}

// keyword handles one line of a proxy section.
func (b *builder) keyword(p *proxy, l *line) {
	f := &p.fe
	switch l.arg(0) {
	case "mode":
		f.Mode = l.arg(1)
	case "log":
		switch {
		case l.arg(1) == "global":
			p.logs = append(p.logs, LogTarget{Address: "global", Place: l.place})
		default:
			if t, ok := b.logTarget(l); ok {
				p.logs = append(p.logs, t)
			}
		}
		p.noLog = diag.Place{}
	case "no":
		b.no(p, l)
	case "log-tag":
		f.LogTag = l.arg(1)
	case "log-format":
		f.Format, f.Custom, f.FormatPlace = l.rest(1), true, l.at(1)
	case "error-log-format":
		f.ErrorFormat, f.ErrorFormatPlace = l.rest(1), l.at(1)
	case "log-format-sd":
		f.StructuredData = l.rest(1)
	case "log-steps":
		f.LogSteps = strings.FieldsFunc(l.rest(1), func(r rune) bool { return r == ',' || r == ' ' })
		f.mark("log_steps", l)
	case "option":
		b.option(p, l)
	case "capture", "declare":
		b.capture(p, l)
	case "http-request", "http-response", "http-after-response", "tcp-request", "tcp-response":
		b.rule(p, l)
	case "monitor-uri":
		f.MonitorURI = l.arg(1)
		f.mark("monitor_uri", l)
	case "default_backend":
		f.DefaultBackend = l.arg(1)
	case "timeout":
		if d, ok := ParseDuration(l.arg(2)); ok {
			p.timeouts[l.arg(1)] = d
		} else {
			b.duration(l, 2)
		}
	case "server":
		p.servers = append(p.servers, l.arg(1))
	}
}

func (b *builder) no(p *proxy, l *line) {
	switch l.arg(1) {
	case "log":
		p.logs, p.noLog = nil, l.place
	case "option":
		f := &p.fe
		switch l.arg(2) {
		case "dontlognull":
			f.DontLogNull = false
		case "dontlog-normal":
			f.DontLogNormal = false
		case "logasap":
			f.LogASAP = false
		case "log-separate-errors":
			f.SeparateErrors = false
		}
	}
}

func (b *builder) option(p *proxy, l *line) {
	f := &p.fe
	preset := func(name string) { f.Format, f.Custom, f.FormatPlace = name, false, l.at(1) }
	switch l.arg(1) {
	case "httplog":
		preset("httplog")
		if l.arg(2) == "clf" {
			preset("clf")
		}
	case "httpslog":
		preset("httpslog")
	case "tcplog":
		preset("tcplog")
		if l.arg(2) == "clf" {
			preset("tcpclf")
		}
	case "dontlognull":
		f.DontLogNull = true
	case "dontlog-normal":
		f.DontLogNormal = true
		f.mark("dontlog_normal", l)
	case "logasap":
		f.LogASAP = true
		f.mark("logasap", l)
	case "log-separate-errors":
		f.SeparateErrors = true
		f.mark("separate_errors", l)
	}
}

func (f *Frontend) mark(kind string, l *line) {
	f.marks = append(f.marks, mark{kind, l.rest(0), l.place})
}

// frontend finishes a frontend: what depends on several of its lines.
func (b *builder) frontend(p *proxy) *Frontend {
	f := p.fe
	if f.Mode != "http" && !f.Custom && (f.Format == "httplog" || f.Format == "httpslog" || f.Format == "clf") {
		// HAProxy falls back, with a warning at its start.
		f.Format = "tcplog"
	}
	for _, t := range p.logs {
		if t.Address != "global" {
			f.Targets = append(f.Targets, t)
			continue
		}
		f.Targets = append(f.Targets, b.c.Global.Targets...)
	}
	if f.LogTag == "" {
		f.LogTag = b.c.Global.LogTag
	}
	f.NoLog = len(f.Targets) == 0
	if p.noLog.Line > 0 {
		f.marks = append(f.marks, mark{"no_log", "no log", p.noLog})
	}
	fill(f.Captures, p.ids)
	fill(f.ResponseCaptures, p.resIDs)
	return &f
}

// fill names the declared slots after what a rule puts into them.
func fill(slots []Capture, ids map[int]string) {
	for i := range slots {
		if slots[i].Name == "" {
			slots[i].Name = ids[i]
		}
	}
}

func (p *proxy) backend() *Backend {
	b := &Backend{Name: p.fe.Name, Listen: p.fe.Listen, Mode: p.fe.Mode, Place: p.fe.Place, Servers: p.servers,
		ServerTimeout: p.timeouts["server"], ConnectTimeout: p.timeouts["connect"],
		QueueTimeout: p.timeouts["queue"], TunnelTimeout: p.timeouts["tunnel"]}
	if b.QueueTimeout == 0 {
		b.QueueTimeout = b.ConnectTimeout
	}
	for _, m := range p.fe.marks {
		if m.kind == "set_log_level" && !b.Listen {
			b.hazards = append(b.hazards, Hazard{b.Name, m.kind, m.place, m.text + ": lines it matches may not arrive"})
		}
	}
	return b
}
