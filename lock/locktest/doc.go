// Package locktest is an API server's worth of lock in memory, for tests of
// programs that use package leaderelection.
//
//	store := locktest.NewStore()
//	elector, err := leaderelection.NewElector(leaderelection.Config{Lock: store.Client("my-lock")})
//
// A [Store] has what an election rests on: UIDs, resource versions that rise
// over all locks, compare-and-swap on both, and watches. Each [Client] is one
// process's way to it, with faults of its own: requests that are lost, late,
// refused, or committed without a reply; watches that fall silent or break.
//
// client-go's fake clientset is no substitute: it compares neither UID nor
// resourceVersion, so two leaders on it both succeed.
//
// Time is Go's: run tests in a bubble of testing/synctest to make delays cost
// nothing, and give the Elector a clock of the bubble (Config.Now:
// [Clock]). A call that is delayed stays under way when its caller has given
// up: before its bubble ends, a test with delays sleeps for the longest of
// them.
package locktest

import "time"

// Clock returns a clock for leaderelection.Config.Now that follows the time of
// the synctest bubble that it is called in.
func Clock() func() time.Duration {
	origin := time.Now()
	return func() time.Duration { return time.Since(origin) }
}
