package faults

import (
	"fmt"
	"syscall"
	"time"
)

const log = "haproxy.log"

// Scenarios are all scenarios, in groups.
func Scenarios() []Scenario {
	var all []Scenario
	for _, group := range [][]Scenario{renaming(), copying(), content(), places(), restarts(), storms(), states()} {
		all = append(all, group...)
	}
	return all
}

// begin starts the program on a log that has n lines.
func begin(e *Env, n int) *Writer {
	w := e.Writer().Open(log)
	if e.Program.FromEnd {
		e.Start()
		e.Pass(time.Second)
		w.Write(n)
	} else {
		w.Write(n)
		e.Start()
	}
	e.Counted()
	return w
}

func renaming() []Scenario {
	return []Scenario{
		{Name: "steady", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(10000)
			e.Pass(2 * time.Second)
			w.Halt()
		}},
		{Name: "rename_idle", Run: func(e *Env) {
			w := begin(e, 500)
			e.Pass(400 * time.Millisecond)
			e.Shift(log)
			e.Pass(400 * time.Millisecond)
			w.Open(log).Write(500)
		}},
		{Name: "rename_late", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(5000)
			for range 3 {
				e.Pass(600 * time.Millisecond)
				e.Shift(log)
				e.Create(log)
				e.Pass(300 * time.Millisecond)
				w.Open(log)
			}
			w.Halt()
		}},
		{Name: "rename_late_slow", Run: func(e *Env) {
			w := begin(e, 30)
			w.Begin(40)
			e.Pass(time.Second)
			e.Shift(log)
			e.Create(log)
			e.Pass(3 * time.Second)
			w.Open(log)
			e.Pass(time.Second)
			w.Halt()
		}},
		{Name: "rename_burst", Run: func(e *Env) {
			w := begin(e, 100)
			for range 4 {
				w.Block(50_000)
				e.Shift(log)
				w.Block(1000)
				w.Open(log)
			}
			w.Write(10)
		}},
		{Name: "double_100ms", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 6 {
				w.Write(50)
				e.Shift(log)
				w.Open(log).Write(100)
				e.Pass(100 * time.Millisecond)
				e.Shift(log)
				w.Open(log).Write(50)
				e.Pass(300 * time.Millisecond)
			}
		}},
		{Name: "double_0ms", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 6 {
				w.Write(50)
				for range 3 {
					e.Shift(log)
					w.Open(log).Write(70)
				}
				e.Pass(200 * time.Millisecond)
			}
		}},
		{Name: "stalled_double", Run: func(e *Env) {
			w := begin(e, 100)
			e.Signal(syscall.SIGSTOP)
			w.Block(5000)
			e.Shift(log)
			w.Block(7).Open(log).Block(5000)
			e.Shift(log)
			w.Block(7).Open(log).Block(3000)
			e.Signal(syscall.SIGCONT)
		}},
		{Name: "delete_recreate", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			old := e.Writer().Open(log)
			old.Begin(1000)
			e.Pass(300 * time.Millisecond)
			e.Remove(log)
			e.Pass(300 * time.Millisecond)
			w.Open(log).Write(500)
			e.Pass(500 * time.Millisecond)
			old.Halt()
		}},
		{Name: "gzip_live", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(5000)
			for range 3 {
				e.Pass(400 * time.Millisecond)
				e.Shift(log)
				e.Create(log)
				e.Pass(100 * time.Millisecond)
				e.Compress("gzip", log+".1")
				e.Pass(100 * time.Millisecond)
				w.Open(log)
			}
			w.Halt()
		}},
		{Name: "gzip_unread", Quick: true, Run: func(e *Env) {
			e.Create(log)
			e.Start()
			e.Pass(400 * time.Millisecond)
			e.Signal(syscall.SIGSTOP)
			w := e.Writer().Open(log).Write(300)
			e.Shift(log)
			e.Compress("gzip", log+".1")
			w.Open(log).Write(300)
			e.Signal(syscall.SIGCONT)
		}},
		{Name: "logrotate_create_compress", Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(5000)
			for range 4 {
				e.Pass(600 * time.Millisecond)
				e.Logrotate("rotate 9\ncreate 0644\ncompress")
				w.Open(log)
			}
			w.Halt()
		}},
		{Name: "logrotate_delaycompress", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(5000)
			for range 4 {
				e.Pass(500 * time.Millisecond)
				e.Logrotate("rotate 9\ncreate 0644\ncompress\ndelaycompress")
				e.Pass(200 * time.Millisecond)
				w.Open(log)
			}
			w.Halt()
		}},
		{Name: "logrotate_dateext_xz", Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(3000)
			for i := range 4 {
				e.Pass(500 * time.Millisecond)
				e.Logrotate(fmt.Sprintf("rotate 9\ncreate 0644\ndateext\ndateformat -%%Y%%m%%d-%d\ncompress\ncompresscmd /usr/bin/xz\ncompressext .xz", i))
				w.Open(log)
			}
			w.Halt()
		}},
		{Name: "moved_to_olddir", Run: func(e *Env) {
			w := begin(e, 100)
			w.Begin(5000)
			e.Mkdir("old")
			e.Pass(500 * time.Millisecond)
			e.Rename(log, "old/"+log+".1")
			e.Create(log)
			e.Pass(900 * time.Millisecond)
			w.Open(log)
			e.Pass(300 * time.Millisecond)
			w.Halt()
		}},
	}
}

