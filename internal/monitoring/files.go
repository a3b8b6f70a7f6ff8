// Package monitoring knows every generated file of alerts/ and dashboards/.
package monitoring

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/alerts/alerttest"
	"haproxy_log_exporter/dashboards"
	"haproxy_log_exporter/generate/rules"
)

// Files returns the content of each generated file by its path in the repository.
func Files() (map[string][]byte, error) {
	out := map[string][]byte{}
	if err := ruleFiles(out); err != nil {
		return nil, err
	}
	all, err := dashboards.All()
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if out["dashboards/grafana/"+d.UID+".json"], err = d.JSON(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func ruleFiles(out map[string][]byte) error {
	p := alerts.Defaults()
	var b bytes.Buffer
	if err := rules.Write(&b, p); err != nil {
		return err
	}
	out["alerts/haproxy-log.rules.yml"] = b.Bytes()
	optional, err := alerts.OptionalFile(p, alerts.OptionalHead)
	if err != nil {
		return err
	}
	out["alerts/haproxy-log-optional.rules.yml"] = optional
	p.Optional = true
	all, err := alerts.Rules(p)
	if err != nil {
		return err
	}
	files, err := alerttest.Files(all)
	if err != nil {
		return err
	}
	for name, f := range files {
		var b bytes.Buffer
		fmt.Fprintf(&b, "# Unit tests of the rules, generated from alerts/alerttest. Run: promtool test rules alerts/%s\n", name)
		enc := yaml.NewEncoder(&b)
		enc.SetIndent(2)
		if err := enc.Encode(f); err != nil {
			return err
		}
		out["alerts/"+name] = b.Bytes()
	}
	return nil
}
