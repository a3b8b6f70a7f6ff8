package app

import (
	"io"
	"os"
	"testing"

	"haproxy_log_exporter/config"
)

// BenchmarkReplay reads the log named by BENCH_LOG (in the log-format BENCH_FORMAT, or httplog) with route labels from the
// path, or with the configuration BENCH_CONFIG, and prints the totals, for profiles of the whole:
//
//	BENCH_LOG=httplog.log go test ./app -run '^$' -bench Replay -benchtime 20x -cpuprofile cpu.out
func BenchmarkReplay(b *testing.B) {
	log := os.Getenv("BENCH_LOG")
	if log == "" {
		b.Skip("BENCH_LOG names no log; bench -dir keeps its corpora")
	}
	format := os.Getenv("BENCH_FORMAT")
	if format == "" {
		format = "httplog"
	}
	o := Options{Flags: config.Flags{LogFormats: []string{format}}}
	if o.ConfigFile = os.Getenv("BENCH_CONFIG"); o.ConfigFile == "" {
		o.Flags.LabelsPath = []string{"/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"}
	}
	info, err := os.Stat(log)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if err := Replay(b.Context(), o, ReplayOptions{Logs: []string{log}, Jobs: 1}, Streams{In: os.Stdin, Out: io.Discard, Err: io.Discard}); err != nil {
			b.Fatal(err)
		}
	}
}
