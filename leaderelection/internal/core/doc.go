// Package core decides an election: a pure state machine without goroutines,
// clock, network or randomness of its own. Its shell, package leaderelection,
// feeds it events and carries out the actions that it returns.
//
// # Usage
//
//	actions := core.Step(now, event)   // now never goes back
//	wake := core.Wake()                // Step(wake, Tick{}) at the latest then
//
// # Invariants
//
// L, D, P are Config.Lease, Renew and Retry; S is the send time of the last
// write that is known to have been committed and to have made this candidate
// the holder.
//
//	I1  A term is live only while now < S+D. S never comes from a reply's time.
//	I2  A release is written only after the work returned, and only over this
//	    candidate's own record.
//	I3  Every write replaces the version that was observed last, or creates.
//	I4  A record that another holds is replaced only once it was unchanged for
//	    its own duration (and a grace, if no Regent wrote it) since it was
//	    received; a lock that vanished, likewise since that was received. But
//	    see R3.
//	I5  A term's token exceeds the resourceVersion it replaces and each token
//	    seen before, and is at most the resourceVersion of the write that
//	    starts the term: so tokens rise across candidates and re-creation.
//	I6  A newer record that is not this candidate's ends the term in the same
//	    step that learns of it.
//	I7  While the work has not returned, a lock that may still be ours is
//	    renewed, whether the term has ended or not.
//	I8  A write whose reply is missing is recognised by its nonce, and counts
//	    with its own send time.
//
// # Restart in place
//
// A shell with a state directory holds a lock of the operating system's on it
// while a campaign goes on. Who obtains that knows that each process before it
// is gone, or has joined its work, and tells the core their claims (Campaign).
//
//	R1  A claim covers a record only if it is sealed, and process, identity,
//	    UID and number of the write are the claim's. Nothing else about the
//	    record or its age matters, and nothing else is taken early.
//	R2  Claims come from the shell alone, and only at the beginning of a
//	    campaign: a core that was told none behaves as if there were none.
//	R3  A record that a claim covers may be replaced at once, by an acquire like
//	    any other: I3, I5 and I6 hold for it, and the term counts from its own
//	    S. So a write of the dead process that is still under way is either
//	    overwritten, or makes the acquire fail, and is then covered itself.
//	R4  A claim ends for good: for the writes before one that was seen, with
//	    that; for all writes, once another holder or an older version of the
//	    lock was seen. A process's own writes are void for its successors
//	    (After) in the step in which it learns that its lock is not its own.
//	R5  Keep precedes each write that may make the candidate holder,
//	    whenever what it tells has changed.
//
// R1 to R4 allow a single exception from I4: what a process has left that is
// gone.
//
// They are checked exhaustively for small cases by this package's tests.
package core
