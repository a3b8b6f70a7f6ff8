package metrics

// ServerKind says what stands in the place of the server's name.
type ServerKind uint8

const (
	ServerReal   ServerKind = iota // a server of the backend; also when the format does not name servers
	ServerNone                     // <NOSRV>
	ServerApplet                   // <STATS>, <lua.x>, …: an applet of HAProxy answered
)

// StatusUnknown is the status of lines whose format has none, or that are cut before it.
const StatusUnknown = -1

// OutcomeInput holds the facts that decide what a request's outcome is.
type OutcomeInput struct {
	BackendIsFrontend bool // %b equals %f: no backend was chosen, or it is a listen section
	Server            ServerKind
	BadRequest        bool // <BADREQ>: HAProxy could not read the request
	Upgraded          bool // status 101, or CONNECT with status 200: the session became a tunnel
	Early             bool // a + before %Ta, %Tt or %B: written early (option logasap)
	Status            int  // 0 when HAProxy logged none (0 or -1), StatusUnknown when the line has no such field
	Termination       string

	// FailStatus says that the configuration counts this status of a server as failed.
	FailStatus bool
	// ThrottledFails says that the configuration counts throttled requests as failed.
	ThrottledFails bool

	// Waited is Tw+Tc+Tr in milliseconds, which is the time the partner is responsible for; when the
	// request ended before Tr was known, the time until that end.
	Waited int64
	// Within is the SLA's limit for Waited in milliseconds, 0 for none.
	Within int64
}

// Outcome is the value of the label outcome; OutcomeNone stands for requests the SLA does not judge.
type Outcome uint8

// The order is that of catalogue.Outcomes, after OutcomeNone.
const (
	OutcomeNone Outcome = iota
	OutcomeMet
	OutcomeLate
	OutcomeFailed
	OutcomeThrottled
	OutcomeAborted
)

// Blame says who caused a failed request; the order is that of catalogue.Blames, after BlameNone.
type Blame uint8

// The values of the label blame.
const (
	BlameNone Blame = iota
	BlamePartner
	BlameNoServer
	BlameProxy
	BlameAdmin
)

// Reason says why a request was never sent to a partner; the order is that of
// catalogue.UnservedReasons, after ReasonNone.
type Reason uint8

// The values of the label reason.
const (
	ReasonNone Reason = iota
	ReasonNoRoute
	ReasonDenied
	ReasonLocal
	ReasonBadRequest
)

// Verdict is what the rules say about a request.
type Verdict struct {
	Outcome Outcome
	Blame   Blame  // of failed requests
	Reason  Reason // of requests that were not served
}

// Rule is one row of the outcome table. The first rule that matches decides.
type Rule struct {
	Name    string // short, for check and explain
	When    string // the condition in words, for check
	Verdict Verdict
	// LateAfterWithin: the verdict becomes late when the request waited longer than the SLA's limit.
	LateAfterWithin bool

	match func(in *OutcomeInput) bool // does not look at Waited and Within
}

