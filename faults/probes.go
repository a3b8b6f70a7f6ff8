package faults

import "time"

// probes are scenarios about one promise each, too special for the comparison with others.
func probes() []Scenario {
	return []Scenario{
		{Name: "first_scrape", Restarts: true, Run: func(e *Env) {
			// While a backlog is read the family is left out: the first page that has it has
			// all of it.
			w := begin(e, 100)
			e.Kill()
			w.Block(400_000)
			want := e.Truth().Sum()
			e.proc = e.launch(e.addr)
			e.Until(60*time.Second, "the family is served", func() bool {
				c := e.counts()
				if c != nil && c.Sum() < want {
					e.failf("served %d of %d lines before the backlog was read", c.Sum(), want)
				}
				return c != nil
			})
		}},
		{Name: "unlinked_then_killed", Restarts: true, Run: func(e *Env) {
			// What was served is saved: the file it was read from may be gone at the kill.
			w := begin(e, 100)
			for range 8 {
				w.Write(200)
				e.Counted()
				e.Remove(log)
				w.Open(log)
				e.Kill()
				e.Start()
			}
		}},
		{Name: "power_loss_running", Run: func(e *Env) {
			w := begin(e, 2000)
			e.Truncate(log, e.Size(log)*2/3+11)
			e.Pass(500 * time.Millisecond)
			w.Do(`raw "\n"`, "write 50")
			e.Pass(500 * time.Millisecond)
			w.Write(3000)
		}},
	}
}
