// Package wire reads and writes the pieces of what is kept across restarts: numbers of variable length, and texts with
// their length in front. What they mean, and which version they are of, is for the package that keeps them; checksums
// are the state's.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// AppendText appends a text and its length.
func AppendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// AppendTexts appends several texts, without their number.
func AppendTexts(b []byte, l []string) []byte {
	for _, s := range l {
		b = AppendText(b, s)
	}
	return b
}

// AppendBool appends one byte.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// errShort is for data that end in the middle.
var errShort = errors.New("it ends too soon")

// Decoder reads what was appended. After the first mistake everything it returns is zero, so that it is enough to ask
// for the error at the end; what it allocates is bounded by the length of the data. It is not for concurrent use.
type Decoder struct {
	b   []byte
	err error
}

// NewDecoder returns a decoder of b, which it does not change or keep beyond its use.
func NewDecoder(b []byte) Decoder { return Decoder{b: b} }

// Fail notes a mistake, if it is the first one.
func (d *Decoder) Fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

// Failed reports whether there was a mistake.
func (d *Decoder) Failed() bool { return d.err != nil }

// End returns the first mistake; bytes that are left are one.
func (d *Decoder) End() error {
	if d.err == nil && len(d.b) > 0 {
		d.err = fmt.Errorf("%d bytes too many", len(d.b))
	}
	return d.err
}

// Byte reads one byte.
func (d *Decoder) Byte() byte {
	if len(d.b) == 0 {
		d.Fail(errShort)
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

// Bool reads one byte; anything but 0 is true.
func (d *Decoder) Bool() bool { return d.Byte() != 0 }

// Uint reads what binary.AppendUvarint wrote.
func (d *Decoder) Uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.Fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Int reads what binary.AppendVarint wrote.
func (d *Decoder) Int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.Fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// Uint64 reads eight bytes, the lowest first.
func (d *Decoder) Uint64() uint64 {
	if len(d.b) < 8 {
		d.Fail(errShort)
		return 0
	}
	v := binary.LittleEndian.Uint64(d.b)
	d.b = d.b[8:]
	return v
}

// Count reads the number of things of at least size bytes each: more than the rest can hold is a mistake.
func (d *Decoder) Count(size int) int {
	v := d.Uint()
	if v > uint64(len(d.b)/max(size, 1)) {
		d.Fail(fmt.Errorf("%d things do not fit into %d bytes", v, len(d.b)))
		return 0
	}
	return int(v)
}

// Text reads what AppendText wrote.
func (d *Decoder) Text() string {
	n := d.Count(1)
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// Texts reads n texts.
func (d *Decoder) Texts(n int) []string {
	l := make([]string, 0, min(n, len(d.b)))
	for range n {
		s := d.Text()
		if d.err != nil {
			return nil
		}
		l = append(l, s)
	}
	return l
}
