package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// progress draws a bar on a terminal while logs are read; elsewhere it draws nothing.
type progress struct {
	out   io.Writer
	total int64
	read  atomic.Int64
	stop  chan struct{}
	ended chan struct{}
}

// newProgress begins to draw when out is a terminal and the size of what is read is known.
func newProgress(out io.Writer, total int64) *progress {
	p := &progress{out: out, total: total}
	if f, ok := out.(*os.File); !ok || total == 0 || !isTerminal(f) {
		return p
	}
	p.stop, p.ended = make(chan struct{}), make(chan struct{})
	go p.run()
	return p
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (p *progress) run() {
	defer close(p.ended)
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			p.draw()
		case <-p.stop:
			fmt.Fprint(p.out, "\r\x1b[K")
			return
		}
	}
}

func (p *progress) draw() {
	const width = 40
	share := min(1, float64(p.read.Load())/float64(p.total))
	bar := make([]byte, width)
	for i := range bar {
		bar[i] = ' '
		if float64(i) < share*width {
			bar[i] = '='
		}
	}
	fmt.Fprintf(p.out, "\r[%s] %3.0f %%", bar, share*100)
}

// done removes the bar.
func (p *progress) done() {
	if p.stop != nil {
		close(p.stop)
		<-p.ended
	}
}

// reader counts what is read from r, and ends it when the context does.
func (p *progress) reader(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := r.Read(b)
		p.read.Add(int64(n))
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
