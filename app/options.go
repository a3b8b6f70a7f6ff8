// Package app wires the parts of the exporter and holds the bodies of its subcommands. It knows no
// syntax: log formats belong to parser, labels to labels, haproxy.cfg to haproxy/cfg, YAML to config.
package app

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"time"
)

// Streams are the terminal and the log of a run. Tests give their own.
type Streams struct {
	In       *os.File
	Out, Err io.Writer
	Log      *slog.Logger
}

// Options are the flags that several subcommands share. Empty values mean "not given": the
// configuration file decides, then the defaults.
type Options struct {
	ConfigFile    string
	LogPaths      []string // files, globs, syslog URLs, - for standard input
	LogFormats    []string // presets or log-format strings
	LogFrom       string   // start or end, on the very first start only
	HAProxyConfig []string
	Sockets       []string
	MasterSocket  string
	SocketMetrics string // all, minimal or none
	LabelsPath    []string
	LabelsBackend []string
	StateDir      string
	LimitSamples  int    // exposed samples from the log
	LimitValues   int    // values a label
	Root          string // where / is, for tests of the bare command; "" is /
}

// ServeOptions are the flags of serve alone.
type ServeOptions struct {
	Web            WebOptions
	CatchUpTimeout time.Duration
}

// ErrUsage marks errors about arguments; the exit code is 2 then.
var ErrUsage = errors.New("usage")

// Problems is returned by a subcommand that did its work and found problems; it has printed them.
type Problems struct{ Count int }

func (p *Problems) Error() string { return "problems were found" }
