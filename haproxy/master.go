package haproxy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
)

// masterAsk is what the master CLI told about workers.
type masterAsk struct {
	list *ProcList // nil when the master does not list its processes at this level
	gone []int     // process ids that the master does not know any more; without a list
}

// reloadState is what is remembered to count reloads.
type reloadState struct {
	Total        uint64
	MasterPID    int
	MasterUptime int64
	MasterCount  int      // reloads as the master counts them
	Newest       WorkerID // without a list: the newest worker seen
	Failed       int
	FailedKnown  bool
}

// workersAtOnce bounds the connections to the master CLI, which accepts ten.
const workersAtOnce = 3

// asError gives a foreign error the reason not_a_table; one of this package keeps its own and gets its socket.
func asError(a Address, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Socket: a.Text, Reason: ReasonNotATable, Err: err}
	}
	if e.Socket == "" {
		e.Socket = a.Text
	}
	return e
}

// askMaster lists the processes and asks each worker, old ones included. Since 3.2 "show proc" needs level
// operator on some builds; the current worker ("@1") and those that were current before can be asked at level user.
func (in *Instance) askMaster(ctx context.Context, a Address, known []WorkerID) (out asked) {
	out.master = &masterAsk{}
	b, err := Exchange(ctx, a, "show proc", in.opt.ReplyLimit)
	if err == nil {
		err = refusal(a, b)
	}
	switch ReasonOf(err) {
	case ReasonRefused:
		in.askKnown(ctx, a, known, &out)
		return out
	case "":
		if out.master.list, err = ParseProc(b); errors.Is(err, errCut) {
			err = &Error{Socket: a.Text, Reason: ReasonCut, Err: err}
		}
	}
	if err != nil {
		out.err = asError(a, err)
		out.errs, out.master = []error{out.err}, nil
		return out
	}
	workers := out.master.list.Workers
	newest := newestProc(workers)
	answers := in.askWorkers(ctx, a, workers, newest)
	if newest < 0 {
		out.err = &Error{Socket: a.Text, Reason: ReasonNotATable, Err: errors.New("the master has no worker")}
		out.errs = []error{out.err}
	}
	for i, ans := range answers {
		switch {
		case ans.err == nil:
			out.replies = append(out.replies, ans.reply)
		case i == newest:
			out.err = ans.err
			out.errs = append(out.errs, visible(a, ans.err))
		case ReasonOf(ans.err) != reasonGone && ReasonOf(ans.err) != ReasonCut: // an old worker may end while it is asked
			out.errs = append(out.errs, ans.err)
		}
	}
	return out
}

// visible turns the internal reason gone into one that is exposed.
func visible(a Address, err error) error {
	if ReasonOf(err) == reasonGone {
		return &Error{Socket: a.Text, Reason: ReasonCut, Err: err}
	}
	return err
}

type answer struct {
	reply *reply
	err   error
}

func (in *Instance) askWorkers(ctx context.Context, a Address, workers []Proc, newest int) []answer {
	out := make([]answer, len(workers))
	var wg sync.WaitGroup
	slots := make(chan struct{}, workersAtOnce)
	for i, p := range workers {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			out[i] = in.askWorker(ctx, a, "@!"+strconv.Itoa(p.PID)+" ", i == newest)
		})
	}
	wg.Wait()
	return out
}

func (in *Instance) askWorker(ctx context.Context, a Address, prefix string, newest bool) (out answer) {
	b, err := Exchange(ctx, a, in.wanted(prefix, newest), in.opt.ReplyLimit)
	if err != nil {
		return answer{err: err}
	}
	out.reply, out.err = in.schema.parseReply(a, b)
	return out
}

// askKnown does without a list of processes.
func (in *Instance) askKnown(ctx context.Context, a Address, known []WorkerID, out *asked) {
	current := in.askWorker(ctx, a, "@1 ", true)
	if current.err != nil {
		out.err = visible(a, current.err)
		out.errs = []error{out.err}
	} else {
		out.replies = append(out.replies, current.reply)
	}
	for _, id := range known {
		if current.reply != nil && current.reply.info.PID == id.PID {
			continue
		}
		old := in.askWorker(ctx, a, "@!"+strconv.Itoa(id.PID)+" ", false)
		switch ReasonOf(old.err) {
		case "":
			out.replies = append(out.replies, old.reply)
		case reasonGone:
			out.master.gone = append(out.master.gone, id.PID)
		case ReasonCut:
		default:
			out.errs = append(out.errs, old.err)
		}
	}
}

// newestProc returns the index of the worker with the fewest reloads behind it; -1 for none.
func newestProc(workers []Proc) int {
	best := -1
	for i, p := range workers {
		if best < 0 || p.Reloads < workers[best].Reloads {
			best = i
		}
	}
	return best
}

// alive notes which workers live, from the list of processes or from what the master did not find.
func (in *Instance) alive(m *masterAsk) {
	for _, w := range in.acc.workers {
		switch {
		case w.answered:
			w.live = true
		case m.list != nil:
			listed := slices.ContainsFunc(m.list.Workers, func(p Proc) bool { return p.PID == w.id.PID })
			w.live = w.live && listed && !in.reused(w)
		case slices.Contains(m.gone, w.id.PID) || in.reused(w):
			w.live = false
		}
	}
}

// reused says whether another worker with the same process id answered: then w has gone.
func (in *Instance) reused(w *worker) bool {
	for id, other := range in.acc.workers {
		if id.PID == w.id.PID && other != w && other.answered {
			return true
		}
	}
	return false
}

// noticeReloads counts reloads: as the master counts them, else one for each new newest worker.
func (in *Instance) noticeReloads(out []asked) {
	s := &in.reload
	if in.master != nil && out[0].master != nil && out[0].master.list != nil {
		l := out[0].master.list
		same := s.MasterPID == l.Master.PID && l.Master.Uptime >= s.MasterUptime && l.Master.Reloads >= s.MasterCount
		if same {
			s.Total += uint64(l.Master.Reloads - s.MasterCount)
		} else {
			s.Total += uint64(l.Master.Reloads)
		}
		s.MasterPID, s.MasterUptime, s.MasterCount = l.Master.PID, l.Master.Uptime, l.Master.Reloads
		s.Failed, s.FailedKnown = l.Failed, l.FailedKnown
	}
	newest := in.acc.sorted(func(w *worker) bool { return w.answered })
	if len(newest) == 0 {
		return
	}
	id := newest[0].id
	if s.MasterPID == 0 && s.Newest != (WorkerID{}) && s.Newest != id && id.Start >= s.Newest.Start {
		s.Total++
	}
	s.Newest = id
}
