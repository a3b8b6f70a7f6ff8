//go:build !linux

package syslog

// batch reads one datagram at a time.
type batch struct {
	conn packetConn
	buf  []byte
	n    int
}

func newBatch(c packetConn, maxLine int) (*batch, error) {
	return &batch{conn: c, buf: make([]byte, min(maxLine+1, 1<<17))}, nil
}

func (b *batch) read() (n int, err error) {
	if b.n, _, err = b.conn.ReadFrom(b.buf); err != nil {
		return 0, err
	}
	return 1, nil
}

func (b *batch) message(int) (msg []byte, cut bool) { return b.buf[:b.n], b.n >= len(b.buf) }

func setReceiveBuffer(c packetConn, size int) (given int, err error) {
	return size, c.SetReadBuffer(size)
}

func dropCounter(packetConn) func() (uint32, bool) { return nil }
