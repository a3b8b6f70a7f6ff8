package syslog

import (
	"bytes"
	"errors"
	"fmt"
)

// framing is how messages are told apart on a connection (RFC 6587 section 3.4).
type framing uint8

const (
	framingUnknown framing = iota // nothing or too little was received
	framingLines                  // each message ends with \n
	framingOctets                 // each message has its length in front: "386 <134>…"
)

var errCount = errors.New("octet count expected")

// frames splits a stream into lines. It is for one goroutine.
type frames struct {
	max      int
	mode     framing
	buf      []byte // received, not delivered
	out      []byte // lines made of octet-counted messages
	skip     int    // bytes of a message that is too long and still to come
	skipLine bool   // drop up to the next line end
	block    func([]byte)
	tooLong  func()
}

// firstBuffer is the size a stream's buffer begins with, in bytes. It grows up to the longest line.
const firstBuffer = 32 << 10

// room returns where to read to: at least one byte, and slack behind it.
func (f *frames) room() []byte {
	free := cap(f.buf) - slack - len(f.buf)
	if free <= 0 {
		size := max(firstBuffer, 2*cap(f.buf))
		size = min(size, f.max+1+slack+len("999999999 "))
		next := make([]byte, len(f.buf), max(size, len(f.buf)+1+slack))
		copy(next, f.buf)
		f.buf = next
		free = cap(f.buf) - slack - len(f.buf)
	}
	return f.buf[len(f.buf) : len(f.buf)+free]
}

// took says that n bytes were read into room.
func (f *frames) took(n int) error {
	f.buf = f.buf[:len(f.buf)+n]
	if f.mode == framingUnknown {
		f.mode = detect(f.buf)
	}
	switch f.mode {
	case framingLines:
		f.lines()
	case framingOctets:
		return f.octets()
	}
	return nil
}

// detect tells the framing by the first bytes: digits, a blank and a priority are a count.
func detect(b []byte) framing {
	const mostDigits = 7
	i := 0
	for i < len(b) && i <= mostDigits && b[i]-'0' < 10 {
		i++
	}
	switch {
	case i > mostDigits || len(b) > 0 && b[0] == '0':
		return framingLines
	case i == len(b):
		return framingUnknown
	case i == 0 || b[i] != ' ':
		return framingLines
	case i+1 == len(b):
		return framingUnknown
	case b[i+1] == '<':
		return framingOctets
	}
	return framingLines
}

func (f *frames) lines() {
	b := f.buf
	if f.skipLine {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			f.buf = b[:0]
			return
		}
		f.skipLine = false
		b = b[i+1:]
	}
	if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
		f.block(b[:i+1])
		b = b[i+1:]
	}
	if len(b) > f.max {
		f.tooLong()
		f.skipLine = true
		b = b[:0]
	}
	f.keep(b)
}

// keep moves the rest to the front.
func (f *frames) keep(rest []byte) { f.buf = f.buf[:copy(f.buf[:cap(f.buf)], rest)] }

func (f *frames) octets() error {
	b := f.buf
	f.out = f.out[:0]
	var err error
	for len(b) > 0 {
		if f.skip > 0 {
			n := min(f.skip, len(b))
			f.skip -= n
			b = b[n:]
			continue
		}
		n, at, e := readCount(b)
		if e != nil {
			err = e
			break
		}
		if at == 0 { // the count is not complete
			break
		}
		if n > f.max {
			f.tooLong()
			f.skip = n
			b = b[at:]
			continue
		}
		if len(b)-at < n {
			break
		}
		f.out = appendLine(f.out, b[at:at+n])
		b = b[at+n:]
	}
	if len(f.out) > 0 {
		f.out = withSlack(f.out)
		f.block(f.out)
	}
	f.keep(b)
	return err
}

// readCount reads "386 " and returns the count and where the message begins, 0 when more bytes are needed.
func readCount(b []byte) (n, at int, err error) {
	i := 0
	for i < len(b) && i < 9 && b[i]-'0' < 10 {
		n = n*10 + int(b[i]-'0')
		i++
	}
	switch {
	case i == len(b) && i < 9:
		return 0, 0, nil
	case i == 0 || i == len(b) || b[i] != ' ' || n == 0:
		return 0, 0, fmt.Errorf("%w, got %.20q", errCount, b)
	}
	return n, i + 1, nil
}

// rest returns the unfinished line at the end of a stream.
func (f *frames) rest() []byte {
	if f.skipLine || f.skip > 0 {
		return nil
	}
	return f.buf
}

// appendLine appends a message as a line. A line end within it (a request can carry one into an unescaped
// field) would make two lines of it and becomes a blank.
func appendLine(dst, msg []byte) []byte {
	for n := len(msg); n > 0 && (msg[n-1] == '\n' || msg[n-1] == '\r' || msg[n-1] == 0); n-- {
		msg = msg[:n-1]
	}
	at := len(dst)
	dst = append(dst, msg...)
	for line := dst[at:]; ; {
		i := bytes.IndexByte(line, '\n')
		if i < 0 {
			break
		}
		line[i] = ' '
		line = line[i+1:]
	}
	return append(dst, '\n')
}

// withSlack makes sure that bytes behind b can be read.
func withSlack(b []byte) []byte {
	if cap(b)-len(b) >= slack {
		return b
	}
	return append(b, make([]byte, slack)...)[:len(b)]
}
