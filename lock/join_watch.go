package lock

import (
	"context"
	"errors"
	"time"
)

// Watch implements [Lock]. It goes on from what is known, which is version or
// later. ErrForbidden and the like are about the second lock: the first is
// read instead.
func (j *joint) Watch(ctx context.Context, version string) (<-chan Event, error) {
	ctx, cancel := context.WithCancel(ctx)
	known := j.known()
	second, err := j.second.Watch(ctx, known.b.Version)
	if err != nil {
		cancel()
		return nil, err
	}
	first, err := j.first.Watch(ctx, known.a.Version)
	if err != nil && !errors.Is(err, ErrForbidden) && !errors.Is(err, errors.ErrUnsupported) {
		cancel()
		return nil, err
	}
	w := &jointWatch{j: j, out: make(chan Event), failed: make(chan struct{}, 1), sent: Snapshot{Version: version}}
	j.mu.Lock()
	j.failed = w.failed
	j.mu.Unlock()
	go func() {
		defer close(w.out)
		defer cancel()
		w.run(ctx, first, second)
	}()
	return w.out, nil
}

// jointWatch makes one watch of two.
type jointWatch struct {
	j   *joint
	out chan Event

	failed chan struct{} // what was half written is news after all
	sent   Snapshot      // whose version was told last
}

// run ends when ctx ends or one of both watches does. first is nil if there is
// none.
func (w *jointWatch) run(ctx context.Context, first, second <-chan Event) {
	again := time.NewTimer(0) // reads the first lock
	if !again.Stop() {
		<-again.C
	}
	defer again.Stop()
	pause := firstPause
	unwatched := first == nil
	if !w.tell(ctx, Event{}) { // what came between version and what is known
		return
	}
	for {
		var event Event
		var ok bool
		var known *half
		select {
		case <-ctx.Done():
			return
		case event, ok = <-first:
			known = &w.j.a
		case event, ok = <-second:
			known = &w.j.b
		case <-w.failed:
			if !w.tell(ctx, Event{}) {
				return
			}
			continue
		case <-again.C:
			if !w.readFirst(ctx) {
				return
			}
			if pause *= 2; w.releasing() && pause < lastPause {
				again.Reset(pause)
			}
			continue
		}
		if !ok {
			return
		}
		if event.Err == nil && !event.Bookmark {
			w.j.seen(known, event)
			if unwatched && known == &w.j.b {
				if !w.readFirst(ctx) {
					return
				}
				if pause = firstPause; w.releasing() {
					again.Reset(pause)
				}
				continue
			}
		}
		if !w.tell(ctx, event) || event.Err != nil {
			return
		}
	}
}

// Without a watch of the first lock, its release is waited for: it follows on
// that of the second within one request.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = 2 * time.Second
)

// releasing: the second lock was released, and the first, as far as is known,
// was not yet.
func (w *jointWatch) releasing() bool {
	p := w.j.known()
	return p.a.exists && p.b.exists && p.a.Joint && p.b.Joint && p.a.Token == p.b.Token && p.a.Holder != "" && p.b.Holder == ""
}

// readFirst reads the lock that is not watched. An error is for those who read
// both to tell.
func (w *jointWatch) readFirst(ctx context.Context) bool {
	before := w.j.known()
	reading, cancel := context.WithTimeout(ctx, lastPause) // one that is swallowed must not keep the second from being heard
	defer cancel()
	s, err := w.j.first.Read(reading)
	if missing := errors.Is(err, ErrNotFound); err == nil || missing {
		w.j.mu.Lock()
		w.j.a.read(before.a.learnt, s, missing)
		w.j.mu.Unlock()
	}
	return w.tell(ctx, Event{})
}

// seen takes in a change of one of both.
func (j *joint) seen(known *half, e Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch revision := e.Snapshot.Revision(); {
	case revision <= known.floor:
	case e.Deleted:
		known.gone(revision, false)
	default:
		known.learn(e.Snapshot)
	}
}

// tell passes on what is known, if that is newer than what was told last, or
// that the watch goes on or ends. false: ctx has ended.
func (w *jointWatch) tell(ctx context.Context, e Event) bool {
	w.j.mu.Lock()
	p, half := pair{w.j.a, w.j.b}, w.j.halfWritten()
	w.j.mu.Unlock()
	var s Snapshot
	if p.a.exists || p.b.exists {
		s = p.snapshot()
	} else {
		s = Snapshot{UID: w.sent.UID, Version: p.version()}
	}
	newer, ok := s.Newer(w.sent)
	switch {
	case !half && (newer || !ok && s.Revision() > 0):
		w.sent = s
		e = Event{Snapshot: s, Deleted: !p.a.exists && !p.b.exists, Err: e.Err}
	case e.Bookmark:
		e = Event{Bookmark: true, Snapshot: Snapshot{Version: w.sent.Version}} // of one, and so no news of both
	case e.Err == nil:
		return true
	}
	select {
	case w.out <- e:
		return true
	case <-ctx.Done():
		return false
	}
}
