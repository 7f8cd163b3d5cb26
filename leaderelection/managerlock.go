package leaderelection

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// ManagerLock returns a lock for the Options.LeaderElectionResourceLockInterface
// of one manager of controller-runtime, or for one elector of client-go, that
// leads while e does. Of a nil Elector it is one that fails.
//
// A [ManagerLink] has such a lock, too, and keeps the promises of this package
// for the manager. Prefer it. With the lock alone, the manager
//
//   - starts to lead with a term of e, and keeps e's lock until it has stopped:
//     GracefulShutdownTimeout has to be -1, and LeaderElectionReleaseOnCancel
//     true;
//   - hears of a loss RetryPeriod + RenewDeadline later at most, of its own: a
//     LeaseDuration of 900 ms, a RenewDeadline of 400 ms and a RetryPeriod of
//     80 ms suit every Elector and cost little, since the lock asks nobody.
//     Those with which another could lead by then are refused;
//   - does not join its runnables after a loss. So this process must end then:
//     until it does, e keeps its lock, or takes no other.
//
// It sends nothing to the API server. e campaigns when the manager first tries
// to acquire, which is when its caches have synced, and needs no Run of yours.
func (e *Elector) ManagerLock() resourcelock.Interface { return newManagerLock(e) }

var errLockUsed = errors.New("leaderelection: a ManagerLock serves one manager, once; mend: call ManagerLock again")

// managerLock answers client-go's elector from the terms of an Elector. It
// takes part in the election as the work of one Run, which returns when the
// runnables of the manager have: the Elector's lock is not released before.
type managerLock struct {
	e        *Elector
	campaign context.Context // of the Run
	withdraw context.CancelFunc
	elected  chan struct{} // closed when a term has started
	joined   chan struct{} // closed when the runnables have returned
	ended    chan struct{} // closed when the Run has returned

	base    context.Context // of a linked manager's runnables
	endBase context.CancelCauseFunc
	based   atomic.Bool // somebody has asked for it
	term    atomic.Pointer[Term]

	mu       sync.Mutex // guards the fields below
	began    bool       // Run was called
	finished bool       // joined is closed
	lost     error      // why the term ended, if the manager did not end it
	record   resourcelock.LeaderElectionRecord
	stop     context.CancelCauseFunc // ends the manager; nil: it is not linked
	silence  *time.Timer             // since the manager's last renewal
}

func newManagerLock(e *Elector) *managerLock {
	m := &managerLock{e: e, elected: make(chan struct{}), joined: make(chan struct{}), ended: make(chan struct{})}
	m.campaign, m.withdraw = context.WithCancel(context.Background())
	base, end := context.WithCancelCause(context.Background())
	m.base, m.endBase = managerContext{base, m}, end
	return m
}

// lead is the work of the Run.
func (m *managerLock) lead(ctx context.Context) error {
	term, _ := TermFromContext(ctx)
	m.mu.Lock()
	if m.finished {
		m.mu.Unlock()
		return nil
	}
	m.term.Store(term)
	close(m.elected)
	m.mu.Unlock()
	select {
	case <-m.joined:
		return nil
	case <-ctx.Done():
	}
	cause := context.Cause(ctx)
	select {
	case <-term.Done(): // lost: before the manager is stopped, so that the work learns why
		m.endBase(cause)
	default:
	}
	m.end(cause)
	select {
	case <-m.joined:
		return nil
	case <-term.Done(): // there is no time to stop in order
		m.endBase(cause)
	}
	<-m.joined
	return nil
}

// end tells the manager that its term has ended.
func (m *managerLock) end(cause error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stop != nil {
		m.stop(cause)
	}
	if m.finished || errors.Is(cause, ErrShutdown) {
		return
	}
	m.lost = cause
	if m.stop != nil {
		return
	}
	m.hush()
	m.e.log.Error("the manager is told to stop, and will not join its runnables: the lock is left as it is until this process ends; mend: run the manager by a ManagerLink",
		"token", m.term.Load().Token(), "reason", cause)
}

// finish lets the work return, and waits until the lock has been let go.
func (m *managerLock) finish() {
	m.mu.Lock()
	if !m.finished {
		m.finished = true
		m.record = resourcelock.LeaderElectionRecord{}
		close(m.joined)
	}
	m.hush()
	began := m.began
	m.mu.Unlock()
	m.withdraw()
	if began {
		<-m.ended
	}
}

