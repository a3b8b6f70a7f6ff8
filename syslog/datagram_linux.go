package syslog

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// perCall is how many datagrams one system call takes.
const perCall = 32

// mmsghdr is struct mmsghdr of recvmmsg(2).
type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32 // padded by the compiler as in C
}

// batch reads many datagrams with one system call. The buffers are as large as the longest message, but only
// the pages that datagrams touch take memory.
type batch struct {
	raw     syscall.RawConn
	memory  []byte
	size    int
	iovs    [perCall]unix.Iovec
	headers [perCall]mmsghdr
}

func newBatch(c packetConn, maxLine int) (*batch, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	b := &batch{raw: raw, size: min(maxLine+1, 1<<17)}
	b.memory = make([]byte, perCall*b.size)
	for i := range b.headers {
		b.iovs[i].Base = &b.memory[i*b.size]
		b.iovs[i].SetLen(b.size)
		b.headers[i].hdr.Iov = &b.iovs[i]
		b.headers[i].hdr.SetIovlen(1)
	}
	return b, nil
}

// read waits for datagrams and returns how many there are.
func (b *batch) read() (n int, err error) {
	var errno syscall.Errno
	err = b.raw.Read(func(fd uintptr) bool {
		for {
			r, _, e := unix.Syscall6(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&b.headers[0])), perCall, unix.MSG_DONTWAIT, 0, 0)
			if e == unix.EINTR {
				continue
			}
			n, errno = int(r), e
			return e != unix.EAGAIN
		}
	})
	if err == nil && errno != 0 {
		err = os.NewSyscallError("recvmmsg", errno)
	}
	if err != nil {
		n = 0
	}
	return n, err
}

// message returns the i-th datagram of the last read; cut when it is longer than allowed.
func (b *batch) message(i int) (msg []byte, cut bool) {
	h := &b.headers[i]
	n := int(h.n)
	return b.memory[i*b.size : i*b.size+n], h.hdr.Flags&unix.MSG_TRUNC != 0 || n >= b.size
}

// setReceiveBuffer asks for a socket buffer and returns what the kernel gave.
func setReceiveBuffer(c packetConn, size int) (given int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	cerr := raw.Control(func(fd uintptr) {
		// With CAP_NET_ADMIN the limit of the system does not hold.
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, size) != nil {
			err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, size)
		}
		if err == nil {
			given, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		}
	})
	if err = errors.Join(err, cerr); err != nil {
		return 0, fmt.Errorf("SO_RCVBUF: %w", err)
	}
	return given / 2, nil // the kernel doubles what is asked for, for its own book-keeping
}

// dropCounter returns a function that reads how many datagrams found the buffer full since the socket was
// opened. SO_MEMINFO tells at any time; SO_RXQ_OVFL would tell only with the next datagram.
func dropCounter(c packetConn) func() (uint32, bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return func() (drops uint32, ok bool) {
		var info [9]uint32 // SK_MEMINFO_VARS of linux/sock_diag.h; the last is SK_MEMINFO_DROPS
		size := uint32(unsafe.Sizeof(info))
		err := raw.Control(func(fd uintptr) {
			_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
				uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
			ok = e == 0 && size >= uint32(unsafe.Sizeof(info))
		})
		return info[8], ok && err == nil
	}
}
