package leaderelection

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// Elector is a [Runner] that leads while it holds a lock. Make it with New,
// NewDefault or NewElector. All methods are safe for concurrent use, and of a
// nil Elector they say that it does not lead.
type Elector struct {
	cfg       Config
	now       func() time.Duration
	log       *slog.Logger
	started   time.Time
	core      *core.Core // used by the loop only
	observers *queue[Event]
	events    *queue[kubernetesEvent]
	state     *stateDir // nil: none

	term   atomic.Pointer[activeTerm] // the present or the last one
	status atomic.Pointer[state]

	mu      sync.Mutex // guards the fields below
	inbox   []any      // for the loop
	wake    chan struct{}
	looping bool // a loop takes from inbox
}

// NewElector returns the Elector that cfg describes, or all that is wrong with
// cfg. It sends nothing before Run.
func NewElector(cfg Config) (*Elector, error) {
	cfg.setDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Pod = cmp.Or(cfg.Pod, os.Getenv("POD_NAME"))
	nonce := cmp.Or(cfg.nonce, unique())
	if cfg.Identity == "" {
		cfg.Identity = cmp.Or(cfg.Pod, hostName()) + "_" + nonce
	}
	if cfg.Now == nil {
		cfg.Now = systemClock()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	e := &Elector{cfg: cfg, now: cfg.Now, started: time.Now(), wake: make(chan struct{}, 1)}
	e.log = cfg.Logger.With("lock", cfg.Lock.String(), "identity", cfg.Identity)
	e.core = core.New(core.Config{
		Identity: cfg.Identity, Pod: cfg.Pod, Nonce: nonce,
		Lease: cfg.LeaseDuration, Renew: cfg.RenewDeadline, Retry: cfg.RetryPeriod, First: cfg.first(),
		AllowForeign: cfg.Foreign == ForeignAllow, Grace: cfg.ForeignGrace,
		Publish: true, Claims: cfg.StateDir != "", Seed: cmp.Or(cfg.JitterSeed, seed(nonce)),
	})
	e.observers = &queue[Event]{deliver: e.tell}
	e.events = &queue[kubernetesEvent]{deliver: func(k kubernetesEvent) { cfg.Events.write(k, e.log) }}
	e.state = newStateDir(cfg, nonce, e.log)
	e.status.Store(&state{})
	return e, nil
}

// Run implements [Runner]. Called by the work of a term of this Elector, with
// its context, it calls lead in that term, once, and returns when lead has.
func (e *Elector) Run(ctx context.Context, lead func(ctx context.Context) error) error {
	if e == nil {
		return ErrNilElector
	}
	if lead == nil {
		return errNilLead
	}
	if ctx.Err() != nil {
		return nil
	}
	if term, ok := TermFromContext(ctx); ok && e.leadsIn(term) {
		return e.leadWithin(ctx, lead)
	}
	if err := e.state.enter(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	r := &run{ctx: ctx, start: make(chan *work, 1), result: make(chan error, 1)}
	e.send(join{r})
	defer context.AfterFunc(ctx, func() { e.send(leave{r}) })()
	for {
		select {
		case w := <-r.start:
			e.lead(w, lead)
		case err := <-r.result:
			return err
		}
	}
}

// leadsIn reports whether term is this Elector's present one.
func (e *Elector) leadsIn(term *Term) bool {
	active := e.term.Load()
	return active != nil && active.term == term
}

// leadWithin is a Run that was called by the work of a term, with its context:
// a part of it. As another Run it would wait for the term to end, and the term
// for it.
func (e *Elector) leadWithin(ctx context.Context, lead func(ctx context.Context) error) error {
	err := lead(ctx)
	if ctx.Err() == nil {
		return err
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.Cause(ctx)) {
		e.log.Warn("work ended with an error", "error", err, "reason", context.Cause(ctx))
	}
	return nil
}

// lead runs the work on Run's own goroutine, so that a panic reaches Run's
// caller; the lock is given up even then.
func (e *Elector) lead(w *work, lead func(ctx context.Context) error) {
	panicked := true
	defer func() {
		if panicked {
			e.send(leave{w.run})
			e.send(returned{work: w, err: fmt.Errorf("the work panicked")})
		}
	}()
	err := lead(w.ctx)
	panicked = false
	e.send(returned{work: w, err: err})
}

// StepDown ends the present term in favour of any other candidate: the work is
// cancelled with ErrSteppedDown and joined, the lock released, and this
// Elector campaigns again after the others had 2·RetryPeriod to take it. It
// returns when the lock is released, or with ctx's error while that goes on.
// ErrNotLeader: there is no term.
func (e *Elector) StepDown(ctx context.Context) error { return e.stepDown(ctx, "") }

// TransferTo is StepDown in favour of one candidate, named by its identity or
// by its pod: the others leave the lock alone for RetryPeriod. Whether the
// candidate took it is not waited for. ErrNoSuchCandidate: nobody of that name
// campaigned for this lock.
func (e *Elector) TransferTo(ctx context.Context, candidate string) error {
	if !e.IsLeader() {
		return ErrNotLeader
	}
	candidates := e.Status().Candidates
	i := slices.IndexFunc(candidates, func(c Candidate) bool { return c.Identity == candidate })
	if i < 0 && candidate != "" { // that is the pod of all who have none
		i = slices.IndexFunc(candidates, func(c Candidate) bool { return c.Pod == candidate })
	}
	switch {
	case i < 0:
		return fmt.Errorf("%w: %q; the candidates of %s are %v", ErrNoSuchCandidate, candidate, e.cfg.Lock, names(candidates))
	case candidates[i].Identity == e.cfg.Identity:
		return fmt.Errorf("leaderelection: TransferTo %q: it leads already; mend: name another of %v", candidate, names(candidates))
	}
	return e.stepDown(ctx, candidates[i].Identity)
}

func (e *Elector) stepDown(ctx context.Context, successor string) error {
	if e == nil || !e.IsLeader() {
		return ErrNotLeader
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	done := make(chan error, 1)
	e.send(stepDown{successor: successor, done: done})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// IsLeader reports whether this process holds the lock and its term is still
// valid in time.
func (e *Elector) IsLeader() bool {
	if e == nil {
		return false
	}
	t := e.term.Load()
	return t != nil && t.term.Valid()
}

// send gives the loop a message, and starts the loop if there is none.
func (e *Elector) send(message any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.looping {
		if _, ok := message.(join); !ok {
			refuse(message)
			return
		}
		e.looping = true
		go newLoop(e).run()
	}
	e.inbox = append(e.inbox, message)
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// receive returns what was sent.
func (e *Elector) receive() []any {
	e.mu.Lock()
	defer e.mu.Unlock()
	messages := e.inbox
	e.inbox = nil
	return messages
}

// putBack returns messages that were received too early.
func (e *Elector) putBack(messages []any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inbox = append(slices.Clone(messages), e.inbox...)
}

// rest ends the loop, unless a Run has joined meanwhile: what comes later
// starts another.
func (e *Elector) rest() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if slices.ContainsFunc(e.inbox, func(m any) bool { _, ok := m.(join); return ok }) {
		return false
	}
	for _, m := range e.inbox {
		refuse(m)
	}
	e.inbox, e.looping = nil, false
	return true
}

func (e *Elector) observe(ev Event) {
	ev.Time, ev.Lock, ev.Identity = time.Now(), e.cfg.Lock.String(), e.cfg.Identity
	if len(e.cfg.Observers) > 0 {
		e.observers.push(ev)
	}
	if _, reason, _ := ev.describe(); reason != "" && e.cfg.Events != nil {
		st := e.status.Load()
		e.events.push(kubernetesEvent{Event: ev, uid: st.uid, kind: st.kind})
	}
}

func (e *Elector) tell(ev Event) {
	for _, o := range e.cfg.Observers {
		o(ev)
	}
}

// seed makes a jitter source of a nonce.
func seed(nonce string) uint64 {
	s := uint64(14695981039346656037) // FNV-1a
	for _, b := range []byte(nonce) {
		s = (s ^ uint64(b)) * 1099511628211
	}
	return s | 1
}
