// Package compose holds a Docker Compose file that brings HAProxy, the exporter, Prometheus, Alertmanager and
// Grafana up together, and the tests of its files.
package compose
