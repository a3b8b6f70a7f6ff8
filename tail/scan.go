package tail

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// sibling is a file that may hold a generation's content.
type sibling struct {
	name string
	kind siblingKind
	fi   os.FileInfo
	key  fileKey
}

func (s *sibling) mtime() int64 { return s.fi.ModTime().UnixNano() }

// scan looks at every file beside the followed names: contents that were never seen under a
// name (two rotations between two looks, or while the program was down), copies, archives,
// and rotated files that somebody still writes to. Plain files come first: a generation is
// read from its file while there is one, from an archive otherwise.
func (f *Follower) scan(now time.Time) {
	f.scanned, f.rescan, f.fresh = now, false, 0
	f.scanNo++
	sibs, complete := f.siblings()
	for _, g := range f.gens {
		if g.users > 0 {
			g.seen = f.scanNo
		}
	}
	f.decide(sibs, now)
	if f.rounds == 0 && complete && !f.blocked() {
		f.findRestored(now)
	}
	if complete {
		f.forget()
		f.forgetSettled(sibs)
	}
}

// blocked reports whether a name exists and cannot be opened.
func (f *Follower) blocked() bool {
	return slices.ContainsFunc(f.paths, func(p *path) bool { return p.err != nil && !errors.Is(p.err, fs.ErrNotExist) })
}

func (f *Follower) decide(sibs []sibling, now time.Time) {
	for i := range sibs {
		if archiveExt(sibs[i].name) == "" {
			f.scanPlain(&sibs[i], now)
		}
	}
	for i := range sibs {
		if f.opt.Archives && archiveExt(sibs[i].name) != "" {
			f.scanArchive(&sibs[i], now)
		}
	}
}

// siblings lists the files beside the followed names, oldest first. complete is false when a
// directory could not be read: then nothing may be concluded from what is absent.
func (f *Follower) siblings() (out []sibling, complete bool) {
	complete = true
	have := map[string]bool{}
	for _, p := range f.paths {
		have[p.name] = true
	}
	add := func(name string, kind siblingKind) {
		if have[name] {
			return
		}
		have[name] = true
		fi, err := os.Stat(name)
		if err == nil && fi.Mode().IsRegular() && fi.Size() > 0 {
			out = append(out, sibling{name, kind, fi, keyOf(fi)})
		}
	}
	for _, pl := range f.places() {
		entries, err := os.ReadDir(pl.dir)
		if err != nil {
			complete = false
			if !errors.Is(err, fs.ErrNotExist) {
				f.warn("dir "+pl.dir, "directory of the log cannot be read, rotated files are not seen", "dir", pl.dir, "err", err)
			}
			continue
		}
		for _, e := range entries {
			if kind := f.namer.kind(pl.base, e.Name()); kind != stranger {
				add(filepath.Join(pl.dir, e.Name()), kind)
			}
		}
	}
	// A link's former target has a name of its own.
	for _, g := range f.gens {
		if g.users == 0 && g.name != "" {
			add(g.name, relative)
		}
	}
	slices.SortStableFunc(out, func(a, b sibling) int { return cmp.Compare(a.mtime(), b.mtime()) })
	return out, complete
}

// isSettled reports whether a file was decided on and has not changed since.
func (f *Follower) isSettled(s *sibling) bool {
	d, ok := f.settled[s.key]
	if !ok || d.size != s.fi.Size() || d.mtime != s.mtime() {
		return false
	}
	if d.g != nil {
		d.g.seen = f.scanNo
		if archiveExt(s.name) == "" {
			d.g.plainSeen = f.scanNo
		}
	}
	return true
}

func (f *Follower) settle(s *sibling, g *gen) {
	f.settled[s.key] = settledFile{s.fi.Size(), s.mtime(), g}
	if g != nil {
		g.seen, g.quarry = f.scanNo, false
	}
}

func (f *Follower) forgetSettled(sibs []sibling) {
	if len(f.settled) <= 2*len(sibs)+unseenMax {
		return
	}
	here := map[fileKey]bool{}
	for i := range sibs {
		here[sibs[i].key] = true
	}
	for k := range f.settled {
		if !here[k] {
			delete(f.settled, k)
		}
	}
}

