// Package lock is a named record that is changed by compare-and-swap: who
// holds a leadership, since when, until when, and with which fencing token.
//
// # Usage
//
// [NewLease] keeps the record in a Lease of the coordination.k8s.io/v1 API.
// [FromResourceLock] adapts a lock of client-go. Package lock/locktest has one
// in memory, for tests.
//
// # Guarantees
//
// Every change is compared on the object's UID and resourceVersion by the API
// server: [Lock.Swap] never overwrites what its caller has not read, and never
// re-creates a lock that was deleted. Labels, annotations and fields that
// belong to others survive each change.
//
// What Regent writes carries a seal over the record (see [Record.Sealed]), so
// that a change by hand or by another client is told apart from Regent's own.
// The seal is no defence against forgery: who may write the object decides who
// may lead.
//
// # Concurrency
//
// All implementations are safe for concurrent use, except where client-go's
// own interface (resourcelock.Interface) is documented not to be.
package lock
