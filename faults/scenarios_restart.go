package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

func restarts() []Scenario {
	down := func(name string, quick bool, run func(e *Env, w *Writer)) Scenario {
		return Scenario{Name: name, Restarts: true, Quick: quick, Run: func(e *Env) {
			w := begin(e, 900)
			e.Pass(300 * time.Millisecond)
			e.Kill()
			run(e, w)
			e.Start()
			w.Write(50)
		}}
	}
	return []Scenario{
		{Name: "restart_term", Restarts: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(2000)
			for range 3 {
				e.Pass(400 * time.Millisecond)
				e.Restart()
			}
			w.Halt()
		}},
		{Name: "restart_kill", Restarts: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(10000)
			for range 4 {
				e.Pass(500 * time.Millisecond)
				e.Kill()
				e.Pass(200 * time.Millisecond)
				e.Start()
			}
			w.Halt()
		}},
		down("restart_rotated", false, func(e *Env, w *Writer) {
			w.Write(500)
			e.Shift(log)
			w.Write(10).Open(log).Write(500)
		}),
		down("restart_rotated_thrice", true, func(e *Env, w *Writer) {
			for range 3 {
				w.Write(300)
				e.Shift(log)
				w.Write(10).Open(log).Write(300)
			}
		}),
		down("restart_gzip", true, func(e *Env, w *Writer) {
			for range 2 {
				w.Write(300)
				e.Shift(log)
				w.Write(10).Open(log).Write(300)
				e.Compress("gzip", log+".1")
			}
		}),
		down("restart_zstd_xz", true, func(e *Env, w *Writer) {
			for _, tool := range []string{"zstd", "xz"} {
				w.Write(300)
				e.Shift(log)
				w.Write(10).Open(log).Write(300)
				e.Compress(tool, log+".1")
			}
		}),
		down("restart_dateext", false, func(e *Env, w *Writer) {
			for i := range 3 {
				w.Write(300)
				name := fmt.Sprintf("%s-2026112%d", log, i)
				e.Rename(log, name)
				w.Open(log).Write(100)
				if i < 2 {
					e.Compress("gzip", name)
				}
			}
		}),
		down("restart_copytruncate", true, func(e *Env, w *Writer) {
			w.Write(300)
			e.Copy(log, log+".1")
			e.Truncate(log, 0)
			w.Write(600)
		}),
		down("restart_copytruncate_twice_gzip", false, func(e *Env, w *Writer) {
			for _, n := range []string{".2", ".1"} {
				w.Write(700)
				e.Copy(log, log+n)
				e.Truncate(log, 0)
				w.Write(600)
			}
			e.Compress("gzip", log+".2")
		}),
		down("inode_reuse", true, func(e *Env, w *Writer) {
			// The same inode with other content that is longer than the position. The old
			// content has nothing that was not counted.
			e.Truncate(log, 0)
			w.Write(1500)
		}),
		down("inode_reuse_rotated", false, func(e *Env, w *Writer) {
			w.Write(200)
			e.Copy(log, log+".1")
			e.Truncate(log, 0)
			w.Write(1500)
		}),
		down("deleted_while_down", false, func(e *Env, w *Writer) {
			e.Remove(log)
			w.Open(log).Write(500)
		}),
		down("olddir_while_down", false, func(e *Env, w *Writer) {
			w.Write(300)
			e.Mkdir("old")
			e.Rename(log, "old/"+log+".1")
			w.Open(log).Write(300)
		}),
		{Name: "power_loss_shorter", Restarts: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 2000)
			e.Pass(300 * time.Millisecond)
			e.Kill()
			e.Truncate(log, e.Size(log)*2/3+11)
			e.Start()
			e.Pass(300 * time.Millisecond)
			w.Do(`raw "\n"`, "write 50") // the cut line gets an end, as a logger would do it
			e.Pass(300 * time.Millisecond)
			w.Write(3000)
		}},
		{Name: "half_line_at_kill", Restarts: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 3 {
				w.Do("half")
				e.Pass(200 * time.Millisecond)
				e.Kill()
				w.Do("rest")
				w.Write(10)
				e.Start()
			}
		}},
		{Name: "killed_while_catching_up", Restarts: true, Run: func(e *Env) {
			w := begin(e, 100)
			e.Pass(200 * time.Millisecond)
			e.Kill()
			w.Block(150_000)
			e.Shift(log)
			w.Open(log).Block(150_000)
			e.Compress("gzip", log+".1")
			for i := range 6 {
				p := e.startBlind()
				e.Pass(time.Duration(20+60*i) * time.Millisecond)
				p.Kill()
			}
			e.Start()
		}},
	}
}

