package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"haproxy_log_exporter/metrics"
	"haproxy_log_exporter/parser"
)

// BackfillOptions are the flags of backfill.
type BackfillOptions struct {
	Logs   []string
	Step   time.Duration
	Zone   string            // time zone of dates without offset
	Labels map[string]string // added to every sample
}

// Backfill reads old logs in the order given and prints OpenMetrics with a sample of every series
// for each step of the log's own time, for promtool tsdb create-blocks-from openmetrics. Families
// must not be split there, so each is collected in a temporary file.
func Backfill(ctx context.Context, o Options, bo BackfillOptions, std Streams) error {
	if bo.Step < time.Second {
		return fmt.Errorf("%w: --step is less than a second", ErrUsage)
	}
	zone, err := time.LoadLocation(bo.Zone)
	if err != nil {
		return fmt.Errorf("%w: --timezone: %w", ErrUsage, err)
	}
	p, err := planOf(o, bo.Logs, true) // dates are kept
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "backfill")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b := &backfiller{plan: p, shard: p.newShard(0), step: bo.Step, clock: lineClock{zone: zone}, spool: newSpool(dir, bo.Labels)}
	if b.in, err = p.newIngest(0, b.shard); err != nil {
		return err
	}
	b.in.each = b.seen
	bar := newProgress(std.Err, 0)
	for _, l := range bo.Logs {
		if err := readJob(ctx, b.in, job{path: l}, bar, std.In); err != nil {
			return fmt.Errorf("%s: %w", l, err)
		}
	}
	b.sample(b.next)
	if b.err != nil {
		return b.err
	}
	if b.next.IsZero() {
		return errors.New("no line with a date was found: backfill needs %t, %tr, %T or %Ts in the log-format")
	}
	return b.spool.write(std.Out)
}

// backfiller takes a sample whenever the log's time passes a step.
type backfiller struct {
	plan  *plan
	shard *metrics.Shard
	in    *ingest
	step  time.Duration
	clock lineClock
	next  time.Time // the step that the lines read now belong to
	spool *spool
	err   error
}

// seen is called after each line was counted. A line that opens a new step is part of the sample
// before it: the error is one line, at most, and moves nothing between series.
func (b *backfiller) seen(rec *parser.Record, res parser.Result) {
	if !res.Counted() || b.err != nil {
		return
	}
	t, ok := b.clock.end(rec)
	if !ok {
		return
	}
	if b.next.IsZero() {
		b.next = t.Truncate(b.step).Add(b.step)
	}
	for gap := 0; t.After(b.next) && b.err == nil; gap++ {
		b.sample(b.next)
		b.next = b.next.Add(b.step)
		if behind := t.Sub(b.next); behind > time.Hour { // nothing was logged: begin again after the hole
			b.next = t.Truncate(b.step)
		}
	}
}

func (b *backfiller) sample(at time.Time) {
	if b.err != nil || at.IsZero() {
		return
	}
	var part metrics.Part
	b.shard.Copy(&part)
	cut := b.plan.table.Merge(&part)
	b.err = b.spool.add(&metrics.Page{Cut: cut}, at)
	cut.Release()
}

// lineClock finds out when a line was written: the date in it plus the time the request took.
type lineClock struct {
	zone *time.Location
	last string // the date text parsed last, without milliseconds
	base time.Time
}

// end returns the time at which the request of the record ended.
func (c *lineClock) end(rec *parser.Record) (time.Time, bool) {
	if s, ok := rec.Int(parser.AcceptSeconds); ok {
		return time.Unix(s, 0).Add(spent(rec)), true
	}
	date := rec.Bytes(parser.RequestDate)
	if date == nil {
		date = rec.Bytes(parser.AcceptDate)
	}
	if date == nil {
		return time.Time{}, false
	}
	text, fraction, _ := strings.Cut(string(date), ".")
	if text != c.last {
		t, err := time.ParseInLocation("02/Jan/2006:15:04:05 -0700", text, c.zone)
		if err != nil {
			if t, err = time.ParseInLocation("02/Jan/2006:15:04:05", text, c.zone); err != nil {
				return time.Time{}, false
			}
		}
		c.last, c.base = text, t
	}
	ms, _ := strconv.Atoi(fraction) // no milliseconds in this kind of date: 0
	return c.base.Add(time.Duration(ms)*time.Millisecond + spent(rec)), true
}

func spent(rec *parser.Record) time.Duration {
	for _, f := range []parser.Field{parser.TimeActive, parser.TimeTotal} {
		if ms, ok := rec.Int(f); ok && ms > 0 {
			return time.Duration(ms) * time.Millisecond
		}
	}
	return 0
}

// spool keeps the samples of each family in a file of its own.
type spool struct {
	dir    string
	extra  string // labels added to every sample, with a trailing comma
	order  []string
	heads  map[string][]byte
	bodies map[string]*bufio.Writer
	files  map[string]*os.File
	page   bytes.Buffer
}

func newSpool(dir string, labels map[string]string) *spool {
	s := &spool{dir: dir, heads: map[string][]byte{}, bodies: map[string]*bufio.Writer{}, files: map[string]*os.File{}}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	for _, n := range slices.Sorted(maps.Keys(labels)) {
		s.extra += n + `="` + escape.Replace(labels[n]) + `",`
	}
	return s
}

// add appends every sample of the page with the time at.
func (s *spool) add(page *metrics.Page, at time.Time) error {
	s.page.Reset()
	if err := page.WriteOpenMetrics(&s.page); err != nil {
		return err
	}
	stamp := strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', -1, 64)
	family := ""
	for line := range bytes.Lines(s.page.Bytes()) {
		if line[0] == '#' {
			if words := bytes.SplitN(line, []byte(" "), 4); len(words) > 3 {
				family = string(words[2])
				if err := s.head(family, line); err != nil {
					return err
				}
			}
			continue
		}
		s.sample(s.bodies[family], bytes.TrimRight(line, "\n"), stamp)
	}
	return nil
}

// head opens the family's file and keeps its metadata once.
func (s *spool) head(family string, line []byte) error {
	if s.bodies[family] == nil {
		f, err := os.Create(filepath.Join(s.dir, family))
		if err != nil {
			return err
		}
		s.order, s.files[family], s.bodies[family] = append(s.order, family), f, bufio.NewWriterSize(f, 1<<16)
	}
	if !bytes.Contains(s.heads[family], line) {
		s.heads[family] = append(s.heads[family], line...)
	}
	return nil
}

// sample writes one sample line; an error shows when the writer is flushed.
func (s *spool) sample(w *bufio.Writer, line []byte, stamp string) {
	name, rest, labelled := bytes.Cut(line, []byte("{"))
	if !labelled {
		n, value, _ := bytes.Cut(line, []byte(" "))
		fmt.Fprintf(w, "%s{%s} %s %s\n", n, strings.TrimSuffix(s.extra, ","), value, stamp)
		return
	}
	fmt.Fprintf(w, "%s{%s%s %s\n", name, s.extra, rest, stamp)
}

// write joins the families.
func (s *spool) write(out io.Writer) error {
	for _, family := range s.order {
		if err := s.bodies[family].Flush(); err != nil {
			return err
		}
		f := s.files[family]
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := out.Write(s.heads[family]); err != nil {
			return err
		}
		if _, err := io.Copy(out, f); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(out, "# EOF\n")
	return err
}
