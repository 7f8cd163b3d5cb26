package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// ManagerLink makes one manager of controller-runtime follow an Elector:
//
//	link := elector.ManagerLink()
//	mgr, err := manager.New(cfg, manager.Options{
//		LeaderElection:                      true,
//		LeaderElectionResourceLockInterface: link.Lock(),
//		BaseContext:                         link.BaseContext,
//		GracefulShutdownTimeout:             ptr.To(time.Duration(-1)),
//	})
//	…
//	err = link.Run(ctx, mgr) // in place of mgr.Start(ctx)
//
// The manager then leads while the Elector does, and starts to within
// milliseconds, with the caches that it has filled meanwhile. The contexts of
// its runnables carry the Term, and end when it is lost, whatever the manager
// is about; after that, as on a shutdown, StepDown and TransferTo, it stops in
// its own order. The lock is released when Start has returned.
//
// It serves one manager, as a manager starts once. Managers with links of one
// Elector share its terms, with each other and with other Runs.
type ManagerLink struct{ lock *managerLock }

// Manager is what a ManagerLink needs of controller-runtime's manager.Manager.
type Manager interface {
	Start(ctx context.Context) error
	Elected() <-chan struct{}
}

// ManagerLink returns a link for one manager.
func (e *Elector) ManagerLink() *ManagerLink { return &ManagerLink{newManagerLock(e)} }

// Lock is for the manager's Options.LeaderElectionResourceLockInterface.
func (l *ManagerLink) Lock() resourcelock.Interface { return l.lock }

// BaseContext is for the manager's Options.BaseContext. It returns what the
// contexts of all its runnables are made from. controller-runtime does not make
// them from Start's, and on a shutdown ends those of reconcilers only after the
// runnables that need no leader have returned: too late after a loss.
func (l *ManagerLink) BaseContext() context.Context {
	l.lock.based.Store(true)
	return l.lock.base
}

// Run starts mgr and returns after it has returned and the lock was released:
//
//   - ctx ends: the manager stops, and Run returns what Start does, nil if all
//     went well.
//   - The term ends otherwise, by a loss, StepDown or TransferTo: the manager
//     stops, and the error wraps ErrLeadershipLost and the cause. A manager
//     does not start again: to go on, make another, with another link.
//   - Start returns by itself: its error.
//   - Start gives up waiting for a runnable, after a GracefulShutdownTimeout
//     that is not -1, or since its own election has ended: an error, and the
//     lock is kept until this process ends. With a timeout of 0 it does not
//     wait, and does not say so.
//   - The manager leads by another lock, or by none: it is stopped, with an
//     error.
func (l *ManagerLink) Run(ctx context.Context, mgr Manager) error {
	m := l.lock
	if m.e == nil {
		return ErrNilElector
	}
	if mgr == nil {
		return errors.New("leaderelection: ManagerLink.Run of a nil manager; mend: check the error of manager.New")
	}
	if !m.based.Load() {
		return errors.New("leaderelection: the manager does not use this link; mend: Options.BaseContext = link.BaseContext")
	}
	if ctx.Err() != nil {
		return nil
	}
	startCtx, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	if !m.link(stop) {
		return errors.New("leaderelection: a ManagerLink serves one manager, once; mend: call ManagerLink again")
	}
	defer context.AfterFunc(ctx, func() {
		m.withdraw() // the Elector is told to drain: it reports what takes too long
		stop(ErrShutdown)
	})()
	returned := make(chan struct{})
	alone := make(chan error, 1)
	go func() { alone <- m.watch(mgr.Elected(), returned) }()
	err := mgr.Start(startCtx)
	close(returned)
	return m.conclude(err, <-alone)
}

// link makes stop what ends the manager.
func (m *managerLock) link(stop context.CancelCauseFunc) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stop != nil || m.began {
		return false
	}
	m.stop = stop
	return true
}

// watch stops a manager that leads although it was not elected: an option that
// was forgotten must not make everybody lead.
func (m *managerLock) watch(leads <-chan struct{}, returned <-chan struct{}) error {
	select {
	case <-returned:
		return nil
	case <-leads:
	}
	if m.term.Load() != nil {
		return nil
	}
	err := errors.New("leaderelection: the manager leads without this link's lock; mend: Options.LeaderElection = true, LeaderElectionResourceLockInterface = link.Lock()")
	m.endBase(err)
	m.stop(err)
	return err
}

// conclude is what follows from the result of Start.
func (m *managerLock) conclude(err, alone error) error {
	if mayHaveLeft(err) && m.term.Load() != nil {
		m.withdraw()
		m.e.log.Error("the manager has not joined its runnables: the lock is kept until this process ends; mend: Options.GracefulShutdownTimeout = -1", "error", err)
		return fmt.Errorf("leaderelection: the lock is kept until this process ends, since the manager may not have joined its runnables; mend: Options.GracefulShutdownTimeout = -1: %w", err)
	}
	m.finish()
	m.endBase(nil)
	m.mu.Lock()
	lost := m.lost
	m.mu.Unlock()
	switch {
	case lost != nil && err != nil:
		return fmt.Errorf("%w: %w; the manager: %w", ErrLeadershipLost, lost, err)
	case lost != nil:
		return fmt.Errorf("%w: %w", ErrLeadershipLost, lost)
	}
	return errors.Join(alone, err)
}

// mayHaveLeft reports whether Start may have returned before the runnables: it
// has waited for them in vain, or its own election has ended, as it may in a
// process that was stopped for longer than the manager's RenewDeadline.
// controller-runtime has no errors of its own for either. Another one that
// looks like them costs a release, not an overlap.
func mayHaveLeft(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || err != nil && strings.Contains(err.Error(), "leader election lost")
}

// managerContext carries the term of a manager from the moment it has one. The
// runnables' contexts are made long before.
type managerContext struct {
	context.Context
	lock *managerLock
}

// Value implements context.Context.
func (c managerContext) Value(key any) any {
	if key != any(termKey{}) {
		return c.Context.Value(key)
	}
	if t := c.lock.term.Load(); t != nil {
		return t
	}
	return nil
}
