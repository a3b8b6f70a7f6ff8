package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Proc is one process in the reply of "show proc".
type Proc struct {
	PID     int
	Kind    ProcKind
	Reloads int   // reloads since it started; for the master: since the master started
	Uptime  int64 // seconds
	Version string
}

// ProcKind says in which section of "show proc" a process stands.
type ProcKind uint8

// The kinds of processes.
const (
	ProcMaster ProcKind = iota
	ProcCurrent
	ProcOld
	ProcProgram
)

// ProcList is the reply of "show proc" of the master CLI.
type ProcList struct {
	Master Proc
	// Failed is the number of reloads that failed since the last one that succeeded; FailedKnown tells
	// whether this HAProxy says so (2.5 and later).
	Failed      int
	FailedKnown bool
	Workers     []Proc // current ones first; both sections may be empty
}

// ParseProc reads the reply of "show proc". Columns are found by name: 1.9 to 2.4 have a relative process
// id ("[was: 1]" for old workers), 2.5 and later do not; 2.6 also lists programs. "# workers" is empty after
// a failed reload in recent versions: the worker that serves then stands under "# old workers".
func ParseProc(b []byte) (*ProcList, error) {
	header, body, ok := bytes.Cut(b, []byte("\n"))
	if !ok || !bytes.HasPrefix(header, []byte("#<PID>")) {
		return nil, fmt.Errorf("not the reply of show proc: %.60q", header)
	}
	cols := map[string]int{}
	for i, name := range procColumn.FindAllString(string(header), -1) {
		cols[name] = i
	}
	list, kind, complete := &ProcList{}, ProcMaster, false
	for len(body) > 0 && !complete {
		var line []byte
		line, body, ok = bytes.Cut(body, []byte("\n"))
		if !ok {
			return nil, errCut
		}
		text := strings.TrimSpace(string(line))
		switch {
		case text == "":
			complete = true
		case text == "# workers":
			kind = ProcCurrent
		case text == "# old workers":
			kind = ProcOld
		case text == "# programs":
			kind = ProcProgram
		case strings.HasPrefix(text, "#"):
			kind = ProcProgram // a section that we do not know holds no workers
		default:
			if err := list.add(text, kind, cols); err != nil {
				return nil, err
			}
		}
	}
	if !complete {
		return nil, errCut
	}
	if list.Master.PID == 0 {
		return nil, errors.New("show proc names no master")
	}
	return list, nil
}

var (
	procColumn = regexp.MustCompile(`<[^>]+>`)
	procFailed = regexp.MustCompile(`\s*\[failed: *(\d+)\]`)
	procWas    = regexp.MustCompile(`\[was: *[^\]]*\]`)
)

func (l *ProcList) add(text string, kind ProcKind, cols map[string]int) error {
	if m := procFailed.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return fmt.Errorf("show proc: %w", err)
		}
		if kind == ProcMaster {
			l.Failed, l.FailedKnown = n, true
		}
		text = procFailed.ReplaceAllString(text, "")
	}
	f := strings.Fields(procWas.ReplaceAllString(text, "was"))
	field := func(name string) string {
		if i, ok := cols[name]; ok && i < len(f) {
			return f[i]
		}
		return ""
	}
	p := Proc{Kind: kind, Version: field("<version>")}
	var err error
	if p.PID, err = strconv.Atoi(field("<PID>")); err != nil || p.PID <= 0 {
		return fmt.Errorf("show proc: %.60q has no process id", text)
	}
	if kind == ProcProgram {
		return nil
	}
	if p.Reloads, err = strconv.Atoi(field("<reloads>")); err != nil {
		return fmt.Errorf("show proc: %.60q has no number of reloads", text)
	}
	if p.Uptime, err = procUptime(field("<uptime>")); err != nil {
		return err
	}
	if kind == ProcMaster {
		l.Master = p
		return nil
	}
	l.Workers = append(l.Workers, p)
	return nil
}

// procUptime reads "0d00h01m06s".
func procUptime(s string) (int64, error) {
	var total int64
	for rest := s; rest != ""; {
		i := strings.IndexAny(rest, "dhms")
		if i <= 0 {
			return 0, fmt.Errorf("show proc: uptime %.40q", s)
		}
		n, err := strconv.ParseInt(rest[:i], 10, 64)
		if err != nil || n < 0 || n > 1e9 {
			return 0, fmt.Errorf("show proc: uptime %.40q", s)
		}
		total += n * map[byte]int64{'d': 86400, 'h': 3600, 'm': 60, 's': 1}[rest[i]]
		rest = rest[i+1:]
	}
	return total, nil
}
