package wire

import (
	"encoding/binary"
	"slices"
	"testing"
)

// all writes one of everything.
func all() []byte {
	b := AppendBool([]byte{7}, true)
	b = binary.AppendUvarint(b, 300)
	b = binary.AppendVarint(b, -300)
	b = binary.LittleEndian.AppendUint64(b, 1<<63)
	b = AppendText(b, "text")
	b = AppendText(b, []byte{0, 255})
	b = binary.AppendUvarint(b, 2)
	return AppendTexts(b, []string{"", "two"})
}

func read(b []byte) (ok bool, err error) {
	d := NewDecoder(b)
	ok = d.Byte() == 7 && d.Bool() && d.Uint() == 300 && d.Int() == -300 && d.Uint64() == 1<<63 && d.Text() == "text" && d.Text() == "\x00\xff" &&
		slices.Equal(d.Texts(d.Count(1)), []string{"", "two"})
	return ok, d.End()
}

func TestReadsWhatWasWritten(t *testing.T) {
	b := all()
	if ok, err := read(b); !ok || err != nil {
		t.Fatal(ok, err)
	}
	// The form is on disks: these bytes do not change.
	const golden = "\x07\x01\xac\x02\xd7\x04\x00\x00\x00\x00\x00\x00\x00\x80\x04text\x02\x00\xff\x02\x00\x03two"
	if string(b) != golden {
		t.Errorf("%q, want %q", b, golden)
	}
	for n := range b {
		if _, err := read(b[:n]); err == nil {
			t.Errorf("cut at %d: no mistake", n)
		}
	}
	if _, err := read(append(b, 0)); err == nil {
		t.Error("a byte too many: no mistake")
	}
}

func TestAMistakeLasts(t *testing.T) {
	d := NewDecoder([]byte{200, 1, 'x'}) // a text of 200 bytes
	if d.Text() != "" || d.Byte() != 0 || d.Uint() != 0 || d.Int() != 0 || d.Uint64() != 0 || d.Count(1) != 0 || d.Texts(3) != nil || !d.Failed() {
		t.Error("something was read after a mistake")
	}
	first := d.End()
	d.Fail(errShort)
	if d.End() != first {
		t.Error("the first mistake is not kept")
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(all())
	f.Fuzz(func(t *testing.T, b []byte) {
		d := NewDecoder(b)
		l := d.Texts(d.Count(2))
		d.Uint64()
		if len(l) > len(b) {
			t.Errorf("%d texts of %d bytes", len(l), len(b))
		}
		_ = d.End()
	})
}
