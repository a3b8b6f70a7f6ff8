package tail

import (
	"bytes"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// roundBytes limits what one round reads of one file, so that rotations are noticed and a
// cancelled context is obeyed in the middle of a large backlog.
const roundBytes = 16 << 20

// outcome is what reading a generation came to.
type outcome uint8

const (
	atEnd     outcome = iota // everything there is, but for an unfinished line
	limited                  // the round's limit was reached
	replaced                 // the bytes before the position are no longer ours
	broken                   // a read error; try again in the next round
	exhausted                // an archive was read to its end
)

// readFile delivers the complete lines of g's file. Each read begins before the position: if
// those bytes differ from what was consumed, the file was truncated or rewritten. That one
// comparison covers truncation with and without regrowth, holes and reused inodes, and has
// no race with a stat.
func (f *Follower) readFile(g *gen, now time.Time) (outcome, error) {
	for budget := roundBytes; ; {
		over := len(g.tail)
		room := len(f.buf) - slack - tailMax
		n, err := g.file.ReadAt(f.buf[:over+room], g.off-int64(over))
		if n < over || !bytes.Equal(f.buf[:over], g.tail) {
			if err != nil && !errors.Is(err, io.EOF) {
				return broken, err
			}
			return replaced, nil
		}
		data := f.buf[over:n]
		full := len(data) == room
		f.grown(g, g.off+int64(len(data)))
		used, step := f.consume(g, data, full, now)
		if budget -= used; budget <= 0 {
			return limited, nil
		}
		switch {
		case used > 0 || step == again:
		case step == wait:
			return atEnd, nil
		case full && f.enlarge():
		case full:
			f.lock(func() { g.long = true })
		case err == nil || errors.Is(err, io.EOF):
			f.shrinkBuffer()
			return atEnd, nil
		default:
			return broken, err
		}
	}
}

// enlarge doubles the buffer for a long line, up to the longest line delivered.
func (f *Follower) enlarge() bool {
	limit := tailMax + f.opt.MaxLine + slack
	if len(f.buf) >= limit {
		return false
	}
	f.buf = make([]byte, min(2*len(f.buf), limit))
	return true
}

// shrinkBuffer gives a buffer back that one long line made large.
func (f *Follower) shrinkBuffer() {
	if normal := tailMax + min(blockSize, f.opt.MaxLine) + slack; len(f.buf) > normal {
		f.buf = make([]byte, normal)
	}
}

// step says what to do when consume moved nothing.
type step uint8

const (
	unfinished step = iota // data is the beginning of a line
	again                  // read once more
	wait                   // nothing to be done until the file changes
)

// consume takes complete lines from data, which begins at g.off. full says that the file
// holds more. It returns how many bytes it moved the position by.
func (f *Follower) consume(g *gen, data []byte, full bool, now time.Time) (int, step) {
	if g.long {
		return f.dropLong(g, data, now), unfinished
	}
	if n := leadingNULs(data); n > 0 {
		return f.skipNULs(g, n, n == len(data), full)
	}
	end := bytes.LastIndexByte(data, '\n') + 1
	if end == 0 {
		return 0, unfinished
	}
	if bytes.IndexByte(data[:end], 0) >= 0 {
		// NULs are what a truncated or torn file shows. Were the bytes before ours while the
		// rest was read? And a hole at the beginning of a line ends the block before it.
		if g.file != nil && !f.stillOurs(g) {
			return 0, again
		}
		if i := bytes.Index(data[:end], []byte("\n\x00")); i >= 0 {
			end = i + 1
		}
	}
	f.deliver(g, data[:end], now)
	return end, unfinished
}

// deliver hands a block of whole lines to the sink and makes it part of the position, as one
// step under the lock.
func (f *Follower) deliver(g *gen, b []byte, now time.Time) {
	from := g.origin()
	var lines uint64
	if from.Recovered != NotRecovered {
		lines = uint64(bytes.Count(b, []byte{'\n'}))
	}
	f.mu.Lock()
	f.sink.Block(b, from)
	g.advance(b)
	f.total.readBytes += uint64(len(b))
	f.total.recovered[from.Recovered] += lines
	f.view.lastBlock = now
	f.mu.Unlock()
	g.grew, g.quarry = now, false
}

// origin says where the next byte of g stands.
func (g *gen) origin() Origin {
	o := Origin{Path: g.name, Offset: g.off}
	if g.users == 0 {
		o.Recovered = max(g.via, FromRotated)
	}
	return o
}

// dropLong moves the position through a line that is too long; with its end it is counted.
func (f *Follower) dropLong(g *gen, data []byte, now time.Time) int {
	i := bytes.IndexByte(data, '\n')
	b := data
	if i >= 0 {
		b = data[:i+1]
	}
	if len(b) == 0 {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if i >= 0 {
		g.long = false
		f.total.tooLong++
		if f.long != nil {
			f.long.TooLong(g.origin())
		}
	}
	g.advance(b)
	g.grew = now
	return len(b)
}

// skipNULs moves the position over NULs in front of a line; a large hole is jumped over.
// NULs that reach the end of the file may be space reserved for lines to come: those wait.
func (f *Follower) skipNULs(g *gen, n int, all, full bool) (int, step) {
	if all && !full {
		return 0, wait
	}
	skip := int64(n)
	if all && g.file != nil {
		to, err := unix.Seek(int(g.file.Fd()), g.off, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			return 0, wait
		}
		// Data may begin anywhere in the block that was found: never beyond it.
		if err == nil && to > g.off+skip {
			skip = to - g.off
		}
	}
	f.mu.Lock()
	g.skipNUL(skip)
	f.total.nulBytes += uint64(skip)
	f.mu.Unlock()
	return n, unfinished
}

func leadingNULs(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return len(b)
}

// stillOurs reads the bytes before the position once more.
func (f *Follower) stillOurs(g *gen) bool {
	b := make([]byte, len(g.tail))
	n, _ := g.file.ReadAt(b, g.off-int64(len(b)))
	return n == len(b) && bytes.Equal(b, g.tail)
}

// grown notes the size of a file as far as it is known.
func (f *Follower) grown(g *gen, size int64) {
	if size > g.size {
		f.lock(func() { g.size = size })
	}
}

func (f *Follower) lock(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

// attach gives a generation the file it is to be read from.
func (f *Follower) attach(g *gen, file *os.File, fi os.FileInfo, name string, now time.Time) {
	f.detach(g)
	k := keyOf(fi)
	f.lock(func() {
		g.file, g.open, g.size, g.name = file, true, fi.Size(), name
		g.dev, g.ino = k.dev, k.ino
	})
	g.grew, g.partial, g.quarry = now, false, false
}

// detach closes what a generation is read from.
func (f *Follower) detach(g *gen) {
	if g.file != nil {
		g.file.Close()
	}
	if g.arch != nil {
		g.arch.close()
	}
	f.lock(func() { g.file, g.arch, g.open = nil, nil, false })
}
