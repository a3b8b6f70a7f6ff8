package tail

import (
	"bytes"
	"io"
	"os"
	"slices"
	"time"
)

const (
	unseenMax = 64 // generations remembered that are nowhere to be seen
	openMax   = 64 // rotated files held open
)

// readAll reads every open generation, oldest first. more means that a limit was reached,
// behind that something could not be read to its end.
func (f *Follower) readAll(now time.Time) (more, behind bool) {
	for _, g := range slices.Clone(f.gens) {
		switch {
		case g.file != nil:
			out, err := f.readFile(g, now)
			if out != broken {
				f.readWorks(g)
			}
			switch out {
			case limited:
				more, behind = true, true
			case replaced:
				f.replace(g, now)
				behind = true
			case broken:
				behind = true
				f.readFailed(g, err, now)
			}
		case g.arch != nil:
			out, err := f.readArchive(g, now)
			if out == limited {
				more, behind = true, true
				continue
			}
			f.archiveDone(g, out, err, now)
		}
	}
	return more, behind
}

// readFailed shows a read error at the paths whose content it is.
func (f *Follower) readFailed(g *gen, err error, now time.Time) {
	f.warn("read "+g.name, "log file cannot be read, trying again", "path", g.name, "err", err)
	for _, p := range f.paths {
		if p.cur == g {
			f.lock(func() {
				if p.err == nil {
					p.errSince = now
				}
				p.err = err
			})
			p.readErr, p.noticed = true, true
		}
	}
}

// readWorks ends what readFailed began.
func (f *Follower) readWorks(g *gen) {
	for _, p := range f.paths {
		if p.cur == g && p.readErr {
			f.readable(p, 0)
		}
	}
}

// replace handles a file whose bytes before the position are no longer ours.
func (f *Follower) replace(g *gen, now time.Time) {
	fi, err := g.file.Stat()
	if err != nil {
		f.readFailed(g, err, now)
		return
	}
	if !g.known() {
		// Only NULs were skipped: nothing was delivered, so nothing has to be remembered.
		f.lock(func() { g.off, g.headAt, g.tail = 0, 0, nil })
		return
	}
	switch l := g.compare(g.file, fi.Size()); l {
	case same:
		return
	case shorter, diverged:
		f.resume(g, fi.Size(), l)
		return
	}
	n := &gen{name: g.name, dev: g.dev, ino: g.ino, file: g.file, open: true, size: fi.Size(),
		users: g.users, retired: g.retired, via: g.via, grew: now, seen: g.seen}
	f.lock(func() {
		for _, p := range f.paths {
			if p.cur == g {
				p.cur, p.last = n, n
			}
		}
		// The old content stays known, so that its copy is found and not taken for a new one.
		g.behind = max(0, g.size-g.off)
		g.file, g.open, g.users, g.retired, g.via = nil, false, 0, now, FromCopy
		f.gens = slices.Insert(f.gens, slices.Index(f.gens, g)+1, n)
		f.total.rotations++
		f.total.truncations++
	})
	f.rescan = true
	f.log.Info("log file was truncated or rewritten, reading it from its beginning", "path", g.name, "position", g.off, "size", fi.Size())
}

// resume finds the place in a file that begins like the generation but does not hold the
// bytes before its position: after a power loss it is shorter, and may have grown again. The
// place is the file's end, or the last one whose bytes agree when a later one disagrees.
func (f *Follower) resume(g *gen, size int64, l likeness) {
	to, disagreed := g.marks.lastAgreeing(g.file, size)
	if !disagreed && l == shorter {
		to = size
	}
	if to == 0 {
		// The head agrees: go behind its last whole line.
		to = g.headAt + int64(bytes.LastIndexByte(g.head, '\n')+1)
	}
	from := g.off
	f.lock(func() {
		g.off, g.size, g.long = to, size, false
		g.head = g.head[:max(0, min(int64(len(g.head)), to-g.headAt))]
		g.tail = readBefore(g.file, to, min(tailMax, to-g.headAt))
		g.marks.cut(to)
		f.total.shortened++
	})
	f.log.Warn("log file has the same beginning but ends before the position; reading on at its end",
		"path", g.name, "position", from, "resumed", to, "size", size)
}

// readBefore returns the n bytes before an offset.
func readBefore(r io.ReaderAt, off, n int64) []byte {
	b := make([]byte, max(0, n))
	if k, _ := r.ReadAt(b, off-int64(len(b))); k < len(b) {
		return nil
	}
	return b
}

// startAt makes what a file holds before size known without reading it: up to the end of
// its last whole line. then is called in the same step, under the lock.
func (f *Follower) startAt(g *gen, file io.ReaderAt, size int64, then func()) {
	end := lastLineEnd(file, size)
	head := make([]byte, min(headMax, end))
	if n, _ := file.ReadAt(head, 0); n < len(head) {
		end, head = 0, nil
	}
	tail := readBefore(file, end, min(tailMax, end))
	f.lock(func() {
		if end > 0 {
			g.off, g.head, g.tail = end, head, tail
			g.marks.add(end, tail)
		}
		then()
	})
}

