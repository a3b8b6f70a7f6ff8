package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"

	"haproxy_log_exporter/app"
)

// defaultAddress is loopback: nothing listens beyond this host unless asked. The port is free in
// Prometheus' list of default port allocations.
const defaultAddress = "127.0.0.1:10199"

// commands holds the targets of all flags.
type commands struct {
	app      *kingpin.Application
	log      *promslog.Config
	shared   app.Options
	serve    app.ServeOptions
	check    app.CheckOptions
	explain  app.ExplainOptions
	replay   app.ReplayOptions
	report   app.ReportOptions
	backfill app.BackfillOptions
	rules    app.RulesOptions
	generate app.GenerateOptions
}

// newCommands declares the command line. done is set when kingpin has answered by itself (--help,
// --version), with the exit code in code.
func newCommands(std app.Streams) (c *commands, done *bool, code *int) {
	c = &commands{app: kingpin.New("haproxy_log_exporter", "Counts what HAProxy logs, exactly once, and serves it to Prometheus beside HAProxy's own counters."), log: &promslog.Config{Writer: std.Err}}
	done, code = new(bool), new(int)
	c.app.Terminate(func(n int) { *done, *code = true, n })
	c.app.UsageWriter(std.Out).ErrorWriter(std.Err)
	c.app.Version(version.Print("haproxy_log_exporter"))
	c.app.HelpFlag.Short('h')
	promslogflag.AddFlags(c.app, c.log)
	c.sharedFlags()
	c.serveFlags(c.app.Command("serve", "Follow the log and serve metrics (the default).").Default())
	c.toolFlags()
	return c, done, code
}

func (c *commands) sharedFlags() {
	o, f := &c.shared.Flags, c.app.Flag
	f("config.file", "YAML configuration; flags win over it.").PlaceHolder("FILE").StringVar(&c.shared.ConfigFile)
	f("haproxy.log.path", "Log to follow: a file, a glob, - for standard input, or a syslog URL (udp://127.0.0.1:5514, tcp://, unix:///path, unixgram:///path). Repeatable.").PlaceHolder("PATH").StringsVar(&o.LogPaths)
	f("haproxy.log.format", "What HAProxy logs: httplog, httpslog, tcplog, clf, tcpclf, or a log-format string. Repeatable: lines may be mixed.").PlaceHolder("FORMAT").StringsVar(&o.LogFormats)
	f("haproxy.log.from", "Where to begin on the very first start: start or end.").PlaceHolder("end").EnumVar(&o.LogFrom, "start", "end")
	f("haproxy.config", "haproxy.cfg to take formats, captures, routes and sockets from. Repeatable, as HAProxy's -f.").PlaceHolder("FILE").StringsVar(&o.HAProxyConfig)
	f("haproxy.socket", "Runtime socket to ask at each scrape: unix:/path or tcp:host:port. Repeatable.").PlaceHolder("ADDRESS").StringsVar(&o.Sockets)
	f("haproxy.master-socket", "Master CLI: old workers are counted too.").PlaceHolder("ADDRESS").StringVar(&o.MasterSocket)
	f("haproxy.socket.metrics", "Families taken from the runtime socket: all, minimal or none.").PlaceHolder("all").EnumVar(&o.SocketMetrics, "all", "minimal", "none")
	f("labels.path", "Template of the URL's path, for example /{client}/{client_env}/{partner}. Repeatable, tried in order.").PlaceHolder("TEMPLATE").StringsVar(&o.LabelsPath)
	f("labels.backend", "Template of the backend's name, for example {partner}:{partner_env}:{partner_service}:{sla}. Repeatable.").PlaceHolder("TEMPLATE").StringsVar(&o.LabelsBackend)
	f("state.dir", "Folder for the snapshot of positions and counters; $STATE_DIRECTORY by default. Without one, counters restart at 0.").PlaceHolder("DIR").Envar("STATE_DIRECTORY").StringVar(&o.StateDir)
	f("limits.samples", "Largest number of samples exposed from the log, histogram lines included.").PlaceHolder("300000").IntVar(&o.LimitSamples)
	f("limits.values", "Largest number of values of one label.").PlaceHolder("1000").IntVar(&o.LimitValues)
}

func (c *commands) serveFlags(cmd *kingpin.CmdClause) {
	o := &c.shared.Flags
	c.serve.Web = kingpinflag.AddFlags(cmd, defaultAddress)
	cmd.Flag("web.telemetry-path", "Path of the metrics.").PlaceHolder("/metrics").StringVar(&o.TelemetryPath)
	cmd.Flag("web.catch-up-timeout", "How long the log's families are left out while a backlog is read.").PlaceHolder("5m").DurationVar(&o.CatchUpTimeout)
	cmd.Flag("web.enable-lifecycle", "Allow POST /-/reload and POST /-/limits/reset.").BoolVar(&o.EnableLifecycle)
	cmd.Flag("web.enable-pprof", "Serve /debug/pprof.").BoolVar(&o.EnablePprof)
	cmd.Flag("web.status-samples", "Show samples of refused lines on /status; they may hold what clients sent.").BoolVar(&o.StatusSamples)
}