func storms() []Scenario {
	return []Scenario{
		KillStorm("kill_storm", 12, true, func(e *Env, w *Writer) {
			e.Shift(log)
			w.Open(log)
		}),
		KillStorm("kill_storm_late_writer", 12, false, func(e *Env, w *Writer) {
			e.Shift(log)
			e.Create(log)
			e.Pass(time.Duration(rand.IntN(150)) * time.Millisecond)
			w.Open(log)
		}),
		KillStorm("kill_storm_gzip", 12, false, func(e *Env, w *Writer) {
			e.Shift(log)
			w.Open(log)
			e.Compress("gzip", log+".1")
		}),
		KillStorm("kill_storm_copytruncate", 12, true, func(e *Env, w *Writer) {
			// Lines between copy and truncation are lost by nature: the writer rests.
			w.Halt()
			for i := 20; i > 0; i-- {
				if from := fmt.Sprintf("%s.%d", log, i); e.Exists(from) {
					e.Rename(from, fmt.Sprintf("%s.%d", log, i+1))
				}
			}
			e.Copy(log, log+".1")
			e.Truncate(log, 0)
			w.Begin(4000)
		}),
	}
}

// KillStorm kills the program n times at random moments while lines are written and rotate
// is called between.
func KillStorm(name string, n int, quick bool, rotate func(e *Env, w *Writer)) Scenario {
	return Scenario{Name: name, Restarts: true, Quick: quick, Run: func(e *Env) {
		w := begin(e, 300)
		w.Begin(4000)
		for i := range n {
			e.Pass(time.Duration(rand.IntN(250)) * time.Millisecond)
			if i%3 == 1 {
				rotate(e, w)
				e.Pass(time.Duration(rand.IntN(60)) * time.Millisecond)
			}
			e.Kill()
			if i%4 == 2 {
				rotate(e, w)
			}
			if i%2 == 0 {
				// Killed once more before it may have read or saved anything.
				p := e.startBlind()
				e.Pass(time.Duration(rand.IntN(60)) * time.Millisecond)
				p.Kill()
			}
			e.Start()
		}
		w.Halt()
	}}
}

