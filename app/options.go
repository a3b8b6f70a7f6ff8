// Package app wires the parts of the exporter and holds the bodies of its subcommands. It knows no
// syntax: log formats belong to parser, labels to labels, haproxy.cfg to haproxy/cfg, YAML to config.
package app

import (
	"errors"
	"io"
	"log/slog"
	"os"

	"github.com/prometheus/exporter-toolkit/web"

	"haproxy_log_exporter/config"
)

// Streams are the terminal and the log of a run. Tests give their own.
type Streams struct {
	In       *os.File
	Out, Err io.Writer
	Log      *slog.Logger
}

// Options are the flags that several subcommands share.
type Options struct {
	ConfigFile string
	Flags      config.Flags
	Root       string // where / is, for tests of the bare command; "" is /

	everyFamily bool // count what the configuration leaves out, too
}

// ServeOptions are the flags of serve alone.
type ServeOptions struct {
	Web *web.FlagConfig // addresses, TLS and authentication
}

// ErrUsage marks errors about arguments; the exit code is 2 then.
var ErrUsage = errors.New("usage")

// Problems is returned by a subcommand that did its work and found problems; it has printed them.
type Problems struct{ Count int }

func (p *Problems) Error() string { return "problems were found" }
