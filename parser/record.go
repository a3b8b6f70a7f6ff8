package parser

import "unsafe"

// Field is a slot of a Record. The constants below stand for what an alias, a well-known sample
// expression or a JSON key means, whatever the format calls it; other expressions, captures and
// names get slots from NumFields on, allocated per Set (see Set.Field).
type Field uint16

// The canonical fields. Times are in milliseconds, sizes in bytes.
const (
	FieldNone        Field = iota
	ClientAddr             // %ci; "unix" for a UNIX socket
	ClientPort             // %cp; the listener's id for a UNIX socket
	FrontendAddr           // %fi
	FrontendPort           // %fp
	BackendAddr            // %bi
	BackendPort            // %bp
	ServerAddr             // %si
	ServerPort             // %sp
	Frontend               // %f, or %ft without its trailing ~
	Backend                // %b; equals the frontend's name when none was chosen
	Server                 // %s; "<NOSRV>", applet names as logged
	Method                 // from %HM or %r; absent when the request could not be read
	Target                 // request target as logged, from %HU or %r
	Path                   // target without scheme, authority and query, from %HPO, %HP, %HU or %r
	Query                  // query without its leading ?
	Protocol               // "HTTP/1.1"
	Host                   // authority of an absolute target, or a captured Host header
	RequestLine            // %r; "<BADREQ>" when the request could not be read
	Status                 // %ST; -1 and 0 occur
	BytesSent              // %B, server to client, headers included
	BytesReceived          // %U, client to server
	TimeTq                 // %Tq, which is Th+Ti+TR
	TimeHandshake          // %Th; from here to TimeTotal in the order of a request
	TimeIdle               // %Ti
	TimeRequest            // %TR
	TimeQueue              // %Tw
	TimeConnect            // %Tc
	TimeResponse           // %Tr
	TimeData               // %Td
	TimeActive             // %Ta
	TimeTotal              // %Tt
	TimeUser               // %Tu
	TerminationState       // %ts or %tsc: 2 or 4 characters, the first two decide
	Retries                // %rc; Plus is set after a redispatch
	ActiveConns            // %ac
	FrontendConns          // %fc
	BackendConns           // %bc
	ServerConns            // %sc
	ServerQueue            // %sq
	BackendQueue           // %bq
	RequestCookie          // %CC
	ResponseCookie         // %CS
	RequestHeaders         // %hr with its braces, or %hrl
	ResponseHeaders        // %hs or %hsl
	AcceptDate             // %t, %T, %Tl
	AcceptSeconds          // %Ts
	Milliseconds           // %ms
	RequestDate            // %tr, %trg, %trl
	RequestCounter         // %rt
	LogCounter             // %lc
	Origin                 // %OG
	TLSCipher              // %sslc
	TLSVersion             // %sslv
	UniqueID               // %ID
	ProcessID              // %pid
	Hostname               // %H
	FrontendError          // %[fc_err]; 0 means none
	NumFields
)

// A value is what a Record keeps of one field: 16 bytes, written in two stores.
type value struct {
	off uint32 // start, plus one; 0 when absent. The top bits are flags.
	end uint32 // end, plus one
	num int64  // the number; of the path, see Route; of timers that a format does not have NoTimer
}

const (
	vScratch uint32 = 1 << 31 // the text is in Record.scratch
	vNumber  uint32 = 1 << 30 // num holds the value
	vPlus    uint32 = 1 << 29 // a + stood before the number
	vOffset  uint32 = 1<<29 - 1
)

// MaxLine is the longest message a Record can describe, in bytes; longer ones are ResultTooLong.
const MaxLine = 1<<28 - 1

// Record holds the fields of one line. The zero value is ready for use; reuse it for every line.
// Slices it returns point into the line given to Reader.Line or Program.Parse (or into the
// Record, for text that had to be unescaped, and where no bytes can be read behind the line) and
// are valid until that buffer or the Record is used again. A Record is not for concurrent use.
type Record struct {
	v       []value
	buf     []byte // the message the offsets refer to
	scratch []byte // unescaped text
	filled  *Program
	repeat  uint64
	cut     bool
	badReq  bool
	cookie  bool // a captured cookie stands in the line
	plain   bool // quick steps have read all timers, and no number has a +
	m       matcher
	padded  []byte // copy of a message that has no slack behind it
	index   *index // nil before the first line

	f        finder // values of a message that is read as JSON
	rendered []byte // what HAProxy would have written for it
}

// Bytes returns the field's bytes as logged, nil when the field is absent: not in the format, not
// wanted, beyond a cut, or printed as HAProxy prints "no value" ("-", or an empty quoted text).
// JSON strings and texts printed with {+E} or json() come unescaped; #XX escapes do not (Decode).
func (r *Record) Bytes(f Field) []byte {
	if f == FieldNone || int(f) >= len(r.v) {
		return nil
	}
	v := &r.v[f]
	if off := v.off&(vOffset|vScratch) - 1; off < vOffset {
		return r.buf[off : v.end-1]
	}
	return r.unescaped(v)
}

// unescaped returns the bytes of a value that do not stand in the message, nil for an absent one.
func (r *Record) unescaped(v *value) []byte {
	if v.off&vOffset == 0 {
		return nil
	}
	return r.scratch[v.off&vOffset-1 : v.end-1]
}

// End is how a request ended: 0 for what is absent.
type End struct {
	Server        byte // the first of its name
	Origin, Phase byte // the first two of the termination state
}

