package app

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

const (
	blockSize = 128 << 10 // 64 to 256 KiB is where read(2) and the caches agree best
	slack     = 64        // readable bytes after a block, so that the parser may load whole words
)

// lineLimit is the longest line that is parsed; longer ones are counted as too long.
const lineLimit = 1 << 20

// blocks hands whole lines of r to fn, block by block, and the number of raw bytes read to progress.
// A last line without a newline is handed over as it is: a log that is read whole has ended.
// A line over lineLimit is given to tooLong once and skipped. The block is reused after fn returns.
func blocks(r io.Reader, fn func(block []byte), tooLong func()) error {
	buf := make([]byte, blockSize+slack)
	have, skipping := 0, false
	for {
		if have == len(buf)-slack {
			if len(buf) > lineLimit {
				if !skipping {
					tooLong()
				}
				have, skipping = 0, true
			} else {
				buf = append(make([]byte, 0, 2*len(buf)), buf...)[:2*len(buf)]
			}
		}
		n, err := r.Read(buf[have : len(buf)-slack])
		have += n
		used := 0
		if skipping {
			i := bytes.IndexByte(buf[:have], '\n')
			if i < 0 {
				have = 0
			} else {
				used, skipping = i+1, false
			}
		}
		if end := bytes.LastIndexByte(buf[used:have], '\n'); end >= 0 && !skipping {
			fn(buf[used : used+end+1])
			used += end + 1
		}
		copy(buf, buf[used:have])
		have -= used
		if err != nil {
			if have > 0 && !skipping {
				buf[have] = '\n'
				fn(buf[:have+1])
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// opened is a log file as bytes of lines, whatever it was compressed with.
type opened struct {
	io.Reader
	file  *os.File
	size  int64 // bytes on disk, 0 when not a regular file
	plain bool  // bytes on disk are the bytes of the log
}

func (o *opened) Close() error { return o.file.Close() }

// openLog opens a file; gzip, zstd and xz are recognised by their first bytes, "-" is standard input.
func openLog(path string, stdin *os.File) (*opened, error) {
	f := stdin
	if path != "-" {
		var err error
		if f, err = os.Open(path); err != nil {
			return nil, err
		}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, fmt.Errorf("%s is a directory: name the log file, or a glob of files", path)
	}
	o := &opened{file: f}
	if info.Mode().IsRegular() {
		o.size = info.Size()
	}
	head := bufio.NewReaderSize(f, 1<<16)
	magic, _ := head.Peek(6)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		o.Reader, err = gzip.NewReader(head)
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var z *zstd.Decoder
		if z, err = zstd.NewReader(head, zstd.WithDecoderConcurrency(1)); err == nil {
			o.Reader = z
		}
	case bytes.HasPrefix(magic, []byte{0xfd, '7', 'z', 'X', 'Z', 0}):
		o.Reader, err = xz.NewReader(head)
	default:
		o.plain = true
		if path != "-" && o.size > 0 { // standard input may stand anywhere in its file
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				o.Reader = f
			}
		} else {
			o.Reader = head
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, f.Close()))
	}
	return o, nil
}
