package tail

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// TestRandomLives plays random sequences of everything that can happen to a log and to the
// program. No operation destroys bytes that nobody could have read.
func TestRandomLives(t *testing.T) {
	lives, steps := 150, 60
	if testing.Short() {
		lives = 40
	}
	for seed := range uint64(lives) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			l := &life{world: newWorld(t), r: rand.New(rand.NewPCG(seed, 1))}
			l.live = l.writer("haproxy.log")
			l.poll()
			l.save()
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(l.done)
				}
			})
			for range steps {
				l.step()
			}
			l.finishHalf()
			l.check()
			l.restart()
			l.check()
		})
	}
}

type life struct {
	*world
	r    *rand.Rand
	live *os.File
	late *os.File // still open on the newest rotated file
	rest string   // second half of a line, belongs to live
	done []string
}

func (l *life) step() {
	steps := []struct {
		name string
		do   func()
	}{
		{"write", func() { l.finishHalf(); l.put(l.live, l.lines(1+l.r.IntN(40))) }},
		{"write", func() { l.finishHalf(); l.put(l.live, l.lines(1+l.r.IntN(40))) }},
		{"half", l.half},
		{"late", l.lateWrite},
		{"poll", l.poll},
		{"poll", l.poll},
		{"round", func() { l.f.Poll() }},
		{"seconds", func() { l.later(3 * time.Second) }},
		{"drain", func() { l.later(15 * time.Second) }},
		{"rename", l.rotate},
		{"copytruncate", l.copyTruncate},
		{"compress", l.compressOld},
		{"save", l.save},
		{"kill", l.kill},
		{"restart", l.restart},
		{"delete", l.delete},
	}
	s := steps[l.r.IntN(len(steps))]
	l.done = append(l.done, s.name)
	s.do()
}

func (l *life) half() {
	if l.rest != "" {
		return
	}
	text := l.lines(1)
	n := 1 + l.r.IntN(len(text)-1)
	l.put(l.live, text[:n])
	l.rest = text[n:]
}

func (l *life) finishHalf() {
	if l.rest != "" {
		l.put(l.live, l.rest)
		l.rest = ""
	}
}

func (l *life) lateWrite() {
	if l.late != nil {
		l.put(l.late, l.lines(1+l.r.IntN(5)))
	}
}

// shift makes room for haproxy.log.1.
func (l *life) shift() {
	if l.late != nil {
		l.late.Close()
		l.late = nil
	}
	for i := 70; i > 0; i-- {
		for _, ext := range []string{"", ".gz", ".zst", ".xz"} {
			from := fmt.Sprintf("haproxy.log.%d%s", i, ext)
			if _, err := os.Lstat(l.path(from)); err == nil {
				l.rename(from, fmt.Sprintf("haproxy.log.%d%s", i+1, ext))
			}
		}
	}
}

func (l *life) rotate() {
	l.finishHalf()
	l.shift()
	l.rename("haproxy.log", "haproxy.log.1")
	l.late, l.live = l.live, l.writer("haproxy.log")
}

func (l *life) copyTruncate() {
	l.finishHalf()
	l.shift()
	l.copy("haproxy.log", "haproxy.log.1")
	l.truncate("haproxy.log", 0)
}

func (l *life) compressOld() {
	exts := []string{".gz", ".zst", ".xz"}
	for i := 2; i < 70; i++ {
		name := fmt.Sprintf("haproxy.log.%d", i)
		if fi, err := os.Lstat(l.path(name)); err == nil && fi.Size() > 0 {
			l.compress(name, exts[l.r.IntN(len(exts))])
			return
		}
	}
}

// delete is fair only when everything was read and saved: the bytes are gone.
func (l *life) delete() {
	l.finishHalf()
	l.poll()
	l.save()
	l.remove("haproxy.log")
	l.live.Close()
	l.live = l.writer("haproxy.log")
}
