// Package monitoring is an end-to-end test of dashboards and alerts: a real HAProxy under load, the exporter,
// and Prometheus with the shipped rules; partners fail, HAProxy reloads, the log stands still. Each
// panel has to show numbers, and exactly the expected alerts have to fire.
package monitoring
