//go:build !linux

package journal

import "time"

// Now is the wall clock, which may be set: figures are wrong if that happens
// while the demonstration runs.
func Now() time.Duration { return time.Duration(time.Now().UnixNano()) }
