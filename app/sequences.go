package app

import (
	"encoding/json"
	"time"

	"haproxy_log_exporter/haproxy"
	"haproxy_log_exporter/parser"
)

// maxSequences bounds the frontends whose line numbers (%lc) are watched in one source.
const maxSequences = 1000

// sequences watch the line numbers of a source's frontends. They belong to the source and outlive
// its ingests.
type sequences struct {
	by   map[string]*haproxy.Sequence
	tick uint64
	last time.Time // of the last settling
}

// settleEvery is the least time between two settlings: what was written before the one is read by
// the other.
const settleEvery = 2 * time.Second

// observe notes the number of one line, if it has one.
func (q *sequences) observe(rec *parser.Record, tag []byte) {
	n, ok := rec.Int(parser.LogCounter)
	if !ok || n < 0 {
		return
	}
	front := rec.Bytes(parser.Frontend)
	s := q.by[string(front)]
	if s == nil {
		if len(q.by) >= maxSequences {
			return
		}
		s = &haproxy.Sequence{}
		q.by[string(front)] = s
	}
	q.tick++
	s.Observe(pidOf(rec, tag), uint64(n), q.tick)
}

// pidOf returns the process id of a line: %pid, or what stands in brackets behind the tag; 0 without.
func pidOf(rec *parser.Record, tag []byte) int {
	if n, ok := rec.Int(parser.ProcessID); ok && n > 0 {
		return int(n)
	}
	pid, digits := 0, 0
	for i := len(tag) - 1; i >= 0 && digits < 8; i-- {
		switch c := tag[i]; {
		case c == ']' || c == ':':
			continue
		case c < '0' || c > '9':
			if c == '[' {
				return pid
			}
			return 0
		default:
			pid += int(c-'0') * pow10(digits)
			digits++
		}
	}
	return 0
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// settle returns the lines known to be lost, by frontend.
func (q *sequences) settle() map[string]uint64 {
	out := make(map[string]uint64, len(q.by))
	due := time.Since(q.last) >= settleEvery
	if due {
		q.last = time.Now()
	}
	for f, s := range q.by {
		if due {
			s.Settle()
		}
		out[f] = s.Lost
	}
	return out
}

// extras are the counters of a source that neither its shard nor its feed keeps.
type extras struct {
	Duplicates uint64
	Sequences  map[string][]byte
}

// marshal returns what has to survive a restart.
func (s *source) marshal() ([]byte, error) {
	x := extras{Duplicates: s.duplicates.Load(), Sequences: map[string][]byte{}}
	for f, q := range s.seq.by {
		b, err := q.MarshalBinary()
		if err != nil {
			return nil, err
		}
		x.Sequences[f] = b
	}
	return json.Marshal(x)
}

func (s *source) unmarshal(data []byte) error {
	var x extras
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	s.duplicates.Store(x.Duplicates)
	for f, b := range x.Sequences {
		q := &haproxy.Sequence{}
		if err := q.UnmarshalBinary(b); err != nil {
			return err
		}
		s.seq.by[f] = q
	}
	return nil
}