// scanPlain decides on an uncompressed file.
func (f *Follower) scanPlain(s *sibling, now time.Time) {
	if g := f.openGen(s.key); g != nil {
		g.seen, g.plainSeen = f.scanNo, f.scanNo
		if g.users == 0 && g.name != s.name {
			f.lock(func() { g.name = s.name })
		}
		return
	}
	if f.isSettled(s) {
		return
	}
	file, fi, err := openStat(s.name)
	if err != nil {
		f.warnSibling(s.name, err)
		return
	}
	s.fi, s.key = fi, keyOf(fi)
	if f.openGen(s.key) != nil || !f.takePlain(s, file, now) {
		file.Close()
	}
}

// takePlain reports whether it keeps the file open.
func (f *Follower) takePlain(s *sibling, file *os.File, now time.Time) bool {
	g, like := f.identify(file, s.fi.Size())
	if g != nil {
		g.plainSeen = f.scanNo
	}
	switch {
	case g == nil:
		return f.unknownPlain(s, file, now)
	case g.whole:
		f.settle(s, g)
	case g.file != nil:
		// A copy of what is being read. Once the original is truncated it may hold the rest:
		// it is looked at again in each scan, unless it ends before the position.
		g.seen = f.scanNo
		if like == shorter {
			f.settle(s, g)
		}
	case like == same && s.fi.Size() > g.off, like == diverged:
		via := FromCopy
		if g.key() == s.key {
			via = FromRotated
		}
		f.attach(g, file, s.fi, s.name, now)
		g.seen, g.retired, g.quarry = f.scanNo, now, false
		f.lock(func() { g.via = via })
		if like == diverged {
			f.resume(g, s.fi.Size(), like)
		}
		return true
	default:
		f.settle(s, g)
	}
	return false
}

// unknownPlain handles content that belongs to no generation.
func (f *Follower) unknownPlain(s *sibling, file *os.File, now time.Time) bool {
	// Half a line proves nothing: it may be the beginning of a copy that is being made.
	if s.kind != rotated || lastLineEnd(file, s.fi.Size()) == 0 {
		f.settle(s, nil)
		return false
	}
	g := &gen{name: s.name, dev: s.key.dev, ino: s.key.ino, retired: now, grew: now, via: FromRotated, seen: f.scanNo}
	if f.first {
		// What was rotated before the first start is history.
		f.startAt(g, file, s.fi.Size(), func() {})
		if g.known() {
			f.insertOld(g)
			f.settle(s, g)
		}
		return false
	}
	f.insertOld(g)
	f.attach(g, file, s.fi, s.name, now)
	f.lock(func() { f.total.rotations++ })
	f.log.Info("found a log file that was rotated unseen", "path", s.name, "bytes", s.fi.Size())
	return true
}

// identify finds the generation that a plain file beside the log belongs to.
func (f *Follower) identify(file *os.File, size int64) (*gen, likeness) {
	var other *gen
	like := differs
	for _, g := range slices.Backward(f.gens) {
		switch l := g.compare(file, size); {
		case l == same:
			return g, same
		case l != differs:
			if other == nil {
				other, like = g, l
			}
		case g.file != nil && f.liveCopy(g, file):
			return g, same
		}
	}
	return other, like
}

// liveCopy reports whether a file begins like what an open generation holds now. Of that one
// little or nothing may have been consumed yet.
func (f *Follower) liveCopy(g *gen, file *os.File) bool {
	var head [headMax]byte
	n, _ := g.file.ReadAt(head[:], 0)
	return n > 0 && sameBeginning(file, head[:n])
}

