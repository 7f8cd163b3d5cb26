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
//	    received; a lock that vanished, likewise since that was received.
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
// They are checked exhaustively for small cases by this package's tests.
package core
