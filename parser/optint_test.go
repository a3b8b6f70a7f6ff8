package parser

import "testing"

// TestIntegerExpressions: an integer of a sample expression may be negative, missing, or wanted under two names.
func TestIntegerExpressions(t *testing.T) {
	s := newSet(t, SetOptions{}, Format{Name: "x", Text: "%ST %(mine)[fc_err]/%[ssl_c_err]/%[ssl_c_ca_err] %Ta"})
	mine, err := s.Field("mine")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.Field("%[ssl_c_ca_err]")
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string][2]int64{
		"200 0/0/0 7": {0, 0}, "200 31/-/12 7": {31, 12}, "200 -5/-/-1 7": {-5, -1}, "200 -/-/- 7": {-9, -9}, "200 123456789012/1/-23 7": {123456789012, -23},
	} {
		rec, res := parseLine(t, s, line)
		if res != ResultHTTP {
			t.Fatalf("%s: %s", line, res)
		}
		for i, f := range []Field{FrontendError, mine, other} {
			n, ok := rec.Int(f)
			if !ok {
				n = -9
			}
			if n != want[i/2] {
				t.Errorf("%s: %s is %d %v, want %d", line, f, n, ok, want[i/2])
			}
		}
		if n, ok := rec.Int(TimeActive); !ok || n != 7 {
			t.Errorf("%s: %%Ta is %d %v", line, n, ok)
		}
	}
}
