package app

import (
	"context"
	"fmt"
	"strconv"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/generate/rules"
)

// RulesOptions are the flags of generate rules.
type RulesOptions struct {
	Job        string
	Thresholds map[string]string // by name
	Optional   bool
	RunbookURL string
	GrafanaURL string
	Cluster    []string
}

// GenerateRules prints recording and alerting rules for this configuration.
func GenerateRules(_ context.Context, o Options, ro RulesOptions, std Streams) error {
	s, err := resolve(o)
	if err != nil {
		return err
	}
	p := alerts.Defaults()
	p.Optional, p.Cluster, p.GrafanaURL = ro.Optional, ro.Cluster, ro.GrafanaURL
	if names := s.spec.Names(); len(names) > 0 {
		p.Roles = p.Roles.Only(names)
	}
	if ro.Job != "" {
		p.Job = ro.Job
	}
	if ro.RunbookURL != "" {
		p.RunbookURL = ro.RunbookURL
	}
	if p.Thresholds, err = numbers(ro.Thresholds); err != nil {
		return err
	}
	p.Objectives = map[string]float64{}
	for _, sla := range s.metrics.SLAs {
		if sla.Objective > 0 {
			p.Objectives[sla.Name] = sla.Objective
		}
	}
	return rules.Write(std.Out, p)
}

func numbers(in map[string]string) (map[string]float64, error) {
	out := map[string]float64{}
	for k, v := range in {
		n, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: --threshold %s=%s is no number", ErrUsage, k, v)
		}
		out[k] = n
	}
	return out, nil
}
