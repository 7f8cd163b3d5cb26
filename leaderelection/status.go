package leaderelection

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// Candidate is a process that campaigns for the lock, or did.
type Candidate = lock.Candidate

// Status is what an Elector knows.
type Status struct {
	// Lock and Identity name it.
	Lock, Identity string
	// Phase is what it is about: idle (no Run), standby, leading, draining
	// (its work was cancelled and has not returned), releasing.
	Phase string
	// Leader: as IsLeader.
	Leader bool
	// Holder leads, as far as is known; "" = nobody.
	Holder string
	// Token is that of the lock's last term.
	Token uint64
	// Acquired and Renewed are the holder's own wall clock; Transitions counts
	// changes of the holder.
	Acquired, Renewed time.Time
	Transitions       int32
	// Deadline is when this process's term ends if no renewal succeeds; zero
	// without a term.
	Deadline time.Time
	// Candidates are those that said they would lead.
	Candidates []Candidate
	// Contact is how long ago the API server was heard of last.
	Contact time.Duration
	// Watching: changes of the lock arrive at once. Else it is polled.
	Watching bool
	// Err is what Check would say.
	Err error
}

// state is what the loop publishes after each step.
type state struct {
	core   core.Status
	failed failing
	kind   lock.Kind // of the lock as it was seen last, also of one that is gone
	uid    string    // likewise
}

func (l *loop) update() {
	st := &state{core: l.core.Status(), failed: l.failed}
	before := l.e.status.Load()
	st.kind, st.uid = cmp.Or(st.core.Snapshot.Kind, before.kind), cmp.Or(st.core.Snapshot.UID, before.uid)
	l.e.status.Store(st)
}

// Status returns what this Elector knows now.
func (e *Elector) Status() Status {
	if e == nil {
		return Status{Phase: core.Idle.String(), Err: ErrNilElector}
	}
	st := e.status.Load()
	r := st.core.Snapshot
	s := Status{
		Lock: e.cfg.Lock.String(), Identity: e.cfg.Identity, Phase: st.core.Phase.String(), Leader: e.IsLeader(),
		Holder: r.Holder, Token: r.Token, Acquired: r.Acquired, Renewed: r.Renewed, Transitions: r.Transitions,
		Candidates: r.Candidates, Watching: st.core.Watching, Err: e.Check(nil),
	}
	if st.core.Phase != core.Idle {
		s.Contact = e.now() - st.core.Contact
	}
	if s.Leader {
		if t := e.term.Load(); t != nil {
			s.Deadline = t.term.Deadline()
		}
	}
	return s
}

// Check reports whether this candidate could lead: an error says that it has
// been cut off from the API server for longer than a lease lasts or is refused
// by it, that it leaves the lock alone because of the record there, or that
// its work goes on although its lease has run out. It suits readiness pages
// and alerts; do not restart a process for it, which would help only in the
// last case. The request is not looked at and may be nil.
func (e *Elector) Check(*http.Request) error {
	if e == nil {
		return ErrNilElector
	}
	st := e.status.Load()
	if st.core.Phase == core.Idle {
		return nil
	}
	now := e.now()
	var faults []error
	cutOff := now - st.core.Contact
	switch {
	case cutOff > e.cfg.LeaseDuration+3*e.cfg.RetryPeriod:
		faults = append(faults, fmt.Errorf("leaderelection: %s: no answer from the API server for %v: %w",
			e.cfg.Lock, cutOff.Round(time.Millisecond), orUnknown(st.failed.last)))
	case st.failed.now && (!st.core.Known || now-st.failed.since > 2*e.cfg.RetryPeriod):
		faults = append(faults, fmt.Errorf("leaderelection: %s: requests have failed for %v: %w",
			e.cfg.Lock, (now-st.failed.since).Round(time.Millisecond), st.failed.last))
	}
	if st.core.Refused {
		faults = append(faults, e.refusal(st.core.Snapshot))
	}
	if t := e.term.Load(); t != nil {
		faults = append(faults, t.check(now))
	}
	return errors.Join(faults...)
}

func orUnknown(err error) error {
	if err == nil {
		return errors.New("no request has failed, none was answered")
	}
	return err
}

// check says whether works go on beyond their lease.
func (t *activeTerm) check(now time.Duration) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.joined || now < t.fenceAt {
		return nil
	}
	return fmt.Errorf("leaderelection: %s: the work of term %d has not returned, and its lease ran out %v ago: %w",
		t.e.cfg.Lock, t.term.token, (now - t.fenceAt).Round(time.Millisecond), cmp.Or(t.cause, ErrDeadline))
}

// refusal says why the record in s is left alone.
func (e *Elector) refusal(s lock.Snapshot) error {
	if s.Problem != nil {
		return fmt.Errorf("%w: %w", ErrForeignRecord, s.Problem)
	}
	return fmt.Errorf("%w: %s: holder %q was not written by Regent; mend: Config.Foreign = ForeignAllow if other clients may lead, else delete the lock",
		ErrForeignRecord, e.cfg.Lock, s.Holder)
}

func names(candidates []Candidate) []string {
	var n []string
	for _, c := range candidates {
		n = append(n, c.Identity)
	}
	return n
}
