package state

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// job is one snapshot on its way to the disk.
type job struct {
	snap   *Snapshot
	header []byte
	names  []string
	done   chan struct{} // closed when it or a newer one was written, or failed
	err    error         // valid after done
	older  *job          // its place was taken before it was begun
}

// Save stores a snapshot in place of the last one and returns when the stored file is
// complete, so that no death of this process can take it back. When several are waiting for
// a slow disk only the newest is written, and it counts for those before it.
func (s *Store) Save(snap *Snapshot) error { return s.SaveWithin(context.Background(), snap) }

// SaveWithin is Save that returns ErrOverdue when ctx ends before the snapshot is stored.
func (s *Store) SaveWithin(ctx context.Context, snap *Snapshot) error {
	p, err := s.Begin(snap)
	if err != nil {
		return err
	}
	return p.Wait(ctx)
}

// Pending is a snapshot that was handed over with Begin.
type Pending struct {
	store *Store
	job   *job
}

// Begin hands a snapshot over and returns at once. Snapshots are stored in the order of the calls
// of Begin: whoever takes snapshots in several goroutines calls it while no other can be taken.
// The snapshot and its sections belong to the store from now on.
func (s *Store) Begin(snap *Snapshot) (*Pending, error) {
	for n := range snap.Sections {
		if len(n) > maxName {
			return nil, fmt.Errorf("the name of section %.40q… is longer than %d bytes", n, maxName)
		}
	}
	if len(snap.Sections) > maxSections {
		return nil, fmt.Errorf("more than %d sections", maxSections)
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, ErrClosed
	}
	s.seq++
	snap.Sequence, snap.Created = s.seq, s.opt.Now()
	j := &job{snap: snap, done: make(chan struct{})}
	if old := s.next; old != nil {
		// Only who waits for it is kept, not its data: a stalled disk must not fill the memory.
		old.snap, j.older = nil, old
	}
	s.next = j
	s.mu.Unlock()
	s.wakeWriter()
	return &Pending{s, j}, nil
}

// Wait returns when the snapshot, or a newer one that took its place, is stored; ErrOverdue when
// ctx ends before.
func (p *Pending) Wait(ctx context.Context) error {
	select {
	case <-p.job.done:
		return p.job.err
	case <-ctx.Done():
		select {
		case <-p.job.done:
			return p.job.err
		default:
		}
		p.store.failed(ErrOverdue)
		return fmt.Errorf("%w (%w)", ErrOverdue, context.Cause(ctx))
	}
}

func (s *Store) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.WriteErrors++
	s.stats.LastError = err
}

func (s *Store) wakeWriter() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// writer is the only goroutine that writes the snapshot, one after the other in the order of
// their sequence numbers: a slow older one can never replace a newer one.
func (s *Store) writer() {
	defer close(s.done)
	for range s.kick {
		for {
			s.mu.Lock()
			j := s.next
			s.next = nil
			closed := s.closed
			s.mu.Unlock()
			if j == nil {
				if closed {
					return
				}
				break
			}
			s.write(j)
		}
	}
}

func (s *Store) write(j *job) {
	begin := time.Now()
	j.header, j.names = j.snap.encode()
	err := s.ensureLock()
	var size int64
	if err == nil {
		size, err = s.opt.disk.replace(s.path(fileName), j.header, j.parts())
	}
	s.mu.Lock()
	if err == nil {
		s.stats.Saves++
		s.stats.LastError, s.stats.LastSave = nil, j.snap.Created
		s.stats.Duration, s.stats.Bytes = time.Since(begin), size
		s.problem = nil
	} else {
		var locked *LockedError
		if !errors.As(err, &locked) {
			err = fmt.Errorf("save the snapshot: %w", err)
		}
		s.stats.WriteErrors++
		s.stats.LastError, s.problem = err, err
	}
	s.mu.Unlock()
	if err == nil {
		s.sync.offer(j)
	}
	j.finish(err)
}

// finish tells everyone who waits for the job or for one that it took the place of.
func (j *job) finish(err error) {
	for ; j != nil; j = j.older {
		j.err = err
		close(j.done)
	}
}

// parts are the sections in the order of the header's table.
func (j *job) parts() [][]byte {
	parts := make([][]byte, len(j.names))
	for i, n := range j.names {
		parts[i] = j.snap.Sections[n]
	}
	return parts
}
