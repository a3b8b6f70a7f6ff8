package catalogue

import "strings"

// Scope is the kind of object that a native family is about; it is the second word of the family's name.
type Scope uint8

// The scopes, in the order of exposition.
const (
	ScopeProcess Scope = iota
	ScopeFrontend
	ScopeListener
	ScopeBackend
	ScopeServer
	ScopeStickTable
	ScopeResolver
	numScopes
)

// Scopes returns every scope in the order of exposition.
func Scopes() []Scope {
	return []Scope{ScopeProcess, ScopeFrontend, ScopeListener, ScopeBackend, ScopeServer, ScopeStickTable, ScopeResolver}
}

// String returns the scope as it stands in metric names, filters and the label scope.
func (s Scope) String() string {
	names := [numScopes]string{"process", "frontend", "listener", "backend", "server", "sticktable", "resolver"}
	if s < numScopes {
		return names[s]
	}
	return "unknown"
}

// Labels returns the label names that identify an object of the scope.
func (s Scope) Labels() []string {
	switch s {
	case ScopeFrontend, ScopeBackend:
		return []string{"proxy"}
	case ScopeListener:
		return []string{"proxy", "listener"}
	case ScopeServer:
		return []string{"proxy", "server"}
	case ScopeStickTable:
		return []string{"name", "type"}
	case ScopeResolver:
		return []string{"resolver", "nameserver"}
	}
	return nil
}

// Aggregate says how the values of several workers of one HAProxy become one.
type Aggregate uint8

const (
	// Accumulate sums workers and keeps what finished workers had: never goes down over reloads.
	Accumulate Aggregate = iota
	// Carry is monotonic like Accumulate, but only the newest worker adds: for values that every living
	// worker raises at the same time, such as the time that a server has been down.
	Carry
	// Sum adds up living workers.
	Sum
	// Max takes the largest value of the living workers.
	Max
	// Recent takes the smallest value that is not negative: -1 stands for never.
	Recent
	// Newest takes the newest worker's value: settings, states, and averages that cannot be merged.
	Newest
)

// Kind says how a field's text becomes samples.
type Kind uint8

const (
	// KindNumber is one sample with the field's number.
	KindNumber Kind = iota
	// KindCode is KindNumber with an additional label code (NativeField.Code).
	KindCode
	// KindFrontendStatus, KindBackendStatus, KindServerStatus and KindListenerStatus are one sample for
	// each possible state, 1 for the one that holds.
	KindFrontendStatus
	KindBackendStatus
	KindServerStatus
	KindListenerStatus
	// KindCheckStatus is one sample for each check result, none for servers without a check.
	KindCheckStatus
	// KindCheckCode is a number that is 0 while the check (see NativeField.With) has not got one.
	KindCheckCode
	// KindServerStates and KindCheckStates count a backend's servers by state and by check result.
	KindServerStates
	KindCheckStates
	// KindInfo is 1 with the field's text as the label named by NativeField.InfoLabel.
	KindInfo
)

// NativeField says how one field of HAProxy's "show stat", "show info", "show table" or "show resolvers"
// becomes a family: the name is haproxy_<scope>_<Suffix>.
type NativeField struct {
	Scope     Scope
	Field     string // column, key, or name of a counter; empty when computed from other rows
	Alias     string // another spelling of Field
	Suffix    string
	Type      Type
	Aggregate Aggregate
	Kind      Kind
	Millis    bool   // HAProxy shows milliseconds, the family has seconds
	Code      string // value of the label code, with KindCode
	With      string // KindCheckCode: the field whose presence makes a missing number 0
	InfoLabel string // KindInfo
	Minimal   bool   // part of --haproxy.socket.metrics=minimal
	Help      string
	Note      string
}

// Name returns the family's full name.
func (n *NativeField) Name() string { return "haproxy_" + n.Scope.String() + "_" + n.Suffix }

// labels returns the family's label names.
func (n *NativeField) labels() []string {
	l := n.Scope.Labels()
	switch n.Kind {
	case KindCode:
		return append(l, "code")
	case KindFrontendStatus, KindBackendStatus, KindServerStatus, KindListenerStatus, KindCheckStatus, KindServerStates, KindCheckStates:
		return append(l, "state")
	case KindInfo:
		return append(l, n.InfoLabel)
	}
	return l
}

// States returns the values of the label state for a kind of status, in exposition order; nil for other kinds.
// They are those of HAProxy's own exporter.
func (k Kind) States() []string {
	switch k {
	case KindFrontendStatus, KindBackendStatus:
		return []string{"DOWN", "UP"}
	case KindServerStatus, KindServerStates:
		return []string{"DOWN", "UP", "MAINT", "DRAIN", "NOLB"}
	case KindListenerStatus:
		return []string{"WAITING", "OPEN", "FULL"}
	case KindCheckStatus, KindCheckStates:
		return []string{"HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK", "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK"}
	}
	return nil
}

// NativeFields returns the one list of what is read from HAProxy and what it becomes, by scope and in the order of
// exposition. Several entries may belong to one family (KindCode); they follow each other. The result is fresh.
func NativeFields() []NativeField {
	out, columns := infoNatives(), statColumns()
	for _, s := range []Scope{ScopeFrontend, ScopeListener, ScopeBackend, ScopeServer} {
		out = append(out, statNatives(columns, s)...)
	}
	out = append(out, tableNatives()...)
	return append(out, resolverNatives()...)
}

func nativeFamilies() []Family {
	var out []Family
	for _, n := range NativeFields() {
		name := n.Name()
		if len(out) > 0 && out[len(out)-1].Name == name {
			continue
		}
		out = append(out, Family{Name: name, Type: n.Type, Help: n.Help, Labels: n.labels(), Group: Native, Note: n.Note})
	}
	return out
}

// sentence ends a help text.
func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// NativeFieldsOf returns the fields of one scope, in the order of NativeFields.
func NativeFieldsOf(s Scope) []NativeField {
	var out []NativeField
	for _, n := range NativeFields() {
		if n.Scope == s {
			out = append(out, n)
		}
	}
	return out
}
