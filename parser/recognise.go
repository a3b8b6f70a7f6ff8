package parser

import "bytes"

// Recognise tells what a message is that follows no log-format: a notice of the process or of a proxy, a health
// check, a connection that failed before a request, or the line of a frontend that has no log format
// ("Connect from …"). The texts are those of HAProxy 1.5 to 3.5. Only shapes are looked at that a client cannot
// choose; a message that fits a configured format must be tried as such before.
// ResultCut stands for journald's "[286B blob data]": the message itself was not kept.
func Recognise(msg []byte) (Result, bool) {
	if len(msg) == 0 {
		return ResultEmpty, false
	}
	switch c := msg[0]; {
	case c == '[':
		if isBlob(msg) {
			return ResultCut, true
		}
		return ResultNotice, isLevel(msg)
	case c == '-' && isJournal(msg):
		return ResultNotice, true
	case c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z':
		if r, ok := recogniseText(msg); ok {
			return r, true
		}
	}
	if isHandshake(msg) {
		return ResultHandshakeError, true
	}
	if bytes.Contains(msg, []byte("<OCSP-UPDATE>")) {
		return ResultNotice, isOCSP(msg)
	}
	return ResultLiteral, false
}

// notice is a text and how it goes on: the words that must come later, any of them; none means the begin is enough.
type notice struct {
	begin string
	words []string
	res   Result
}

// notices lists the texts by their first letter's group; it is never written to.
var notices = []notice{
	{"Connect from ", nil, ResultConnect},
	{"Connect to ", nil, ResultConnect},
	{"Connect() failed for ", nil, ResultNotice},
	{"Health check for ", []string{" succeeded", " failed", " conditionally succeeded"}, ResultHealthCheck},
	{"Agent check for ", []string{" succeeded", " failed", " conditionally succeeded"}, ResultHealthCheck},
	{"Server ", []string{" is ", " was ", " enters ", " remains ", " leaving ", " administratively ", " has ", " under ", " changed ", " DOWN", " UP", " READY", " MAINT", " DRAIN"}, ResultNotice},
	{"Backup Server ", nil, ResultNotice},
	{"Backup server ", nil, ResultNotice},
	{"Proxy ", []string{" started", " stopped", " reached ", " paused", " resumed", " enabled", " disabled", " failed", " is "}, ResultNotice},
	{"Stopping ", nil, ResultNotice},
	{"Pausing ", nil, ResultNotice},
	{"Paused ", nil, ResultNotice},
	{"Resuming ", nil, ResultNotice},
	{"Resumed ", nil, ResultNotice},
	{"Enabling ", nil, ResultNotice},
	{"Enabled ", nil, ResultNotice},
	{"Disabling ", nil, ResultNotice},
	{"Disabled ", nil, ResultNotice},
	{"SPOE: [", nil, ResultNotice},
	{"backend ", []string{" has no server available", " is "}, ResultNotice},
	{"proxy ", []string{" has no server available", " is "}, ResultNotice},
	{"listener ", []string{" has no server available", " is "}, ResultNotice},
	{"frontend ", []string{" has no server available", " is "}, ResultNotice},
}

func recogniseText(msg []byte) (Result, bool) {
	for i := range notices {
		n := &notices[i]
		if len(msg) < len(n.begin) || msg[0] != n.begin[0] || string(msg[:len(n.begin)]) != n.begin {
			continue
		}
		if len(n.words) == 0 {
			return n.res, true
		}
		for _, w := range n.words {
			if bytes.Contains(msg[len(n.begin)-1:], []byte(w)) {
				return n.res, true
			}
		}
	}
	// "be/s1 changed its IP from 10.0.0.1 to 10.0.0.2 by DNS cache."
	if i := bytes.IndexByte(msg, ' '); i > 0 && bytes.IndexByte(msg[:i], '/') > 0 && bytes.HasPrefix(msg[i:], []byte(" changed its ")) {
		return ResultNotice, true
	}
	return ResultLiteral, false
}

// isLevel reports a line of the start-up on standard error: "[NOTICE]   (24120) : text",
// before 2.0 "[WARNING] 324/051042 (24120) : text".
func isLevel(msg []byte) bool {
	for _, l := range [...]string{"[NOTICE]", "[WARNING]", "[ALERT]", "[INFO]", "[DIAG]", "[DEBUG]", "[ERR]", "[CRIT]"} {
		if len(msg) >= len(l) && string(msg[:len(l)]) == l {
			i := bytes.IndexByte(msg, '(')
			return i > 0 && i < 32 && bytes.Contains(msg[i:], []byte(") : "))
		}
	}
	return false
}

// isJournal reports journalctl's own lines.
func isJournal(msg []byte) bool {
	for _, l := range [...]string{"-- Journal begins", "-- Logs begin", "-- Boot ", "-- Reboot --", "-- No entries --"} {
		if len(msg) >= len(l) && string(msg[:len(l)]) == l {
			return true
		}
	}
	return false
}

// isBlob reports what journalctl prints in place of a message with control bytes.
func isBlob(msg []byte) bool {
	const end = "blob data]"
	if len(msg) > 32 || len(msg) < len(end)+1 || string(msg[len(msg)-len(end):]) != end {
		return false
	}
	for _, c := range msg[1 : len(msg)-len(end)] {
		if c-'0' > 9 && c != '.' && c != ' ' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isHandshake reports "IP:port [21/Nov/2026:04:49:59.538] frontend/bind: text"; HAProxy 2.x and 3.x differ in the text only.
func isHandshake(msg []byte) bool {
	i := bytes.IndexByte(msg, ' ')
	if i <= 0 || i > 64 || bytes.IndexByte(msg[:i], ':') < 0 {
		return false
	}
	rest := msg[i+1:]
	if len(rest) < 2 || rest[0] != '[' {
		return false
	}
	end := bytes.IndexByte(rest, ']')
	if end < 20 || end > 32 || !isAcceptDate(rest[1:end]) || len(rest) < end+2 || rest[end+1] != ' ' {
		return false
	}
	rest = rest[end+2:]
	i = bytes.Index(rest, []byte(": "))
	return i > 0 && bytes.IndexByte(rest[:i], '/') > 0 && bytes.IndexByte(rest[:i], ' ') < 0
}

// isAcceptDate reports "21/Nov/2026:04:49:59" in front of b.
func isAcceptDate(b []byte) bool {
	return len(b) >= 20 && b[2] == '/' && b[6] == '/' && b[11] == ':' && b[14] == ':' && b[17] == ':' &&
		b[0]-'0' < 10 && b[1]-'0' < 10 && b[12]-'0' < 10
}

// isOCSP reports the line of an automatic OCSP update (2.8 and later): "-:- [date] <OCSP-UPDATE> file …".
func isOCSP(msg []byte) bool {
	i := bytes.Index(msg, []byte("] <OCSP-UPDATE> "))
	return i > 0 && i < 96
}
