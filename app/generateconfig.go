package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"haproxy_log_exporter/config"
	"haproxy_log_exporter/generate/configfile"
	"haproxy_log_exporter/generate/mtail"
	"haproxy_log_exporter/internal/diag"
)

// GenerateOptions are the flags of generate config.
type GenerateOptions struct {
	Explicit bool // write routes out, for a host where haproxy.cfg cannot be read
}

// GenerateConfig prints a first configuration file out of haproxy.cfg, the flags and what is found
// on the host.
func GenerateConfig(_ context.Context, o Options, gc GenerateOptions, std Streams) error {
	s, err := resolve(o)
	if err != nil {
		return err
	}
	if len(s.haproxies) != 1 || s.haproxies[0].conf == nil {
		return errors.New("generate config needs one haproxy.cfg: give --haproxy.config")
	}
	h := s.haproxies[0]
	in := configfile.Input{Config: h.conf, Files: h.conf.Files, Sockets: h.socket.Sockets, MasterSocket: h.socket.MasterSocket, Explicit: gc.Explicit, SLALabel: s.spec.SLA()}
	for _, src := range s.sources {
		in.Logs = append(in.Logs, src.name)
	}
	for _, r := range s.spec.Rules {
		switch {
		case r.From.Value == "path" && in.PathTemplate == "":
			in.PathTemplate = r.Text.Value
		case r.From.Value == "backend" && in.BackendTemplate == "":
			in.BackendTemplate = r.Text.Value
		}
	}
	return configfile.Write(std.Out, in)
}

// GenerateMtail prints an mtail program for the first source's formats and labels.
func GenerateMtail(_ context.Context, o Options, std Streams) error {
	s, err := resolve(o)
	if err != nil {
		return err
	}
	opt := mtail.Options{Labels: s.spec, Buckets: s.metrics.Bounds()}
	if len(s.sources) > 0 {
		opt.Formats = s.sources[0].formats
	} else if opt.Formats, err = namedFormats(config.Source{Formats: texts(o.Flags.LogFormats)}); err != nil {
		return err
	}
	if len(opt.Formats) == 0 {
		return fmt.Errorf("%w: generate mtail needs --haproxy.log.format, or a haproxy.cfg", ErrUsage)
	}
	program, err := mtail.Program(opt)
	if err != nil {
		return err
	}
	_, err = io.WriteString(std.Out, program)
	return err
}

func texts(in []string) []config.Text {
	var out []config.Text
	for _, t := range in {
		out = append(out, config.Text{Value: t, Place: diag.Place{Source: "--haproxy.log.format"}})
	}
	return out
}
