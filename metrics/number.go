package metrics

import (
	"bytes"
	"math"
	"strconv"
)

// The text formats print numbers as strconv's shortest 'g' does, which is slow for what nearly every
// value is: a whole number, or whole milliseconds. These print the same bytes from integers. OpenMetrics
// adds ".0" to what would look like an integer.

func appendUint(b []byte, v uint64) []byte { return strconv.AppendUint(b, v, 10) }

// appendCount appends a whole number as a float is printed: exponent form from 1e6 on.
func appendCount(b []byte, v uint64, om bool) []byte {
	if v < 1_000_000 {
		b = strconv.AppendUint(b, v, 10)
		if om {
			b = append(b, '.', '0')
		}
		return b
	}
	if v >= 1<<53 {
		return appendFloat(b, float64(v), om)
	}
	return appendExponent(b, v, 0)
}

// appendSeconds appends ms milliseconds in seconds.
func appendSeconds(b []byte, ms uint64, om bool) []byte {
	if ms >= 1_000_000_000 {
		if ms >= 1_000_000_000_000_000 { // beyond 15 digits the shortest form is not the decimal one
			return appendFloat(b, float64(ms)/1000, om)
		}
		return appendExponent(b, ms, 3)
	}
	whole, part := ms/1000, ms%1000
	b = strconv.AppendUint(b, whole, 10)
	if part == 0 {
		if om {
			b = append(b, '.', '0')
		}
		return b
	}
	b = append(b, '.', byte('0'+part/100))
	if part%100 != 0 {
		b = append(b, byte('0'+part/10%10))
		if part%10 != 0 {
			b = append(b, byte('0'+part%10))
		}
	}
	return b
}

// appendExponent appends v/10^shift in the form d.ddde+XX; the exponent has two digits here.
func appendExponent(b []byte, v uint64, shift int) []byte {
	var tmp [20]byte
	d := strconv.AppendUint(tmp[:0], v, 10)
	exp := len(d) - 1 - shift
	d = bytes.TrimRight(d, "0")
	b = append(b, d[0])
	if len(d) > 1 {
		b = append(b, '.')
		b = append(b, d[1:]...)
	}
	return append(b, 'e', '+', byte('0'+exp/10), byte('0'+exp%10))
}

// appendFloat appends any value.
func appendFloat(b []byte, f float64, om bool) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "+Inf"...)
	case math.IsInf(f, -1):
		return append(b, "-Inf"...)
	case f == 0: // the sign of a zero is not printed
		b = append(b, '0')
		if om {
			b = append(b, '.', '0')
		}
		return b
	}
	from := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, 64)
	if om && bytes.IndexByte(b[from:], '.') < 0 && bytes.IndexByte(b[from:], 'e') < 0 {
		b = append(b, '.', '0')
	}
	return b
}
