package leaderelection

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// loop is the thin shell around the core: one goroutine, for as long as there
// are Runs. It feeds the core what happens and does what the core says.
type loop struct {
	e    *Elector
	core *core.Core
	log  *slog.Logger

	// ctx ends all requests of a campaign, io counts them.
	ctx    context.Context
	cancel context.CancelFunc
	io     *sync.WaitGroup

	watch  openWatch
	runs   map[*run]struct{}
	term   *activeTerm // nil while no work may run
	downs  []chan error
	failed failing
	idle   bool // the core has finished
}

// What the loop is sent.
type (
	// join: a Run has begun.
	join struct{ run *run }
	// leave: a Run's context has ended.
	leave struct{ run *run }
	// returned: the work of a Run has returned.
	returned struct {
		work *work
		err  error
	}
	// joined: all works of an ended term have returned.
	joined   struct{}
	stepDown struct {
		successor string
		done      chan error
	}
	// answer is a reply for the core.
	answer struct {
		to    context.Context // the campaign's
		sent  time.Duration   // when it was asked for
		event core.Event
		err   error
	}
	// opened is an answer to a Watch.
	opened struct {
		id     uint64
		events <-chan lock.Event
		err    error
	}
	// deadlinePassed: the watchdog has ended this term.
	deadlinePassed struct{ term *activeTerm }
)

// refuse answers a message that comes when no loop runs.
func refuse(message any) {
	if m, ok := message.(stepDown); ok {
		m.done <- ErrNotLeader
	}
}

func newLoop(e *Elector) *loop {
	return &loop{e: e, core: e.core, log: e.log, runs: make(map[*run]struct{})}
}

func (l *loop) run() {
	for rest := false; !rest; rest = l.e.rest() {
		l.campaign()
	}
}

// campaign runs from the first Run to the return of the last.
func (l *loop) campaign() {
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.io = new(sync.WaitGroup)
	l.idle = false
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		l.handleAll(l.e.receive())
		l.update()
		l.settled()
		if l.idle {
			break
		}
		if wake := l.core.Wake(); wake == core.Never {
			timer.Stop()
		} else {
			timer.Reset(max(0, wake-l.e.now()))
		}
		select {
		case <-l.e.wake:
		case event, ok := <-l.watch.events:
			l.watched(event, ok)
		case <-timer.C:
			l.step(core.Tick{})
		}
	}
	l.cancel()
	l.await(l.io)
	<-l.e.observers.idle()
	select {
	case <-l.e.events.idle():
	case <-time.After(eventFlush):
	}
	l.finishRuns()
}

// handleAll handles messages up to the end of the campaign; the others are the
// next one's.
func (l *loop) handleAll(messages []any) {
	for i, m := range messages {
		if l.idle {
			l.e.putBack(messages[i:])
			return
		}
		l.handle(m)
	}
}

// await waits for the requests of a campaign, which has cancelled them. A Lock
// that ignores that cannot keep Run from returning.
func (l *loop) await(io *sync.WaitGroup) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Wait()
	}()
	select {
	case <-done:
	case <-time.After(l.e.cfg.RenewDeadline):
		l.log.Error("a request to the lock goes on although its context has ended; mend: the lock.Lock has to return then")
	}
}

func (l *loop) handle(message any) {
	switch m := message.(type) {
	case join:
		l.join(m.run)
	case leave:
		l.leave(m.run)
	case returned:
		l.returned(m)
	case stepDown:
		if l.term == nil {
			m.done <- ErrNotLeader
			return
		}
		l.downs = append(l.downs, m.done) // also if it ends already: until the lock is released
		l.step(core.StepDown{Successor: m.successor})
	case answer:
		if m.to != l.ctx {
			return // an earlier campaign has asked
		}
		_, write := m.event.(core.WriteReply)
		l.note(m.err, write, m.sent)
		l.step(m.event)
	case joined:
		l.step(core.WorkReturned{})
	case opened:
		l.opened(m)
	case deadlinePassed:
		if l.term == m.term {
			l.step(core.Expired{})
		}
	}
}

// step feeds the core and carries out what it says.
func (l *loop) step(event core.Event) {
	for _, action := range l.core.Step(l.e.now(), event) {
		switch a := action.(type) {
		case core.EndTerm:
			l.endTerm(a)
		case core.StartTerm:
			l.startTerm(a)
		case core.ExtendTerm:
			if l.term != nil { // else the work has returned just now
				l.term.extend(a.Sent)
			}
		case core.Read:
			l.read(a)
		case core.Write:
			l.write(a)
		case core.Watch:
			l.openWatch(a)
		case core.Unwatch:
			l.watch.close()
		case core.Note:
			l.tell(a)
		case core.Keep:
			l.e.state.keep(a.Claims)
		case core.Finished:
			l.idle = true
		}
	}
}

// tell passes a note of the core on to log and observers.
func (l *loop) tell(n core.Note) {
	l.update()
	switch n.Kind {
	case core.NoteHolder:
		if n.Holder == "" {
			l.log.Info("nobody holds the lock")
		} else {
			l.log.Info("lock holder", "holder", n.Holder, "token", n.Snapshot.Token)
		}
		l.e.observe(Event{Kind: EventHolder, Holder: n.Holder, Token: n.Snapshot.Token})
	case core.NoteReleased:
		l.log.Info("released the lock", "token", l.e.token())
		l.e.observe(Event{Kind: EventReleased, Token: l.e.token()})
	case core.NoteReleaseFailed:
		l.log.Warn("could not release the lock: it will expire", "token", l.e.token(), "error", l.failed.last)
		l.e.observe(Event{Kind: EventReleaseFailed, Token: l.e.token(), Err: l.failed.last})
		l.answerDowns(errors.Join(errors.New("leaderelection: stepped down, but the lock could not be released: it will expire"), l.failed.last))
	case core.NoteRefused:
		err := l.e.refusal(n.Snapshot)
		l.log.Error("the lock is left alone", "error", err)
		l.e.observe(Event{Kind: EventRefused, Holder: n.Holder, Err: err})
	case core.NotePolling:
		l.log.Warn("the lock cannot be watched: it is polled, which makes a hand-over slower", "error", n.Err)
		l.e.observe(Event{Kind: EventPolling, Err: n.Err})
	}
}

// settled lets those return who waited for the lock to be given up.
func (l *loop) settled() {
	phase := l.core.Status().Phase
	if phase == core.Draining || phase == core.Releasing {
		return
	}
	l.answerDowns(nil)
	if phase != core.Idle { // else at the end of the campaign
		l.finishRuns()
	}
}

func (l *loop) answerDowns(err error) {
	for _, done := range l.downs {
		done <- err
	}
	l.downs = nil
}

func (e *Elector) token() uint64 {
	if t := e.term.Load(); t != nil {
		return t.term.Token()
	}
	return 0
}
