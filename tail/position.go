package tail

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// positionVersion is the first byte of an encoded position.
const positionVersion = 1

// PositionError says that a position cannot be understood: it is damaged or was written by
// a version of the program that this one does not know.
type PositionError struct {
	Source string
	Reason string
}

func (e *PositionError) Error() string {
	return fmt.Sprintf("position of %s: %s", e.Source, e.Reason)
}

// stateFirst says that the position was cut before the first look at the files was over: the
// next run still decides what is history and what is left out.
const stateFirst = 1

const (
	flagWhole = 1 << iota
	flagLong
	flagCurrent
)

// encode returns the position; the caller holds mu. A generation of which nothing was
// consumed has no identity: restored, it would match whatever file has its inode now.
func (f *Follower) encode() []byte {
	b := make([]byte, 0, 64+len(f.gens)*(headMax+tailMax+256))
	b = append(b, positionVersion)
	var flags uint64
	if f.first {
		flags |= stateFirst
	}
	b = binary.AppendUvarint(b, flags)
	list := f.total.list()
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, c := range list {
		b = binary.AppendUvarint(b, *c)
	}
	n := 0
	for _, g := range f.gens {
		if g.known() {
			n++
		}
	}
	b = binary.AppendUvarint(b, uint64(n))
	for _, g := range f.gens {
		if g.known() {
			b = g.append(b)
		}
	}
	var skips []*path
	for _, p := range f.paths {
		if p.skip != nil {
			skips = append(skips, p)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(skips)))
	for _, p := range skips {
		b = appendBytes(b, []byte(p.name))
		b = binary.AppendUvarint(b, p.skip.key.dev)
		b = binary.AppendUvarint(b, p.skip.key.ino)
		b = binary.AppendVarint(b, p.skip.size)
	}
	return b
}

func appendBytes(b, s []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (g *gen) append(b []byte) []byte {
	var flags uint64
	for i, on := range []bool{g.whole, g.long, g.users > 0} {
		if on {
			flags |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, flags)
	b = appendBytes(b, []byte(g.name))
	for _, v := range []uint64{g.dev, g.ino, uint64(g.off), uint64(g.headAt), uint64(g.behind)} {
		b = binary.AppendUvarint(b, v)
	}
	b = appendBytes(b, g.head)
	b = appendBytes(b, g.tail)
	list := g.marks.list
	if g.users == 0 {
		list = nil // only a file that can be cut by a power loss needs them
	}
	b = binary.AppendUvarint(b, uint64(len(list)))
	last := int64(0)
	for _, m := range list {
		b = binary.AppendUvarint(b, uint64(m.off-last))
		b = binary.LittleEndian.AppendUint64(b, m.sum)
		last = m.off
	}
	return b
}

// decoder reads what encode wrote; after the first error it gives zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.b, d.bad = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}

// offset is a number that has to fit an int64.
func (d *decoder) offset() int64 {
	v := int64(d.uint())
	d.bad = d.bad || v < 0
	return v
}

// count is a number of things that take at least one byte each.
func (d *decoder) count() int {
	v := d.uint()
	if v > uint64(len(d.b)) {
		d.bad = true
		return 0
	}
	return int(v)
}

func (d *decoder) bytes(limit int) []byte {
	n := d.count()
	if n > limit || d.bad {
		d.bad = true
		return nil
	}
	s := slices.Clone(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) sum() uint64 {
	if len(d.b) < 8 {
		d.b, d.bad = nil, true
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

const nameMax = 1 << 16

func (d *decoder) gen() *gen {
	flags := d.uint()
	g := &gen{
		whole: flags&flagWhole != 0, long: flags&flagLong != 0, wasCur: flags&flagCurrent != 0,
		name: string(d.bytes(nameMax)), dev: d.uint(), ino: d.uint(),
		off: d.offset(), headAt: d.offset(), behind: d.offset(),
		head: d.bytes(headMax), tail: d.bytes(tailMax), quarry: true,
	}
	n := d.count()
	if n > marksMax {
		d.bad = true
		return g
	}
	last := int64(0)
	for range n {
		last += d.offset()
		g.marks.list = append(g.marks.list, mark{last, d.sum()})
	}
	// What cannot have been written by encode would be read out of bounds later.
	if !g.known() || (!g.whole && (g.off < g.headAt+int64(len(g.head)) || int64(len(g.tail)) > g.off)) {
		d.bad = true
	}
	return g
}

// decode restores a position.
func (f *Follower) decode(b []byte) error {
	if len(b) == 0 || b[0] != positionVersion {
		reason := "empty"
		if len(b) > 0 {
			reason = fmt.Sprintf("written by another version of the program (%d, this one knows %d)", b[0], positionVersion)
		}
		return &PositionError{f.opt.Path, reason}
	}
	d := decoder{b: b[1:]}
	f.first = d.uint()&stateFirst != 0
	list := f.total.list()
	for i := range d.count() {
		// A later version may have written more counters.
		if v := d.uint(); i < len(list) {
			*list[i] = v
		}
	}
	now := f.opt.Now()
	for range d.count() {
		g := d.gen()
		if d.bad {
			break
		}
		g.retired, g.grew, g.via = now, now, FromRotated
		f.gens = append(f.gens, g)
	}
	for range d.count() {
		name := string(d.bytes(nameMax))
		f.skips[name] = &skipMark{fileKey{d.uint(), d.uint()}, d.int()}
	}
	if d.bad || len(d.b) > 0 {
		return &PositionError{f.opt.Path, "damaged"}
	}
	return nil
}
