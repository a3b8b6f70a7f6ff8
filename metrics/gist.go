package metrics

import (
	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/parser"
)

// gist is what a line says of a request but for its times and sizes: all that decides which series of its cell the request moves.
type gist struct {
	key    uint32 // stands for all of it, and is never 0
	status int16  // 100 to 599, 0, or StatusUnknown
	method uint8
	term   uint8
	server ServerKind
	early  bool
	bad    bool
	up     bool // 101 or CONNECT
	open   bool // early or up: the end of the data is not known
	kind   uint8
	fate   labels.Fate
}

// keyNoBackend marks combinations of requests for which no backend was chosen, so that %b is the frontend's name; it is no part of a slot's key.
const keyNoBackend = 1 << 28

// read reads the gist of a line.
func (g *gist) read(rec *parser.Record, s *Shard) {
	t, end := s.table, rec.End()
	g.status = StatusUnknown
	if v, ok := rec.Int(parser.Status); ok {
		g.status = 0
		if v >= 100 && v <= 599 {
			g.status = int16(v)
		}
	}
	g.method = t.methods.id(rec.Bytes(parser.Method))
	g.term = t.terms.id(end)
	if g.server = ServerReal; end.Server == '<' {
		g.server = ServerApplet
		if string(rec.Bytes(parser.Server)) == "<NOSRV>" {
			g.server = ServerNone
		}
	}
	g.early = rec.Plus(parser.TimeActive) || rec.Plus(parser.TimeTotal) || rec.Plus(parser.BytesSent)
	g.bad = rec.BadRequest()
	g.up = g.status == 101 || g.method == methodCONNECT && g.status >= 200 && g.status < 300
	g.open = g.early || g.up
	g.fate = labels.FateOf(rec, end)
	g.key = 1<<31 | uint32(g.status+1) | uint32(g.method)<<10 | uint32(g.term)<<16 | uint32(g.server)<<24
	if g.early {
		g.key |= 1 << 26
	}
	if g.bad {
		g.key |= 1 << 27
	}
	g.kind = uint8(s.kinds.find(g.key))
}

// gists holds the gists of usual requests by what parser.Record.Brief tells of them: nearly all requests are of few kinds, so
// that method, termination state and the like need not be told apart again. It holds those that a shard meets first.
type gists struct {
	slots [kindSlots]gistSlot // open addressing, sparse
	n     int
}

type gistSlot struct {
	method, end uint64 // what Brief tells; end is 0 in a free slot
	gist        gist
}

// slot returns the slot of what Brief told, or a free one.
func (x *gists) slot(method, end uint64) *gistSlot {
	for i := (method*0x9e3779b97f4a7c15 + end*0xc2b2ae3d27d4eb4f) >> 56; ; i = (i + 1) % kindSlots {
		if s := &x.slots[i]; s.end == end && s.method == method || s.end == 0 {
			return s
		}
	}
}

// add fills a free slot, while there are few.
func (x *gists) add(s *gistSlot, method, end uint64, g gist) {
	if x.n < maxKinds {
		x.n++
		*s = gistSlot{method, end, g}
	}
}

// gistOf reads the gist of a line, which is mostly known.
func (c *Counter) gistOf(rec *parser.Record) {
	s, g := c.shard, &c.f.gist
	method, end, ok := rec.Brief()
	if !ok {
		g.read(rec, s)
	} else if known := s.gists.slot(method, end); known.end != 0 {
		*g = known.gist
	} else if g.read(rec, s); g.kind != noKind {
		s.gists.add(known, method, end, *g)
	}
}
