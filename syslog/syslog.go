// Package syslog receives log lines instead of reading them from a file: as datagrams (UDP, unix), as
// connections (TCP, unix) and from standard input or a FIFO. It splits what arrives into lines and delivers
// them in blocks; what a line means is none of its business.
//
// Lines that arrive while nobody receives are lost, and a sender cannot be asked for them again: HAProxy never
// waits for its log. What can be told about such losses is in Stats.
package syslog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"
)

// slack is how many bytes behind a block a Sink may read (not write).
const slack = 64

// Origin says where a block came from.
type Origin struct {
	Source string // the configured URL
	Remote string // the peer of a connection, empty for datagrams and standard input
}

// Sink takes what was received.
type Sink interface {
	// Block gets one or more whole lines, each ending with \n. At least 64 bytes of b's array behind len(b)
	// may be read, not written. b is reused after the call. The lock that Cut takes is held: calls never overlap.
	Block(b []byte, from Origin)
}

// LongSink is implemented by a Sink that wants to know lines longer than Options.MaxLine, which are dropped.
type LongSink interface {
	TooLong(from Origin)
}

// Options tune a Receiver. The zero value is ready for use.
type Options struct {
	// MaxLine is the longest line or message delivered, in bytes without its \n; 128 KiB when zero.
	// HAProxy's own limit is 64 KiB.
	MaxLine int
	// MaxConns is how many connections may be open; more are closed at once. 64 when zero.
	MaxConns int
	// ReceiveBuffer is the socket buffer asked for, in bytes; 8 MiB when zero. It is what a burst may fill while
	// the program is busy. Without privileges the kernel gives net.core.rmem_max at most.
	ReceiveBuffer int
	// Restore is a position given by Cut in an earlier run: counters go on from it.
	Restore []byte
	Logger  *slog.Logger
}

func (o *Options) fill() {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.MaxLine, 128<<10)
	def(&o.MaxConns, 64)
	def(&o.ReceiveBuffer, 8<<20)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Stats is what operators see of a source. The fields of type uint64 are counters and part of the position.
type Stats struct {
	Source        string
	Up            bool
	Err           error // why Up is false, or the last error of accepting
	Ended         bool  // standard input was closed
	Connections   int   // open now
	ReceiveBuffer int   // given by the kernel, in bytes; 0 when not applicable
	LastBlock     time.Time
	Streams       bool // connections are accepted: FramingErrors, Accepted and Refused mean something
	Datagrams     bool // KernelDrops means something

	ReadBytes     uint64 // delivered, with line ends
	TooLong       uint64 // lines longer than Options.MaxLine
	PartialLines  uint64 // unfinished lines at the end of connections
	FramingErrors uint64 // connections closed because an octet count was wrong
	Accepted      uint64 // connections
	Refused       uint64 // connections over Options.MaxConns
	KernelDrops   uint64 // datagrams that found the socket's buffer full
}

func (s *Stats) counters() []*uint64 {
	return []*uint64{&s.ReadBytes, &s.TooLong, &s.PartialLines, &s.FramingErrors, &s.Accepted, &s.Refused, &s.KernelDrops}
}

const positionVersion = 1

// Receiver is one configured source.
type Receiver struct {
	opt    Options
	source string
	sink   Sink
	log    *slog.Logger

	mu    sync.Mutex // guards stats and sink
	stats Stats

	listener net.Listener // tcp, unix
	packets  packetConn   // udp, unixgram
	input    *os.File     // standard input, FIFO
	atEOF    bool         // input: the end of the input ends the source, and its last line
	socket   string       // path to remove at the end
	conns    map[net.Conn]struct{}
	drops    func() (uint32, bool) // the kernel's count since the socket was opened
	dropped  uint32                // the part of it that is in stats
}

// Listen opens a source. The forms of rawURL are
//
//	udp://host:port  tcp://host:port          without a host: 127.0.0.1
//	unix:///path     unixgram:///path         with ?mode=0660&user=NAME&group=NAME
//	-                                         standard input
//	fifo:///path                              a named pipe, created when missing
//
// Senders can be served as soon as Listen returns; Run takes what they send.
func Listen(rawURL string, opt Options, sink Sink) (*Receiver, error) {
	opt.fill()
	r := &Receiver{opt: opt, source: rawURL, sink: sink, log: opt.Logger.With("log", rawURL), conns: map[net.Conn]struct{}{}}
	r.stats.Source = rawURL
	if err := r.restore(opt.Restore); err != nil {
		return nil, err
	}
	addr, err := parseAddress(rawURL)
	if err != nil {
		return nil, err
	}
	if err := r.open(addr); err != nil {
		return nil, fmt.Errorf("source %s: %w", rawURL, err)
	}
	r.stats.Up = true
	return r, nil
}

