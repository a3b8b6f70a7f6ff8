package parser

// Reader parses lines of one source. It remembers the envelope and the format of the last line, so
// that files of one kind cost one attempt per line. It is for one goroutine.
type Reader struct {
	programs []*Program // most specific first
	last     *Program   // tried first, when it cannot take what a more specific one would
	env      Envelope
}

// Line parses one line without its newline into rec: it takes the envelope off, finds the format,
// and recognises what is no request. At most one format fits; a line that fits none is refused
// with the reason of the one that got furthest. Slices of rec are parts of line (or of buffers of
// the Reader and the Record) and valid until the next call. Nothing is allocated once the buffers
// have grown.
func (r *Reader) Line(line []byte, rec *Record) Result {
	msg, repeat, ok := r.env.Strip(line)
	if !ok {
		return r.without(line, rec)
	}
	if r.last.direct {
		if res, ok := r.last.flat(msg, rec); ok {
			rec.repeat = repeat
			r.env.Keep()
			return res
		}
	}
	return r.other(msg, repeat, line, rec)
}

// First is Line for the first line of a block, when its header and its format are those of the line before; it returns the
// length of the line, too, which ends before the newline of b that follows. It is -1 when the line is not so alike, and must
// then be given to Line. 64 bytes behind b can be read. (Not inlined: see decisions/0905.)
//
//go:noinline
func (r *Reader) First(b []byte, rec *Record) (n int, res Result) {
	s, p := &r.env.shapes[0], r.last
	start := len(s.head)
	if !s.alike || !p.direct || p.steps == nil || rec.filled != p || len(b) <= start || cap(b)-len(b) < slack {
		return -1, 0
	}
	e := headedLine(&b[0], len(b), s, rec.index)
	if e < 0 {
		return -1, 0
	}
	n = start + e
	line := b[:n]
	r.env.same(line)
	msg := line[start:]
	if p.quick(msg, rec) && p.sure(msg, rec) {
		rec.repeat = 1
		r.env.Keep()
		return n, p.result(rec)
	}
	return n, r.other(msg, 1, line, rec)
}

// without is for lines that have no message.
func (r *Reader) without(line []byte, rec *Record) Result {
	rec.begin(r.last, nil)
	rec.repeat = 1
	if len(trim(line)) == 0 {
		return ResultEmpty
	}
	return ResultNoEnvelope
}

// other tries every reading of the envelope with every format.
func (r *Reader) other(msg []byte, repeat uint64, line []byte, rec *Record) Result {
	if len(line) > MaxLine {
		rec.begin(r.last, nil)
		rec.repeat = 1
		return ResultTooLong
	}
	first, firstRepeat := msg, repeat
	for ok := true; ok; msg, repeat, ok = r.env.Next() {
		// Formats alternate in many files: before any search, see whether one takes the line in one pass.
		for _, p := range r.programs {
			if p == r.last || !p.direct {
				continue
			}
			if res, ok := p.flat(msg, rec); ok {
				rec.repeat = repeat
				r.last = p
				r.env.Keep()
				return res
			}
		}
		for _, p := range r.programs {
			if p.weak {
				if res, ok := Recognise(msg); ok {
					return r.recognised(res, repeat, msg, rec)
				}
			}
			if res, ok := p.parse(msg, rec); ok {
				rec.repeat = repeat
				r.last = p
				r.env.Keep()
				return res
			}
		}
		if res, ok := Recognise(msg); ok {
			return r.recognised(res, repeat, msg, rec)
		}
		for _, p := range r.programs { // no text of HAProxy's own: JSON that something else has written again?
			if res, ok := p.object(msg, rec); ok {
				rec.repeat = repeat
				r.last = p
				r.env.Keep()
				return res
			}
		}
	}
	return r.refused(first, firstRepeat, rec)
}

func (r *Reader) recognised(res Result, repeat uint64, msg []byte, rec *Record) Result {
	rec.begin(r.last, msg)
	rec.repeat = repeat
	r.env.Keep()
	return res
}

// refused counts a line that was cut late enough, and says of others why they were refused.
func (r *Reader) refused(msg []byte, repeat uint64, rec *Record) Result {
	best, depth := ResultLiteral, -1
	for _, p := range r.programs {
		if _, ok := p.parse(msg, rec); ok {
			continue // an ambiguous line, refused
		}
		res := p.partial(msg, rec)
		if res.Counted() {
			rec.repeat = repeat
			r.last = p
			return res
		}
		if d := rec.m.reached(); d > depth {
			best, depth = res, d
		}
	}
	rec.begin(r.last, msg)
	rec.repeat = repeat
	if r.env.Missing() && best != ResultCut {
		return ResultNoEnvelope
	}
	return best
}

// Tag returns the syslog tag of the last line, nil when it has none. It is a part of the line.
func (r *Reader) Tag() []byte { return r.env.Tag() }

// Envelope names the kind of envelope of the last line: "raw", "rfc3164" …
func (r *Reader) Envelope() string { return r.env.Kind() }
