// Package audit holds a run against the promises, by what the replicas and the
// one that made the faults have written down, with times by the clock that all
// processes of the machine share:
//
//   - no two are at work at once, but a process that was stopped past its
//     lease, until it has noticed, and work that overran after OnFence; these
//     are counted;
//   - tokens rise with each term;
//   - work is told to stop at its deadline, counted from when the last renewal
//     was sent; a process that was stopped, within a second of going on;
//   - no write passes that enters the gate past its term's deadline, or after a
//     later term's work has begun.
package audit
