package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

const family = "haproxy_log_requests_total"

// page is one answer of /metrics.
type page struct {
	families map[string]*dto.MetricFamily
}

func fetch(ctx context.Context, url string) (*page, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %.200s", res.Status, b)
	}
	p := expfmt.NewTextParser(model.UTF8Validation)
	f, err := p.TextToMetricFamilies(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return &page{f}, nil
}

// counts sums the family by backend and code. ok is false when the page leaves it out.
func (p *page) counts() (c Counts, ok bool) {
	f := p.families[family]
	if f == nil {
		return nil, false
	}
	c = Counts{}
	for _, m := range f.Metric {
		var k Key
		for _, l := range m.Label {
			switch l.GetName() {
			case "backend":
				k.Backend = l.GetValue()
			case "code":
				k.Code = l.GetValue()
			}
		}
		c[k] += int(m.GetCounter().GetValue() + m.GetUntyped().GetValue())
	}
	return c, true
}

// value sums all series of a family; ok is false when it is not there.
func (p *page) value(name string) (v float64, ok bool) {
	f := p.families[name]
	if f == nil {
		return 0, false
	}
	for _, m := range f.Metric {
		v += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
	}
	return v, true
}

// scraper is a Prometheus in small: it asks again and again, and adds up the increases with
// resets corrected, from 0 for a series that it sees for the first time.
type scraper struct {
	url    string
	every  time.Duration
	cancel context.CancelFunc
	done   chan struct{}

	mu       sync.Mutex
	last     Counts
	increase Counts
	resets   []string
	pages    int
	absent   int
	failed   int
}

func startScraper(url string, every time.Duration) *scraper {
	ctx, cancel := context.WithCancel(context.Background())
	s := &scraper{url: url, every: every, cancel: cancel, done: make(chan struct{}), last: Counts{}, increase: Counts{}}
	go s.run(ctx)
	return s
}

func (s *scraper) run(ctx context.Context) {
	defer close(s.done)
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.once(ctx)
		}
	}
}

func (s *scraper) once(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	p, err := fetch(ctx, s.url)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed++
		return
	}
	c, ok := p.counts()
	if !ok {
		s.absent++
		return
	}
	s.pages++
	for k, v := range c {
		if v < s.last[k] {
			s.resets = append(s.resets, fmt.Sprintf("%s/%s fell from %d to %d", k.Backend, k.Code, s.last[k], v))
			s.increase[k] += v
		} else {
			s.increase[k] += v - s.last[k]
		}
		s.last[k] = v
	}
	for k, v := range s.last {
		if _, ok := c[k]; !ok && v > 0 {
			s.resets = append(s.resets, fmt.Sprintf("%s/%s is no longer served", k.Backend, k.Code))
			s.last[k] = 0
		}
	}
}

func (s *scraper) stop() {
	s.cancel()
	<-s.done
}

// result is what a Prometheus would have made of the answers.
func (s *scraper) result() (increase Counts, resets []string, pages int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	increase = Counts{}
	increase.Add(s.increase)
	return increase, s.resets, s.pages
}
