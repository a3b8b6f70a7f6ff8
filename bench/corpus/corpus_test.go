package corpus

import (
	"bytes"
	"testing"
)

func TestSameSeedSameBytes(t *testing.T) {
	var a, b, c bytes.Buffer
	if _, err := Write(&a, Options{Lines: 2000}); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(&b, Options{Lines: 2000}); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(&c, Options{Lines: 2000, Seed: 2}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same seed gave other bytes")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("another seed gave the same bytes")
	}
	if n := bytes.Count(a.Bytes(), []byte("\n")); n != 2000 {
		t.Errorf("%d lines, want 2000", n)
	}
	if mean := a.Len() / 2000; mean < 250 || mean > 300 {
		t.Errorf("mean line is %d bytes, want about 273", mean)
	}
}
