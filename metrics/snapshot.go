package metrics

import (
	"encoding/binary"
	"strings"

	"haproxy_log_exporter/internal/list"
	"haproxy_log_exporter/internal/wire"
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
		b = wire.AppendText(b, label)
		b = appendTexts(b, values)
	}
	b = binary.AppendUvarint(b, uint64(c.prefixes.Len()))
	for i := range c.prefixes.Len() {
		p := c.prefixes.At(uint32(i))
		b = wire.AppendText(b, p.haproxy)
		b = wire.AppendText(b, p.extra)
		if b = wire.AppendBool(b, p.values != nil); p.values != nil {
			b = appendTexts(b, p.values)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(c.families)))
	for i := range c.families {
		f := &c.families[i]
		b = wire.AppendText(b, f.Name)
		b = wire.AppendText(b, f.signature())
		b = binary.AppendUvarint(b, c.restarts[f.Name])
		b = c.appendSeries(b, &f.series, f.width)
	}
	return c.appendSeries(b, &c.native, nativePerOctave)
}

func (c *Cut) appendSeries(b []byte, l *list.Of[series], width int) []byte {
	b = binary.AppendUvarint(b, uint64(width))
	b = binary.AppendUvarint(b, uint64(l.Len()))
	for i := range l.Len() {
		s := l.At(uint32(i))
		b = binary.AppendUvarint(b, uint64(s.prefix))
		b = binary.AppendUvarint(b, uint64(s.created))
		b = wire.AppendText(b, c.texts[s.suffix])
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

func appendTexts(b []byte, l []string) []byte {
	return wire.AppendTexts(binary.AppendUvarint(b, uint64(len(l))), l)
}
