package app

import (
	"io"
	"os"
	"testing"

	"haproxy_log_exporter/config"
)

// BenchmarkReplay reads the log named by BENCH_LOG with route labels from the path and prints the totals, for
// profiles of the whole:
//
//	BENCH_LOG=httplog.log go test ./app -run '^$' -bench Replay -benchtime 20x -cpuprofile cpu.out
func BenchmarkReplay(b *testing.B) {
	log := os.Getenv("BENCH_LOG")
	if log == "" {
		b.Skip("BENCH_LOG names no log; bench -dir keeps its corpora")
	}
	o := Options{Flags: config.Flags{LabelsPath: []string{"/{client}/{client_env}/{partner}/{partner_env}/{partner_service}/{sla}/{rest...}"},
		LogFormats: []string{"httplog"}}}
	if c := os.Getenv("BENCH_CONFIG"); c != "" {
		o = Options{ConfigFile: c, Flags: config.Flags{LogFormats: []string{"httplog"}}}
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