// scanArchive decides on a compressed file.
func (f *Follower) scanArchive(s *sibling, now time.Time) {
	if f.isSettled(s) {
		return
	}
	for _, g := range f.gens {
		if a := g.arch; a != nil && a.key == s.key {
			g.seen = f.scanNo
			return
		}
	}
	head, err := archiveHead(s.name, 0)
	if err != nil || !telling(head) {
		// Not even one line yet, or damaged: look again when it has changed.
		if err != nil && now.Sub(s.fi.ModTime()) > f.opt.Drain {
			f.warnSibling(s.name, err)
		}
		f.settle(s, nil)
		return
	}
	g := f.identifyArchive(s, head)
	switch {
	case g == nil && s.kind != rotated:
		f.settle(s, nil)
	case g == nil && f.first:
		g = &gen{name: s.name, head: head, whole: true, seen: f.scanNo, retired: now}
		f.insertOld(g)
		f.settle(s, g)
	case g == nil:
		g = &gen{name: s.name, retired: now, grew: now, seen: f.scanNo}
		f.insertOld(g)
		f.lock(func() { f.total.rotations++ })
		f.openRest(s, g)
	case g.file != nil:
		g.seen = f.scanNo // its file is still being read, the archive's turn may come later
	case g.arch != nil:
		g.seen = f.scanNo
	case g.whole || gzipHolds(s.name, g.off):
		f.settle(s, g)
	default:
		f.openRest(s, g)
	}
}

// openRest begins to read an archive for what it holds behind the position.
func (f *Follower) openRest(s *sibling, g *gen) {
	a, err := openArchive(s.name)
	if err != nil {
		f.warnSibling(s.name, err)
		return
	}
	g.seen, g.quarry = f.scanNo, false
	f.lock(func() { g.arch, g.open, g.via, g.name = a, true, FromArchive, s.name })
}

func (f *Follower) identifyArchive(s *sibling, head []byte) *gen {
	for _, g := range slices.Backward(f.gens) {
		if g.known() {
			h := head
			if g.headAt > 0 {
				if head[0] != 0 {
					continue
				}
				h, _ = archiveHead(s.name, g.headAt)
			}
			n := min(len(h), len(g.head))
			if telling(h[:n]) && bytes.Equal(h[:n], g.head[:n]) {
				return g
			}
		}
		if g.file != nil && sameBeginning(g.file, head) {
			return g
		}
	}
	return nil
}

// archiveDone handles the end of an archive.
func (f *Follower) archiveDone(g *gen, out outcome, err error, now time.Time) {
	a := g.arch
	young := now.Sub(time.Unix(0, a.mtime)) < f.opt.Drain
	f.detach(g)
	if out == broken && young {
		// Probably still being written: the next scan sees it again.
		f.fresh++
		return
	}
	f.settled[a.key] = settledFile{a.size, a.mtime, g}
	if out == exhausted {
		f.lock(func() {
			g.whole = g.plainSeen != f.scanNo
			if a.filled > 0 {
				f.total.partial++
			}
		})
		return
	}
	f.log.Warn("archive cannot be read to its end", "path", g.name, "position", g.off, "err", err)
	f.lock(func() { f.total.archiveErrs++ })
}

// findRestored looks for the contents that were current when the position was saved and are
// neither under their name nor beside it: rotation may have moved them to a subdirectory.
func (f *Follower) findRestored(now time.Time) {
	missing := func() (out []*gen) {
		for _, g := range f.gens {
			if g.wasCur && g.quarry && g.users == 0 && !g.open && g.seen != f.scanNo {
				out = append(out, g)
			}
		}
		return out
	}
	if len(missing()) == 0 {
		return
	}
	var sibs []sibling
	for _, pl := range f.places() {
		dirs, _ := filepath.Glob(filepath.Join(pl.dir, "*", pl.base+"*"))
		for _, name := range dirs {
			fi, err := os.Stat(name)
			if err == nil && fi.Mode().IsRegular() && fi.Size() > 0 {
				sibs = append(sibs, sibling{name, relative, fi, keyOf(fi)})
			}
		}
	}
	f.decide(sibs, now)
	for _, g := range missing() {
		f.log.Warn("the log file of the last run is gone; what was written to it after the position was not counted", "path", g.name, "position", g.off)
		f.lock(func() { f.total.vanished++ })
	}
}
