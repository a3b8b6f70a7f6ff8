package app

import (
	"context"
	"errors"

	"haproxy_log_exporter/generate/configfile"
)

// GenerateConfig prints a first configuration file out of haproxy.cfg, the flags and what is found
// on the host.
func GenerateConfig(_ context.Context, o Options, std Streams) error {
	s, err := resolve(o)
	if err != nil {
		return err
	}
	if len(s.haproxies) != 1 || s.haproxies[0].conf == nil {
		return errors.New("generate config needs one haproxy.cfg: give --haproxy.config")
	}
	h := s.haproxies[0]
	in := configfile.Input{Config: h.conf, Files: h.conf.Files, Sockets: h.socket.Sockets, MasterSocket: h.socket.MasterSocket, SLALabel: s.spec.SLA()}
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
