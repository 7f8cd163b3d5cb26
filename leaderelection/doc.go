// Package leaderelection runs a function in one of several replicas: the one
// that holds a lock in Kubernetes.
//
// # Usage
//
//	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
//	elector, err := leaderelection.NewDefault("my-controller", "my-namespace", client, nil)
//	err = elector.Run(ctx, func(ctx context.Context) error {
//		// Leading. ctx ends with the leadership; return then.
//	})
//
// [Elector] is the [Runner] that competes, [Plain] the one that leads at once.
// NewElector has all settings.
//
// # Guarantees
//
// At most one. The work's context is cancelled RenewDeadline after its last
// successful renewal was sent, by a timer that waits for nothing; others may
// take over LeaseDuration after that renewal was received, which is later. This
// holds for work that returns within 0.95·LeaseDuration − RenewDeadline of its
// cancellation, candidates whose clocks run at rates that differ by less than
// 5 %, and an API server whose compare-and-swap is linearizable, as etcd's is.
//
// Drained, then released. On shutdown the work is cancelled and joined while
// the lock is renewed; it is given up only then, and Run returns only then.
//
// Out at once. A record of another holder, or a deleted or emptied lock, ends
// the term as soon as it is seen, by a watch: in milliseconds.
//
// Fast and quiet. A standby watches: it takes a released lock in about two API
// round trips and an expired one at its expiry, and sends nothing while another
// leads. A leader writes every LeaseDuration/3.
//
// Fenced. Each term has a token that only rises: Term.Token. Term.Valid says
// whether it is still good. A client wrapped by [Gate] sends no write without a
// valid term.
//
// Lost is not dead. After a loss Run campaigns again; each term has a fresh
// context.
//
// Back at once. With Config.StateDir a process that crashes and is restarted
// beside its state leads again after one read and one write, instead of after
// its lease.
//
// docs/guarantees.md states the assumptions, and what is not promised.
//
// # Concurrency
//
// All methods are safe for concurrent use. Several Runs on one Elector share
// its term, so one Elector serves several controllers. Observers are called in
// order, one at a time.
//
// # Testing
//
// Package lock/locktest has a lock in memory with faults; runnertest the
// contract of Runner as a suite. Both work in bubbles of testing/synctest.
package leaderelection
