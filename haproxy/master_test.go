package haproxy

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"haproxy_log_exporter/metrics/catalogue"
)

const procHead = "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"

// procs writes a reply of show proc.
func procs(reloads, failed int, uptime string, current, old []int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s100             master          %d [failed: %d]   %s     2.6.12\n# workers\n", procHead, reloads, failed, uptime)
	for _, pid := range current {
		fmt.Fprintf(&b, "%d            worker          0               0d00h00m06s     2.6.12\n", pid)
	}
	if len(old) > 0 {
		b.WriteString("# old workers\n")
	}
	for i, pid := range old {
		fmt.Fprintf(&b, "%d            worker          %d               0d00h01m06s     2.6.12\n", pid, i+1)
	}
	return b.String() + "\n"
}

// process is the whole reply of a small process.
func process(pid int, start int64, stopping int, requests int) []byte {
	return fmt.Appendf(nil, "# pxname,svname,scur,stot,status,type,req_tot,\nfe,FRONTEND,2,%d,%s,0,%d,\n\nName: HAProxy\nVersion: 2.6.12\nPid: %d\nUptime_sec: 5\nStopping: %d\nStart_time_sec: %d\nCumReq: %d\n\n",
		requests, map[int]string{0: "OPEN", 1: "STOP"}[stopping], requests, pid, stopping, start, requests)
}

func states(r *Result) string {
	var s []string
	for _, w := range r.Workers {
		s = append(s, fmt.Sprintf("%d:%s", w.ID.PID, w.State))
	}
	return strings.Join(s, " ")
}

// TestMasterLife plays a HAProxy that is reloaded, fails to reload, and is restarted, as its master shows it.
func TestMasterLife(t *testing.T) {
	type workers = map[string][]byte
	for _, listed := range []bool{true, false} {
		f := startFake(t, nil)
		clock := time.Unix(5000, 0)
		in := newInstance(t, Options{MasterSocket: f.path, Timeout: 5 * time.Second, Now: func() time.Time { return clock }})
		for i, step := range []struct {
			name     string
			list     string
			current  string
			workers  workers
			requests float64
			states   string
			unlisted string // where it differs without a list
			reloads  uint64
			noList   uint64
			failed   bool
			up       bool
		}{
			{"first", procs(0, 0, "0d00h00m06s", []int{1}, nil), "1", workers{"1": process(1, 1000, 0, 10)}, 10, "1:current", "", 0, 0, false, true},
			{"reloaded", procs(1, 0, "0d00h00m09s", []int{2}, []int{1}), "2", workers{"1": process(1, 1000, 1, 15), "2": process(2, 4990, 0, 3)}, 18, "2:current 1:old", "", 1, 1, false, true},
			{"old one does not answer", procs(1, 0, "0d00h00m10s", []int{2}, []int{1}), "2", workers{"1": nil, "2": process(2, 4990, 0, 4)}, 19, "2:current 1:failed", "", 1, 1, false, true},
			{"old one has ended", procs(1, 0, "0d00h00m11s", []int{2}, nil), "2", workers{"2": process(2, 4990, 0, 5)}, 20, "2:current", "", 1, 1, false, true},
			{"reload failed, serving worker is listed as old", procs(2, 1, "0d00h00m12s", nil, []int{2}), "2", workers{"2": process(2, 4990, 0, 6)}, 21, "2:current", "", 2, 1, true, true},
			{"two reloads at once", procs(4, 0, "0d00h00m13s", []int{4}, []int{3, 2}), "4", workers{"2": process(2, 4990, 1, 7), "3": process(3, 4995, 1, 1), "4": process(4, 4999, 0, 2)},
				25, "4:current 3:old 2:old", "4:current 2:old", 4, 2, false, true},
			{"nobody answers", procs(4, 0, "0d00h00m14s", []int{4}, []int{3, 2}), "4", workers{}, -1, "4:failed 3:failed 2:failed", "", 4, 2, false, false},
			{"restarted", procs(0, 0, "0d00h00m01s", []int{4}, nil), "4", workers{"4": process(4, 5100, 0, 1)}, 26, "4:current", "", 4, 3, false, true},
		} {
			m := &fakeMaster{list: step.list, current: step.current, workers: step.workers}
			if !listed {
				m.list = ""
			}
			f.set(func(c string, conn net.Conn) {
				m.answer(c, conn)
			})
			clock = time.Unix(5000+int64(i), 0)
			r := in.Scrape(t.Context())
			wantStates, wantReloads, wantRequests := step.states, step.reloads, step.requests
			if !listed {
				wantReloads = step.noList
				if step.unlisted != "" {
					wantStates, wantRequests = step.unlisted, step.requests-1
				}
				if step.name == "nobody answers" {
					continue // "gone" is all that a master says then
				}
				if step.name == "restarted" {
					wantRequests--
				}
			}
			if got := requests(r, "fe"); got != wantRequests || states(r) != wantStates || r.Sockets[0].Up != step.up {
				t.Errorf("listed %v, %s: %v requests, want %v; workers %s, want %s; %+v", listed, step.name, got, wantRequests, states(r), wantStates, r.Sockets[0])
			}
			if r.Reloads != wantReloads || listed && (r.LastReloadFailed != step.failed || !r.ReloadStateKnown) {
				t.Errorf("listed %v, %s: %d reloads, want %d; failed %v", listed, step.name, r.Reloads, wantReloads, r.LastReloadFailed)
			}
		}
	}
}

