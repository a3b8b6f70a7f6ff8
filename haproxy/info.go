package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"haproxy_log_exporter/metrics/catalogue"
)

// Info is what "show info" says about one process.
type Info struct {
	Version     string
	Node        string
	Description string
	PID         int
	Start       int64 // Unix seconds; 0 when this HAProxy does not say (before 2.5)
	Uptime      int64 // seconds
	Stopping    bool
	row         Row
}

// parseInfo reads the reply of "show info" from the beginning of b up to and including the empty line that ends it.
func (s *schema) parseInfo(b []byte) (*Info, []byte, error) {
	info := &Info{row: Row{Scope: catalogue.ScopeProcess, Values: nans(len(s.fields[catalogue.ScopeProcess]))}}
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			return nil, nil, errCut
		}
		b = rest
		if len(line) == 0 {
			break
		}
		key, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return nil, nil, fmt.Errorf("%.60q is not a line of show info", line)
		}
		if err := s.infoField(info, key, strings.TrimPrefix(value, " ")); err != nil {
			return nil, nil, err
		}
	}
	if info.PID == 0 || info.Version == "" {
		return nil, nil, errors.New("not the reply of show info: it names no version or no process id")
	}
	return info, b, nil
}

func (s *schema) infoField(info *Info, key, value string) (err error) {
	integer := func() int64 {
		n, e := strconv.ParseInt(value, 10, 64)
		if e != nil {
			err = fmt.Errorf("show info: %s is %.40q", key, value)
		}
		return n
	}
	switch key {
	case "Version":
		info.Version = value
		return nil
	case "node":
		info.Node = value
		return nil
	case "description":
		info.Description = value
		return nil
	case "Build info":
		return nil
	case "Pid":
		info.PID = int(integer())
	case "Start_time_sec":
		info.Start = integer()
	case "Uptime_sec":
		info.Uptime = integer()
	case "Stopping":
		info.Stopping = value != "0"
	}
	if err != nil {
		return err
	}
	if i, ok := s.info[key]; ok {
		if info.row.Values[i], err = number(value); err != nil {
			return fmt.Errorf("show info: %s: %w", key, err)
		}
	}
	return nil
}

// versionAtLeast compares the version that HAProxy reports ("2.6.12-1+deb12u4", "3.5-dev5") with major.minor.
func versionAtLeast(version string, major, minor int) bool {
	a, rest, _ := strings.Cut(version, ".")
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(rest[:end])
	if errX != nil || errY != nil {
		return false
	}
	return x > major || x == major && y >= minor
}
