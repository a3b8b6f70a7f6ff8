package metrics

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"

	dto "github.com/prometheus/client_model/go"
)

func serve(h http.Handler, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestHandlerNegotiates(t *testing.T) {
	f := fed(t, Options{})
	h := NewHandler(ProviderFunc(func(context.Context) (*Page, error) { return &Page{Cut: f.cut()}, nil }), HandlerOptions{})
	const prometheus3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
	for _, c := range []struct{ accept, want string }{
		{"", "text/plain; version=0.0.4; charset=utf-8"},
		{"text/html", "text/plain; version=0.0.4; charset=utf-8"},
		{"application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8"},
		{"application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.9", "text/plain; version=0.0.4; charset=utf-8"},
		{prometheus3, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"},
		{"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," + prometheus3, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"},
	} {
		res := serve(h, "Accept", c.accept)
		got := res.Header.Get("Content-Type")
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", c.accept, got)
		}
		if v := strings.Join(res.Header.Values("Vary"), ","); v != "Accept,Accept-Encoding" {
			t.Errorf("Vary %s", v)
		}
		dec := expfmt.NewDecoder(res.Body, expfmt.Format(got))
		if strings.HasPrefix(got, "application/openmetrics") {
			continue // no decoder; the bytes are compared elsewhere
		}
		n := 0
		for {
			var mf dto.MetricFamily
			if err := dec.Decode(&mf); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", got, err)
			}
			n++
		}
		if n < 15 {
			t.Errorf("%s: %d families", got, n)
		}
	}
}

func TestHandlerCompresses(t *testing.T) {
	f := fed(t, Options{})
	h := NewHandler(ProviderFunc(func(context.Context) (*Page, error) { return &Page{Cut: f.cut()}, nil }), HandlerOptions{})
	want := textOf(t, f.cut())
	for encodings, zipped := range map[string]bool{
		"": false, "gzip": true, "gzip;q=0": false, "identity": false, "deflate, GZIP ;q=0.5": true, "gzip;q=0.4, identity;q=0.5": false,
		"*": true, "*;q=0": false, "br, *;q=0.1": true, "gzip;q=x": false, "zstd, gzip;q=1.0, identity;q=0.5": true,
	} {
		res := serve(h, "Accept-Encoding", encodings)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != zipped {
			t.Errorf("%q: gzip %v", encodings, got)
			continue
		}
		body := io.Reader(res.Body)
		if zipped {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = z
		}
		got, err := io.ReadAll(body)
		if err != nil || string(got) != want {
			t.Errorf("%q: %d bytes, want %d, error %v", encodings, len(got), len(want), err)
		}
	}
}

func TestHandlerSharesPages(t *testing.T) {
	f := fed(t, Options{})
	want := textOf(t, f.cut())
	var made atomic.Int32
	release := make(chan struct{})
	h := NewHandler(ProviderFunc(func(context.Context) (*Page, error) {
		made.Add(1)
		<-release
		return &Page{Cut: f.cut()}, nil
	}), HandlerOptions{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			b, err := io.ReadAll(serve(h).Body)
			if err != nil || string(b) != want {
				t.Errorf("%d bytes, error %v", len(b), err)
			}
		})
	}
	waitFor(t, func() bool { h.mu.Lock(); defer h.mu.Unlock(); return h.current != nil && h.current.refs == 9 })
	close(release)
	wg.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d pages for scrapes at the same time", n)
	}
	serve(h)
	if n := made.Load(); n != 2 {
		t.Errorf("a later scrape got an old page")
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 s")
		}
	}
}

func TestHandlerTimesAndErrors(t *testing.T) {
	var left time.Duration
	h := NewHandler(ProviderFunc(func(ctx context.Context) (*Page, error) {
		end, _ := ctx.Deadline()
		left = time.Until(end)
		return nil, errors.New("the sky fell")
	}), HandlerOptions{Timeout: time.Minute})
	res := serve(h, "X-Prometheus-Scrape-Timeout-Seconds", "8")
	if b, _ := io.ReadAll(res.Body); res.StatusCode != 500 || !strings.Contains(string(b), "the sky fell") {
		t.Errorf("%d %s", res.StatusCode, b)
	}
	if left > 7600*time.Millisecond || left < 5*time.Second {
		t.Errorf("%v are left of 8 s", left)
	}
	for _, bad := range []string{"", "x", "-1", "0", "NaN", "1e9"} {
		if serve(h, "X-Prometheus-Scrape-Timeout-Seconds", bad); left < 50*time.Second {
			t.Errorf("%q: %v", bad, left)
		}
	}
	hang := NewHandler(ProviderFunc(func(ctx context.Context) (*Page, error) { <-ctx.Done(); return nil, ctx.Err() }), HandlerOptions{})
	if res := serve(hang, "X-Prometheus-Scrape-Timeout-Seconds", "0.05"); res.StatusCode != 503 && res.StatusCode != 500 {
		t.Errorf("a page that takes too long: %d", res.StatusCode)
	}
	boom := NewHandler(ProviderFunc(func(context.Context) (*Page, error) { panic("boom") }), HandlerOptions{})
	if res := serve(boom); res.StatusCode != 500 {
		t.Errorf("panic: %d", res.StatusCode)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/metrics", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestPageWithoutTheLog(t *testing.T) {
	f := fed(t, Options{})
	c := f.cut()
	s := NewSamples(f.table.Families())
	c.SelfSamples(s)
	var b bytes.Buffer
	if err := (&Page{Cut: c, HideLog: true, Samples: s}).WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Contains(got, "haproxy_log_requests_total") || !strings.Contains(got, "haproxy_log_lines_total{") || !strings.Contains(got, "haproxy_log_series ") {
		t.Errorf("while catching up:\n%s", got)
	}
}
