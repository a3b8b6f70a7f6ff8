// Package config reads the YAML configuration file: strictly, with positions, all mistakes at once.
//
// It knows what a value may look like, not what it means: log-format strings are compiled by parser, fields
// are found by labels and metrics, which report their own problems with the places kept here.
package config

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"haproxy_log_exporter/internal/diag"
	"haproxy_log_exporter/labels/spec"
)

// Text is a value with its place in the file.
type Text = spec.Text

// Config is a checked configuration with all defaults filled in. It is not changed after loading but by Merge.
type Config struct {
	File      string // "" when there is no file
	HAProxies []HAProxy
	Sources   []Source
	Labels    spec.Spec // templates, maps, vocabularies, listed routes, SLA names
	// RoutesFrom are the haproxy.cfg files whose backends declare routes; RoutesFromConfigured says that
	// it is the configured haproxy.cfg.
	RoutesFrom           []Text
	RoutesFromConfigured bool
	SLAs                 []SLA // in the order of the file
	Counters             []spec.Counter
	Only                 []Text    // families counted from lines; nil for all
	Without              []Text    // labels that families with route labels leave out
	Buckets              []float64 // seconds, rising; nil for the default
	Phases               []Text    // phases with a histogram of their own
	NativeHistograms     bool
	ThrottledFails       bool
	FailStatus           []int
	Exemplars            Exemplars
	Limits               Limits
	SeriesTTL            time.Duration // 0: never
	CreatedTimestamps    bool
	StateDir             string
	Web                  Web

	// Hash is made of the file and of all files that it names, for the metric: 48 bits, which a float64
	// holds exactly. 0 without a file.
	Hash uint64
}

// HAProxy is one HAProxy and how to ask it.
type HAProxy struct {
	Name         Text   // "" when it is the only one
	Tags         []Text // log tags of its lines
	Config       []Text // haproxy.cfg
	Sockets      []Text
	MasterSocket Text
	Metrics      string // all, minimal or none
	Timeout      time.Duration
	Scopes       []Text
	Include      []*regexp.Regexp // cover the whole name
	Exclude      []*regexp.Regexp
	ExcludeMaint bool
	Tables       []Table
}

// Table is a stick table whose top entries are exposed.
type Table struct {
	Name Text
	Top  int
}

// Source is where lines come from.
type Source struct {
	Path             Text
	From             string // start or end
	Formats          []Text // presets or log-format strings; none: what haproxy.cfg says
	Captures         []string
	ResponseCaptures []string
	HAProxy          Text // name, "" when there is one
	OldDirs          []string
	Archives         bool
	MaxLine          int // bytes
}

// SLA is one class of service.
type SLA struct {
	Name      Text
	Timeout   time.Duration // 0 when not given
	Within    time.Duration // Timeout when not given
	Objective float64       // 0 when not given
}

// Exemplars say which field goes into exemplars; Field.Value is "" when none does.
type Exemplars struct {
	Field Text
	Label string
}

// Limits bound what clients can make the exporter remember.
type Limits struct {
	Samples int
	Values  int
	Routes  int
}

// Web are the settings of the exporter's own pages.
type Web struct {
	TelemetryPath   string
	CatchUpTimeout  time.Duration
	EnableLifecycle bool
	EnablePprof     bool
	StatusSamples   bool
}

// Default returns the configuration without a file.
func Default() *Config {
	c, err := Parse("", []byte("{}"))
	if err != nil { // the defaults are in the list of keys, which the tests check
		panic("BUG: the defaults are no configuration: " + err.Error())
	}
	c.Hash = 0
	return c
}

// Load reads and checks the file. Files it names are relative to its folder. The error is a diag.List with
// every problem of the file and of the files it names.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, diag.List{{Source: path, Msg: "cannot read the configuration: " + reason(err)}}
	}
	return Parse(path, data)
}

// Parse checks data as the file name; see Load.
func Parse(name string, data []byte) (*Config, error) {
	d := &decoder{name: name, lines: lines(data), hash: sha256.New(), dir: filepath.Dir(name)}
	d.hash.Write(data)
	c := &Config{File: name}
	if root := d.document(data); root != nil {
		d.file(root, c)
	}
	if err := d.problems.Err(); err != nil {
		return nil, err
	}
	sum := d.hash.Sum(nil)
	c.Hash = binary.BigEndian.Uint64(sum) >> 16
	return c, nil
}

// lines splits the text for drawing.
func lines(data []byte) []string {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var out []string
	for l := range bytes.Lines(data) {
		out = append(out, string(bytes.TrimRight(l, "\r\n")))
	}
	return out
}

// reason is the part of a file error that says why, without repeating the path.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