// lastLineEnd returns the offset behind the last \n before size, 0 when there is none.
func lastLineEnd(r io.ReaderAt, size int64) int64 {
	buf := make([]byte, 64<<10)
	for end := size; end > 0; {
		b := buf[:min(int64(len(buf)), end)]
		n, _ := r.ReadAt(b, end-int64(len(b)))
		if n < len(b) {
			return 0
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			return end - int64(len(b)) + int64(i) + 1
		}
		end -= int64(len(b))
	}
	return 0
}

// retireIdle closes rotated files that were quiet for long enough, and settles what is known
// to be lost. A closed one stays known: the directory scan opens it again if it grows.
func (f *Follower) retireIdle(now time.Time) {
	open := 0
	for _, g := range slices.Backward(f.gens) {
		if g.users > 0 {
			continue
		}
		if g.file == nil {
			f.settleLoss(g, now)
			continue
		}
		open++
		quiet := min(now.Sub(g.retired), now.Sub(g.grew))
		limit := f.opt.Hold
		if g.seen == f.scanNo {
			limit = f.opt.Drain
		}
		if quiet >= limit || open > openMax && quiet >= f.opt.Rescan {
			f.closeIdle(g)
		}
	}
}

func (f *Follower) closeIdle(g *gen) {
	fi, err := g.file.Stat()
	if err == nil && fi.Size() > g.off && f.hasLine(g, fi.Size()) {
		return
	}
	// Without a name it cannot be written by anybody who does not hold it, and a compressed
	// file that was made from it was finished before.
	gone := err == nil && linksOf(fi) == 0
	f.lock(func() {
		if err == nil && (fi.Size() > g.off || g.long) && !g.partial {
			g.partial = true
			f.total.partial++
		}
		g.whole = g.whole || gone
	})
	f.detach(g)
}

// hasLine reports whether more than an unfinished line is waiting.
func (f *Follower) hasLine(g *gen, size int64) bool {
	return lastLineEnd(g.file, size) > g.off
}

func (f *Follower) settleLoss(g *gen, now time.Time) {
	if g.behind == 0 || g.arch != nil {
		return
	}
	if g.retired.Before(g.grew) {
		f.lock(func() { g.behind = 0 })
		return
	}
	if now.Sub(g.retired) >= f.opt.Drain {
		f.log.Warn("bytes of a truncated log file were gone before they could be read", "path", g.name, "bytes", g.behind)
		f.lock(func() {
			f.total.lostBytes += uint64(g.behind)
			g.behind = 0
		})
	}
}

// forget drops generations that are nowhere to be seen, but for the newest of them.
func (f *Follower) forget() {
	unseen := 0
	for _, g := range slices.Backward(f.gens) {
		if g.users == 0 && !g.open && g.seen != f.scanNo {
			if unseen++; unseen > unseenMax {
				f.lock(func() { f.gens = slices.DeleteFunc(f.gens, func(o *gen) bool { return o == g }) })
			}
		}
	}
}

// insertOld places a generation before the current ones.
func (f *Follower) insertOld(g *gen) {
	i := slices.IndexFunc(f.gens, func(o *gen) bool { return o.users > 0 })
	if i < 0 {
		i = len(f.gens)
	}
	f.lock(func() { f.gens = slices.Insert(f.gens, i, g) })
}

// measure sets the size of the backlog at its beginning.
func (f *Follower) measure() {
	if b := &f.backlog; b.active && !b.fixed {
		f.lock(func() { b.fixed, b.Total = true, f.waiting() })
	}
}

// waiting is what the open files hold behind their positions.
func (f *Follower) waiting() (n int64) {
	for _, g := range f.gens {
		switch {
		case g.file != nil:
			n += max(0, g.size-g.off)
		case g.arch != nil:
			n += g.arch.left()
		}
	}
	return n
}

// finishRound publishes what the round found.
func (f *Follower) finishRound(now time.Time, more, behind bool) {
	f.lock(func() {
		f.rounds++
		f.view.lag = f.waiting()
		for _, p := range f.paths {
			f.view.lag += p.unread
		}
		f.view.behind = behind
		if !behind {
			f.view.atEnd = now
		}
		b := &f.backlog
		b.Done = max(b.Done, b.Total-f.waiting())
		if b.active && !more && !behind && f.fresh == 0 {
			b.active, b.Done = false, b.Total
			f.log.Info("backlog read", "reason", b.Reason, "bytes", b.Total, "took", now.Sub(b.Since).Round(time.Millisecond))
		}
	})
	f.progress(now)
}

// progress logs how far a long backlog is.
func (f *Follower) progress(now time.Time) {
	b := f.backlog.Backlog
	if !f.backlog.active || now.Sub(b.Since) < 5*time.Second || now.Sub(f.progressAt) < 5*time.Second {
		return
	}
	f.progressAt = now
	f.log.Info("reading the backlog", "reason", b.Reason, "done_bytes", b.Done, "total_bytes", b.Total, "percent", 100*b.Done/max(1, b.Total))
}

// close closes every file and the generations stay as they are.
func (f *Follower) close() {
	for _, g := range f.gens {
		f.detach(g)
	}
}

// warnSibling logs that a file beside the log could not be looked at.
func (f *Follower) warnSibling(name string, err error) {
	if !os.IsNotExist(err) {
		f.warn("sibling "+name, "rotated log file cannot be read", "path", name, "err", err)
	}
}