// TestMasterRestart: the master has the same process id and has been reloaded more often than the one before.
func TestMasterRestart(t *testing.T) {
	f := startFake(t, (&fakeMaster{list: procs(2, 0, "0d00h10m00s", []int{2}, nil), workers: map[string][]byte{"2": process(2, 1000, 0, 3)}}).answer)
	in := newInstance(t, Options{MasterSocket: f.path})
	in.Scrape(t.Context())
	f.set((&fakeMaster{list: procs(3, 0, "0d00h01m00s", []int{2}, nil), workers: map[string][]byte{"2": process(2, 1600, 0, 1)}}).answer)
	if r := in.Scrape(t.Context()); r.Reloads != 5 || requests(r, "fe") != 4 {
		t.Errorf("%d reloads, want 2 + 3; %v requests, want 3 + 1", r.Reloads, requests(r, "fe"))
	}
}

// TestOldWorkerFacts: what is shown of workers that still serve.
func TestOldWorkerFacts(t *testing.T) {
	f := startFake(t, nil)
	clock := time.Unix(5000, 0)
	in := newInstance(t, Options{MasterSocket: f.path, Now: func() time.Time { return clock }})
	m := &fakeMaster{list: procs(1, 0, "0d00h00m09s", []int{2}, []int{1}), workers: map[string][]byte{"1": process(1, 1000, 1, 15), "2": process(2, 4900, 0, 3)}}
	f.set(m.answer)
	if r := in.Scrape(t.Context()); r.OldWorkerAge != 100*time.Second || r.OldWorkerSessions != 2 || r.Info.PID != 2 {
		t.Errorf("%+v", r)
	}
	o := in.Scrape(t.Context()).Object(catalogue.ScopeFrontend, "fe", "")
	if v, _ := o.Value("scur"); v != 4 || o.Status != "OPEN" {
		t.Errorf("%v sessions, status %s", v, o.Status)
	}
}

// TestOneExchangeEach: workers are asked one by one, newest ones for tables too, and nothing else is sent.
func TestOneExchangeEach(t *testing.T) {
	f := startFake(t, nil)
	m := &fakeMaster{list: procs(1, 0, "0d00h00m09s", []int{2}, []int{1}), workers: map[string][]byte{"1": process(1, 1000, 1, 15), "2": process(2, 4900, 0, 3)}}
	f.set(m.answer)
	newInstance(t, Options{MasterSocket: f.path}).Scrape(t.Context())
	got := strings.Join(f.commands(), "\n")
	for _, want := range []string{"show proc", "@!2 show table;@!2 show resolvers;@!2 show stat;@!2 show info", "@!1 show stat;@!1 show info"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q was not sent:\n%s", want, got)
		}
	}
	if len(f.commands()) != 3 {
		t.Errorf("%d exchanges:\n%s", len(f.commands()), got)
	}
}