// begin makes the Elector campaign.
func (m *managerLock) begin(r resourcelock.LeaderElectionRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.finished:
		return errLockUsed
	case m.began:
		return nil
	}
	if err := m.checkTimings(r); err != nil {
		m.e.log.Error("the manager cannot lead", "error", err)
		return err
	}
	m.began = true
	go func() {
		defer close(m.ended)
		_ = m.e.Run(m.campaign, m.lead) // why it ended is in m.lost
	}()
	return nil
}

// checkTimings: client-go's elector hears of a loss when it asks for the next
// time, and gives in when it has asked in vain for its RenewDeadline. It tells
// of its timings only the LeaseDuration, in whole seconds; the others are
// bounded by that: LeaseDuration > RenewDeadline > 1.2·RetryPeriod.
func (m *managerLock) checkTimings(r resourcelock.LeaderElectionRecord) error {
	bound := m.e.cfg.fence() - m.e.cfg.RenewDeadline
	lease := time.Duration(r.LeaseDurationSeconds) * time.Second
	if worst := (lease + time.Second) * 11 / 6; m.stop != nil || lease == 0 || worst <= bound {
		return nil
	}
	return &FieldError{
		Field: "LeaseDuration", Value: lease,
		Bound: fmt.Sprintf("a manager that has only a ManagerLock may hear of a loss 1.83 times as long after it; another may lead %v after it", bound),
		Mend:  "run the manager by a ManagerLink, or set its LeaseDuration to 900ms, RenewDeadline to 400ms and RetryPeriod to 80ms",
	}
}

// acquire waits for a term. client-go's elector would try again after each
// RetryPeriod; so it has what it wants in the moment it is to be had.
func (m *managerLock) acquire(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	if err := m.begin(r); err != nil {
		return err
	}
	select {
	case <-m.elected:
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil { // the manager ends, and has led nothing
		m.finish()
		return err
	}
	return m.renew(r)
}

// renew lets the manager go on. A linked one is stopped in another way, and
// must not end its election while its runnables return.
func (m *managerLock) renew(r resourcelock.LeaderElectionRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.finished:
		return errLockUsed
	case m.stop != nil:
	case m.lost != nil:
		return m.lost
	default:
		m.listen()
	}
	m.record = r
	return nil
}

// listen reports a manager that has ended without a word. m.mu is held.
func (m *managerLock) listen() {
	if m.silence != nil {
		m.silence.Reset(m.e.cfg.LeaseDuration)
		return
	}
	m.silence = time.AfterFunc(m.e.cfg.LeaseDuration, func() {
		m.e.log.Error("the manager renews no longer, and has not released: the lock is kept until this process ends; mend: Options.LeaderElectionReleaseOnCancel = true, or run the manager by a ManagerLink")
	})
}

// hush ends that. m.mu is held.
func (m *managerLock) hush() {
	if m.silence != nil {
		m.silence.Stop()
	}
}

// release ends the term of a manager that has stopped. Of a linked one it is
// known better when that is.
func (m *managerLock) release() error {
	m.mu.Lock()
	linked, lost := m.stop != nil, m.lost
	m.mu.Unlock()
	switch {
	case linked:
		return nil
	case lost != nil:
		return lost
	}
	m.finish()
	return nil
}

// holds reports whether the manager leads, as it sees it.
func (m *managerLock) holds() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.record.HolderIdentity != ""
}

// Get implements resourcelock.Interface. A record that nobody holds makes
// client-go's elector go on to Update.
func (m *managerLock) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if m.e == nil {
		return nil, nil, ErrNilElector
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost != nil && m.stop == nil {
		return nil, nil, m.lost
	}
	record := m.record
	raw, err := json.Marshal(record)
	return &record, raw, err
}

// Create implements resourcelock.Interface. There always is a record.
func (m *managerLock) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return m.Update(ctx, r)
}

// Update implements resourcelock.Interface.
func (m *managerLock) Update(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	switch {
	case m.e == nil:
		return ErrNilElector
	case r.HolderIdentity == "":
		return m.release()
	case m.holds():
		return m.renew(r)
	}
	return m.acquire(ctx, r)
}

// RecordEvent implements resourcelock.Interface. The Elector has its own.
func (m *managerLock) RecordEvent(string) {}

// Identity implements resourcelock.Interface. With an empty one client-go's
// elector, and so the manager, refuses to start.
func (m *managerLock) Identity() string {
	if m.e == nil {
		return ""
	}
	return m.e.cfg.Identity
}

// Describe implements resourcelock.Interface.
func (m *managerLock) Describe() string {
	if m.e == nil {
		return "the lock of a nil Elector"
	}
	return m.e.cfg.Lock.String()
}
