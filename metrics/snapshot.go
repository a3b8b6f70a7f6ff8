package metrics

import (
	"encoding/binary"
	"strings"
)

// snapshotVersion is the first byte of the binary form.
const snapshotVersion = 1

// Marshal appends the cut's binary form to dst: every family with what defines it (labels, type, buckets),
// its series with their created timestamps, and their values. Writing is linear in the number of values and
// does not stop counting; numbers have variable length, so that zeros, which are most, take one byte. The
// form carries no checksum: package state adds one.
func (c *Cut) Marshal(dst []byte) []byte {
	b := append(dst, snapshotVersion)
	b = binary.AppendUvarint(b, c.expired)
	b = binary.AppendUvarint(b, uint64(len(c.admitted)))
	for label, values := range c.admitted {
		b = appendString(b, label)
		b = appendStrings(b, values)
	}
	b = binary.AppendUvarint(b, uint64(len(c.prefixes)))
	for i := range c.prefixes {
		p := &c.prefixes[i]
		b = appendString(b, p.haproxy)
		b = appendString(b, p.extra)
		if p.values == nil {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = appendStrings(b, p.values)
	}
	b = binary.AppendUvarint(b, uint64(len(c.families)))
	for i := range c.families {
		f := &c.families[i]
		b = appendString(b, f.Name)
		b = appendString(b, f.signature())
		b = binary.AppendUvarint(b, c.restarts[f.Name])
		b = c.appendSeries(b, f.series, f.width)
	}
	return c.appendSeries(b, c.native, nativePerOctave)
}

func (c *Cut) appendSeries(b []byte, l []series, width int) []byte {
	b = binary.AppendUvarint(b, uint64(width))
	b = binary.AppendUvarint(b, uint64(len(l)))
	for i := range l {
		s := &l[i]
		b = binary.AppendUvarint(b, uint64(s.prefix))
		b = binary.AppendUvarint(b, uint64(s.created))
		b = appendString(b, c.texts[s.suffix])
		for _, v := range c.values[s.off : s.off+uint32(width)] {
			if v < 0x80 {
				b = append(b, byte(v))
			} else {
				b = binary.AppendUvarint(b, v)
			}
		}
	}
	return b
}

// signature holds everything that has to be equal for saved series to go on.
func (f *family) signature() string {
	sig := f.Type.String() + " " + strings.Join(f.Names, ",")
	if f.Milliseconds {
		sig += " ms"
	}
	if f.buckets != nil {
		sig += " " + f.buckets.key()
	}
	return sig
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendStrings(b []byte, l []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(l)))
	for _, s := range l {
		b = appendString(b, s)
	}
	return b
}

// decoder reads what Marshal wrote. After a mistake it yields zeros; bad is set.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads a number of things of which each takes at least min bytes.
func (d *decoder) count(min int) int {
	v := d.uint()
	if v > uint64(len(d.b)/min) {
		d.bad, d.b = true, nil
		return 0
	}
	return int(v)
}

func (d *decoder) string() string {
	n := d.count(1)
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) strings() []string {
	l := make([]string, d.count(1))
	for i := range l {
		l[i] = d.string()
	}
	return l
}