// OutcomeRules returns the rules in the order in which they are tried; the last one always matches.
// Outcome, the counting code and the output of check all use this list. The states of HAProxy 2.6
// and 3.x are covered alike; where versions write different states for the same event, the rules
// follow what was written.
func OutcomeRules() []Rule {
	failed := func(b Blame) Verdict { return Verdict{Outcome: OutcomeFailed, Blame: b} }
	unserved := func(r Reason) Verdict { return Verdict{Reason: r} }
	return []Rule{
		{Name: "early", When: "the line was written before the end (option logasap)",
			match: func(in *OutcomeInput) bool { return in.Early }},
		{Name: "bad request", When: "<BADREQ>, or the client sent no full request (CR, cR)", Verdict: unserved(ReasonBadRequest),
			match: func(in *OutcomeInput) bool { return in.BadRequest || in.is("CR", "cR") }},
		{Name: "rejected request", When: "PR with status 400, 413, 414 or 431: the request was invalid", Verdict: unserved(ReasonBadRequest),
			match: func(in *OutcomeInput) bool { return in.is("PR") && invalidRequest(in.Status) }},
		{Name: "denied", When: "PR, PT, CT: a deny or tarpit rule", Verdict: unserved(ReasonDenied),
			match: func(in *OutcomeInput) bool { return in.is("PR", "PT", "CT") }},
		{Name: "local answer", When: "L*, or an applet in the server's place", Verdict: unserved(ReasonLocal),
			match: func(in *OutcomeInput) bool { return in.first("L") || in.Server == ServerApplet }},
		{Name: "no route", When: "no backend was chosen: backend = frontend and no server", Verdict: unserved(ReasonNoRoute),
			match: func(in *OutcomeInput) bool { return in.BackendIsFrontend && in.Server == ServerNone }},
		{Name: "tunnel", When: "101, or CONNECT with 200: judged by its start only", Verdict: Verdict{Outcome: OutcomeMet}, LateAfterWithin: true,
			match: func(in *OutcomeInput) bool { return in.Upgraded }},
		{Name: "aborted", When: "C*, c*: the client gave up; late when it had already waited longer than the limit",
			Verdict: Verdict{Outcome: OutcomeAborted}, LateAfterWithin: true,
			match: func(in *OutcomeInput) bool { return in.first("Cc") }},
		{Name: "throttled as failed", When: "sQ, when the configuration counts it", Verdict: failed(BlameProxy),
			match: func(in *OutcomeInput) bool { return in.ThrottledFails && in.is("sQ") }},
		{Name: "throttled", When: "sQ: no server was free in time", Verdict: Verdict{Outcome: OutcomeThrottled},
			match: func(in *OutcomeInput) bool { return in.is("sQ") }},
		{Name: "proxy failure", When: "R*, I*, PC: HAProxy ran out of something or erred", Verdict: failed(BlameProxy),
			match: func(in *OutcomeInput) bool { return in.first("RI") || in.is("PC") }},
		{Name: "killed", When: "K*, D*, U*: killed by an administrator or a change of a server's state", Verdict: failed(BlameAdmin),
			match: func(in *OutcomeInput) bool { return in.first("KDU") }},
		{Name: "no server", When: "S*, s*, PH, PD, 5xx or no status, without a server: its name does not resolve, or all are down",
			Verdict: failed(BlameNoServer),
			match:   func(in *OutcomeInput) bool { return in.Server == ServerNone && in.broken() }},
		{Name: "partner failure", When: "S*, s*, PH, PD, 5xx or no status, of a server", Verdict: failed(BlamePartner),
			match: func(in *OutcomeInput) bool { return in.broken() }},
		{Name: "failed by status", When: "a status that the configuration counts as failed", Verdict: failed(BlamePartner),
			match: func(in *OutcomeInput) bool { return in.FailStatus }},
		{Name: "served", When: "anything else: met, or late when Tw+Tc+Tr is longer than the limit",
			Verdict: Verdict{Outcome: OutcomeMet}, LateAfterWithin: true,
			match: func(*OutcomeInput) bool { return true }},
	}
}

// invalidRequest lists the status codes HAProxy itself answers a request with that it could not accept.
func invalidRequest(status int) bool {
	return status == 400 || status == 413 || status == 414 || status == 431
}

// is reports whether the state is one of these pairs.
func (in *OutcomeInput) is(states ...string) bool {
	if len(in.Termination) < 2 {
		return false
	}
	for _, s := range states {
		if in.Termination[:2] == s {
			return true
		}
	}
	return false
}

// first reports whether the state's first character is one of these.
func (in *OutcomeInput) first(chars string) bool {
	if len(in.Termination) < 2 {
		return false
	}
	for i := range len(chars) {
		if in.Termination[0] == chars[i] {
			return true
		}
	}
	return false
}

// broken reports whether no usable answer came: it failed on the server's side, with 5xx, or without status.
func (in *OutcomeInput) broken() bool {
	return in.first("Ss") || in.is("PH", "PD") || in.Status >= 500 || in.Status >= 0 && in.Status < 100
}

// Judge applies the rules and returns the verdict and the index of the rule that decided.
func Judge(rules []Rule, in *OutcomeInput) (Verdict, int) {
	i := firstRule(rules, in)
	v := rules[i].Verdict
	if rules[i].LateAfterWithin && in.Within > 0 && in.Waited > in.Within {
		v = Verdict{Outcome: OutcomeLate}
	}
	return v, i
}

// firstRule returns the index of the rule that decides. It does not depend on times, so the counting
// code asks once for each combination of labels and compares times per line.
func firstRule(rules []Rule, in *OutcomeInput) int {
	for i := range rules {
		if rules[i].match(in) {
			return i
		}
	}
	return len(rules) - 1
}
