package config

import (
	"fmt"
	"slices"
	"strings"
)

// Key is one key of the configuration file.
type Key struct {
	// Path is the way to the key: "sources[].path"; [] is a list's entry, <name> a key that the user chooses.
	Path string
	// Type is how the value is written: string, strings (one or a list), bool, number, numbers, integer, integers,
	// duration, mapping, list (of mappings), or names joined by | for a choice.
	Type    string
	Default string // as written; "" when there is none
	Meaning string
}

// Keys returns every key of the configuration file in the order of docs/configuration.md. Decoding accepts
// exactly these keys, and the page's table is made from them.
func Keys() []Key {
	keys := []Key{{"haproxy", "mapping", "", "The HAProxy on this host."}}
	keys = append(keys, haproxyKeys("haproxy")...)
	keys = append(keys, Key{"haproxies", "list", "", "Several HAProxys, instead of `haproxy`; every metric of a HAProxy then carries the label `haproxy`."},
		Key{"haproxies[].name", "string", "", "Value of the label `haproxy`."},
		Key{"haproxies[].tag", "strings", "", "Log tags (`log-tag`) whose lines belong to it, for sources that several HAProxys write to."})
	keys = append(keys, haproxyKeys("haproxies[]")...)
	return slices.Concat(keys, sourceKeys(), labelKeys(), metricKeys(), webKeys())
}

func haproxyKeys(p string) []Key {
	return []Key{
		{p + ".config", "strings", "", "haproxy.cfg to take formats, captures, routes, sockets and hazards from; several as HAProxy's `-f`."},
		{p + ".sockets", "strings", "", "Runtime sockets to ask at each scrape: `unix:/path` or `tcp:host:port`. Several of one HAProxy are summed."},
		{p + ".master_socket", "string", "", "Master CLI: old workers are counted too."},
		{p + ".metrics", "all|minimal|none", "all", "Families taken from the runtime socket."},
		{p + ".timeout", "duration", "5s", "Time for all sockets of one scrape."},
		{p + ".scopes", "strings", "", "Scopes to expose: process, frontend, backend, server, listener, sticktable, resolver. All when empty."},
		{p + ".include", "strings", "", "Regular expressions; only families whose whole name fits one are exposed."},
		{p + ".exclude", "strings", "", "Regular expressions; families whose whole name fits one are left out."},
		{p + ".exclude_maint", "bool", "false", "Leave out servers that somebody put in maintenance (never `MAINT (resolution)`)."},
		{p + ".tables", "list", "", "Stick tables whose top entries are exposed; needs a socket at level operator."},
		{p + ".tables[].name", "string", "", "Name of the stick table."},
		{p + ".tables[].top", "integer", "10", "Entries for each of its counters, at most 100."},
	}
}

func sourceKeys() []Key {
	return []Key{
		{"sources", "list", "", "Where log lines come from. Each is read, counted and saved by itself."},
		{"sources[].path", "string", "", "A file, a glob, `-` for standard input, or a syslog URL: `udp://127.0.0.1:5514`, `tcp://…`, `unix:///path`, `unixgram:///path`."},
		{"sources[].from", "start|end", "end", "Where to begin on the very first start; later starts go on where they stopped."},
		{"sources[].format", "strings", "", "httplog, httpslog, tcplog, clf, tcpclf, or log-format strings; lines may be mixed. Default: what haproxy.cfg says, else httplog and tcplog."},
		{"sources[].captures", "strings", "", "Names of the captured request headers, in the order of their declaration, when no haproxy.cfg tells them."},
		{"sources[].response_captures", "strings", "", "The same for response headers."},
		{"sources[].haproxy", "string", "", "Name of the HAProxy that writes it, when there are several."},
		{"sources[].old_dirs", "strings", "", "Further folders that rotated files are moved to (logrotate's `olddir`)."},
		{"sources[].archives", "bool", "true", "Find the rest of a rotated file in .gz, .zst and .xz archives."},
		{"sources[].max_line", "integer", "1048576", "Longest line in bytes; longer ones are counted as `too_long`."},
	}
}

func labelKeys() []Key {
	return []Key{
		{"labels", "list", "", "Templates of the route labels, tried in order; for each label the first that gives a value wins."},
		{"labels[].from", "string", "", "`path`, `backend`, `frontend`, `server`, `host`, a capture, or any field of the log-format."},
		{"labels[].template", "string", "", "The template; see the grammar above."},
		{"maps", "list", "", "Labels from map files in HAProxy's own format, for labels that no template gave."},
		{"maps[].field", "string", "", "Field whose value is looked up, for example `src`."},
		{"maps[].file", "string", "", "The map file, relative to the configuration file; read again on reload."},
		{"maps[].match", "str|beg|end|sub|dir|dom|reg|ip|cidr", "str", "HAProxy's matching methods; `cidr` is another name of `ip`."},
		{"maps[].to", "strings", "", "Labels that the map's value gives: one takes it whole, several take its words."},
		{"maps[].template", "string", "", "Template of the map's value, instead of `to`."},
		{"maps[].override", "bool", "false", "The map's value wins over what templates give."},
		{"vocabularies", "mapping", "", "Closed labels: values that are not listed become `other`."},
		{"vocabularies.<label>", "strings", "", "The values; or a mapping of the keys below."},
		{"vocabularies.<label>.values", "strings", "", "The values."},
		{"vocabularies.<label>.file", "string", "", "File with one value a line, `#` begins a comment; read again on reload."},
		{"routes", "list", "", "Known routes: exposed with zeros from the start, and closing their labels. A list of label: value mappings, or a mapping with `from`."},
		{"routes.from", "strings", "", "haproxy.cfg files whose backends declare routes through the backend template; `haproxy.cfg` alone means the configured one."},
		{"sla_label", "string", "sla", "The label whose value names the SLA class."},
		{"slas", "mapping", "", "SLA classes by name."},
		{"slas.<name>.timeout", "duration", "", "HAProxy's timeout for the class; becomes a histogram bound."},
		{"slas.<name>.within", "duration", "timeout", "A request is met when queue, connect and response time together are no longer."},
		{"slas.<name>.objective", "number", "", "Share of requests to be met, between 0 and 1, such as 0.999."},
	}
}

