package tail

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// archiveBytes limits what one round reads of one archive.
const archiveBytes = 4 << 20

var errOtherContent = errors.New("the archive holds other content before the position")

// archive is a compressed file that is being read as the rest of a generation. The plain
// text is streamed: nothing of it is kept but an unfinished line.
type archive struct {
	file   *os.File
	count  *countingReader
	plain  io.Reader
	shut   func()
	size   int64 // compressed
	key    fileKey
	mtime  int64
	pos    int64  // of the next plain byte
	buf    []byte // unfinished line, then room
	filled int
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// openArchive opens a compressed file by its name's suffix.
func openArchive(name string) (*archive, error) {
	file, err := openPlain(name)
	if err != nil {
		return nil, err
	}
	fi, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	a := &archive{file: file, size: fi.Size(), key: keyOf(fi), mtime: fi.ModTime().UnixNano(), shut: func() {}}
	a.count = &countingReader{r: file}
	switch filepath.Ext(name) {
	case ".gz":
		a.plain, err = gzip.NewReader(a.count)
	case ".zst":
		var z *zstd.Decoder
		// One goroutine and a bounded window: an archive must not cost more than the log.
		z, err = zstd.NewReader(a.count, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err == nil {
			a.plain, a.shut = z, z.Close
		}
	case ".xz":
		a.plain, err = xz.NewReader(a.count)
	default:
		err = fmt.Errorf("unknown kind of archive")
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return a, nil
}

func (a *archive) close() {
	a.shut()
	a.file.Close()
}

// left is how many compressed bytes were not read yet.
func (a *archive) left() int64 { return max(0, a.size-a.count.n) }

// archiveHead returns up to headMax plain bytes of an archive that begin at an offset. An
// archive that is cut off behind them, or still being written, is no error.
func archiveHead(name string, at int64) ([]byte, error) {
	a, err := openArchive(name)
	if err != nil {
		return nil, err
	}
	defer a.close()
	if _, err := io.CopyN(io.Discard, a.plain, at); err != nil {
		return nil, err
	}
	b := make([]byte, headMax)
	n, err := fill(a.plain, b)
	if errors.Is(err, io.EOF) || telling(b[:n]) {
		err = nil
	}
	return b[:n], err
}

// fill reads until b is full or the reader ends, and returns the reader's own error.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var k int
		k, err = r.Read(b[n:])
		n += k
	}
	return n, err
}

// gzipHolds reports whether a gzip file says that it holds exactly n plain bytes: its last
// four bytes are the length modulo 2^32. It spares reading a whole archive only to learn
// that nothing is new.
func gzipHolds(name string, n int64) bool {
	if filepath.Ext(name) != ".gz" {
		return false
	}
	f, err := openPlain(name)
	if err != nil {
		return false
	}
	defer f.Close()
	fi, err := f.Stat()
	var b [4]byte
	if err != nil || fi.Size() < 18 {
		return false
	}
	if _, err := f.ReadAt(b[:], fi.Size()-4); err != nil {
		return false
	}
	return binary.LittleEndian.Uint32(b[:]) == uint32(n)
}

// readArchive goes on with g's archive for one round.
func (f *Follower) readArchive(g *gen, now time.Time) (outcome, error) {
	a := g.arch
	if a.buf == nil {
		a.buf = make([]byte, min(blockSize, f.opt.MaxLine)+slack)
	}
	for budget := archiveBytes; budget > 0; {
		if a.pos < g.off-int64(len(g.tail)) {
			n, err := io.CopyN(io.Discard, a.plain, min(g.off-int64(len(g.tail))-a.pos, int64(budget)))
			a.pos += n
			budget -= int(n)
			if err != nil {
				return archiveEnd(err)
			}
			continue
		}
		if a.pos < g.off {
			b := make([]byte, g.off-a.pos)
			n, err := fill(a.plain, b)
			a.pos += int64(n)
			if n < len(b) {
				return archiveEnd(err)
			}
			if !bytes.Equal(b, g.tail) {
				return broken, errOtherContent
			}
		}
		n, err := f.archiveBlock(g, now)
		budget -= n
		if err != nil {
			return archiveEnd(err)
		}
	}
	return limited, nil
}

// archiveBlock reads once and delivers the complete lines.
func (f *Follower) archiveBlock(g *gen, now time.Time) (int, error) {
	a := g.arch
	room := len(a.buf) - slack
	n, err := fill(a.plain, a.buf[a.filled:room])
	a.filled += n
	a.pos += int64(n)
	for {
		used, step := f.consume(g, a.buf[:a.filled], a.filled == room, now)
		if used > 0 {
			a.filled = copy(a.buf, a.buf[used:a.filled])
			if a.filled > 0 {
				continue
			}
			break
		}
		if a.filled == room && step == unfinished {
			if len(a.buf) < f.opt.MaxLine+slack {
				bigger := make([]byte, min(2*len(a.buf), f.opt.MaxLine+slack))
				copy(bigger, a.buf[:a.filled])
				a.buf = bigger
			} else {
				f.lock(func() { g.long = true })
				continue
			}
		}
		break
	}
	f.grown(g, g.off+int64(a.filled))
	return n, err
}

// archiveEnd turns the end of a stream into an outcome. The position stands behind the last
// whole line that could be read, so a damaged or unfinished archive loses nothing by that.
func archiveEnd(err error) (outcome, error) {
	if errors.Is(err, io.EOF) {
		return exhausted, nil
	}
	return broken, err
}
