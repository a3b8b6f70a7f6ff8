package tail

import (
	"encoding/binary"
	"errors"
	"fmt"

	"haproxy_log_exporter/internal/wire"
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
		b = wire.AppendText(b, p.name)
		b = binary.AppendUvarint(b, p.skip.key.dev)
		b = binary.AppendUvarint(b, p.skip.key.ino)
		b = binary.AppendVarint(b, p.skip.size)
	}
	return b
}

func (g *gen) append(b []byte) []byte {
	var flags uint64
	for i, on := range []bool{g.whole, g.long, g.users > 0} {
		if on {
			flags |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, flags)
	b = wire.AppendText(b, g.name)
	for _, v := range []uint64{g.dev, g.ino, uint64(g.off), uint64(g.headAt), uint64(g.behind)} {
		b = binary.AppendUvarint(b, v)
	}
	b = wire.AppendText(b, g.head)
	b = wire.AppendText(b, g.tail)
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

// decoder reads what encode wrote.
type decoder struct{ wire.Decoder }

// offset is a number that has to fit an int64.
func (d *decoder) offset() int64 {
	v := int64(d.Uint())
	if v < 0 {
		d.Fail(errDamaged)
	}
	return v
}

// bytes reads at most limit bytes.
func (d *decoder) bytes(limit int) []byte {
	s := []byte(d.Text())
	if len(s) > limit {
		d.Fail(errDamaged)
		return nil
	}
	return s
}

// errDamaged is for what encode cannot have written.
var errDamaged = errors.New("damaged")

const nameMax = 1 << 16

func (d *decoder) gen() *gen {
	flags := d.Uint()
	g := &gen{
		whole: flags&flagWhole != 0, long: flags&flagLong != 0, wasCur: flags&flagCurrent != 0,
		name: string(d.bytes(nameMax)), dev: d.Uint(), ino: d.Uint(),
		off: d.offset(), headAt: d.offset(), behind: d.offset(),
		head: d.bytes(headMax), tail: d.bytes(tailMax), quarry: true,
	}
	n := d.Count(1)
	if n > marksMax {
		d.Fail(errDamaged)
		return g
	}
	last := int64(0)
	for range n {
		last += d.offset()
		g.marks.list = append(g.marks.list, mark{last, d.Uint64()})
	}
	// What cannot have been written by encode would be read out of bounds later.
	if !g.known() || (!g.whole && (g.off < g.headAt+int64(len(g.head)) || int64(len(g.tail)) > g.off)) {
		d.Fail(errDamaged)
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
	d := decoder{wire.NewDecoder(b[1:])}
	f.first = d.Uint()&stateFirst != 0
	list := f.total.list()
	for i := range d.Count(1) {
		// A later version may have written more counters.
		if v := d.Uint(); i < len(list) {
			*list[i] = v
		}
	}
	now := f.opt.Now()
	for range d.Count(1) {
		g := d.gen()
		if d.Failed() {
			break
		}
		g.retired, g.grew, g.via = now, now, FromRotated
		f.gens = append(f.gens, g)
	}
	for range d.Count(1) {
		name := string(d.bytes(nameMax))
		f.skips[name] = &skipMark{fileKey{d.Uint(), d.Uint()}, d.Int()}
	}
	if d.End() != nil {
		return &PositionError{f.opt.Path, "damaged"}
	}
	return nil
}
