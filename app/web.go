package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"sync"
	"time"

	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"haproxy_log_exporter/config"
)

// stopTimeout bounds how long running requests may take once the exporter is asked to stop.
const stopTimeout = 5 * time.Second

// handlers are what the web server needs from the exporter.
type handlers struct {
	metrics     http.Handler
	status      func() *Status
	ready       func() error
	reload      func() error
	resetLimits func()
}

// newMux routes the endpoints.
func newMux(o config.Web, h handlers) (*http.ServeMux, error) {
	mux := http.NewServeMux()
	mux.Handle("GET "+o.TelemetryPath, h.metrics)
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { serveStatus(w, r, h.status()) })
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "healthy") })
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if err := h.ready(); err != nil {
			plain(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		plain(w, http.StatusOK, "ready")
	})
	lifecycle := func(do func() error) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if !o.EnableLifecycle {
				plain(w, http.StatusForbidden, "start with --web.enable-lifecycle to allow this")
				return
			}
			if err := do(); err != nil {
				plain(w, http.StatusInternalServerError, err.Error())
				return
			}
			plain(w, http.StatusOK, "done")
		}
	}
	mux.HandleFunc("POST /-/reload", lifecycle(h.reload))
	mux.HandleFunc("POST /-/limits/reset", lifecycle(func() error { h.resetLimits(); return nil }))
	if o.EnablePprof {
		mux.HandleFunc("/debug/pprof/", pprof.Index)
		mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	if o.TelemetryPath != "/" {
		landing, err := web.NewLandingPage(web.LandingConfig{
			Name: "HAProxy log exporter", Version: version.Info(), Profiling: fmt.Sprint(o.EnablePprof),
			Description: "Counts what HAProxy logs, exactly once, beside what its runtime socket says.",
			Links: []web.LandingLinks{
				{Address: o.TelemetryPath, Text: "Metrics"},
				{Address: "/status", Text: "Status", Description: "Sources, positions, sockets, limits"},
				{Address: "/-/ready", Text: "Ready"},
				{Address: "/-/healthy", Text: "Healthy"},
			},
		})
		if err != nil {
			return nil, err
		}
		mux.Handle("GET /{$}", landing)
	}
	return mux, nil
}

func plain(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	fmt.Fprintln(w, text)
}

func serveStatus(w http.ResponseWriter, r *http.Request, s *Status) {
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(s) // the client went away: nothing to tell it
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = statusPage().Execute(w, s) // as above
}

// server serves HTTP on listeners that are bound early, so that a taken port fails the start.
type server struct {
	log       *slog.Logger
	http      *http.Server
	listeners []net.Listener
	flags     *web.FlagConfig
	wg        sync.WaitGroup
}

func listen(log *slog.Logger, flags *web.FlagConfig, mux http.Handler) (*server, error) {
	s := &server{log: log, flags: flags, http: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}}
	if flags.WebConfigFile != nil && *flags.WebConfigFile != "" {
		if err := web.Validate(*flags.WebConfigFile); err != nil {
			return nil, fmt.Errorf("--web.config.file: %w", err)
		}
	}
	if flags.WebSystemdSocket != nil && *flags.WebSystemdSocket {
		return s, nil // exporter-toolkit takes over the sockets that systemd opened
	}
	for _, addr := range *flags.WebListenAddresses {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("--web.listen-address: %w", err)
		}
		s.listeners = append(s.listeners, l)
	}
	return s, nil
}

// start serves until stop; a failure is sent to failed.
func (s *server) start(failed chan<- error) {
	serve := func() error { return web.ServeMultiple(s.listeners, s.http, s.flags, s.log) }
	if len(s.listeners) == 0 {
		serve = func() error { return web.ListenAndServe(s.http, s.flags, s.log) }
	}
	s.wg.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("web server: %w", err)
		}
	})
}

// stop lets running requests finish for stopTimeout.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	s.close()
	s.wg.Wait()
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return s.http.Close()
	}
	return err
}

func (s *server) close() {
	for _, l := range s.listeners {
		_ = l.Close() // closed already when the server ran
	}
}

// addr returns the first address in use; with port 0 it tells the real one.
func (s *server) addr() string {
	if len(s.listeners) == 0 {
		return ""
	}
	return s.listeners[0].Addr().String()
}
