// Package cfg reads what matters for metrics out of HAProxy's own configuration: the
// log-formats and captures of each frontend, where its log goes, the sockets, the backends with
// their timeouts, and the settings that make log lines differ from requests.
//
// It reads as HAProxy does (quotes, escapes, variables, .if blocks, defaults and their
// inheritance) and tolerates keywords it does not know: HAProxy has already accepted the file,
// and newer versions have more of them.
package cfg

import (
	"os"
	"time"

	"haproxy_log_exporter/internal/diag"
)

// Options tune Load.
type Options struct {
	// Env gives the environment that HAProxy runs with; nil is an empty one.
	Env func(name string) (string, bool)
	// Version is HAProxy's (see ParseVersion), for version_atleast; nil when unknown.
	Version []int
	// ReadFile replaces os.ReadFile in tests.
	ReadFile func(path string) ([]byte, error)
}

// Config is what was read. It is not changed after Load and may be shared by goroutines.
type Config struct {
	Files     []string
	Global    Global
	Frontends []*Frontend // frontend and listen sections, in order
	Backends  []*Backend  // backend and listen sections, in order
	Rings     []string    // names of ring sections
	// Forwards are the names of log-forward sections: HAProxy relays the log lines of others.
	Forwards []string
	// Promex are the places where HAProxy's own exporter is switched on. Both exporters would
	// publish the same names.
	Promex []diag.Place
	// Warnings are doubts about what was read; none of them stops anything.
	Warnings diag.List

	profiles map[string]*profile
}

// Global is the global section.
type Global struct {
	Targets []LogTarget
	LogTag  string // "" when not set: HAProxy then uses the name of its program
	Chroot  string
	Sockets []Socket
	// LogURILen is tune.http.logurilen: longer request lines are cut in the log. In bytes.
	LogURILen int
	// HardStopAfter is how long an old worker may finish its requests after a reload; 0: for ever.
	HardStopAfter time.Duration
	User, Group   string
}

// Socket is a `stats socket` line.
type Socket struct {
	// Address is as the exporter's flags want it: unix:/path or tcp:host:port. Empty for
	// addresses that cannot be dialled (fd@, sockpair@).
	Address string
	Level   string // user, operator or admin
	Mode    string // as written, "" when not set
	User    string
	Group   string
	Place   diag.Place
}

// LogTarget is one `log` line.
type LogTarget struct {
	Address  string // as written: /dev/log, 127.0.0.1:514, ring@name, stdout, …
	Len      int    // longest message in bytes, 1024 by default
	Format   string // "" for the default
	Sample   string // "1:4" when only some lines are sent
	Profile  string
	Facility string
	Level    string // least severe level that is sent; "" sends all
	MinLevel string
	Place    diag.Place
}

// Capture is one slot of the captured headers.
type Capture struct {
	// Name is the header's name, or the sample expression; "" for a declared slot that nothing
	// in this section fills.
	Name  string
	Len   int
	Place diag.Place
}

// Frontend is a frontend or listen section with everything it inherits resolved.
type Frontend struct {
	Name   string
	Listen bool
	Mode   string // http, tcp, …
	// Format is the effective log-format: a preset's name (httplog, httpslog, tcplog, clf,
	// tcpclf), a log-format string when Custom is true, "" when only "Connect from" lines are written.
	Format      string
	Custom      bool
	FormatPlace diag.Place
	// ErrorFormat is the error-log-format string, "" when none is set.
	ErrorFormat      string
	ErrorFormatPlace diag.Place
	StructuredData   string // log-format-sd
	LogTag           string
	Targets          []LogTarget // with `log global` resolved
	NoLog            bool        // `no log`, or no target at all
	Captures         []Capture   // request side, in slot order
	ResponseCaptures []Capture
	DontLogNull      bool
	DontLogNormal    bool
	LogASAP          bool
	SeparateErrors   bool
	LogSteps         []string // nil when not set
	MonitorURI       string
	DefaultBackend   string
	Place            diag.Place

	marks []mark
}

// Backend is a backend or listen section.
type Backend struct {
	Name   string
	Listen bool
	Mode   string
	// Timeouts are 0 when not set. Queue falls back to Connect, as in HAProxy.
	ServerTimeout, ConnectTimeout, QueueTimeout, TunnelTimeout time.Duration
	Servers                                                    []string
	Place                                                      diag.Place

	hazards []Hazard
}

// Load reads configuration files, or folders of *.cfg files, in the order of HAProxy's -f
// options. The error is a diag.List with every mistake; the configuration is returned with it
// as far as it could be read.
func Load(opt Options, paths ...string) (*Config, error) {
	r := reader{opt: opt, env: map[string]*string{}, warned: map[string]bool{}}
	readFile := opt.ReadFile
	if readFile == nil {
		readFile = os.ReadFile
	}
	r.expand(paths)
	for _, file := range r.files {
		b, err := readFile(file)
		if err != nil {
			r.problems.Addf(file, "cannot read HAProxy's configuration: %v", err)
			continue
		}
		r.read(file, string(b))
	}
	return r.build()
}

// Parse reads one configuration from memory; name stands for the file in messages.
func Parse(opt Options, name, text string) (*Config, error) {
	r := reader{opt: opt, env: map[string]*string{}, warned: map[string]bool{}, files: []string{name}}
	r.read(name, text)
	return r.build()
}

// Frontend returns the frontend of that name, nil when there is none.
func (c *Config) Frontend(name string) *Frontend {
	for _, f := range c.Frontends {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// LogTags are the tags under which this HAProxy's lines arrive, as far as they are set.
func (c *Config) LogTags() []string {
	var tags []string
	seen := map[string]bool{"": true}
	add := func(tag string) {
		if !seen[tag] {
			seen[tag] = true
			tags = append(tags, tag)
		}
	}
	add(c.Global.LogTag)
	for _, f := range c.Frontends {
		add(f.LogTag)
	}
	return tags
}
