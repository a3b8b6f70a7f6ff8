// Command metricsdoc prints docs/METRICS.md.
package main

import (
	"fmt"
	"os"

	"haproxy_log_exporter/metrics/catalogue"
)

func main() {
	if _, err := fmt.Print(catalogue.Markdown()); err != nil {
		os.Exit(1)
	}
}
