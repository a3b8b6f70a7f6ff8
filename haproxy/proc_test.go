package haproxy

import (
	"errors"
	"testing"
)

func TestProcReplies(t *testing.T) {
	for name, want := range map[string]struct {
		master, reloads, current, old int
	}{
		"26-plain/1-before.master_show_proc": {3527, 0, 3529, 0},
		"26-plain/2-during.master_show_proc": {3527, 1, 3692, 3529},
		"26-plain/4-after.master_show_proc":  {3527, 3, 3761, 0},
		"32-plain/2-during.master_show_proc": {8161, 1, 8255, 8163},
		"35-plain/2-during.master_show_proc": {6008, 1, 6171, 6010},
		"35-shm/2-during.master_show_proc":   {7899, 1, 7916, 7901},
	} {
		l, err := ParseProc(readReply(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		workers := 1
		if want.old != 0 {
			workers = 2
		}
		if l.Master.PID != want.master || l.Master.Reloads != want.reloads || !l.FailedKnown || l.Failed != 0 || len(l.Workers) != workers {
			t.Errorf("%s: %+v", name, l)
			continue
		}
		if l.Workers[0].PID != want.current || l.Workers[0].Kind != ProcCurrent {
			t.Errorf("%s: current worker %+v", name, l.Workers[0])
		}
		if workers == 2 && (l.Workers[1].PID != want.old || l.Workers[1].Kind != ProcOld || l.Workers[1].Reloads != 1) {
			t.Errorf("%s: old worker %+v", name, l.Workers[1])
		}
	}
}

func TestProcVariants(t *testing.T) {
	for name, c := range map[string]struct {
		in      string
		workers []Proc
		failed  int
		known   bool
	}{
		"2.2 with relative ids": {
			"#<PID>          <type>          <relative PID>  <reloads>       <uptime>        <version>      \n" +
				"1162            master          0               5               0d00h02m07s     2.2.9\n# workers\n" +
				"1271            worker          1               0               1d01h01m01s     2.2.9\n# old workers\n" +
				"1233            worker          [was: 1]        3               0d00h00m43s     2.0-dev3\n# programs\n" +
				"1244            foo             0               0               0d00h00m00s     -\n\n",
			[]Proc{{1271, ProcCurrent, 0, 90061, "2.2.9"}, {1233, ProcOld, 3, 43, "2.0-dev3"}}, 0, false},
		"failed reload of 3.x: the serving worker is an old one": {
			"#<PID>          <type>          <reloads>       <uptime>        <version>      \n" +
				"6008            master          4 [failed: 1]   0d00h00m06s     3.5-dev5\n# workers\n# old workers\n" +
				"6010            worker          1               0d00h00m06s     3.5-dev5\n\n",
			[]Proc{{6010, ProcOld, 1, 6, "3.5-dev5"}}, 1, true},
		"unknown section": {
			"#<PID>          <type>          <reloads>       <uptime>        <version>      \n" +
				"1               master          0 [failed: 12]  0d00h00m06s     9.9\n# helpers\n7 x 0 0d00h00m06s 9.9\n\n",
			nil, 12, true},
	} {
		l, err := ParseProc([]byte(c.in))
		if err != nil || l.Failed != c.failed || l.FailedKnown != c.known || len(l.Workers) != len(c.workers) {
			t.Errorf("%s: %+v %v", name, l, err)
			continue
		}
		for i, w := range c.workers {
			if l.Workers[i] != w {
				t.Errorf("%s: %+v, want %+v", name, l.Workers[i], w)
			}
		}
		for i := range c.in {
			if _, err := ParseProc([]byte(c.in[:i])); err == nil {
				t.Errorf("%s: accepted when cut after %d bytes", name, i)
			}
		}
	}
}

func TestProcErrors(t *testing.T) {
	head := "#<PID>          <type>          <reloads>       <uptime>        <version>      \n"
	for _, in := range []string{"", "Permission denied\n\n", head + "\n", head + "x master 0 0d00h00m06s 2.6\n\n", head + "1 master x 0d00h00m06s 2.6\n\n", head + "1 master 0 6 2.6\n\n", head + "-1 master 0 0d 2.6\n\n"} {
		if l, err := ParseProc([]byte(in)); err == nil {
			t.Errorf("%q: %+v", in, l)
		}
	}
	if _, err := ParseProc([]byte(head + "1 master 0 0d00h00m06s 2.6\n")); !errors.Is(err, errCut) {
		t.Error(err)
	}
}

func FuzzProc(f *testing.F) {
	f.Add(readReply(f, "26-plain/2-during.master_show_proc"))
	f.Add(readReply(f, "35-shm/2-during.master_show_proc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseProc(b)
		if err != nil {
			return
		}
		for _, w := range append(l.Workers, l.Master) {
			if w.PID <= 0 || w.Uptime < 0 {
				t.Fatalf("%+v", w)
			}
		}
		newestProc(l.Workers)
	})
}
