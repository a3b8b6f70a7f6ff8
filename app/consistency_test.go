package app

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haproxy_log_exporter/metrics"
)

// TestEverySnapshotIsWhole looks at the exporter from all sides while lines are written, and takes
// copies of the stored snapshot: what a kill -9 would leave at that moment. Each copy has to lead
// to the same count once the log is read to its end.
func TestEverySnapshotIsWhole(t *testing.T) {
	const copies = 25
	dir := t.TempDir()
	log, state := filepath.Join(dir, "haproxy.log"), filepath.Join(dir, "state")
	write(t, log, 1)
	r := start(t, options(log, state))
	r.wait(requests, 1)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	repeat := func(do func()) {
		wg.Go(func() {
			for ctx.Err() == nil {
				do()
			}
		})
	}
	written := 1
	repeat(func() { write(t, log, 20); written += 20; time.Sleep(time.Millisecond) }) // a pace, so that the log stays small
	repeat(func() { r.app.Status() })
	repeat(func() { r.app.saveNow(ctx) })
	var served atomic.Uint64 // lines of the last page that was marked durable
	repeat(func() {
		page, err := r.app.Page(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		served.Store(lines(page.Cut, log))
	})
	type copied struct {
		dir    string
		served uint64 // before the copy was made
	}
	var kept []copied
	last := ""
	for end := time.Now().Add(20 * time.Second); len(kept) < copies && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		before := served.Load()
		data, err := os.ReadFile(filepath.Join(state, "snapshot"))
		if err != nil || string(data) == last {
			continue
		}
		last = string(data)
		at := filepath.Join(t.TempDir(), "snapshot")
		if err := os.WriteFile(at, data, 0o600); err != nil {
			t.Fatal(err)
		}
		kept = append(kept, copied{filepath.Dir(at), before})
	}
	cancel()
	wg.Wait()
	r.stop()
	if len(kept) < copies {
		t.Fatalf("only %d different snapshots were seen", len(kept))
	}
	for i, k := range kept {
		a := prepared(t, options(log, k.dir))
		if saved := lines(a.look().cut, log); saved < k.served {
			t.Errorf("snapshot %d holds %d lines, %d were served before it was read", i, saved, k.served)
		}
		for a.sources[0].tail.Poll() {
		}
		if got := lines(a.look().cut, log); got != uint64(written) {
			t.Errorf("snapshot %d leads to %d lines, %d were written", i, got, written)
		}
	}
}

// lines returns how many lines of a source a cut holds.
func lines(cut *metrics.Cut, source string) uint64 {
	n := uint64(0)
	for _, k := range cut.Lines()[source] {
		n += k
	}
	return n
}
