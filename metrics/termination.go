package metrics

import "haproxy_log_exporter/parser"

// Termination states are the first two characters of %ts: who or what ended the session, and in which
// phase (HAProxy configuration manual, section 8.5). The tables hold the characters that any version
// from 1.5 to 3.5 writes, plus I ("internal error").

type termChar struct {
	c    byte
	name string // label value
	text string // what it means
}

func terminationOrigins() []termChar {
	return []termChar{
		{'-', "none", "the session ended normally"},
		{'C', "client", "the client aborted"},
		{'c', "client_timeout", "a timeout on the client's side"},
		{'S', "server", "the server aborted or refused"},
		{'s', "server_timeout", "a timeout on the server's side"},
		{'P', "proxy", "HAProxy stopped it: a deny rule, a limit or a security check"},
		{'L', "local", "HAProxy answered itself"},
		{'R', "resource", "a resource of HAProxy was exhausted"},
		{'I', "internal", "an internal error of HAProxy"},
		{'D', "server_down", "the server was marked down and its sessions were killed"},
		{'U', "server_up", "an active server came back and sessions on backups were killed"},
		{'K', "admin", "an administrator killed the session"},
	}
}

func terminationPhases() []termChar {
	return []termChar{
		{'-', "end", "after the end of the data"},
		{'R', "request", "waiting for a complete request"},
		{'Q', "queue", "waiting in a queue for a server"},
		{'C', "connect", "connecting to the server"},
		{'H', "headers", "waiting for the response headers"},
		{'D', "data", "while data was transferred"},
		{'L', "last", "sending the last bytes while the server was already done"},
		{'T', "tarpit", "in a tarpit"},
	}
}

// termPair is an origin and a phase together.
type termPair struct{ state, text string }

// terminationMeanings holds the pairs for which more can be said than origin plus phase. A pair may be
// spelled differently by versions of HAProxy: a client that gives up is sH on 2.6 without abortonclose.
func terminationMeanings() []termPair {
	return []termPair{
		{"--", "normal end"},
		{"CR", "the client left before it had sent a full request"},
		{"cR", "the client did not send a full request in time (timeout http-request)"},
		{"CQ", "the client left while it waited for a free server"},
		{"CC", "the client left before the server connection was up"},
		{"CH", "the client left while it waited for the response"},
		{"cH", "the client did not send its request body in time"},
		{"CD", "the client left during the transfer"},
		{"cD", "the client stopped reading or writing during the transfer (timeout client)"},
		{"CL", "the client left while the last bytes were sent"},
		{"CT", "the client left while it was tarpitted"},
		{"SC", "the server refused the connection or could not be reached"},
		{"sC", "the server did not accept the connection in time (timeout connect)"},
		{"SH", "the server closed before it had sent full response headers"},
		{"sH", "the server did not answer in time (timeout server): the SLA timeout"},
		{"SD", "the server broke off during the transfer"},
		{"sD", "the server stopped sending during the transfer (timeout server)"},
		{"sQ", "no server was free in time (timeout queue): throttled"},
		{"SQ", "the server or its backend went away while the request was queued"},
		{"PC", "HAProxy could not open a socket: a limit of the process"},
		{"PD", "the server's chunked response was malformed"},
		{"PH", "the server's response was invalid, blocked or could not be rewritten"},
		{"PR", "the request was invalid or denied"},
		{"PT", "the request was tarpitted and refused"},
		{"LC", "HAProxy redirected the request to the server's own address"},
		{"LR", "HAProxy answered by itself: a redirect, return, cache, statistics"},
		{"LH", "HAProxy replaced the response"},
		{"RC", "HAProxy had no resource for a server connection, such as source ports"},
		{"DC", "the server was marked down while it was connected to"},
		{"DD", "the server was marked down during the transfer"},
		{"DH", "the server was marked down before it answered"},
		{"UC", "an active server came back while a backup was connected to"},
		{"UD", "an active server came back during the transfer from a backup"},
		{"UH", "an active server came back before the backup answered"},
		{"KC", "an administrator killed the session before the server answered"},
		{"KD", "an administrator killed the session during the transfer"},
		{"KH", "an administrator killed the session before the server answered"},
	}
}

// TerminationInfo explains the first two characters of a termination state: origin and phase are
// label values of haproxy_log_termination_info, meaning is a short sentence. ok is false when HAProxy
// never writes such a state. HAProxy configuration manual, section 8.5.
func TerminationInfo(ts string) (origin, phase, meaning string, ok bool) {
	if len(ts) < 2 {
		return "", "", "", false
	}
	o, found1 := findTerm(terminationOrigins(), ts[0])
	p, found2 := findTerm(terminationPhases(), ts[1])
	if !found1 || !found2 {
		return "", "", "", false
	}
	for _, m := range terminationMeanings() {
		if m.state == ts[:2] {
			return o.name, p.name, m.text, true
		}
	}
	return o.name, p.name, o.text + ", " + p.text, true
}

// TerminationStates returns every pair that HAProxy can write, normal end first.
func TerminationStates() []string {
	var all []string
	for _, o := range terminationOrigins() {
		for _, p := range terminationPhases() {
			all = append(all, string([]byte{o.c, p.c}))
		}
	}
	return all
}

func findTerm(l []termChar, c byte) (termChar, bool) {
	for _, t := range l {
		if t.c == c {
			return t, true
		}
	}
	return termChar{}, false
}

// Termination states as small numbers, so that the hot path compares and stores one byte.
const (
	termNone   = 0   // the line has none
	termNormal = 1   // --
	termOther  = 255 // characters that HAProxy does not write
)

// termTable maps the two characters of a state to its number and back.
type termTable struct {
	first, second [256]uint8 // index plus one of the character, 0 when unknown
	names         [256]string
	phases        int
}

func newTermTable() *termTable {
	t := &termTable{phases: len(terminationPhases())}
	for i, o := range terminationOrigins() {
		t.first[o.c] = uint8(i + 1)
	}
	for i, p := range terminationPhases() {
		t.second[p.c] = uint8(i + 1)
	}
	for i, s := range TerminationStates() {
		t.names[i+1] = s
	}
	t.names[termOther] = "other"
	return t
}

// id returns the number of the state.
func (t *termTable) id(end parser.End) uint8 {
	o, p := t.first[end.Origin], t.second[end.Phase]
	if o == 0 || p == 0 {
		if end.Origin == 0 {
			return termNone
		}
		return termOther
	}
	return (o-1)*uint8(t.phases) + p
}
