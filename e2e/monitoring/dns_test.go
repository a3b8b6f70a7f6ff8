package monitoring

import (
	"bytes"
	"net"
	"sync/atomic"
	"testing"
)

// dns answers every question for an address with 127.0.0.1, or says that the name does not exist.
type dns struct {
	addr string
	gone atomic.Bool
}

func startDNS(t *testing.T) *dns {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	d := &dns{addr: c.LocalAddr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := c.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if a := d.answer(buf[:n]); a != nil {
				c.WriteToUDP(a, from)
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return d
}

// answer builds a reply (RFC 1035 section 4.1): the header, the question again, and one A record.
func (d *dns) answer(q []byte) []byte {
	if len(q) < 17 {
		return nil
	}
	end := 12 + bytes.IndexByte(q[12:], 0) + 5 // the name's final zero, type and class
	if end > len(q) {
		return nil
	}
	a := append([]byte{}, q[:end]...)
	a[2], a[3] = 0x81, 0x80 // an answer, recursion was available
	a[6], a[7], a[8], a[9], a[10], a[11] = 0, 0, 0, 0, 0, 0
	address := q[end-4] == 0 && q[end-3] == 1
	switch {
	case d.gone.Load():
		a[3] |= 3 // no such name
	case address:
		a[7] = 1
		a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1)
	}
	return a
}
