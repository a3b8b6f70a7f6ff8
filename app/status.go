package app

import (
	"html/template"
	"time"
)

// Status is what /status shows; ?format=json gives the same as JSON.
type Status struct {
	Version    string
	Started    time.Time
	ConfigFile string
	ConfigHash string
	Reloaded   time.Time
	ReloadErr  string `json:",omitempty"`
	StateDir   string
	Durable    bool
	StateErr   string `json:",omitempty"`
	Series     int
	Limit      int
	Sources    []SourceStatus
	Sockets    []SocketStatus
	Complete   []CompleteStatus
	Offenders  []OffenderStatus
	Hazards    []string
	Samples    []SampleStatus `json:",omitempty"`
}

// SourceStatus describes one source. Sizes are in bytes.
type SourceStatus struct {
	Source      string
	Up          bool
	Err         string `json:",omitempty"`
	CatchingUp  bool
	Progress    string `json:",omitempty"`
	File        string
	Position    int64
	LagBytes    int64
	LagSeconds  float64
	Generations int
	Rotations   uint64
	Recovered   uint64
	LostBytes   uint64
	Partial     uint64
	Lines       map[string]uint64 // by result, zeros left out
}

// SocketStatus describes one runtime socket.
type SocketStatus struct {
	HAProxy, Socket string
	Up              bool
	Err             string `json:",omitempty"`
	Took            time.Duration
}

// CompleteStatus compares, for a frontend, what HAProxy counted with what was logged.
type CompleteStatus struct {
	HAProxy, Frontend string
	Requests, Lines   float64
	Ratio             float64 // lines by requests; 1 is complete
}

// OffenderStatus is a label value that was not admitted, and how often it was seen.
type OffenderStatus struct {
	Label, Value string
	Count        uint64
}

// SampleStatus is a refused line, kept for the operator.
type SampleStatus struct {
	Source, Result, Line string
}

func statusPage() *template.Template {
	return template.Must(template.New("status").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>HAProxy log exporter: status</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:76em;padding:0 1em}
table{border-collapse:collapse;margin:.5em 0 1.5em}th,td{text-align:left;padding:.2em .8em .2em 0;border-bottom:1px solid #8884;vertical-align:top}
td.n{text-align:right;font-variant-numeric:tabular-nums}.bad{color:#c22;font-weight:600}.ok{color:#282}code{font-size:.92em;overflow-wrap:anywhere}
</style></head><body><h1>Status</h1>
<table>
<tr><th>Version</th><td>{{.Version}}</td></tr>
<tr><th>Started</th><td>{{.Started.Format "2006-01-02 15:04:05 MST"}}</td></tr>
<tr><th>Configuration</th><td>{{if .ConfigFile}}<code>{{.ConfigFile}}</code>, {{end}}hash {{.ConfigHash}}, loaded {{.Reloaded.Format "2006-01-02 15:04:05 MST"}}{{if .ReloadErr}}<div class="bad">last reload failed: {{.ReloadErr}}</div>{{end}}</td></tr>
<tr><th>State</th><td>{{if .StateDir}}<code>{{.StateDir}}</code> {{if .Durable}}<span class="ok">durable</span>{{else}}<span class="bad">not durable</span>{{end}}{{else}}<span class="bad">no state directory: counters restart at 0 with the exporter</span>{{end}}{{if .StateErr}}<div class="bad">{{.StateErr}}</div>{{end}}</td></tr>
<tr><th>Samples</th><td>{{.Series}} of at most {{.Limit}}</td></tr>
</table>
<h2>Sources</h2>
<table><tr><th>source</th><th>state</th><th>file</th><th>position</th><th>lag</th><th>generations</th><th>rotations</th><th>recovered</th><th>lost bytes</th><th>half lines</th><th>lines</th></tr>
{{range .Sources}}<tr><td><code>{{.Source}}</code></td><td>{{if .Up}}{{if .CatchingUp}}catching up {{.Progress}}{{else}}<span class="ok">up</span>{{end}}{{else}}<span class="bad">down</span> {{.Err}}{{end}}</td><td><code>{{.File}}</code></td>
<td class="n">{{.Position}}</td><td class="n">{{.LagBytes}} B, {{printf "%.1f" .LagSeconds}} s</td><td class="n">{{.Generations}}</td><td class="n">{{.Rotations}}</td><td class="n">{{.Recovered}}</td><td class="n">{{.LostBytes}}</td><td class="n">{{.Partial}}</td>
<td>{{range $r, $n := .Lines}}{{$r}}&nbsp;{{$n}} {{end}}</td></tr>{{end}}</table>
{{if .Sockets}}<h2>Runtime sockets</h2><table><tr><th>socket</th><th>state</th><th>took</th></tr>
{{range .Sockets}}<tr><td><code>{{.HAProxy}} {{.Socket}}</code></td><td>{{if .Up}}<span class="ok">up</span>{{else}}<span class="bad">down</span> {{.Err}}{{end}}</td><td class="n">{{.Took}}</td></tr>{{end}}</table>{{end}}
{{if .Complete}}<h2>Log completeness</h2><table><tr><th>frontend</th><th>requests (HAProxy)</th><th>lines</th><th>ratio</th></tr>
{{range .Complete}}<tr><td><code>{{.HAProxy}} {{.Frontend}}</code></td><td class="n">{{.Requests}}</td><td class="n">{{.Lines}}</td><td class="n">{{printf "%.4f" .Ratio}}</td></tr>{{end}}</table>{{end}}
{{if .Hazards}}<h2>Hazards</h2><ul>{{range .Hazards}}<li>{{.}}</li>{{end}}</ul>{{end}}
{{if .Offenders}}<h2>Label values that became other</h2><table><tr><th>label</th><th>value</th><th>lines</th></tr>
{{range .Offenders}}<tr><td>{{.Label}}</td><td><code>{{.Value}}</code></td><td class="n">{{.Count}}</td></tr>{{end}}</table>{{end}}
{{if .Samples}}<h2>Refused lines</h2><table><tr><th>source</th><th>result</th><th>line</th></tr>
{{range .Samples}}<tr><td>{{.Source}}</td><td>{{.Result}}</td><td><code>{{.Line}}</code></td></tr>{{end}}</table>{{end}}
</body></html>`))
}
