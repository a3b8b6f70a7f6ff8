package app

import (
	"bytes"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/parser"
)

// maxSamples is how many refused lines are kept for the operator, for each reason.
const (
	maxSamples    = 5
	maxSampleText = 512
)

// ingest is the straight line from a block of bytes to counters. It belongs to one source and is
// used by one goroutine at a time, with the source's lock held.
type ingest struct {
	reader   *parser.Reader
	rec      parser.Record
	shard    *metrics.Shard
	counter  *metrics.Counter
	resolver *labels.Resolver[metrics.Cell]
	tagged   []taggedCounter // in a source that several HAProxies write: by log tag; nil otherwise
	lastTag  int
	dedupe   bool   // the formats name time and port, so equal lines are suspicious
	last     []byte // the line before, in a buffer of our own
	dupes    *atomic.Uint64
	now      func() time.Time
	samples  *samples
	seq      *sequences                                  // nil when the formats have no %lc
	each     func(rec *parser.Record, res parser.Result) // for subcommands that look at each line; nil otherwise
}

// newIngest binds a shard to the formats of its source. Fields are asked for before the reader is
// made: a reader keeps only those that somebody wanted by then.
func newIngest(set *parser.Set, schema *labels.Schema, table *metrics.Table, shard *metrics.Shard) (*ingest, error) {
	in := &ingest{shard: shard, resolver: labels.NewResolver[metrics.Cell](schema, table.Admission()), now: time.Now, samples: &samples{}, dupes: &atomic.Uint64{}}
	in.counter = shard.NewCounter(set, in.resolver)
	in.dedupe = namesTimeAndPort(set)
	if slices.Contains(set.Names(), parser.LogCounter.String()) {
		if _, err := set.Field("lc"); err != nil {
			return nil, err
		}
		in.seq = &sequences{by: map[string]*haproxy.Sequence{}}
	}
	in.reader = set.NewReader()
	return in, nil
}

// namesTimeAndPort reports whether the formats print a client port and a date, so that two equal
// lines in a row are suspicious.
func namesTimeAndPort(set *parser.Set) bool {
	names := set.Names()
	has := func(f parser.Field) bool { return slices.Contains(names, f.String()) }
	return has(parser.ClientPort) && (has(parser.RequestDate) || has(parser.AcceptDate))
}

// block counts the lines of a block; each ends with a newline, and slack bytes behind the block may
// be read.
func (in *ingest) block(b []byte) {
	in.shard.SetTime(in.now().UnixMilli())
	var before []byte
	if in.dedupe {
		before = in.last
	}
	countOnly := in.tagged == nil && in.seq == nil && in.each == nil
	for at := 0; at < len(b); {
		n, res := in.reader.First(b[at:], &in.rec)
		alike := n >= 0
		if !alike {
			if n = bytes.IndexByte(b[at:], '\n'); n < 0 {
				break
			}
		}
		line := b[at : at+n]
		if len(line) > 0 && bytes.Equal(line, before) {
			in.dupes.Add(1)
		}
		switch {
		case !alike:
			in.line(line)
		case countOnly && res == parser.ResultHTTP: // nearly all
			in.counter.Record(&in.rec, res)
		default:
			in.count(line, res)
		}
		if in.dedupe {
			before = line
		}
		at += n + 1
	}
	if in.dedupe {
		in.last = append(in.last[:0], before...)
	}
}

// line counts one physical line, which octet counts may split further.
func (in *ingest) line(line []byte) {
	for parser.Framed(line) {
		frame, rest := parser.NextFrame(line)
		if rest == nil {
			break
		}
		in.one(frame)
		if line = rest; len(line) == 0 {
			return
		}
	}
	in.one(line)
}

func (in *ingest) one(line []byte) { in.count(line, in.reader.Line(line, &in.rec)) }

// count counts the line that the reader has read last.
func (in *ingest) count(line []byte, res parser.Result) {
	c := in.counter
	if in.tagged != nil {
		c = in.counterFor()
	}
	c.Record(&in.rec, res)
	if res.Refused() {
		in.samples.keep(res, line)
	}
	if in.seq != nil && res.Counted() {
		in.seq.observe(&in.rec, in.reader.Tag())
	}
	if in.each != nil {
		in.each(&in.rec, res)
	}
}

// taggedCounter counts the lines of one HAProxy in a source that several write.
type taggedCounter struct {
	tag     []byte
	counter *metrics.Counter
}

// byTag makes the ingest tell HAProxies apart by log tag. Lines with another tag belong to the
// source's own HAProxy.
func (in *ingest) byTag(set *parser.Set, schema *labels.Schema, table *metrics.Table, hs []haproxySettings) {
	for _, h := range hs {
		for _, tag := range h.tags {
			c := in.shard.NewCounter(set, labels.NewResolver[metrics.Cell](schema, table.Admission()))
			in.tagged = append(in.tagged, taggedCounter{[]byte(tag), c.ForHAProxy(h.name)})
		}
	}
}

// counterFor returns the counter of the HAProxy that wrote the line read last, in a source that several write.
func (in *ingest) counterFor() *metrics.Counter {
	tag, _, _ := bytes.Cut(in.reader.Tag(), []byte("["))
	tag = bytes.TrimSuffix(tag, []byte(":"))
	if bytes.Equal(in.tagged[in.lastTag].tag, tag) {
		return in.tagged[in.lastTag].counter
	}
	for i := range in.tagged {
		if bytes.Equal(in.tagged[i].tag, tag) {
			in.lastTag = i
			return in.tagged[i].counter
		}
	}
	return in.counter
}

// tooLong counts a line that is longer than any block.
func (in *ingest) tooLong() { in.counter.Record(&in.rec, parser.ResultTooLong) }

// samples keeps the first few refused lines of each reason for the operator. It is read by other
// goroutines than the one that fills it.
type samples struct {
	mu   sync.Mutex
	full [parser.NumResults]bool // read without the lock by the filling goroutine only
	text [parser.NumResults][]string
}

func (s *samples) keep(res parser.Result, line []byte) {
	if s.full[res] {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text[res] = append(s.text[res], string(line[:min(len(line), maxSampleText)]))
	s.full[res] = len(s.text[res]) >= maxSamples
}

// list returns the samples of a source for /status.
func (s *samples) list(source string) []SampleStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []SampleStatus
	for r, lines := range s.text {
		for _, l := range lines {
			out = append(out, SampleStatus{Source: source, Result: parser.Result(r).String(), Line: labels.Sanitise([]byte(l))})
		}
	}
	return out
}
