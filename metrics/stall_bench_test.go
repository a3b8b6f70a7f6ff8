package metrics

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"haproxy_log_exporter/parser"
)

// firstByte is a response that notes when it begins.
type firstByte struct {
	sink
	at time.Time
}

func (w *firstByte) Write(b []byte) (int, error) {
	if w.at.IsZero() {
		w.at = time.Now()
	}
	return len(b), nil
}

// BenchmarkStall scrapes 200,000 samples while a source counts and the disk takes 200 ms to save each cut. It
// prints how long a scrape held the source's lock (median and longest), which is what counting waits, and the time to the
// first byte (median). The machine's other work is part of the figures.
func BenchmarkStall(b *testing.B) {
	const disk = 200 * time.Millisecond
	f := large(b, 200_000)
	recs := traffic(b, f, 500, 8192)
	var lock sync.Mutex // the source's
	var waits []float64 // ms, one for each scrape
	var part Part
	var buf []byte
	h := NewHandler(ProviderFunc(func(context.Context) (*Page, error) {
		lock.Lock()
		held := time.Now()
		f.shard.Copy(&part)
		lock.Unlock()
		waits = append(waits, time.Since(held).Seconds()*1000)
		cut := f.table.Merge(&part)
		buf = cut.Marshal(buf[:0])
		time.Sleep(disk) // what the disk does, not a wait for anything
		return &Page{Cut: cut}, nil
	}), HandlerOptions{})
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		rng := rand.New(rand.NewPCG(9, 9))
		for i, k := 0, 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			lock.Lock() // a block of lines
			for range 512 {
				f.shard.Record(recs[k&8191], parser.ResultHTTP)
				k++
			}
			if i%64 == 0 { // births go on
				f.counted(trafficLine(rng, 2000+i/64%200))
			}
			lock.Unlock()
		}
	}()
	var first []float64
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	b.ResetTimer()
	for range b.N {
		w := &firstByte{sink: sink{http.Header{}}}
		start := time.Now()
		h.ServeHTTP(w, r)
		first = append(first, w.at.Sub(start).Seconds()*1000)
	}
	b.StopTimer()
	close(stop)
	<-ended
	slices.Sort(waits)
	slices.Sort(first)
	b.ReportMetric(waits[len(waits)/2], "ms-stall")
	b.ReportMetric(waits[len(waits)-1], "ms-stall-longest")
	b.ReportMetric(first[len(first)/2], "ms-first-byte")
}
