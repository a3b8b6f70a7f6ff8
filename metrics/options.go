package metrics

import (
	"time"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/labels/spec"
)

// SLA is one service level, named by the value of the route label sla.
type SLA struct {
	Name      string
	Timeout   time.Duration // HAProxy's timeout for it; 0 when not known
	Within    time.Duration // a request is met when the partner's part took no longer; 0: Timeout
	Objective float64       // share of requests to be met, 0 to 1; 0 when none is set
}

// Options configure a Table. The zero value works.
type Options struct {
	RouteLabels []string // names of the route labels in exposition order; nil: those of the schema
	SLAs        []SLA

	// Buckets are the upper bounds of every histogram in seconds, without +Inf; nil for the default,
	// which is made to fit calls to partners. Timeouts of the SLAs, and 1.05 times these, are added.
	Buckets         []float64
	ExtraHistograms []string // phases (catalogue.Phases) that get a histogram of their own
	NoNative        bool     // leave out native histograms

	// Only names the families that are counted from lines and exposed; empty for all. Configured counters and
	// what the exporter tells about itself and the sockets are there in any case. See Selectable.
	Only []spec.Text

	// Without names labels that the families with route labels leave out, frontend or backend: a route often says
	// what they say. unserved_total keeps its frontend, which the comparison with HAProxy's own counters needs.
	Without []spec.Text

	Counters  []spec.Counter // haproxy_log_NAME_total, of HTTP requests
	HAProxies []string       // names; with more than one every metric of a HAProxy carries haproxy

	SampleLimit int           // samples exposed from the log, lines of histograms included; 0: 300,000
	ValueLimit  int           // values of a label that labels.Admission does not know (server, configured counters); 0: 1,000
	IdleTTL     time.Duration // series that did not change for so long leave the exposition; 0: never

	ThrottledFails bool  // sQ counts against the objective
	FailStatus     []int // status codes of a server below 500 that count as failed

	// ExemplarField names the field whose value goes into exemplars of late and failed requests
	// (unique-id, a trace header); ExemplarLabel is the exemplar's label name, trace_id by default.
	ExemplarField string
	ExemplarLabel string

	Admission *labels.Admission // nil: a new one with default limits
	Now       func() time.Time  // nil: time.Now
}

// Fields returns the names of the fields that counters and exemplars read, for parser.SetOptions.Want.
// routeLabels are the names of the route labels, which are no fields.
func (o *Options) Fields(routeLabels []string) []string {
	var l []string
	if o.ExemplarField != "" {
		l = append(l, o.ExemplarField)
	}
	for i := range o.Counters {
		for _, x := range o.Counters[i].Labels {
			if from := labelSource(x.Value, routeLabels); from.field != "" {
				l = append(l, from.field)
			}
		}
		for _, w := range o.Counters[i].When {
			l = append(l, w.Field)
		}
	}
	return l
}

func (o *Options) setDefaults() {
	if o.SampleLimit == 0 {
		o.SampleLimit = 300_000
	}
	if o.ValueLimit == 0 {
		o.ValueLimit = 1000
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.ExemplarLabel == "" {
		o.ExemplarLabel = "trace_id"
	}
}
