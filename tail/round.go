package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"
	"time"
)

// skipMark is a file that was there before the first start and could not be opened then:
// what it held is left out once it can. A negative size means all it holds at that time.
type skipMark struct {
	key  fileKey
	size int64
}

// poll is one round. The order matters: first the names (a generation that left its name
// stays open), then the directory when a name changed (so that what was never seen under a
// name is found), then reading, oldest first.
func (f *Follower) poll() (more, moved bool) {
	now := f.opt.Now()
	before := f.total.readBytes
	if f.lookAll(now) || f.rescan || now.Sub(f.scanned) >= f.opt.Rescan {
		f.scan(now)
	}
	if f.first {
		// What is history and what is left out has been decided and is part of the position.
		f.lock(func() { f.first = false })
	}
	f.measure()
	behind := false
	// A replaced content makes one more search useful at once: its rest may be in a copy.
	for range 3 {
		more, behind = f.readAll(now)
		if !f.rescan {
			break
		}
		f.scan(now)
	}
	f.retireIdle(now)
	f.finishRound(now, more, behind)
	return more, f.total.readBytes != before
}

// lookAll looks at every followed name. It reports whether a content changed.
func (f *Follower) lookAll(now time.Time) (changed bool) {
	names, err := f.expand()
	f.lock(func() { f.scanErr = err })
	if err != nil {
		f.warn("expand", "cannot list the files of the glob", "err", err)
	}
	for _, name := range names {
		if !slices.ContainsFunc(f.paths, func(p *path) bool { return p.name == name }) {
			p := &path{name: name, last: f.lastOf(name), skip: f.skips[name]}
			f.lock(func() { f.paths = append(f.paths, p) })
		}
	}
	for _, p := range slices.Clone(f.paths) {
		if err == nil && !slices.Contains(names, p.name) {
			// A glob's file that is gone or was renamed is no error; what is open stays open.
			changed = f.leave(p, now) || changed
			f.lock(func() { f.paths = slices.DeleteFunc(f.paths, func(o *path) bool { return o == p }) })
			continue
		}
		changed = f.look(p, now) || changed
	}
	return changed
}

// lastOf finds the generation that a path had when the position was saved.
func (f *Follower) lastOf(name string) *gen {
	for _, g := range f.gens {
		if g.wasCur && g.name == name {
			return g
		}
	}
	return nil
}

// look compares one name with its generation.
func (f *Follower) look(p *path, now time.Time) (changed bool) {
	fi, err := os.Stat(p.name)
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file (%s)", p.name, fi.Mode().Type())
	}
	if err == nil && p.cur != nil && p.cur.file != nil && keyOf(fi) == p.cur.key() {
		f.grown(p.cur, fi.Size())
		if !p.readErr {
			f.readable(p, 0)
		}
		return false
	}
	var file *os.File
	if err == nil {
		var st os.FileInfo
		if file, st, err = openStat(p.name); err == nil {
			fi = st
		}
	}
	if err != nil {
		return f.unreadable(p, fi, err, now)
	}
	waiting := f.adopt(p, file, fi, now)
	f.readable(p, waiting)
	return true
}

// unreadable notes that a name cannot be read. What is open stays open and is read on.
func (f *Follower) unreadable(p *path, fi os.FileInfo, err error, now time.Time) (changed bool) {
	gone := errors.Is(err, fs.ErrNotExist)
	if f.first && f.opt.From == FromEnd && !gone {
		mark := &skipMark{size: -1}
		if fi != nil {
			mark = &skipMark{keyOf(fi), fi.Size()}
		}
		f.lock(func() { p.skip = mark })
	}
	f.lock(func() {
		if p.err == nil {
			p.errSince = now
		}
		p.err, p.unread = err, 0
		if fi != nil && (p.cur == nil || keyOf(fi) != p.cur.key()) {
			p.unread = fi.Size()
		}
	})
	if !p.noticed && (!gone || now.Sub(p.errSince) >= f.opt.Rescan || f.first) {
		p.noticed = true
		f.log.Warn("log file cannot be read, waiting for it", "path", p.name, "err", err)
	}
	return gone && f.leave(p, now)
}