func metricKeys() []Key {
	return []Key{
		{"metrics", "mapping", "", "What is counted from lines."},
		{"metrics.only", "strings", "", "Names of the families to count and expose, such as `haproxy_log_requests_total`; the others cost nothing. All by default. `counters` and the exporter's own families are there in any case."},
		{"metrics.without", "strings", "", "Labels that the families with route labels leave out: `frontend`, `backend` or both. `haproxy_log_unserved_total` keeps its frontend."},
		{"counters", "list", "", "Extra counters `haproxy_log_NAME_total`, bounded as all others."},
		{"counters[].name", "string", "", "Middle of the metric's name: `tls_requests` gives `haproxy_log_tls_requests_total`."},
		{"counters[].help", "string", "", "One sentence for the metric's HELP line."},
		{"counters[].labels", "strings", "", "Route labels, `frontend`, `backend`, or fields of the log-format."},
		{"counters[].when", "strings", "", "Comparisons that must all hold: `status >= 500`, `sslv == \"TLSv1\"`, `method =~ \"GET|HEAD\"`, `Ta > 3s`."},
		{"histograms", "mapping", "", "Shape of the histograms."},
		{"histograms.buckets", "numbers", "", "Upper bounds in seconds, rising. Default: bounds that fit calls to partners. SLA timeouts are added."},
		{"histograms.phases", "strings", "", "Phases that get a histogram of their own: handshake, idle, request, queue, connect, response, data."},
		{"histograms.native", "bool", "true", "Native histograms for scrapers that negotiate protobuf."},
		{"outcomes", "mapping", "", "What counts against the objective."},
		{"outcomes.throttled_fails", "bool", "false", "Requests that HAProxy refused because a queue was full (sQ) fail, instead of being left out."},
		{"outcomes.fail_status", "integers", "", "Status codes below 500 of a server that count as failed, such as 429."},
		{"exemplars", "mapping", "", "Exemplars of late and failed requests."},
		{"exemplars.field", "string", "", "Field with the trace or unique id."},
		{"exemplars.label", "string", "trace_id", "Label name in the exemplar."},
		{"limits", "mapping", "", "What clients can make the exporter remember."},
		{"limits.samples", "integer", "300000", "Samples exposed from the log, lines of histograms included."},
		{"limits.values", "integer", "1000", "Values of one label."},
		{"limits.routes", "integer", "20000", "Combinations of route label values."},
		{"series_ttl", "duration", "0s", "Series that did not change for so long leave the exposition and resume from their value; 0s: never."},
	}
}

func webKeys() []Key {
	return []Key{
		{"created_timestamps", "bool", "false", "`_created` lines in OpenMetrics text."},
		{"state", "mapping", "", "The snapshot of positions and counters."},
		{"state.dir", "string", "", "Its folder; `$STATE_DIRECTORY` by default. Without one, counters restart at 0."},
		{"web", "mapping", "", "The exporter's own pages. Address, TLS and passwords are flags."},
		{"web.telemetry_path", "string", "/metrics", "Path of the metrics."},
		{"web.catch_up_timeout", "duration", "5m", "How long the log's families are left out while a backlog is read."},
		{"web.enable_lifecycle", "bool", "false", "Allow POST /-/reload and POST /-/limits/reset."},
		{"web.enable_pprof", "bool", "false", "Serve /debug/pprof."},
		{"web.status_samples", "bool", "false", "Show samples of refused lines on /status; they may hold what clients sent."},
	}
}

// findKey returns the key with that path.
func findKey(keys []Key, path string) (Key, bool) {
	for _, k := range keys {
		if k.Path == path {
			return k, true
		}
	}
	return Key{}, false
}

// children returns the names of the keys that may stand under path, "" being the file itself.
func children(keys []Key, path string) []string {
	var names []string
	for _, k := range keys {
		rest := k.Path
		if path != "" {
			var ok bool
			if rest, ok = strings.CutPrefix(k.Path, path+"."); !ok {
				continue
			}
		}
		if !strings.ContainsAny(rest, ".[<") {
			names = append(names, rest)
		}
	}
	return names
}

// Markdown returns the table of docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, k := range Keys() {
		def := k.Default
		if def != "" {
			def = "`" + def + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, strings.ReplaceAll(k.Type, "|", ", "), def, strings.ReplaceAll(k.Meaning, "|", `\|`))
	}
	return b.String()
}
