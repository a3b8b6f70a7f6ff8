package faults

import (
	"fmt"
	"os"
	"time"
)

func content() []Scenario {
	return []Scenario{
		{Name: "partial", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 20 {
				w.Do("half")
				e.Pass(60 * time.Millisecond)
				w.Do("rest")
				w.Write(3)
			}
		}},
		{Name: "partial_rotate", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 4 {
				w.Do("half")
				e.Pass(150 * time.Millisecond)
				e.Shift(log)
				e.Writer().Open(log).Write(20)
				e.Pass(300 * time.Millisecond)
				w.Do("rest")
				w.Write(2)
				w.Open(log)
			}
		}},
		{Name: "no_newline_end", Run: func(e *Env) {
			w := begin(e, 100)
			for range 3 {
				w.Do(`raw "half a line that never gets its end"`)
				e.Pass(700 * time.Millisecond)
				e.Shift(log)
				w.Open(log).Write(100)
			}
		}},
		{Name: "long_lines", Quick: true, Run: func(e *Env) {
			w := begin(e, 100)
			for range 5 {
				w.Do("long 70000", "write 5", "long 300000", "write 5")
				e.Pass(100 * time.Millisecond)
			}
		}},
		{Name: "too_long_line", Run: func(e *Env) {
			w := begin(e, 100)
			for range 3 {
				for range 30 {
					w.Do(`raw "` + string(make100k()) + `"`)
				}
				w.Do(`raw "\n"`, "write 100")
				e.Pass(100 * time.Millisecond)
			}
		}},
		{Name: "nul_crlf", Run: func(e *Env) {
			w := begin(e, 100)
			w.Do(`raw "not a request \x00\x00 with NULs\r\n"`, "write 100", `raw "\n\n\r\n\xff\xfe\n"`, "write 100", `raw "\x00\x00\x00\x00\x00"`, "write 100")
		}},
		{Name: "reserved_space", Run: func(e *Env) {
			w := e.Writer()
			w.Do("open "+e.Log+" hole", "write 100")
			e.Start()
			e.Counted()
			e.Truncate(log, e.Size(log)+50_000)
			e.Pass(400 * time.Millisecond)
			w.Do("write 100")
			e.Pass(400 * time.Millisecond)
			e.Truncate(log, e.Size(log)+50_000)
			w.Do("write 300")
		}},
		{Name: "big_backlog", Run: func(e *Env) {
			w := e.Writer().Open(log).Block(200_000)
			e.Shift(log)
			w.Open(log).Block(300_000)
			e.extra = Counts{}
			// What is rotated before the first start is history: only the log itself counts.
			first := Counts{}
			for n := range 200_000 {
				_, k := Line("w0", n, 0)
				first[k]--
			}
			e.extra.Add(first)
			e.Start()
			w.Write(100)
		}},
	}
}

func make100k() []byte {
	b := make([]byte, 100_000)
	for i := range b {
		b[i] = 'x'
	}
	return b
}

func places() []Scenario {
	return []Scenario{
		{Name: "no_dir", Quick: true, Run: func(e *Env) {
			e.Log = e.Path("not/yet/" + log)
			e.Start()
			e.Pass(300 * time.Millisecond)
			e.Mkdir("not/yet")
			e.Pass(300 * time.Millisecond)
			w := e.Writer().Open("not/yet/" + log).Write(500)
			e.Pass(300 * time.Millisecond)
			w.Write(500)
		}},
		{Name: "no_file", Run: func(e *Env) {
			e.Start()
			e.Pass(300 * time.Millisecond)
			w := e.Writer().Open(log).Write(500)
			e.Pass(300 * time.Millisecond)
			w.Write(500)
		}},
		{Name: "symlink_switch", Quick: true, Run: func(e *Env) {
			a := e.Writer().Open("a.log").Write(100)
			e.must(os.Symlink("a.log", e.Log))
			e.Start()
			a.Begin(2000)
			for i := range 4 {
				e.Pass(300 * time.Millisecond)
				name := fmt.Sprintf("b%d.log", i)
				b := e.Writer().Open(name)
				b.Begin(1000)
				e.must(os.Symlink(name, e.Path("link.tmp")))
				e.Rename("link.tmp", log)
				e.Pass(300 * time.Millisecond)
				a.Halt()
				a = b
			}
			a.Halt()
		}},
		{Name: "dir_replaced", Run: func(e *Env) {
			e.Log = e.Path("d/" + log)
			e.Mkdir("d")
			w := e.Writer().Open("d/" + log).Write(100)
			e.Start()
			w.Begin(3000)
			for i := range 3 {
				e.Pass(300 * time.Millisecond)
				e.Rename("d", fmt.Sprintf("d.old%d", i))
				e.Pass(200 * time.Millisecond)
				e.Mkdir("d")
				w.Open("d/" + log)
			}
			e.Pass(300 * time.Millisecond)
			w.Halt()
		}},
		{Name: "dir_is_a_file", Run: func(e *Env) {
			e.Log = e.Path("d/" + log)
			e.Mkdir("d")
			w := e.Writer().Open("d/" + log).Write(100)
			e.Start()
			e.Counted()
			w.Begin(1000)
			e.Rename("d", "d.away")
			e.Create("d")
			e.Pass(time.Second)
			e.Remove("d")
			e.Rename("d.away", "d")
			e.Pass(300 * time.Millisecond)
			w.Halt()
		}},
		{Name: "globs_come_and_go", Quick: true, Run: func(e *Env) {
			e.Log = e.Path("*.log")
			a, b := e.Writer().Open("a.log").Write(100), e.Writer().Open("b.log").Write(100)
			e.Start()
			e.Counted()
			for i := range 4 {
				c := e.Writer().Open(fmt.Sprintf("c%d.log", i)).Write(100)
				a.Write(100)
				e.Rename("a.log", fmt.Sprintf("a.log.%d", 9-i))
				a.Write(10).Open("a.log").Write(10)
				b.Write(50)
				e.Remove("b.log")
				e.Pass(300 * time.Millisecond)
				b.Write(10).Open("b.log").Write(10)
				c.Write(10)
				// A file that is gone before anybody could open it is nobody's to count.
				e.Pass(500 * time.Millisecond)
			}
		}},
		{Name: "unreadable_at_rotation", Root: true, Run: func(e *Env) {
			e.User = true
			e.must(os.MkdirAll(e.State, 0o755))
			e.must(os.Chown(e.State, 65534, 65534))
			w := begin(e, 100)
			w.Begin(1000)
			for range 3 {
				e.Pass(300 * time.Millisecond)
				e.Shift(log)
				e.Create(log)
				e.must(os.Chmod(e.Log, 0o600))
				w.Open(log)
				e.Pass(700 * time.Millisecond)
				e.must(os.Chmod(e.Log, 0o644))
			}
			e.Pass(300 * time.Millisecond)
			w.Halt()
		}},
		{Name: "dir_permission_lost", Root: true, Run: func(e *Env) {
			e.User = true
			e.must(os.MkdirAll(e.State, 0o755))
			e.must(os.Chown(e.State, 65534, 65534))
			w := begin(e, 100)
			w.Begin(1000)
			for range 2 {
				e.Pass(300 * time.Millisecond)
				e.must(os.Chmod(e.Dir, 0o700))
				e.Pass(500 * time.Millisecond)
				e.Shift(log)
				w.Open(log)
				e.Pass(300 * time.Millisecond)
				e.must(os.Chmod(e.Dir, 0o755))
			}
			e.Pass(300 * time.Millisecond)
			w.Halt()
		}},
	}
}
