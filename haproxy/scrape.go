package haproxy

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

// asked is what one socket gave.
type asked struct {
	addr     Address
	replies  []*reply
	duration time.Duration
	err      error      // why the socket counts as down
	errs     []error    // every failed exchange
	master   *masterAsk // nil for a worker's socket
	infoOnly bool
}

// scrape asks every socket at the same time and commits what they answered.
func (in *Instance) scrape(ctx context.Context) *Result {
	all := in.addresses()
	out := make([]asked, len(all))
	known := in.known()
	var wg sync.WaitGroup
	for i, a := range all {
		wg.Go(func() {
			start := time.Now()
			if in.master != nil && i == 0 {
				out[i] = in.askMaster(ctx, a, known)
			} else {
				out[i] = in.askSocket(ctx, a, in.master != nil)
			}
			out[i].addr, out[i].duration = a, time.Since(start)
		})
	}
	wg.Wait()
	if in.master != nil {
		in.askUnknown(ctx, out)
	}
	entries := in.askEntries(ctx, out)
	in.mu.Lock()
	defer in.mu.Unlock()
	status := in.commit(out)
	return in.result(status, entries)
}

// wanted returns the command line for one process. Tables and resolvers belong to the newest worker only.
func (in *Instance) wanted(prefix string, tables bool) string {
	rows := len(in.fields[catalogue.ScopeBackend])+len(in.fields[catalogue.ScopeServer])+len(in.fields[catalogue.ScopeListener]) > 0
	tables = tables && len(in.fields[catalogue.ScopeStickTable])+len(in.fields[catalogue.ScopeResolver]) > 0
	return commands(prefix, !rows, tables)
}

// askSocket asks the stats socket of one process. With infoOnly it asks only who is there: the master tells the rest.
func (in *Instance) askSocket(ctx context.Context, a Address, infoOnly bool) (out asked) {
	out.infoOnly = infoOnly
	command := in.wanted("", true)
	if infoOnly {
		command = "show info"
	}
	b, err := Exchange(ctx, a, command, in.opt.ReplyLimit)
	var r *reply
	if err == nil && infoOnly {
		r = &reply{}
		r.info, err = in.schema.onlyInfo(a, b)
	} else if err == nil {
		r, err = in.schema.parseReply(a, b)
	}
	if err != nil {
		out.err = err
		out.errs = append(out.errs, err)
		return out
	}
	out.replies = []*reply{r}
	return out
}

// askUnknown asks sockets in full whose process the master did not tell about.
func (in *Instance) askUnknown(ctx context.Context, out []asked) {
	type who struct {
		pid   int
		start int64
	}
	have := map[who]bool{}
	for _, r := range out[0].replies {
		have[who{r.info.PID, r.info.Start}] = true
	}
	var wg sync.WaitGroup
	for i := range out[1:] {
		o := &out[i+1]
		if len(o.replies) == 0 || have[who{o.replies[0].info.PID, o.replies[0].info.Start}] {
			o.replies = nil
			continue
		}
		wg.Go(func() {
			start := time.Now()
			again := in.askSocket(ctx, o.addr, false)
			again.addr, again.duration = o.addr, o.duration+time.Since(start)
			*o = again
		})
	}
	wg.Wait()
}

// askEntries reads the entries of stick tables, from the first socket that shows them.
func (in *Instance) askEntries(ctx context.Context, out []asked) []TableEntry {
	var all []TableEntry
	for _, want := range in.opt.Entries {
		for i := range out {
			o := &out[i]
			if o.err != nil {
				continue
			}
			prefix := ""
			if o.master != nil {
				prefix = "@1 "
			}
			b, err := Exchange(ctx, o.addr, prefix+"show table "+want.Table, in.opt.ReplyLimit)
			var entries []TableEntry
			if err == nil {
				entries, err = parseEntries(b, want.Table, want.Top)
			}
			if err == nil {
				all = append(all, entries...)
				break
			}
			o.errs = append(o.errs, asError(o.addr, err))
		}
	}
	return all
}

// known returns the workers that are thought to live, for master sockets that do not list them.
func (in *Instance) known() []WorkerID {
	in.mu.Lock()
	defer in.mu.Unlock()
	var ids []WorkerID
	for _, w := range in.acc.sorted(func(w *worker) bool { return w.live }) {
		ids = append(ids, w.id)
	}
	return ids
}

