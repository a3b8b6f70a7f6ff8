package rules_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"haproxy_log_exporter/alerts"
	"haproxy_log_exporter/generate/rules"
)

func TestDefaultsAreTheCommittedFile(t *testing.T) {
	var b bytes.Buffer
	if err := rules.Write(&b, alerts.Defaults()); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("../../alerts/haproxy-log.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), want) {
		t.Error("differs from alerts/haproxy-log.rules.yml: run make docs")
	}
}

func TestHeadSaysWhatIsDifferent(t *testing.T) {
	p := alerts.Defaults()
	p.Thresholds = map[string]float64{"queue": 12, "unreachable": 0.5}
	p.Objectives = map[string]float64{"low": 0.9}
	head := rules.Head(p)
	if !strings.Contains(head, "queue is 12 here, 5 by default") || strings.Contains(head, "unreachable") || !strings.Contains(head, "Note: burn_fast") {
		t.Errorf("%s", head)
	}
}

func TestMistakesWriteNothing(t *testing.T) {
	p := alerts.Defaults()
	p.Job = ""
	var b bytes.Buffer
	if err := rules.Write(&b, p); err == nil || b.Len() > 0 {
		t.Errorf("%v, %d bytes", err, b.Len())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space") }

func TestAFailedWriteIsReported(t *testing.T) {
	if err := rules.Write(full{}, alerts.Defaults()); err == nil {
		t.Error("no error")
	}
}
