// Package promcheck checks every PromQL expression of the shipped dashboards and rules with Prometheus' own
// parser. It is a module of its own so that Prometheus is no dependency of the exporter.
package promcheck
