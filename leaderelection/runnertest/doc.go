// Package runnertest is the contract of leaderelection.Runner as a suite of
// tests, for any Runner.
//
//	func TestMyRunner(t *testing.T) {
//		runnertest.TestInBubble(t, func(t *testing.T) runnertest.Subject {
//			store := locktest.NewStore()
//			return runnertest.Subject{
//				Runner: func() leaderelection.Runner { return newMyRunner(t, store.Client("lock")) },
//				Lose:   func() { store.Delete("lock") },
//			}
//		})
//	}
//
// Each rule is a subtest, named by what it demands. [TestInBubble] plays them
// in virtual time, each in a bubble of testing/synctest of its own; [Test] in
// real time, for a Runner that reaches beyond its process.
//
// # What is tested
//
// What Run returns, and that it returns only after lead has; how lead's
// context ends, and which Term it carries; that concurrent Runs share a term;
// that of several candidates one leads at a time, the next only after the work
// of the one before has returned, and with a higher token; that a loss is
// followed by another campaign.
//
// # What is not
//
// Faults of the network, of clocks and of the store behind the Runner: a suite
// that knows none of them cannot say whether two lead during a partition.
package runnertest
