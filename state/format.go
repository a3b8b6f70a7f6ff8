package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sort"
	"time"
)

// The file: magic, version, then a header with the sequence number, the time and a table of
// the sections (name, length, checksum of the data), a checksum of all of that, and the data
// one after the other. Every byte is covered by a CRC-32C, and a file that was cut off is too
// short for its table.
const (
	magic       = "haproxy_log_exporter state\n"
	version     = 1
	maxName     = 1 << 10
	maxSections = 1 << 16
)

// Snapshot is a set of named sections that were true at the same moment.
type Snapshot struct {
	// Sections are the data by name. Save takes ownership: the slices must not be changed
	// after it was called, also when it returned ErrOverdue.
	Sections map[string][]byte
	// Created and Sequence are set by Save; Load returns them. A later snapshot of the same
	// directory has a greater sequence number, also across restarts.
	Created  time.Time
	Sequence uint64
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// encode returns the header; the sections follow in the order of names.
func (s *Snapshot) encode() (header []byte, names []string) {
	for n := range s.Sections {
		names = append(names, n)
	}
	sort.Strings(names)
	table := castagnoli()
	b := append([]byte(magic), 0, 0, 0, 0)
	binary.LittleEndian.PutUint32(b[len(magic):], version)
	b = binary.LittleEndian.AppendUint64(b, s.Sequence)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Created.UnixNano()))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(names)))
	for _, n := range names {
		data := s.Sections[n]
		b = binary.LittleEndian.AppendUint16(b, uint16(len(n)))
		b = append(b, n...)
		b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
		b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(data, table))
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, table)), names
}

var (
	errForeign = errors.New("it is no snapshot of this program")
	errCut     = errors.New("it is cut off")
	errChanged = errors.New("its checksum is wrong")
)

// versionError is a snapshot of another format version.
type versionError uint32

func (v versionError) Error() string {
	if v > version {
		return fmt.Sprintf("it was written by a newer version of this program (format %d, this one knows %d)", uint32(v), version)
	}
	return fmt.Sprintf("it was written by an older version of this program (format %d, this one knows %d)", uint32(v), version)
}

// cutter takes fields from the front of a slice; after the first that is not there it gives
// zeros and is short.
type cutter struct {
	b     []byte
	at    int
	short bool
}

func (c *cutter) take(n uint64) []byte {
	if c.short || n > uint64(len(c.b)-c.at) {
		c.short = true
		return make([]byte, 8)
	}
	s := c.b[c.at : c.at+int(n)]
	c.at += int(n)
	return s
}

func (c *cutter) u16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cutter) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cutter) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

type section struct {
	name string
	size uint64
	sum  uint32
}

// decode reads a whole file. The sections share b.
func decode(b []byte) (*Snapshot, error) {
	if !bytes.HasPrefix(b, []byte(magic)) {
		if len(b) < len(magic) && bytes.HasPrefix([]byte(magic), b) {
			return nil, errCut
		}
		return nil, errForeign
	}
	c := cutter{b: b, at: len(magic)}
	if v := c.u32(); !c.short && v != version {
		return nil, versionError(v)
	}
	s := &Snapshot{Sequence: c.u64(), Sections: map[string][]byte{}}
	s.Created = time.Unix(0, int64(c.u64()))
	n := c.u32()
	if n > maxSections && !c.short {
		return nil, errChanged
	}
	var list []section
	for i := uint32(0); i < n && !c.short; i++ {
		name := c.u16()
		if name > maxName {
			return nil, errChanged
		}
		list = append(list, section{string(c.take(uint64(name))), c.u64(), c.u32()})
	}
	end := c.at
	sum := c.u32()
	if c.short {
		return nil, errCut
	}
	table := castagnoli()
	if sum != crc32.Checksum(b[:end], table) {
		return nil, errChanged
	}
	for _, x := range list {
		data := c.take(x.size)
		if c.short {
			return nil, errCut
		}
		if crc32.Checksum(data, table) != x.sum {
			return nil, fmt.Errorf("section %q: %w", x.name, errChanged)
		}
		s.Sections[x.name] = slices.Clip(data)
	}
	if c.at != len(b) {
		return nil, fmt.Errorf("%d bytes follow its end: %w", len(b)-c.at, errChanged)
	}
	return s, nil
}