// End tells how the request ended.
func (r *Record) End() End {
	if len(r.v) < quickSlot {
		return End{}
	}
	v := (*[quickSlot]value)(r.v)
	s, t := &v[Server], &v[TerminationState]
	at, from := s.off-1, t.off-1
	if at >= vOffset || from >= vOffset || t.end-1-from < 2 {
		return r.end()
	}
	return End{r.buf[at], r.buf[from], r.buf[from+1]}
}

// end is End for records that hold something else than two plain texts.
func (r *Record) end() (e End) {
	if b := r.Bytes(Server); len(b) > 0 {
		e.Server = b[0]
	}
	switch b := r.Bytes(TerminationState); {
	case len(b) > 1:
		e.Origin, e.Phase = b[0], b[1]
	case len(b) == 1:
		e.Origin = b[0]
	}
	return e
}

// Brief returns in two numbers how a usual request went, that was sent to a server: its method, and its status and
// termination state. ok is false for lines that need a closer look.
func (r *Record) Brief() (method, end uint64, ok bool) {
	if !r.plain || len(r.v) < quickSlot {
		return 0, 0, false
	}
	v := (*[quickSlot]value)(r.v)
	m, s, t, code := &v[Method], &v[Server], &v[TerminationState], &v[Status]
	word, at, from, n := m.off-1, s.off-1, t.off-1, m.end-m.off
	if word|at|from > vOffset || n-1 > 6 || t.end-t.off < 2 || code.off&vNumber == 0 || uint64(code.num) >= 1<<16 {
		return 0, 0, false
	}
	b := unsafe.Pointer(unsafe.SliceData(r.buf)) // quick steps want slack behind
	method = *(*uint64)(unsafe.Add(b, word)) << (64 - 8*n)
	state := uint64(*(*uint16)(unsafe.Add(b, from)))
	return method, uint64(code.num)<<32 | state<<16 | uint64(n), *(*byte)(unsafe.Add(b, at)) != '<'
}

// Int returns the field's number. It is false when the field is absent or no number; the -1 of
// timers and status is (-1, true).
func (r *Record) Int(f Field) (int64, bool) {
	if f == FieldNone || int(f) >= len(r.v) {
		return 0, false
	}
	v := &r.v[f]
	if v.off&vNumber != 0 {
		return v.num, true
	}
	return 0, false
}

// NumTimers is how many timers Timers holds: %Th, %Ti, %TR, %Tw, %Tc, %Tr, %Td, %Ta and %Tt, in this order.
const NumTimers = int(TimeTotal-TimeHandshake) + 1

// NoTimer stands for a timer that a line does not have.
const NoTimer = -2

// Timer is a timer of a line.
type Timer struct {
	_  uint64
	MS int64 // milliseconds: -1 for one that the request did not reach, NoTimer for one that the line does not have
}

// Timers are the timers of a line.
type Timers [NumTimers]Timer

// A Timer is laid out as a value.
var (
	_ [unsafe.Sizeof(value{})]byte       = [unsafe.Sizeof(Timer{})]byte{}
	_ [unsafe.Offsetof(value{}.num)]byte = [unsafe.Offsetof(Timer{}.MS)]byte{}
)

// Timers returns the timers of the line: the record's own, which are valid until it is used again and must not be changed,
// or own, which it fills.
func (r *Record) Timers(own *Timers) *Timers {
	if r.plain { // the quick steps have written those of the format, begin the others
		return (*Timers)(unsafe.Pointer((*[NumTimers]value)((*[quickSlot]value)(r.v)[TimeHandshake:])))
	}
	for k := range own {
		own[k].MS = NoTimer
		if n, ok := r.Int(TimeHandshake + Field(k)); ok {
			own[k].MS = max(n, -1)
		}
	}
	return own
}

// Plus reports whether a + stood before the field's number: the logasap mark of %Ta, %Tt, %Tu and
// %B, the redispatch mark of %rc.
func (r *Record) Plus(f Field) bool {
	return !r.plain && f != FieldNone && int(f) < len(r.v) && r.v[f].off&vPlus != 0
}

// Has reports whether the field has a value.
func (r *Record) Has(f Field) bool {
	return f != FieldNone && int(f) < len(r.v) && r.v[f].off&vOffset != 0
}

// Repeat returns how often the line stands for itself: 1, or more where rsyslog wrote "message
// repeated N times".
func (r *Record) Repeat() uint64 {
	if r.repeat == 0 {
		return 1
	}
	return r.repeat
}

// Cut reports whether the line ended before its format did. Fields beyond the cut are absent, and
// a path cut in the middle of a segment ends at the slash before it.
func (r *Record) Cut() bool { return r.cut }

// BadRequest reports whether HAProxy could not read the request ("<BADREQ>"). Method, target and
// protocol are absent then.
func (r *Record) BadRequest() bool { return r.badReq }

// Clone returns a copy that shares no memory with r or its line.
func (r *Record) Clone() *Record {
	c := *r
	c.v = append([]value(nil), r.v...)
	c.buf = append(make([]byte, 0, len(r.buf)+slack), r.buf...)
	c.scratch = append([]byte(nil), r.scratch...)
	c.m, c.filled, c.plain, c.padded, c.index, c.f, c.rendered = matcher{}, nil, false, nil, nil, finder{}, nil
	return &c
}
