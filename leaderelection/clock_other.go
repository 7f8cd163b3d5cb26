//go:build !linux

package leaderelection

import "time"

// systemClock is Go's monotonic time, which on some systems stands still while
// the machine sleeps.
func systemClock() func() time.Duration {
	origin := time.Now()
	return func() time.Duration { return time.Since(origin) }
}
