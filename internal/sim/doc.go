// Package sim plays elections in which everything goes wrong, by seeds.
//
// A seed gives a [Plan]: candidates with clocks that run fast or slow and work
// that drains for a while, and faults that befall them and the lock. [Play]
// runs real Electors through it, in virtual time, on a store in memory, and
// says which promises were broken:
//
//   - two at work at once;
//   - two terms that are valid at once;
//   - a token that does not rise;
//   - Run that returns before the work has;
//   - an Elector that says it leads and does not, or the reverse;
//   - nobody leads although a lease and two retries have passed without faults.
//
// The same plan can be played with client-go's elector in place of Regent's,
// as a control: a checker that finds nothing wrong anywhere proves nothing.
//
// A pause (SIGSTOP, a machine that sleeps) is played by holding what the process
// sends and what its watch brings until the end, and by not counting its work
// meanwhile. Its timers go on: it sends with earlier times, so its terms end
// earlier.
//
// Play has to be called in a bubble of testing/synctest.
package sim