// TestMasterAndSocket: a stats socket of a process that the master lists adds nothing; another process does.
func TestMasterAndSocket(t *testing.T) {
	f := startFake(t, nil)
	m := &fakeMaster{list: procs(0, 0, "0d00h00m09s", []int{2}, nil), workers: map[string][]byte{"2": process(2, 4900, 0, 3)}}
	f.set(m.answer)
	info := func(b []byte) []byte { return b[bytes.Index(b, []byte("Name:")):] }
	worker := func(b []byte) func(string, net.Conn) {
		return func(command string, c net.Conn) {
			if command == "show info" {
				b := info(b)
				c.Write(b)
				return
			}
			c.Write(b)
		}
	}
	same := startFake(t, worker(process(2, 4900, 0, 3)))
	other := startFake(t, worker(process(77, 4800, 0, 40)))
	in := newInstance(t, Options{MasterSocket: f.path, Sockets: []string{same.path, other.path}})
	for range 2 {
		r := in.Scrape(t.Context())
		if got := requests(r, "fe"); got != 43 || !r.Sockets[1].Up || !r.Sockets[2].Up {
			t.Errorf("%v requests, want 3 + 40; %+v", got, r.Sockets)
		}
	}
	if got := strings.Join(same.commands(), "|"); got != "show info|show info" {
		t.Errorf("a worker of the master was asked %s", got)
	}
	m.list = "" // the master is unusable: its worker's own socket tells
	m.current = "none"
	m.workers = nil
	if r := in.Scrape(t.Context()); r.Sockets[0].Up || requests(r, "fe") != 43 {
		t.Errorf("without the master: %v requests; %+v", requests(r, "fe"), r.Sockets[0])
	}
}

// TestSocketReload: without a master, a new process behind the socket is a reload; the sum goes on.
func TestSocketReload(t *testing.T) {
	f := startFake(t, says(process(5, 100, 0, 10)))
	in := newInstance(t, Options{Sockets: []string{f.path}})
	in.Scrape(t.Context())
	f.set(says(process(6, 200, 0, 4)))
	r := in.Scrape(t.Context())
	if requests(r, "fe") != 14 || r.Reloads != 1 || r.Master || states(r) != "6:current" {
		t.Errorf("%v requests, %d reloads, %s", requests(r, "fe"), r.Reloads, states(r))
	}
}

// TestState: a restarted exporter goes on where the old one was, also when workers changed in between.
func TestState(t *testing.T) {
	f := startFake(t, nil)
	m := &fakeMaster{list: procs(3, 0, "0d00h00m09s", []int{2}, []int{1}), workers: map[string][]byte{"1": process(1, 1000, 1, 15), "2": process(2, 4900, 0, 3)}}
	f.set(m.answer)
	a := newInstance(t, Options{MasterSocket: f.path})
	a.Scrape(t.Context())
	state, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	b := newInstance(t, Options{MasterSocket: f.path})
	if err := b.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	if again, _ := b.MarshalBinary(); !bytes.Equal(state, again) {
		t.Error("the state changed by being saved and restored")
	}
	f.set((&fakeMaster{list: procs(4, 0, "0d00h00m19s", []int{3}, []int{2}), workers: map[string][]byte{"2": process(2, 4900, 1, 5), "3": process(3, 5900, 0, 1)}}).answer)
	if r := b.Scrape(t.Context()); requests(r, "fe") != 21 || r.Reloads != 4 {
		t.Errorf("%v requests, want 15 + 5 + 1; %d reloads", requests(r, "fe"), r.Reloads)
	}
	for i := range state {
		if err := b.UnmarshalBinary(state[:i]); err == nil {
			t.Errorf("a state cut after %d of %d bytes was accepted", i, len(state))
		}
	}
	if r := b.Scrape(t.Context()); requests(r, "fe") != 21 {
		t.Error("a damaged state changed something")
	}
}

func FuzzState(f *testing.F) {
	in, err := NewInstance(Options{Sockets: []string{"/x"}})
	if err != nil {
		f.Fatal(err)
	}
	in.acc.begin()
	in.acc.answer(made(in.schema, 1, 2, 3, "2.6", map[string]float64{"fe": 7}), 10)
	in.acc.commit(10)
	state, _ := in.MarshalBinary()
	f.Add(state)
	f.Fuzz(func(t *testing.T, b []byte) {
		if in.UnmarshalBinary(b) != nil {
			return
		}
		in.acc.begin()
		in.acc.answer(made(in.schema, 1, 2, 4, "2.6", map[string]float64{"fe": 8}), 11)
		in.acc.commit(11)
		in.acc.objectsOf()
		if _, err := in.MarshalBinary(); err != nil {
			t.Fatal(err)
		}
	})
}