// readable notes that a name can be read. A large backlog after an error is read as one.
func (f *Follower) readable(p *path, waiting int64) {
	if p.err == nil {
		return
	}
	if p.noticed {
		f.log.Info("log file can be read again", "path", p.name, "after", f.opt.Now().Sub(p.errSince).Round(time.Millisecond))
	}
	p.noticed, p.readErr = false, false
	f.lock(func() {
		p.err, p.unread = nil, 0
		if waiting > blockSize {
			f.backlog.start("error", f.opt.Now())
		}
	})
}

// adopt makes an opened file the current content of a path: a generation that is open under
// another name, one that was read before, or a new one. It returns the unread bytes.
func (f *Follower) adopt(p *path, file *os.File, fi os.FileInfo, now time.Time) int64 {
	g := f.openGen(keyOf(fi))
	switch {
	case g != nil:
		file.Close()
	default:
		var like likeness
		if g, like = f.recognise(file, fi); g == nil {
			g = &gen{}
			f.lock(func() { f.gens = append(f.gens, g) })
			f.begin(p, g, file, fi)
		}
		f.attach(g, file, fi, p.name, now)
		if like == shorter || like == diverged {
			f.resume(g, fi.Size(), like)
		}
	}
	if g == p.cur {
		return g.size - g.off
	}
	f.leave(p, now)
	turned := p.last != nil && p.last != g
	f.lock(func() {
		p.cur, p.last = g, g
		g.users++
		g.name, g.retired, g.via = p.name, time.Time{}, NotRecovered
		// The current content is the newest: older ones are read before it.
		f.gens = append(slices.DeleteFunc(f.gens, func(o *gen) bool { return o == g }), g)
		if turned {
			f.total.rotations++
		}
	})
	return g.size - g.off
}

// begin sets where a content that was never seen is read from: at its first byte, but for
// what the very first start leaves out.
func (f *Follower) begin(p *path, g *gen, file *os.File, fi os.FileInfo) {
	size := int64(0)
	switch {
	case f.first && f.opt.From == FromEnd:
		size = fi.Size()
	case p.skip != nil && p.skip.size < 0:
		size = fi.Size()
	case p.skip != nil && p.skip.key == keyOf(fi):
		size = min(p.skip.size, fi.Size())
	}
	delete(f.skips, p.name)
	// One step: a position has either the mark or what came of it.
	f.startAt(g, file, size, func() {
		p.skip = nil
		f.total.leftOut += uint64(g.off)
	})
	if g.off == 0 {
		return
	}
	f.log.Info("first start: what the log already holds is left out", "path", p.name, "bytes", g.off)
}

// leave takes a path from its generation, which stays open and is drained.
func (f *Follower) leave(p *path, now time.Time) bool {
	g := p.cur
	if g == nil {
		return false
	}
	f.lock(func() {
		p.cur = nil
		g.users--
		if g.users == 0 {
			g.retired, g.via = now, FromRotated
		}
	})
	return true
}

// openGen returns the generation that holds the file open. An open file keeps its inode from
// being reused, so here the number is a proof.
func (f *Follower) openGen(k fileKey) *gen {
	for _, g := range f.gens {
		if g.file != nil && g.key() == k {
			return g
		}
	}
	return nil
}

// recognise finds the closed generation whose content a followed name shows.
func (f *Follower) recognise(file *os.File, fi os.FileInfo) (*gen, likeness) {
	var best *gen
	found := differs
	for _, g := range slices.Backward(f.gens) {
		if g.file != nil || (g.whole && g.off == 0) {
			continue
		}
		l := g.compare(file, fi.Size())
		if l == same && (found != same || g.key() == keyOf(fi)) {
			best, found = g, same
		} else if l != differs && found == differs {
			best, found = g, l
		}
	}
	return best, found
}

// openPlain opens a file without waiting for anybody: a FIFO at a log's name would block.
func openPlain(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func openStat(name string) (*os.File, os.FileInfo, error) {
	file, err := openPlain(name)
	if err != nil {
		return nil, nil, err
	}
	fi, err := file.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file (%s)", name, fi.Mode().Type())
	}
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return file, fi, nil
}

// warn logs a problem that can come again with every round once a minute.
func (f *Follower) warn(key, msg string, args ...any) {
	now := f.opt.Now()
	if now.Sub(f.warned[key]) < time.Minute {
		return
	}
	f.warned[key] = now
	f.log.Warn(msg, args...)
}
