package haproxy

import (
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

// Result is what one HAProxy looks like at one scrape. It is immutable and may be shared.
type Result struct {
	Name    string         // name of the instance; "" when it is the only one
	Time    time.Time      // when the scrape ended
	Sockets []SocketStatus // in the order of the configuration, the master socket first

	// Objects are the objects of each scope, the process included, in HAProxy's order. Counters are sums over
	// workers and reloads; they are missing altogether when no worker answered.
	Objects map[catalogue.Scope][]Object
	Tables  []Table
	Entries []TableEntry
	// Fields are the fields to expose, by scope: the catalogue's, less those that a filter takes out.
	Fields map[catalogue.Scope][]Field
	// Omitted counts the rows that a filter took out, by scope.
	Omitted map[catalogue.Scope]int

	Info    *Info // of the newest worker; nil when none answered
	Workers []Worker
	// Master tells whether the following three are known: only through a master socket.
	Master            bool
	LastReloadFailed  bool
	ReloadStateKnown  bool // the master says whether its last reload failed
	Reloads           uint64
	CounterResets     uint64
	SharedStats       bool
	Errors            map[SocketError]uint64 // failed exchanges since the start, by socket and reason
	OldWorkerAge      time.Duration          // since the oldest old worker was replaced; 0 without old workers
	OldWorkerSessions float64
}

// Field is a field to expose and its index in Object.Values.
type Field struct {
	catalogue.NativeField
	Index int
}

// SocketStatus says how one socket answered.
type SocketStatus struct {
	Socket   string // as configured
	Up       bool   // it answered in full
	Duration time.Duration
	Err      error // why not
}

// SocketError is the key of Result.Errors.
type SocketError struct {
	Socket string
	Reason Reason
}

// Object is one frontend, listener, backend, server, name server, or the process.
type Object struct {
	Scope  catalogue.Scope
	Proxy  string // proxy; resolvers section
	Name   string // server, listener, name server
	Status string // texts of the newest worker that has the object; empty when it did not answer
	Check  string
	Agent  string
	// Values are parallel to catalogue.NativeFieldsOf(Scope); NaN for none.
	Values []float64
	// ServerStates and CheckStates count a backend's servers, parallel to the States of
	// catalogue.KindServerStates and KindCheckStates; nil for other scopes and backends without servers.
	ServerStates, CheckStates []int

	fields []catalogue.NativeField
}

// WorkerState says what became of a worker.
type WorkerState string

// The states of workers: the values of the label state.
const (
	WorkerCurrent WorkerState = "current"
	WorkerOld     WorkerState = "old"
	WorkerFailed  WorkerState = "failed" // the master lists it, but it did not answer
)

// Worker is one living process.
type Worker struct {
	ID       WorkerID
	State    WorkerState
	Version  string
	Sessions float64 // sessions of its frontends
}

// WorkerID tells workers apart: process ids repeat, in containers after each start.
type WorkerID struct {
	PID   int
	Start int64 // Unix seconds
}

// Object finds an object, nil when there is none.
func (r *Result) Object(scope catalogue.Scope, proxy, name string) *Object {
	for i := range r.Objects[scope] {
		if o := &r.Objects[scope][i]; o.Proxy == proxy && o.Name == name {
			return o
		}
	}
	return nil
}
