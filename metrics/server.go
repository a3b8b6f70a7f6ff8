package metrics

import (
	"encoding/binary"
	"hash/maphash"
	"slices"

	"haproxy_log_exporter/labels"
	"haproxy_log_exporter/parser"
)

// serverKey returns a number for a server's name, never 0: the name itself when it has at most seven bytes,
// else a seeded hash. Names come from HAProxy's configuration, not from clients.
func (s *Shard) serverKey(name []byte) uint64 {
	switch n := len(name); {
	case n > 7:
		return maphash.Bytes(s.seed, name) | 1<<63
	case n > 3:
		return uint64(binary.LittleEndian.Uint32(name)) | uint64(binary.LittleEndian.Uint32(name[n-4:])>>8)<<32 | uint64(n)<<56
	case n > 0:
		return uint64(name[0]) | uint64(name[n/2])<<8 | uint64(name[n-1])<<16 | uint64(n)<<56
	default:
		return 1 << 62
	}
}

// serverTable finds the offset of server_requests_total by server, backend, class of the status and
// termination state: open addressing, for what a Cell does not hold. It is a cache like Cell.
type serverTable struct {
	slots []serverSlot
	used  int
	ids   map[string]uint32 // of backends
}

// serverSlot is a found series.
type serverSlot struct {
	name uint64 // serverKey
	rest uint64 // backend, class and state; 0 for an empty slot
	off  uint32
}

// maxServerSlots bounds the table; it starts again when it is full.
const maxServerSlots = 1 << 18

func newServerTable() *serverTable {
	return &serverTable{slots: make([]serverSlot, 64), ids: map[string]uint32{}}
}

// backend returns the number of a backend in this table.
func (t *serverTable) backend(name string) uint32 {
	id, ok := t.ids[name]
	if !ok {
		id = uint32(len(t.ids) + 1)
		t.ids[name] = id
	}
	return id
}

func (t *serverTable) start(name, rest uint64) uint64 {
	h := (name ^ rest*0x9e3779b97f4a7c15) * 0xa0761d6478bd642f
	return h >> 32
}

// find returns the slot of the key, or the empty one where it belongs.
func (t *serverTable) find(name, rest uint64) *serverSlot {
	mask := uint64(len(t.slots) - 1)
	for i := t.start(name, rest) & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.rest == rest && s.name == name || s.rest == 0 {
			return s
		}
	}
}

func (t *serverTable) insert(s serverSlot) {
	if 4*(t.used+1) > 3*len(t.slots) {
		old := t.slots
		t.used = 0
		if len(old) >= maxServerSlots {
			old = nil // forget all: what is in use comes back
		}
		t.slots = make([]serverSlot, max(64, 2*len(old)))
		for i := range old {
			if old[i].rest != 0 {
				*t.find(old[i].name, old[i].rest) = old[i]
				t.used++
			}
		}
	}
	*t.find(s.name, s.rest) = s
	t.used++
}

// server counts the request for the server that it was sent to.
func (c *Counter) server(e *labels.Entry[Cell], rec *parser.Record) {
	name := rec.Bytes(parser.Server)
	if name == nil {
		return
	}
	f, cell := &c.f, &e.Data
	k := c.shard.serverKey(name)
	usual := f.term == termNormal && uint(f.status-200) < 100
	if usual {
		// Which of its servers a backend takes is not predictable: conditional moves, not branches.
		at := servers
		if cell.serverKeys[3] == k {
			at = 3
		}
		if cell.serverKeys[2] == k {
			at = 2
		}
		if cell.serverKeys[1] == k {
			at = 1
		}
		if cell.serverKeys[0] == k {
			at = 0
		}
		if at < servers {
			cell.serverN[at] += f.n
			return
		}
	}
	off := c.otherServer(e, k, name)
	c.shard.vals[off] += f.n
	if usual {
		for i := range cell.serverKeys {
			if cell.serverKeys[i] == 0 {
				cell.serverKeys[i], cell.serverOffs[i] = k, off
				return
			}
		}
	}
}

// otherServer finds the offset for a server that the slot does not know.
func (c *Counter) otherServer(e *labels.Entry[Cell], k uint64, name []byte) uint32 {
	f := &c.f
	rest := uint64(e.Data.backendID)<<32 | uint64(f.term)<<8 | uint64(uint8(int(max(f.status, 0))/100))
	off := c.shard.servers.find(k, rest).off
	if off == 0 {
		off = c.openServer(e, k, name)
		c.shard.servers.insert(serverSlot{name: k, rest: rest, off: off})
	}
	return off
}

// openServer finds or gives birth to the series. Its prefix, which names backend and server, is remembered in the
// server table beside the offsets.
func (c *Counter) openServer(e *labels.Entry[Cell], k uint64, name []byte) uint32 {
	const isPrefix = 1 << 16
	s, f := c.shard, &c.f
	t := s.table
	of := uint64(e.Data.backendID)<<32 | isPrefix
	tail := &s.serverTails[int(f.term)*6+int(max(f.status, 0))/100]
	s.lock()
	defer s.unlock()
	if *tail == 0 {
		*tail = t.reg.intern(labelsOf("code", codeClass(int(f.status)), "termination_state", t.terms.names[f.term]))
	}
	off := uint32(0)
	if p := s.servers.find(k, of).off; p != 0 {
		off = t.ensureOne(t.fam.servers, p-1, *tail, false)
	}
	if off == 0 {
		server := t.admit("server", labels.Sanitise(headOf(name)))
		off = t.ensureNamed(t.fam.servers, c.haproxy, *tail, "proxy", e.Backend, "server", server)
		if i := t.reg.find(t.fam.servers, t.reg.prefix(t.name(c.haproxy), nil, labelsOf("proxy", e.Backend, "server", server)), *tail); i >= 0 {
			s.servers.insert(serverSlot{name: k, rest: of, off: t.fam.servers.series.At(uint32(i)).prefix + 1})
		}
	}
	return off
}

// session counts the end of a TCP session or of a tunnel, which took total ms, or less than 0 when the line does not tell.
func (c *Counter) session(e *labels.Entry[Cell], total int64) {
	cell, f := &e.Data, &c.f
	if t := c.shard.table; t.fam.sessions == nil && t.fam.sessionDuration == nil {
		return
	}
	if cell.rare == nil {
		cell.rare = &cellRare{}
	}
	rare := cell.rare
	i := slices.IndexFunc(rare.sessions, func(sl sessionSlot) bool { return sl.term == f.term })
	if i < 0 {
		i = len(rare.sessions)
		c.openSession(e)
	}
	vals := c.shard.vals
	vals[rare.sessions[i].total] += f.n
	if total >= 0 && c.shard.table.fam.sessionDuration != nil {
		c.shard.table.buckets.observe(vals[rare.sessions[i].hist:], total, f.n)
	}
}

func (c *Counter) openSession(e *labels.Entry[Cell]) {
	t := c.shard.table
	c.shard.lock()
	term := t.reg.intern(labelsOf("termination_state", t.terms.names[c.f.term]))
	sl := sessionSlot{term: c.f.term}
	sl.hist = t.ensureNamed(t.fam.sessionDuration, c.haproxy, term, "frontend", e.Frontend, "backend", e.Backend)
	sl.total = t.ensureNamed(t.fam.sessions, c.haproxy, term, "frontend", e.Frontend, "backend", e.Backend)
	c.shard.unlock()
	e.Data.rare.sessions = append(e.Data.rare.sessions, sl)
}
