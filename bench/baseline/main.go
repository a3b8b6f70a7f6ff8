// Command baseline is the product that anybody would write first: nxadm/tail, one regular
// expression, client_golang's vectors with WithLabelValues. It is the benchmark's in-repo reference
// and does exactly the work W: requests by 9 labels, four histograms by 5 labels.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"

	"github.com/nxadm/tail"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
)

const pattern = `haproxy\[\d+\]: (\S+):(\d+) \[[^\]]+\] \S+ (\S+)/(\S+) (-?\d+)/(-?\d+)/(-?\d+)/(-?\d+)/\+?(-?\d+) (-?\d+) \+?\d+ \S+ \S+ (\S{4}) \S+ \S+ ` +
	`(?:\{.*\} )*"([A-Z]+) /([^/ ?]+)/([^/ ?]+)/([^/ ?]+)/([^/ ?]+)/([^/ ?]+)/([^/ ?]+)[^ ]* HTTP/[\d.]+"$`

func run(path string, out io.Writer) error {
	buckets := []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 30, 300}
	reg := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "w_requests_total", Help: "Requests."},
		[]string{"client", "client_env", "partner", "partner_env", "partner_service", "sla", "method", "code", "termination_state"})
	reg.MustRegister(requests)
	var hist [4]*prometheus.HistogramVec
	for i, n := range []string{"queue", "connect", "response", "request"} {
		hist[i] = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "w_" + n + "_seconds", Help: "Time.", Buckets: buckets},
			[]string{"client", "partner", "partner_env", "partner_service", "sla"})
		reg.MustRegister(hist[i])
	}
	re := regexp.MustCompile(pattern)
	t, err := tail.TailFile(path, tail.Config{Logger: tail.DiscardingLogger})
	if err != nil {
		return err
	}
	for l := range t.Lines {
		m := re.FindStringSubmatch(l.Text)
		if m == nil {
			continue
		}
		requests.WithLabelValues(m[13], m[14], m[15], m[16], m[17], m[18], m[12], m[10], m[11][:2]).Inc()
		for i, f := range []string{m[6], m[7], m[8], m[9]} {
			if ms, err := strconv.Atoi(f); err == nil && ms >= 0 {
				hist[i].WithLabelValues(m[13], m[15], m[16], m[17], m[18]).Observe(float64(ms) / 1000)
			}
		}
	}
	families, err := reg.Gather()
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return err
		}
	}
	return w.Flush()
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: baseline LOG > exposition")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}
