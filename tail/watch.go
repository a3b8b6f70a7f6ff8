package tail

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher shortens the wait for the next poll. It is armed only while nothing happens: a busy
// log is polled more often than every notification of it would be worth. Whatever it reports,
// loses or fails at, the next poll comes anyway and decides alone.
type watcher struct {
	f     *Follower
	w     *fsnotify.Watcher
	dirs  []string
	quiet int
}

// activePoll is the pause between polls while lines arrive: a scrape sees lines at most that
// old, and a name that is reused quickly is opened in time.
const activePoll = 50 * time.Millisecond

func newWatcher(f *Follower) *watcher {
	w := &watcher{f: f}
	if f.opt.NoNotify {
		return w
	}
	n, err := fsnotify.NewWatcher()
	if err != nil {
		f.log.Info("no file notifications, polling only", "err", err)
		return w
	}
	w.w = n
	return w
}

// pause returns how long to wait, and arms or disarms the notifications.
func (w *watcher) pause(active bool) time.Duration {
	poll := w.f.opt.Poll
	if active {
		w.quiet = 0
		w.disarm()
		return min(poll, activePoll)
	}
	if w.quiet++; w.quiet < 10 {
		return min(poll, activePoll)
	}
	w.arm()
	return poll
}

func (w *watcher) arm() {
	if w.w == nil || len(w.dirs) > 0 {
		return
	}
	for _, pl := range w.f.places() {
		if w.w.Add(pl.dir) == nil {
			w.dirs = append(w.dirs, pl.dir)
		}
	}
	w.f.armed.Store(len(w.dirs) > 0)
}

func (w *watcher) disarm() {
	for _, d := range w.dirs {
		// The directory may be gone, and its watch with it.
		_ = w.w.Remove(d)
	}
	w.dirs = w.dirs[:0]
	w.f.armed.Store(false)
}

// wait returns after d, when the follower is woken or something happened to its files, or
// with false when done is closed.
func (w *watcher) wait(done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	var events chan fsnotify.Event
	var errs chan error
	if w.w != nil {
		events, errs = w.w.Events, w.w.Errors
	}
	for {
		select {
		case <-done:
			return false
		case <-timer.C:
			return true
		case <-w.f.wake:
			return true
		case ev := <-events:
			if len(w.dirs) > 0 && w.concerns(ev) {
				return true
			}
		case <-errs:
			// An overflow is only one more reason to look.
			return true
		}
	}
}

func (w *watcher) close() {
	if w.w != nil {
		w.w.Close()
	}
}

// concerns reports whether an event is about a followed name or one beside it.
func (w *watcher) concerns(ev fsnotify.Event) bool {
	if ev.Op == fsnotify.Chmod {
		return false
	}
	base := filepath.Base(ev.Name)
	for _, p := range w.f.paths {
		if strings.HasPrefix(base, filepath.Base(p.name)) {
			return true
		}
	}
	return w.f.glob
}
