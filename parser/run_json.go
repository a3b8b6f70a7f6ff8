package parser

import "bytes"

// jsonNumber reads an integer or null into the op's slot. Other numbers are left to the matcher.
func jsonNumber(b []byte, e, i int, o *op, v []value) int {
	if b[i] == 'n' {
		if i+4 > e || string(b[i:i+4]) != "null" {
			return -1
		}
		v[o.slot] = value{}
		return i + 4
	}
	seq := [1]intStep{{slot: o.slot, minus: true}}
	return ints(b, e, i, seq[:], v)
}

// str reads a JSON string into the op's slot; what is no plain string goes the general way.
func (p *Program) str(b []byte, e, i int, o *op, rec *Record) int {
	if b[i] == '"' {
		n := bytes.IndexByte(b[i+1:e], '"')
		if n < 0 {
			return -1
		}
		end := i + 1 + n
		if bytes.IndexByte(b[i+1:end], '\\') < 0 {
			switch {
			case o.put:
				rec.forget(o.item)
				p.put(rec, o.item, i, end+1)
			case o.slot != FieldNone:
				if rec.v[o.slot] = (value{}); n > 0 {
					rec.v[o.slot] = text(b, i+1, end, false)
				}
			}
			return end + 1
		}
	}
	end := scanValue(b[:e], i, 0)
	if end <= i || end > e || !o.item.fits(b[i:end]) {
		return -1
	}
	rec.forget(o.item)
	p.put(rec, o.item, i, end)
	return end
}
