package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"haproxy_log_exporter/metrics"
)

// ReplayOptions are the flags of replay.
type ReplayOptions struct {
	Logs        []string
	Jobs        int
	OpenMetrics bool
}

// splitSize is the size from which a single file is worth reading in parts, in bytes.
const splitSize = 64 << 20

// Replay reads whole logs and prints the totals as exposition text.
func Replay(ctx context.Context, o Options, r ReplayOptions, std Streams) error {
	cut, err := replayCut(ctx, o, r.Logs, r.Jobs, std)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(std.Out) // for what is not written in large pieces anyway
	page := &metrics.Page{Cut: cut.cut, Samples: cut.samples}
	if r.OpenMetrics {
		err = page.WriteOpenMetrics(w)
	} else {
		err = page.WriteText(w)
	}
	return errors.Join(err, w.Flush())
}

// replayed is the outcome of reading whole logs.
type replayed struct {
	plan    *plan
	cut     *metrics.Cut
	samples *metrics.Samples
}

// replayCut reads the logs with the settings of o, one source for all of them.
func replayCut(ctx context.Context, o Options, logs []string, jobs int, std Streams) (*replayed, error) {
	p, err := planOf(o, logs, false)
	if err != nil {
		return nil, err
	}
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(jobs)) // the collector would use idle processors, too
	defer prepareHeap()()
	parts, err := readAll(ctx, p, logs, jobs, std)
	if err != nil {
		return nil, err
	}
	cut := p.table.Merge(parts...)
	samples := metrics.NewSamples(p.table.Families())
	cut.SelfSamples(samples)
	p.staticSamples(samples)
	return &replayed{plan: p, cut: cut, samples: samples}, samples.Err()
}

// planOf builds the plan for one source named after the first of the logs.
func planOf(o Options, logs []string, all bool) (*plan, error) {
	o.Flags.LogPaths = []string{"-"}
	if len(logs) > 0 {
		o.Flags.LogPaths = logs[:1]
	}
	s, err := resolve(o)
	if err != nil {
		return nil, err
	}
	if o.everyFamily {
		s.metrics.Only = nil
	}
	return build(s, all)
}

// job is a part of a log that one reader reads.
type job struct {
	path       string
	start, end int64 // of a plain file; end 0 means to its end
}

// readAll reads the logs with several readers, each with a shard of its own, and returns the shards'
// counts. A large plain file is split at line ends; every line is read by exactly one reader.
func readAll(ctx context.Context, p *plan, logs []string, jobs int, std Streams) ([]*metrics.Part, error) {
	if len(logs) == 0 {
		logs = []string{"-"}
	}
	var work []job
	total := int64(0)
	for _, l := range logs {
		js, size, err := split(l, jobs, splitSize)
		if err != nil {
			return nil, err
		}
		work, total = append(work, js...), total+size
	}
	bar := newProgress(std.Err, total)
	defer bar.done()
	queue := make(chan job, len(work))
	for _, j := range work {
		queue <- j
	}
	close(queue)
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		parts []*metrics.Part
		errs  []error
	)
	for range min(jobs, len(work)) {
		wg.Go(func() {
			part, err := readJobs(ctx, p, queue, bar, std.In)
			mu.Lock()
			defer mu.Unlock()
			parts, errs = append(parts, part), append(errs, err)
		})
	}
	wg.Wait()
	return parts, errors.Join(errs...)
}

// readJobs reads jobs until there are no more, into one shard.
func readJobs(ctx context.Context, p *plan, queue <-chan job, bar *progress, stdin *os.File) (*metrics.Part, error) {
	shard := p.newShard(0)
	in, err := p.newIngest(0, shard)
	if err != nil {
		return nil, err
	}
	for j := range queue {
		if err := readJob(ctx, in, j, bar, stdin); err != nil {
			return nil, fmt.Errorf("%s: %w", j.path, err)
		}
	}
	part := &metrics.Part{}
	shard.Take(part)
	return part, nil
}

func readJob(ctx context.Context, in *ingest, j job, bar *progress, stdin *os.File) error {
	f, err := openLog(j.path, stdin)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader = f
	if j.end > 0 {
		r = io.NewSectionReader(f.file, j.start, j.end-j.start)
	}
	return blocks(bar.reader(ctx, r), in.block, in.tooLong)
}

// split cuts a plain file of at least that size into parts that begin and end at line ends.
func split(path string, parts int, least int64) ([]job, int64, error) {
	whole := []job{{path: path}}
	if path == "-" {
		return whole, 0, nil
	}
	f, err := openLog(path, nil)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	if !f.plain || f.size < least || parts < 2 {
		return whole, f.size, nil
	}
	var out []job
	start := int64(0)
	for i := 1; i <= parts && start < f.size; i++ {
		end := f.size
		if i < parts {
			if end, err = lineEnd(f.file, f.size/int64(parts)*int64(i), f.size); err != nil {
				return nil, 0, err
			}
		}
		if end > start {
			out = append(out, job{path, start, end})
			start = end
		}
	}
	return out, f.size, nil
}

// lineEnd returns the offset after the first newline at or after off, size when there is none.
func lineEnd(f io.ReaderAt, off, size int64) (int64, error) {
	r := bufio.NewReader(io.NewSectionReader(f, off, size-off))
	for {
		skipped, err := r.ReadSlice('\n')
		off += int64(len(skipped))
		switch {
		case err == nil:
			return off, nil
		case errors.Is(err, io.EOF):
			return size, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return 0, err
		}
	}
}
