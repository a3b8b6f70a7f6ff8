package tail

import (
	"bytes"
	"io"
	"os"
	"syscall"
	"time"
)

const (
	headMax   = 1024      // bytes of a generation's beginning that identify it
	tailMax   = 256       // bytes before the position that are compared at each read
	blockSize = 256 << 10 // bytes read at once
	slack     = 64        // readable bytes behind a block
)

// gen is one generation: one content of a log file, whatever its name is now.
type gen struct {
	// Persisted; written under Follower.mu.
	name     string // where it was seen last
	dev, ino uint64 // a hint for where to look first, never a proof
	off      int64  // everything before it is delivered; stands at the beginning of a line
	headAt   int64  // offset of head: not 0 when the file begins with a hole of NULs
	head     []byte // the first headMax bytes that were consumed
	tail     []byte // the last tailMax bytes before off
	whole    bool   // it can have no more content, wherever it turns up
	long     bool   // off is inside a line that is too long; the rest of the line is dropped
	wasCur   bool   // it was the current content of a path when the position was saved
	marks    marks  // for finding the place again after the file came back shorter

	// This run only. open and size are written under mu.
	via       Recovered // how it was found, when it is not current
	file      *os.File
	arch      *archive
	open      bool
	size      int64
	users     int // paths whose current content it is
	retired   time.Time
	grew      time.Time
	behind    int64  // bytes that were seen and not read when the content was replaced
	seen      uint64 // number of the scan that saw it
	plainSeen uint64 // number of the scan that saw it uncompressed
	partial   bool   // its unfinished line was counted
	quarry    bool   // nothing of it was found yet in this run
}

// fileKey and settledFile remember files that need no second look while they do not change.
type fileKey struct{ dev, ino uint64 }

type settledFile struct {
	size  int64
	mtime int64
	g     *gen
}

func keyOf(fi os.FileInfo) fileKey {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return fileKey{}
	}
	return fileKey{uint64(st.Dev), st.Ino}
}

func linksOf(fi os.FileInfo) uint64 {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return uint64(st.Nlink)
	}
	return 1
}

func (g *gen) key() fileKey { return fileKey{g.dev, g.ino} }

// known reports whether the generation has an identity: nothing consumed, no identity.
func (g *gen) known() bool { return len(g.head) > 0 }

// advance makes b, which begins at off, part of the generation. The caller holds mu.
func (g *gen) advance(b []byte) {
	if len(g.head) == 0 {
		g.headAt = g.off
	}
	if n := headMax - len(g.head); n > 0 && g.headAt+int64(len(g.head)) == g.off {
		g.head = append(g.head, b[:min(n, len(b))]...)
	}
	g.note(b)
	g.off += int64(len(b))
	g.marks.add(g.off, g.tail)
}

// note appends b to the bytes before the position.
func (g *gen) note(b []byte) {
	if len(b) >= tailMax {
		g.tail = append(g.tail[:0], b[len(b)-tailMax:]...)
		return
	}
	g.tail = append(g.tail, b...)
	if n := len(g.tail) - tailMax; n > 0 {
		g.tail = append(g.tail[:0], g.tail[n:]...)
	}
}

// skipNUL moves the position over n NUL bytes. NULs alone give no identity.
func (g *gen) skipNUL(n int64) {
	if g.known() {
		g.note(make([]byte, min(n, tailMax)))
	}
	g.off += n
}

// likeness is what comparing a file with a generation gives.
type likeness uint8

const (
	differs  likeness = iota
	same              // same beginning, same bytes before the position
	shorter           // same beginning, but it ends before the position
	diverged          // same beginning, other bytes before the position
)

// compare reads the beginning of r, a file of the given size, and the bytes before the
// position. A few equal bytes are no proof (every line begins with a date): at least one
// whole line or a full head has to agree.
func (g *gen) compare(r io.ReaderAt, size int64) likeness {
	n := min(int64(len(g.head)), size-g.headAt)
	if !g.known() || n <= 0 {
		return differs
	}
	var buf [headMax]byte
	b := buf[:n]
	if k, _ := r.ReadAt(b, g.headAt); k < len(b) || !bytes.Equal(b, g.head[:n]) {
		return differs
	}
	if n < int64(len(g.head)) && bytes.IndexByte(b, '\n') < 0 {
		return differs
	}
	if size < g.off {
		return shorter
	}
	b = buf[:len(g.tail)]
	if k, _ := r.ReadAt(b, g.off-int64(len(b))); k < len(b) || !bytes.Equal(b, g.tail) {
		return diverged
	}
	return same
}

// sameBeginning compares the first bytes of a file, as it is now, with those of other content.
func sameBeginning(r io.ReaderAt, head []byte) bool {
	var buf [headMax]byte
	n, _ := r.ReadAt(buf[:], 0)
	n = min(n, len(head))
	return n > 0 && bytes.Equal(buf[:n], head[:n]) && telling(buf[:n])
}

// telling reports whether equal bytes at the beginning prove anything.
func telling(b []byte) bool { return len(b) >= headMax || bytes.IndexByte(b, '\n') >= 0 }