func (c *commands) toolFlags() {
	check := c.app.Command("check", "Check configuration, formats, sockets and permissions; with sample logs, how much of them is understood.")
	check.Arg("LOG", "Sample logs.").StringsVar(&c.check.Logs)
	check.Flag("dry", "Do not ask sockets.").BoolVar(&c.check.Dry)

	explain := c.app.Command("explain", "Show every field, label, outcome and series of each line.")
	explain.Arg("LOG", "File of lines; standard input by default.").StringVar(&c.explain.Log)
	explain.Flag("json", "One JSON object for each line.").BoolVar(&c.explain.JSON)

	replay := c.app.Command("replay", "Read whole logs (.gz, .zst, .xz too) and print the totals as exposition text.")
	replay.Arg("LOG", "Logs; standard input by default.").StringsVar(&c.replay.Logs)
	replay.Flag("jobs", "Files, or parts of a large one, read at the same time, and cores used; 0 for all cores.").Default("0").IntVar(&c.replay.Jobs)
	replay.Flag("openmetrics", "Print OpenMetrics text.").BoolVar(&c.replay.OpenMetrics)

	report := c.app.Command("report", "Print a table of routes: requests, errors, percentiles, SLA.")
	report.Arg("LOG", "Logs; standard input by default.").StringsVar(&c.report.Logs)
	report.Flag("sort", "Column to sort by: requests, errors, p50, p95, p99, met.").Default("requests").EnumVar(&c.report.Sort, "requests", "errors", "p50", "p95", "p99", "met")
	report.Flag("top", "Rows to print, 0 for all.").Default("50").IntVar(&c.report.Top)

	backfill := c.app.Command("backfill", "Turn old logs into OpenMetrics with timestamps, for promtool tsdb create-blocks-from openmetrics.")
	backfill.Arg("LOG", "Logs, oldest first.").Required().StringsVar(&c.backfill.Logs)
	backfill.Flag("step", "Time between samples.").Default("15s").DurationVar(&c.backfill.Step)
	backfill.Flag("timezone", "Time zone of the dates in the log.").Default("Local").StringVar(&c.backfill.Zone)
	c.backfill.Labels = map[string]string{} // kingpin fills it, but does not make it
	backfill.Flag("label", "Label added to every sample, NAME=VALUE; give the job and instance that Prometheus uses. Repeatable.").StringMapVar(&c.backfill.Labels)

	generate := c.app.Command("generate", "Write files that follow from the configuration.")
	generate.Command("config", "A configuration out of a haproxy.cfg: routes, vocabularies, SLA timeouts.").
		Flag("explicit", "Write the routes out, for a host where haproxy.cfg cannot be read.").BoolVar(&c.generate.Explicit)
	rules := generate.Command("rules", "Recording and alerting rules for this configuration.")
	rules.Flag("job", "The job name of the scrape configuration.").PlaceHolder("haproxy_log_exporter").StringVar(&c.rules.Job)
	c.rules.Thresholds = map[string]string{} // kingpin fills it, but does not make it
	rules.Flag("threshold", "Another value for a threshold, NAME=NUMBER. Repeatable.").StringMapVar(&c.rules.Thresholds)
	rules.Flag("optional", "Add the rules that are off by default.").BoolVar(&c.rules.Optional)
	rules.Flag("cluster", "Target label that tells one group of HAProxy nodes from another. Repeatable.").StringsVar(&c.rules.Cluster)
	rules.Flag("runbook-url", "What stands before #name in runbook_url.").StringVar(&c.rules.RunbookURL)
	rules.Flag("grafana-url", "What stands before /d/ in dashboard_url.").StringVar(&c.rules.GrafanaURL)
	generate.Command("flags", "The reference of all flags, docs/flags.md.").Hidden()
	generate.Command("mtail", "An mtail program for the same log-format and labels.")
}

// realNames gives standard input its usual name again in every list of files (see standIn).
func (c *commands) realNames() {
	f := &c.shared.Flags
	for _, list := range [][]string{f.LogPaths, c.replay.Logs, c.report.Logs, c.check.Logs, c.backfill.Logs} {
		for i, p := range list {
			if p == standardInput {
				list[i] = "-"
			}
		}
	}
	if c.explain.Log == standardInput {
		c.explain.Log = "-"
	}
}

// hint explains the mistake that is made most often.
func hint(args []string, err error) string {
	if strings.Contains(err.Error(), "log.format") || slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "--log.format") }) {
		return fmt.Sprintf("hint: --log.format is the exporter's own log (%s); what HAProxy logs is --haproxy.log.format\n", strings.Join(promslog.FormatFlagOptions, " or "))
	}
	return "hint: see haproxy_log_exporter --help\n"
}
