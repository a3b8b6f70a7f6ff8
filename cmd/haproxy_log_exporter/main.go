// Command haproxy_log_exporter counts what HAProxy logs and serves it to Prometheus.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"

	"haproxy_log_exporter/app"
)

// Exit codes, as in docs/configuration.md.
const (
	exitFine     = 0
	exitProblems = 1
	exitUsage    = 2
)

func main() { os.Exit(run(os.Args[1:], app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})) }

// run translates arguments, signals and errors; everything else is done by app.
func run(args []string, std app.Streams) int {
	kingpin.EnableFileExpansion = false // a log-format may begin with @
	c, done, code := newCommands(std)
	name, err := c.app.Parse(standIn(args))
	if *done {
		return *code
	}
	if err != nil {
		fmt.Fprintf(std.Err, "haproxy_log_exporter: %s\n%s", err, hint(args, err))
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	std.Log = promslog.New(c.log)
	err = c.do(ctx, name, std)
	var found *app.Problems
	switch {
	case err == nil:
		return exitFine
	case errors.As(err, &found):
		return exitProblems
	}
	fmt.Fprintf(std.Err, "haproxy_log_exporter: %s\n", err)
	if errors.Is(err, app.ErrUsage) {
		return exitUsage
	}
	return exitProblems
}

const standardInput = "/dev/stdin"

// standIn replaces a bare - by the name of standard input: kingpin takes it for an empty argument.
func standIn(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "-" {
			a = standardInput
		}
		out[i] = a
	}
	return out
}

// do runs the chosen subcommand.
func (c *commands) do(ctx context.Context, name string, std app.Streams) error {
	c.realNames()
	o := c.shared
	switch name {
	case "check":
		return app.Check(ctx, o, c.check, std)
	case "explain":
		return app.Explain(ctx, o, c.explain, std)
	case "replay":
		return app.Replay(ctx, o, c.replay, std)
	case "report":
		return app.Report(ctx, o, c.report, std)
	case "backfill":
		return app.Backfill(ctx, o, c.backfill, std)
	case "generate config":
		return app.GenerateConfig(ctx, o, c.generate, std)
	case "generate rules":
		return app.GenerateRules(ctx, o, c.rules, std)
	case "generate flags":
		return writeFlags(std.Out, c.app.Model())
	case "generate mtail":
		return app.GenerateMtail(ctx, o, std)
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	defer signal.Stop(reload)
	return app.Serve(ctx, o, c.serve, reload, std)
}
