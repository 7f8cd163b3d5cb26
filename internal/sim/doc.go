// Package sim plays elections in which everything goes wrong, by seeds.
//
// A seed gives a [Plan]: candidates with settings, clocks that run fast or slow
// and work of all habits, and faults that befall them, the lock and the API
// server (see [Kind]). [Play] runs real Electors through it, in virtual time, on
// a store in memory, and says which promises were broken (see [Rule]). What
// docs/guarantees.md allows is counted instead.
//
// A seed plays alike: what happens is decided by [dice] that give the same
// answer in whatever order they are asked, and hardly two things happen at the
// same moment, so next to nothing is left to the order in which goroutines run.
//
// The same plan can be played with client-go's elector in place of Regent's,
// as a control: a checker that finds nothing wrong anywhere proves nothing.
// Its own dice are thrown by math/rand, so that it does not always play alike.
//
// # How it is done
//
// A process that is stopped (SIGSTOP) gets no answer when it asks for the time,
// before it goes on: an Elector does nothing without a look at the clock. One
// whose machine sleeps gets its answers up to a second late, as timers that do
// not count that time would come. What is under way to either arrives after
// that.
//
// Works write to a register, through the write gate, by a client and a network
// that take their time. It keeps two books, one that takes whatever passed the
// gate, and one that compares tokens as well.
//
// State directories (see [InPlace]) are played with their kernels, since no
// process of a play can be killed. What names a directory's place is theirs as
// well; what is written there, and what that means, is the Elector's.
//
// Play has to be called in a bubble of testing/synctest.
package sim
