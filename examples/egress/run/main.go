// Command run starts the egress example and shows where to look; Ctrl-C ends all of it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"haproxy_log_exporter/examples/egress/lab"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, errs io.Writer) int {
	o := lab.Options{Out: out}
	f := flag.NewFlagSet("run", flag.ContinueOnError)
	f.SetOutput(errs)
	limit := f.Duration("for", 0, "end after this time; 0 runs until Ctrl-C")
	f.Float64Var(&o.Rate, "rate", 20, "requests a second")
	f.StringVar(&o.HAProxy, "haproxy", "", "HAProxy's program, for another version than the installed one")
	f.StringVar(&o.Prometheus, "prometheus", "", "Prometheus' program")
	f.StringVar(&o.Exporter, "exporter", "", "the exporter's program; built from the source when empty")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if o.Rate <= 0 || o.Rate > 2000 || f.NArg() > 0 {
		fmt.Fprintln(errs, "run: -rate must be above 0 and at most 2000; there are no arguments")
		return 2
	}
	o.Switch = time.Now().Add(time.Minute)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	l, err := lab.Start(ctx, o)
	if err != nil {
		fmt.Fprintln(errs, "run:", err)
		return 1
	}
	guide(out, l, o)
	var over <-chan time.Time
	if *limit > 0 {
		over = time.After(*limit)
	}
	code := 0
	select {
	case <-ctx.Done():
	case <-over:
	case err := <-l.Failed():
		fmt.Fprintln(errs, "run:", err)
		code = 1
	}
	stop() // a second Ctrl-C ends this program at once, and the kernel ends its children
	fmt.Fprintln(out, "\nending …")
	fmt.Fprintln(out, l.StopTraffic())
	if err := l.Close(); err != nil {
		fmt.Fprintln(errs, "run:", err)
		return 1
	}
	return code
}

func guide(out io.Writer, l *lab.Lab, o lab.Options) {
	graph := func(expr string) string {
		return l.PrometheusURL + "/graph?g0.tab=0&g0.range_input=5m&g0.expr=" + url.QueryEscape(expr)
	}
	fmt.Fprintf(out, `
An egress controller is running: HAProxy, simulated partners, clients (%g requests a second), the
exporter and Prometheus. Everything is on loopback and in %s.

  metrics       %s/metrics
  status        %s/status       sources, limits, what was refused
  log           %s
  Prometheus    %s

What to look at:
  requests by partner and status
    %s
  95th percentile by SLA (bank answers in 40 ms, postal and tax take longer)
    %s
  SLA outcomes: late and failed calls of postal (timeouts), registry (500), fax (cut answers), ledger (no server)
    %s
  refused by HAProxy itself: unknown clients and routes, and credit while it is busy (sQ)
    %s
  the canary, and from %s on the tax office's new contract (backends :canary and :v2)
    %s

A call of your own:
  curl --interface 127.0.1.1 %s/myback/prod/bank/prod/payments/high/accounts/1

Ctrl-C ends all of it.
`, o.Rate, l.Dir, l.ExporterURL, l.ExporterURL, l.LogFile, l.PrometheusURL,
		graph("sum by (partner, code) (rate(haproxy_log_requests_total[30s]))"),
		graph("histogram_quantile(0.95, sum by (sla, le) (rate(haproxy_log_request_duration_seconds_bucket[1m])))"),
		graph("sum by (partner, outcome) (rate(haproxy_log_sla_requests_total[30s]))"),
		graph("sum by (reason, code) (rate(haproxy_log_unserved_total[30s]))"),
		o.Switch.Format("15:04:05"),
		graph(`sum by (backend) (rate(haproxy_log_requests_total{backend=~".+:(canary|v2|low)|bank:prod:.+"}[30s]))`),
		l.EgressURL)
}
