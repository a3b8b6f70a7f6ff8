package main

import (
	"fmt"
	"os"
	"path/filepath"

	"haproxy_log_exporter/bench/corpus"
)

const pathLabels = "--labels.path=/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"

// workConfig makes the exporter do the work W and nothing more: requests by nine labels, and the four histograms
// with 12 bounds by the six of the route.
const workConfig = `
labels:
  - {from: path, template: '/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}'}
histograms:
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 300]
  phases: [queue, connect]
  native: false
metrics:
  without: [frontend, backend]
  only: [haproxy_log_requests_total, haproxy_log_request_duration_seconds, haproxy_log_response_duration_seconds, haproxy_log_queue_phase_duration_seconds, haproxy_log_connect_phase_duration_seconds]
`

func (w *workshop) replay(name, log, out string, args ...string) command {
	return command{name: name, out: out, args: append(append([]string{w.exporter, "replay", "--jobs=1"}, args...), log)}
}

func (w *workshop) work(log, out string) command {
	return w.replay("exporter, W", log, out, "--config.file="+w.wConfig)
}

func (w *workshop) full() command {
	return w.replay("exporter, full catalogue", w.log, filepath.Join(w.dir, "full.prom"), pathLabels)
}

// manyTimes is how much more often pairs run that take less than a second: the median of a few short runs is mostly noise.
const manyTimes = 5

func (w *workshop) pairs(o options) []pair {
	ours, base := w.work(w.log, w.wOut), command{name: "nxadm/tail + regexp + WithLabelValues, W", args: []string{w.baseline, w.log}, out: w.bOut}
	custom := w.replay("exporter, full catalogue, custom log-format", w.custom, filepath.Join(w.dir, "custom.prom"), "--haproxy.log.format="+corpus.CustomFormat, pathLabels)
	often := manyTimes * o.pairs
	var p []pair
	if w.halog != "" {
		halog := func(mode string) command {
			return command{name: "halog " + mode, args: []string{w.halog, "-q", "-s", "-1", mode}, stdin: w.log, out: filepath.Join(w.dir, "halog.txt")}
		}
		p = append(p,
			pair{what: "W against halog -srv", a: ours, b: halog("-srv"), target: 1.3, atMost: true, runs: often},
			pair{what: "W against halog -st", a: ours, b: halog("-st"), target: 2.2, atMost: true, runs: often},
			pair{what: "full catalogue against halog -srv", a: w.full(), b: halog("-srv"), target: 2, atMost: true, runs: often})
	}
	p = append(p, pair{what: "custom log-format against httplog", a: custom, b: w.full(), target: 1.3, atMost: true, runs: often})
	if !o.slow {
		return p
	}
	p = append(p, pair{what: "baseline product against W", a: base, b: ours, target: 30, runs: o.pairs})
	if w.mtail != "" {
		m := command{name: "mtail, W", out: w.mOut, left: filepath.Join(w.dir, "mtail.sock"), args: []string{w.mtail, "--one_shot", "--one_shot_format=prometheus", "--emit_prog_label=false",
			"--unix_socket=" + filepath.Join(w.dir, "mtail.sock"), "--progs=" + programs(), "--logs=" + w.clean, "--logtostderr"}}
		p = append(p, pair{what: "mtail against W", a: m, b: w.work(w.clean, w.cleanOut), target: 70, runs: o.pairs})
	}
	return p
}

func programs() string {
	d, err := filepath.Abs("programs")
	if err != nil {
		return "programs"
	}
	return d
}

// agreement compares the counts of all who did W.
func (w *workshop) agreement() ([]string, error) {
	var said []string
	compare := func(who, file, ourFile string) error {
		if _, err := os.Stat(file); err != nil {
			return nil // the peer did not run
		}
		theirs, err := counts(file, "w_requests_total")
		if err != nil {
			return err
		}
		ours, err := counts(ourFile, "haproxy_log_requests_total")
		if err != nil {
			return err
		}
		moved := settle(theirs, ours)
		if moved > 100 { // a handful at the very beginning
			return fmt.Errorf("%.0f requests were counted with a label other", moved)
		}
		if err := agree(theirs, ours); err != nil {
			return fmt.Errorf("the exporter and %s disagree: %w", who, err)
		}
		said = append(said, fmt.Sprintf("%s and the exporter agree on all %d series (%.0f requests that HAProxy answered by itself came before their route was known, and have a label other).", who, len(theirs), moved))
		return nil
	}
	if err := compare("The baseline product", w.bOut, w.wOut); err != nil {
		return nil, err
	}
	return said, compare("mtail", w.mOut, w.cleanOut)
}
