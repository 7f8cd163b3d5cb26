package leaderelection

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// request runs do on a goroutine of its own, bounded by deadline, and sends
// the loop what it makes of the result.
func (l *loop) request(name string, deadline core.Time, do func(context.Context) (lock.Snapshot, error), reply func(lock.Snapshot, error) core.Event) {
	timeout, campaign := deadline-l.e.now(), l.ctx
	l.io.Go(func() {
		ctx, cancel := context.WithTimeout(forElection(campaign), timeout)
		defer cancel()
		sent := l.e.now()
		snapshot, err := do(ctx)
		if campaign.Err() == nil { // else nobody waits for it any more
			l.e.observe(Event{Kind: EventRequest, Request: name, Took: l.e.now() - sent, Err: err})
			l.log.Debug("request", "request", name, "took", l.e.now()-sent, "error", err)
		}
		l.e.send(answer{to: campaign, sent: sent, event: reply(snapshot, err), err: err})
	})
}

func (l *loop) read(a core.Read) {
	l.request("read", a.Deadline, l.e.cfg.Lock.Read, func(s lock.Snapshot, err error) core.Event {
		return core.ReadReply{ID: a.ID, Snapshot: s, Err: err}
	})
}

func (l *loop) write(a core.Write) {
	record := l.stamp(a.Record)
	kept := func(context.Context) {}
	if a.Kind == core.WriteAcquire {
		kept = l.e.state.kept()
	}
	do := func(ctx context.Context) (lock.Snapshot, error) {
		kept(ctx)
		if a.Old == nil {
			return l.e.cfg.Lock.Insert(ctx, record)
		}
		return l.e.cfg.Lock.Swap(ctx, *a.Old, record)
	}
	l.request(a.Kind.String(), a.Deadline, do, func(s lock.Snapshot, err error) core.Event {
		return core.WriteReply{ID: a.ID, Snapshot: s, Err: err}
	})
}

// stamp adds the wall-clock times, which are for people only.
func (l *loop) stamp(r lock.Record) lock.Record {
	r.Renewed = time.Now()
	if r.Acquired.IsZero() {
		r.Acquired = r.Renewed
	}
	r.Candidates = slices.Clone(r.Candidates) // it may be what Status has given out
	for i, c := range r.Candidates {
		if c.Identity == l.e.cfg.Identity && c.Since.IsZero() {
			r.Candidates[i].Since = l.e.started
		}
	}
	return r
}

// openWatch is the watch that runs or is being started.
type openWatch struct {
	id     uint64
	cancel context.CancelFunc
	events <-chan lock.Event // nil until it runs
	err    error             // why it broke
}

func (w *openWatch) close() {
	if w.cancel != nil {
		w.cancel()
	}
	*w = openWatch{}
}

func (l *loop) openWatch(a core.Watch) {
	l.watch.close()
	ctx, cancel := context.WithCancel(l.ctx)
	l.watch = openWatch{id: a.ID, cancel: cancel}
	l.io.Go(func() {
		slow := time.AfterFunc(l.e.cfg.RenewDeadline, cancel) // of the start alone
		sent := l.e.now()
		events, err := l.e.cfg.Lock.Watch(ctx, a.Version)
		if !slow.Stop() && err == nil {
			err = context.DeadlineExceeded
		}
		l.e.observe(Event{Kind: EventRequest, Request: "watch", Took: l.e.now() - sent, Err: err})
		l.e.send(opened{id: a.ID, events: events, err: err})
	})
}

func (l *loop) opened(m opened) {
	if m.id != l.watch.id {
		return // replaced meanwhile, and cancelled
	}
	if m.err != nil {
		l.watch.err = m.err
		l.watchEnded()
		return
	}
	l.watch.events = m.events
}

// watched passes on one event of the watch, or its end.
func (l *loop) watched(event lock.Event, ok bool) {
	switch {
	case !ok:
		l.watchEnded()
	case event.Err != nil:
		l.watch.err = event.Err
	default:
		l.note(nil, false, l.e.now())
		l.step(core.WatchEvent{ID: l.watch.id, Event: event})
	}
}

func (l *loop) watchEnded() {
	id, err := l.watch.id, l.watch.err
	l.watch.close()
	if err != nil {
		l.log.Debug("watch ended", "error", err)
		if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, lock.ErrForbidden) && !errors.Is(err, lock.ErrExpired) {
			l.note(err, false, l.e.now())
		}
	}
	l.step(core.WatchEnded{ID: id, Err: err})
}

// failingLog is how often it is said that requests still fail.
const failingLog = 30 * time.Second

// failing tells whether the API server serves this candidate.
type failing struct {
	now    bool          // requests fail
	since  time.Duration // when the first of those in a row failed
	logged time.Duration // when that was last said
	last   error         // of the last that failed
	writes bool          // writes are among them
	wrote  time.Duration // when the last of those failed
}

// note keeps count of failures in a row. An answer that the election can use
// is none, if it was asked for after the first of them. That reads succeed says
// nothing of writes, which other rules of RBAC allow: they have to succeed as
// well, or to cease.
func (l *loop) note(err error, write bool, sent time.Duration) {
	now, f := l.e.now(), &l.failed
	if err == nil || errors.Is(err, lock.ErrConflict) || errors.Is(err, lock.ErrNotFound) {
		if f.now && sent > f.since && (write || !f.writes || now-f.wrote > 2*l.e.cfg.RetryPeriod) {
			l.log.Info("requests succeed again", "after", now-f.since)
			*f = failing{}
		}
		return
	}
	switch {
	case !f.now:
		f.now, f.since, f.logged = true, now, now
		l.log.Warn("request failed, trying again", "error", err)
	case now-f.logged >= failingLog:
		f.logged = now
		l.log.Warn("requests still fail, trying again", "for", now-f.since, "error", err)
	}
	f.last = err
	if write {
		f.writes, f.wrote = true, now
	}
}
