// Package faults proves that a program counts every line of a log exactly once, by doing to
// the log, to the program and to its state directory what happens to them in production.
//
// Everything is real: the program is a process that is killed with SIGKILL, the log is
// written by other processes, renamed, copied, truncated and compressed by the usual tools.
// The program is known by four flags and its /metrics page alone, so that any binary that
// takes them can be put to the test; see Program.
package faults

import (
	"fmt"
	"strconv"
	"strings"
)

// Key is what lines are counted by: the labels backend and code.
type Key struct{ Backend, Code string }

// Counts are lines or counter values by key.
type Counts map[Key]int

// Sum is the total over all keys.
func (c Counts) Sum() (n int) {
	for _, v := range c {
		n += v
	}
	return n
}

// Add adds other to c.
func (c Counts) Add(other Counts) {
	for k, v := range other {
		c[k] += v
	}
}

// Difference lists the keys whose values differ, as "key has n, want m", at most five.
func (c Counts) Difference(want Counts) string {
	var out []string
	for k, v := range want {
		if c[k] != v {
			out = append(out, fmt.Sprintf("%s/%s has %d, want %d", k.Backend, k.Code, c[k], v))
		}
	}
	for k, v := range c {
		if _, ok := want[k]; !ok && v != 0 {
			out = append(out, fmt.Sprintf("%s/%s has %d, want none", k.Backend, k.Code, v))
		}
	}
	more := ""
	if len(out) > 5 {
		more = fmt.Sprintf(" and %d more", len(out)-5)
		out = out[:5]
	}
	return strings.Join(out, "; ") + more
}

// keyOf is the key of the nth line.
func keyOf(n int) Key {
	codes := [...]string{"200", "200", "200", "404", "503"}
	return Key{"be" + strconv.Itoa(n%7), codes[n/7%len(codes)]}
}

// Line makes the nth line of a writer, without its newline, in HAProxy's httplog format
// behind rsyslog's traditional header. extra bytes are added to the path.
func Line(writer string, n, extra int) (string, Key) {
	k := keyOf(n)
	ms := n % 1000
	sec := n / 1000 % 60
	return fmt.Sprintf("Nov 21 06:00:%02d lb haproxy[77]: 10.0.%d.%d:%d [21/Nov/2026:06:00:%02d.%03d] fe %s/srv1 0/0/1/%d/%d %s 512 - - ---- 5/5/1/1/0 0/0 \"GET /%s/%09d%s HTTP/1.1\"",
		sec, n/250%250, n%250, 1024+n%60000, sec, ms, k.Backend, n%90, n%90+2, k.Code, writer, n, strings.Repeat("a", extra)), k
}
