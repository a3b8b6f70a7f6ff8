package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// counts reads an exposition and sums the family's samples by the 9 labels of W.
func counts(path, family string) (map[string]float64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := expfmt.NewTextParser(model.UTF8Validation)
	all, err := p.TextToMetricFamilies(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	mf := all[family]
	if mf == nil {
		return nil, fmt.Errorf("%s: no family %s", path, family)
	}
	out := map[string]float64{}
	for _, m := range mf.GetMetric() {
		if key, ok := key(m); ok {
			out[key] += m.GetCounter().GetValue() + m.GetUntyped().GetValue()
		}
	}
	return out, nil
}

// key joins the labels of W; series without a route, which W leaves out, are not ok.
func key(m *dto.Metric) (string, bool) {
	want := []string{"client", "client_env", "partner", "partner_env", "partner_service", "sla", "method", "code", "termination_state"}
	vals := make([]string, len(want))
	for _, l := range m.GetLabel() {
		if i := slices.Index(want, l.GetName()); i >= 0 {
			vals[i] = l.GetValue()
		}
	}
	return strings.Join(vals, " "), vals[0] != ""
}

// settle moves counts of ours that have other for a label to the series of theirs that they stand for: a
// client's value stands for itself only once a server was asked for it, and requests that HAProxy answered by
// itself may come before. It returns how many requests were moved.
func settle(theirs, ours map[string]float64) (moved float64) {
	for key, n := range ours {
		if !strings.Contains(key, "other ") {
			continue
		}
		for k, v := range theirs {
			if lack := v - ours[k]; lack > 0 && n > 0 && standsFor(key, k) {
				x := min(lack, n)
				ours[k] += x
				n -= x
				moved += x
			}
		}
		if ours[key] = n; n == 0 {
			delete(ours, key)
		}
	}
	return moved
}

func standsFor(key, k string) bool {
	a, b := strings.Split(key, " "), strings.Split(k, " ")
	for i := range a {
		if i >= len(b) || a[i] != b[i] && a[i] != "other" {
			return false
		}
	}
	return len(a) == len(b)
}

// agree compares two sets of counts and describes up to five differences.
func agree(a, b map[string]float64) error {
	var diffs []string
	total := 0.0
	for k, v := range a {
		total += v
		if v == 0 && b[k] == 0 {
			continue
		}
		if b[k] != v {
			diffs = append(diffs, fmt.Sprintf("%s: %g and %g", k, v, b[k]))
		}
	}
	for k, v := range b {
		if _, ok := a[k]; !ok && v != 0 {
			diffs = append(diffs, fmt.Sprintf("%s: none and %g", k, v))
		}
	}
	if total == 0 {
		return fmt.Errorf("nothing was counted")
	}
	if len(diffs) == 0 {
		return nil
	}
	slices.Sort(diffs)
	return fmt.Errorf("%d series differ:\n  %s", len(diffs), strings.Join(diffs[:min(5, len(diffs))], "\n  "))
}
