# Every target works from a clean checkout; those that need programs install them with apt when root,
# and otherwise say exactly what is missing.
GO      ?= go
BIN     := bin/haproxy_log_exporter
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
PKG     := github.com/prometheus/common/version
LDFLAGS := -s -w -X $(PKG).Version=$(VERSION) -X $(PKG).Revision=$(shell git rev-parse --short HEAD 2>/dev/null) -X $(PKG).Branch=$(shell git rev-parse --abbrev-ref HEAD 2>/dev/null)
RACE    := ./tail/... ./state/... ./syslog/... ./haproxy/... ./labels/... ./metrics/... ./app/...

.PHONY: help build run test lint unit race nested docs bench profile fault fault-compare fuzz e2e e2e-monitoring clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-14s %s\n", $$1, $$2}' Makefile

build: ## the static binary, bin/haproxy_log_exporter
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/haproxy_log_exporter

run: ## a real HAProxy as egress controller with partners, traffic, exporter and Prometheus on loopback; Ctrl-C ends it
	./scripts/install-tools run
	$(GO) build -o bin/egress ./examples/egress/run
	./bin/egress

test: ## everything that proves a change, in under ten minutes on two cores
	./scripts/install-tools test
	$(MAKE) lint unit race nested

lint: ## vet, formatting, generated files
	$(GO) vet ./...
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo 'these files need gofmt'; exit 1; }

unit:
	$(GO) test ./...
	$(GO) test -tags purego ./parser ./labels ./metrics

race:
	$(GO) test -race -short $(RACE)

nested: ## tests of the modules that keep foreign dependencies out of the exporter
	cd tools/promcheck && $(GO) test ./...
	cd bench && $(GO) vet ./... && $(GO) test ./...
	cd faults/compare && $(GO) vet ./...

docs: ## regenerate every generated page
	$(GO) run ./internal/gen/metricsdoc > docs/METRICS.md
	$(GO) run ./internal/gen/monitoring
	$(GO) run ./internal/gen/configdoc docs/configuration.md
	$(GO) run ./cmd/haproxy_log_exporter generate flags > docs/flags.md

fuzz: ## each fuzz target for 30 seconds
	./scripts/fuzz 30s

bench: ## speed and memory beside halog, mtail and the usual libraries; writes docs/benchmarks.md
	./scripts/install-tools bench
	cd bench && $(GO) run .

profile: ## what the compiler optimises the exporter with, measured here: cmd/haproxy_log_exporter/default.pgo
	cd bench && $(GO) run . -profile ../cmd/haproxy_log_exporter/default.pgo

fault: ## every fault scenario three times, 200 kills, rsyslog and logrotate at full rate (about half an hour)
	./scripts/install-tools test
	$(GO) test ./faults -run TestFault -count=1 -timeout 90m -args -all

fault-compare: ## the same scenarios for other tail programs and libraries
	./scripts/install-tools bench
	cd faults/compare && $(GO) run .

e2e: e2e-monitoring ## long end-to-end runs with every HAProxy there is (HAPROXY_30=…, HAPROXY_32=…)
	$(GO) test ./e2e/... -count=1 -timeout 30m

e2e-monitoring: ## dashboards and alerts through slow incidents, with every Prometheus there is (PROMETHEUS_3=…); ten minutes each
	./scripts/install-tools test
	$(GO) test ./e2e/monitoring -count=1 -timeout 60m -args -long

clean:
	rm -rf bin dist