func states() []Scenario {
	return []Scenario{
		{Name: "state_damaged", Restarts: true, State: true, Quick: true, Run: func(e *Env) {
			// Without a snapshot the log is read from its start again, which is all there is.
			w := begin(e, 500)
			e.Stop()
			files, err := filepath.Glob(filepath.Join(e.State, "snapshot*"))
			e.must(err)
			if len(files) == 0 {
				e.failf("no snapshot in the state directory")
			}
			for _, f := range files {
				b, err := os.ReadFile(f)
				e.must(err)
				b[len(b)/2] ^= 0xff
				e.must(os.WriteFile(f, b, 0o644))
			}
			e.Start()
			kept, _ := filepath.Glob(filepath.Join(e.State, "*aside*"))
			if len(kept) == 0 {
				e.failf("the damaged snapshot was not kept aside")
			}
			w.Write(100)
		}},
		{Name: "state_cut_by_power_loss", Restarts: true, State: true, Run: func(e *Env) {
			w := begin(e, 500)
			e.Stop()
			e.Start()
			w.Write(500)
			e.Counted()
			e.Kill()
			e.must(os.Truncate(filepath.Join(e.State, "snapshot"), 0))
			e.Start()
			w.Write(100)
		}},
		{Name: "state_directory_removed", Restarts: true, State: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 500)
			e.must(os.RemoveAll(e.State))
			w.Write(500)
			e.Counted()
			e.Pass(300 * time.Millisecond)
			e.Kill()
			w.Write(100)
			e.Start()
		}},
		{Name: "state_full", Restarts: true, State: true, Root: true, Quick: true, Run: func(e *Env) {
			e.mountState("size=256k")
			w := begin(e, 500)
			fill := filepath.Join(e.State, "fill")
			_ = os.WriteFile(fill, make([]byte, 1<<20), 0o644) // as much as fits
			w.Begin(2000)
			e.Until(20*time.Second, "state_durable is 0 on a full disk", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 0
			})
			e.Pass(500 * time.Millisecond)
			e.Kill() // what was served and not saved is read again
			e.Start()
			e.Pass(500 * time.Millisecond)
			e.must(os.Remove(fill))
			e.Until(20*time.Second, "state_durable is 1 again", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 1
			})
			e.Kill()
			e.Start()
			w.Halt()
		}},
		{Name: "state_stalled", State: true, Root: true, Quick: true, Run: func(e *Env) {
			thaw := e.freezableState()
			w := begin(e, 500)
			e.exec("fsfreeze", "-f", e.State)
			w.Begin(2000)
			e.Until(30*time.Second, "state_durable is 0 while the disk stalls", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 0
			})
			e.Pass(time.Second)
			thaw()
			e.Until(30*time.Second, "state_durable is 1 again", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 1
			})
			e.Kill()
			e.Start()
			w.Halt()
		}},
		{Name: "state_broken_for_a_while", Restarts: true, State: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 500)
			w.Begin(2000)
			e.must(os.RemoveAll(e.State))
			e.must(os.WriteFile(e.State, []byte("a file where the directory was"), 0o644))
			e.Until(20*time.Second, "state_durable is 0", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 0
			})
			e.must(os.Remove(e.State))
			e.Until(20*time.Second, "state_durable is 1 again", func() bool {
				v, ok := e.Metric("haproxy_log_state_durable")
				return ok && v == 1
			})
			e.Kill()
			e.Start()
			w.Halt()
		}},
		{Name: "second_exporter_refused", State: true, Quick: true, Run: func(e *Env) {
			w := begin(e, 500)
			args := append(e.Program.Args, "--haproxy.log.path="+e.Log, "--haproxy.log.from=start", "--state.dir="+e.State, "--web.listen-address="+e.aside)
			out, err := exec.Command("timeout", append([]string{"20", e.Program.Path}, args...)...).CombinedOutput()
			if err == nil || !contains(string(out), fmt.Sprint(e.proc.Pid)) {
				e.failf("the second one ends with %v and says %s", err, out)
			}
			w.Write(100)
		}},
	}
}

func (e *Env) mountState(options string) {
	e.must(os.MkdirAll(e.State, 0o755))
	if err := syscall.Mount("tmpfs", e.State, "tmpfs", 0, options); err != nil {
		e.failf("mount: %v", err)
	}
	e.Cleanup(func() { _ = syscall.Unmount(e.State, syscall.MNT_DETACH) })
}

// freezableState puts the state directory on a file system of its own that can be frozen: a
// process that writes to it then stands still in the kernel. thaw ends that.
func (e *Env) freezableState() (thaw func()) {
	img := filepath.Join(filepath.Dir(e.Dir), "img")
	f, err := os.Create(img)
	e.must(err)
	e.must(f.Truncate(32 << 20))
	f.Close()
	e.exec("mkfs.ext4", "-q", img)
	e.must(os.MkdirAll(e.State, 0o755))
	e.exec("mount", "-o", "loop", img, e.State)
	thaw = func() { _ = exec.Command("fsfreeze", "-u", e.State).Run() }
	// A frozen file system keeps its processes from dying: thaw first, whatever happened.
	e.Cleanup(func() { e.proc.Kill(); _ = syscall.Unmount(e.State, 0) })
	e.Cleanup(thaw)
	return thaw
}