func copying() []Scenario {
	return []Scenario{
		{Name: "copytruncate_quiet", Quick: true, Run: func(e *Env) {
			w := begin(e, 500)
			for range 4 {
				w.Write(500)
				e.Pass(200 * time.Millisecond)
				e.Copy(log, log+".1")
				e.Truncate(log, 0)
				e.Pass(100 * time.Millisecond)
				w.Write(500)
			}
		}},
		{Name: "copytruncate_tight", Quick: true, Run: func(e *Env) {
			w := begin(e, 500)
			for i := range 4 {
				w.Block(5000)
				e.Copy(log, fmt.Sprintf("%s.%d", log, 9-i))
				e.Truncate(log, 0)
				w.Block(5000)
			}
		}},
		{Name: "copytruncate_gzip", Run: func(e *Env) {
			w := begin(e, 500)
			for i := range 3 {
				w.Block(5000)
				name := fmt.Sprintf("%s.%d", log, 9-i)
				e.Copy(log, name)
				e.Truncate(log, 0)
				w.Block(5000)
				e.Compress("gzip", name)
				e.Pass(300 * time.Millisecond)
			}
		}},
		{Name: "copytruncate_hole", Quick: true, Run: func(e *Env) {
			w := e.Writer()
			w.Do("open " + e.Log + " hole")
			w.Write(500)
			e.Start()
			for i := range 3 {
				w.Write(300)
				e.Pass(300 * time.Millisecond)
				e.Copy(log, fmt.Sprintf("%s.%d", log, 9-i))
				e.Truncate(log, 0)
				w.Write(300)
			}
		}},
		{Name: "copytruncate_unread", Run: func(e *Env) {
			e.Create(log)
			e.Start()
			e.Signal(syscall.SIGSTOP)
			w := e.Writer().Open(log).Write(700)
			e.Copy(log, log+".1")
			e.Truncate(log, 0)
			w.Write(700)
			e.Signal(syscall.SIGCONT)
		}},
		{Name: "logrotate_copytruncate", Run: func(e *Env) {
			w := begin(e, 100)
			for range 4 {
				w.Block(4000)
				e.Logrotate("rotate 9\ncopytruncate\ncompress\ndelaycompress")
				w.Block(2000)
				e.Pass(200 * time.Millisecond)
			}
		}},
		{Name: "trunc_small", Run: func(e *Env) {
			w := begin(e, 3000)
			e.Truncate(log, 0)
			w.Write(400)
		}},
		{Name: "trunc_regrow", Quick: true, Run: func(e *Env) {
			w := begin(e, 300)
			e.Signal(syscall.SIGSTOP)
			e.Truncate(log, 0)
			w.Write(1200)
			e.Signal(syscall.SIGCONT)
		}},
	}
}
