package metrics

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

// Provider makes the page of a scrape: it takes a cut, saves it, and asks the sockets. ctx carries the time
// that the scraper allows, less what writing the page may take.
type Provider interface {
	Page(ctx context.Context) (*Page, error)
}

// ProviderFunc makes a Provider of a function.
type ProviderFunc func(ctx context.Context) (*Page, error)

// Page calls the function.
func (f ProviderFunc) Page(ctx context.Context) (*Page, error) { return f(ctx) }

// HandlerOptions configure a Handler.
type HandlerOptions struct {
	// Timeout holds when the scraper names none in X-Prometheus-Scrape-Timeout-Seconds; 0: 10 s.
	Timeout time.Duration
	Logger  *slog.Logger // nil: no messages
}

// Handler serves pages over HTTP: it negotiates the format (text, OpenMetrics, protobuf) and compression,
// and lets scrapes that arrive while a page is being made share that page.
type Handler struct {
	provider Provider
	opt      HandlerOptions
	gzip     sync.Pool

	mu      sync.Mutex
	current *flight
}

// flight is a page in the making or in use.
type flight struct {
	done chan struct{} // closed when page and err are set
	page *Page
	err  error
	refs int // requests that wait for it or write it; Handler.mu guards it
}

// NewHandler returns a handler for GET and HEAD.
func NewHandler(p Provider, opt HandlerOptions) *Handler {
	if opt.Timeout <= 0 {
		opt.Timeout = 10 * time.Second
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	return &Handler{provider: p, opt: opt}
}

// ServeHTTP answers one scrape.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	timeout := h.timeout(r)
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	fl := h.join(ctx, timeout)
	defer h.leave(fl)
	select {
	case <-fl.done:
	case <-ctx.Done():
		http.Error(w, "the page was not ready within the scrape timeout", http.StatusServiceUnavailable)
		return
	}
	if fl.err != nil {
		http.Error(w, fl.err.Error(), http.StatusInternalServerError)
		return
	}
	h.write(w, r, fl.page)
}

// timeout is what the scraper allows, less a twentieth for writing and the way back.
func (h *Handler) timeout(r *http.Request) time.Duration {
	s, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(s > 0) || s > 3600 {
		return h.opt.Timeout
	}
	return time.Duration(s * 0.95 * float64(time.Second))
}

// join returns the flight of the page that is being made, or starts one. The page is made to its end even
// when the scraper that asked first goes away, because others may wait for it.
func (h *Handler) join(ctx context.Context, timeout time.Duration) *flight {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current != nil {
		h.current.refs++
		return h.current
	}
	fl := &flight{done: make(chan struct{}), refs: 2} // the request, and the goroutine below
	h.current = fl
	go func() {
		defer h.leave(fl)
		defer close(fl.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		page, err := h.page(ctx)
		h.mu.Lock()
		fl.page, fl.err = page, err
		h.current = nil // whoever comes now needs a younger page
		h.mu.Unlock()
	}()
	return fl
}

// page asks the provider. A panic ends this scrape only, as it would in a handler.
func (h *Handler) page(ctx context.Context) (page *Page, err error) {
	defer func() {
		if p := recover(); p != nil {
			h.opt.Logger.Error("panic while a page was made", "panic", p, "stack", string(debug.Stack()))
			page, err = nil, errors.New("internal error while the page was made")
		}
	}()
	page, err = h.provider.Page(ctx)
	if err == nil && page == nil {
		err = errors.New("no page")
	}
	return page, err
}

func (h *Handler) leave(fl *flight) {
	h.mu.Lock()
	fl.refs--
	last := fl.refs == 0
	h.mu.Unlock()
	if last && fl.page != nil && fl.page.Cut != nil {
		fl.page.Cut.Release()
	}
}

func (h *Handler) write(w http.ResponseWriter, r *http.Request, page *Page) {
	format := expfmt.NegotiateAccept(r.Header, expfmt.DefaultOpenMetricsAcceptedFormats()...)
	header := w.Header()
	header.Set("Content-Type", string(format))
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	if r.Method == http.MethodHead {
		return
	}
	out := io.Writer(w)
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		z, ok := h.gzip.Get().(*gzip.Writer)
		if ok {
			z.Reset(w)
		} else {
			z, _ = gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is valid
		}
		defer func() {
			if err := z.Close(); err != nil {
				h.opt.Logger.Debug("scrape not written", "err", err)
			}
			h.gzip.Put(z)
		}()
		out = z
	}
	if err := page.Encode(out, format); err != nil {
		h.opt.Logger.Debug("scrape not written", "err", err)
	}
}

// Encode writes the page in a format of package expfmt. The escaping that the format asks for changes
// nothing: all names are valid in every scheme.
func (p *Page) Encode(out io.Writer, format expfmt.Format) error {
	switch format.FormatType() {
	case expfmt.TypeTextPlain:
		return p.WriteText(out)
	case expfmt.TypeOpenMetrics:
		return p.WriteOpenMetrics(out)
	case expfmt.TypeProtoDelim:
		return p.WriteProtobuf(out)
	default: // protobuf as text
		enc := expfmt.NewEncoder(out, format)
		var err error
		p.eachMessage(func(f *dto.MetricFamily) {
			if err == nil {
				err = enc.Encode(f)
			}
		})
		return err
	}
}

// acceptsGzip reports whether gzip is allowed and not less wanted than no compression (RFC 9110, section
// 12.5.3). Without the header nothing is compressed.
func acceptsGzip(headers []string) bool {
	gz, identity, star := -1.0, -1.0, -1.0
	for _, h := range headers {
		for part := range strings.SplitSeq(h, ",") {
			name, params, _ := strings.Cut(part, ";")
			q := quality(params)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "gzip", "x-gzip":
				gz = q
			case "identity":
				identity = q
			case "*":
				star = q
			}
		}
	}
	if gz < 0 {
		gz = star
	}
	return gz > 0 && gz >= identity
}

func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(p, "=")
		if strings.EqualFold(strings.TrimSpace(k), "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