func (r *Receiver) open(a address) (err error) {
	switch a.scheme {
	case "-":
		r.input, r.atEOF = os.Stdin, true
		return nil
	case "fifo":
		r.input, err = openFIFO(a)
		return err
	case "unix", "unixgram":
		if err := clearSocket(a); err != nil {
			return err
		}
		r.socket = a.target
	}
	switch a.scheme {
	case "tcp", "unix":
		r.listener, err = net.Listen(a.scheme, a.target)
		if l, ok := r.listener.(*net.UnixListener); ok {
			l.SetUnlinkOnClose(false) // removed by close, and only if it is still ours
		}
	default:
		r.packets, err = listenPacket(a)
	}
	if err == nil && r.socket != "" {
		err = a.permit()
	}
	if err != nil {
		r.close()
		return err
	}
	if r.packets != nil {
		r.tunePackets(a)
	}
	r.stats.Streams, r.stats.Datagrams = r.listener != nil, r.drops != nil
	if !loopback(r.Addr()) {
		r.log.Warn("Everybody who reaches this address can write log lines into it.", "address", r.Addr())
	}
	return nil
}

// tunePackets asks for a large buffer and says so when the kernel gives less.
func (r *Receiver) tunePackets(a address) {
	size, err := setReceiveBuffer(r.packets, r.opt.ReceiveBuffer)
	r.stats.ReceiveBuffer = size
	if a.scheme != "udp" {
		return
	}
	r.drops = dropCounter(r.packets)
	if err != nil || size < r.opt.ReceiveBuffer {
		r.log.Warn("The kernel gave a smaller receive buffer than asked for; a burst of log lines can overflow it. Raise net.core.rmem_max.",
			"asked_bytes", r.opt.ReceiveBuffer, "given_bytes", size, "err", err)
	}
}

// Addr returns the address that senders use, nil for standard input and FIFOs.
func (r *Receiver) Addr() net.Addr {
	switch {
	case r.listener != nil:
		return r.listener.Addr()
	case r.packets != nil:
		return r.packets.LocalAddr()
	}
	return nil
}

// Run receives until ctx ends or standard input does. It then takes what the kernel still holds, closes
// everything and returns nil; any other end is an error. It may be called once.
func (r *Receiver) Run(ctx context.Context) error {
	defer r.close()
	var err error
	switch {
	case r.listener != nil:
		err = r.serve(ctx)
	case r.packets != nil:
		err = r.receive(ctx)
	default:
		err = r.readInput(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Up, r.stats.Err = false, err
	return err
}

// Close ends a Receiver on which Run is not called.
func (r *Receiver) Close() { r.close() }

func (r *Receiver) close() {
	closeOne := func(c io.Closer) {
		if err := c.Close(); err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, os.ErrClosed) {
			r.log.Warn("Closing a source failed.", "err", err)
		}
	}
	if r.listener != nil {
		closeOne(r.listener)
	}
	if r.packets != nil {
		r.Stats() // the last look at the kernel's count
		closeOne(r.packets)
	}
	if r.input != nil && !r.atEOF {
		closeOne(r.input)
	}
	if r.socket != "" && (r.listener != nil || r.packets != nil) {
		removeSocket(r.socket, r.log)
		r.socket = ""
	}
}

// Cut calls fn between blocks with the position that belongs to what the Sink got so far.
func (r *Receiver) Cut(fn func(position []byte)) {
	r.CutStats(func(position []byte, _ Stats) { fn(position) })
}

// CutStats is Cut with the statistics of the same moment.
func (r *Receiver) CutStats(fn func(position []byte, st Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.countDrops()
	b := []byte{positionVersion}
	for _, c := range r.stats.counters() {
		b = binary.AppendUvarint(b, *c)
	}
	fn(b, r.stats)
}

func (r *Receiver) restore(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if b[0] != positionVersion {
		return fmt.Errorf("source %s: saved position of version %d cannot be read", r.source, b[0])
	}
	b = b[1:]
	for _, c := range r.stats.counters() {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return fmt.Errorf("source %s: saved position is damaged", r.source)
		}
		*c, b = v, b[n:]
	}
	return nil
}

// Stats returns the state of the source.
func (r *Receiver) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.countDrops()
	return r.stats
}

func (r *Receiver) countDrops() {
	if r.drops == nil {
		return
	}
	if now, ok := r.drops(); ok {
		r.stats.KernelDrops += uint64(now - r.dropped) // the kernel's count wraps at 32 bits
		r.dropped = now
	}
}

// deliver gives whole lines to the sink.
func (r *Receiver) deliver(b []byte, from Origin) {
	if len(b) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sink.Block(b, from)
	r.stats.ReadBytes += uint64(len(b))
	r.stats.LastBlock = time.Now()
}

func (r *Receiver) tooLong(from Origin) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.TooLong++
	if l, ok := r.sink.(LongSink); ok {
		l.TooLong(from)
	}
}

func (r *Receiver) count(f func(*Stats)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f(&r.stats)
}