// commit counts what was answered. The caller holds in.mu.
func (in *Instance) commit(out []asked) []SocketStatus {
	now := in.now().Unix()
	in.acc.begin()
	var status []SocketStatus
	for i := range out {
		o := &out[i]
		status = append(status, SocketStatus{Socket: o.addr.Text, Up: o.err == nil, Duration: o.duration, Err: o.err})
		for _, err := range o.errs {
			in.errors[SocketError{o.addr.Text, ReasonOf(err)}]++
		}
		for _, r := range o.replies {
			w := in.acc.answer(r, now)
			if o.master == nil {
				in.moved(o.addr.Text, w.id)
			}
		}
	}
	if in.master != nil && out[0].master != nil {
		in.alive(out[0].master)
	}
	in.acc.commit(now)
	in.noticeReloads(out)
	return status
}

// moved notes which worker a socket leads to; the one it led to before has gone, as far as can be seen.
func (in *Instance) moved(socket string, id WorkerID) {
	before, ok := in.at[socket]
	in.at[socket] = id
	if !ok || before == id {
		return
	}
	for other, at := range in.at {
		if other != socket && at == before {
			return
		}
	}
	if w := in.acc.workers[before]; w != nil && !w.answered {
		w.live = false
	}
}

// result builds the result after a commit. The caller holds in.mu.
func (in *Instance) result(status []SocketStatus, entries []TableEntry) *Result {
	a := in.acc
	r := &Result{
		Name: in.opt.Name, Time: in.now(), Sockets: status, Objects: a.objectsOf(), Fields: in.fields, Entries: entries,
		Omitted: map[catalogue.Scope]int{}, Errors: map[SocketError]uint64{}, CounterResets: a.resets, SharedStats: a.shared.believed,
		Master: in.master != nil, Reloads: in.reload.Total, LastReloadFailed: in.reload.Failed > 0, ReloadStateKnown: in.reload.FailedKnown,
	}
	for k, v := range in.errors {
		r.Errors[k] = v
	}
	if answered := a.sorted(func(w *worker) bool { return w.answered }); len(answered) > 0 {
		r.Info = answered[0].reply.info
		r.Tables = answered[0].reply.tables
	}
	in.workersOf(r)
	in.filter(r)
	return r
}

func (in *Instance) workersOf(r *Result) {
	now := in.now().Unix()
	for i, w := range in.acc.sorted(func(w *worker) bool { return w.live }) {
		out := Worker{ID: w.id, Version: w.version, Sessions: w.sessions, State: WorkerOld}
		switch {
		case !w.answered:
			out.State = WorkerFailed
		case i == 0 || !w.stopping:
			out.State = WorkerCurrent
		}
		if out.State != WorkerCurrent && w.replaced > 0 {
			r.OldWorkerAge = max(r.OldWorkerAge, time.Duration(now-w.replaced)*time.Second)
			r.OldWorkerSessions += w.sessions
		}
		r.Workers = append(r.Workers, out)
	}
}

// filter takes out the rows of scopes that are not wanted, and of servers in maintenance. Frontends always stay:
// they are compared with the log; what is exposed of them is decided by Fields.
func (in *Instance) filter(r *Result) {
	for scope, objects := range r.Objects {
		if len(in.fields[scope]) == 0 {
			r.Omitted[scope] += len(objects)
			if scope != catalogue.ScopeFrontend {
				delete(r.Objects, scope)
			}
		}
	}
	if in.opt.ExcludeMaint {
		servers := r.Objects[catalogue.ScopeServer]
		kept := slices.DeleteFunc(servers, func(o Object) bool { return inMaintenance(o.Status) })
		r.Omitted[catalogue.ScopeServer] += len(servers) - len(kept)
		r.Objects[catalogue.ScopeServer] = kept
	}
}

// Value returns a field of an object by HAProxy's name ("req_tot"); false when there is none.
func (o *Object) Value(field string) (float64, bool) {
	for i := range o.fields {
		if o.fields[i].Field == field {
			return o.Values[i], !math.IsNaN(o.Values[i])
		}
	}
	return 0, false
}
