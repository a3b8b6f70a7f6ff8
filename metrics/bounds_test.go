package metrics

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBoundsOfOptions(t *testing.T) {
	o := Options{Buckets: []float64{1, 0.5}, SLAs: []SLA{{Name: "a", Timeout: 3 * time.Second}}}
	if d := cmp.Diff([]float64{0.5, 1, 3, 3.15}, o.Bounds()); d != "" {
		t.Error(d)
	}
	if len((&Options{}).Bounds()) != len(defaultBounds()) {
		t.Error("the default bounds are missing")
	}
}
