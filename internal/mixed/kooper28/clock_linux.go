package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// now is the clock of internal/journal: CLOCK_BOOTTIME, which all processes
// share.
func now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0 // in Linux since 2.6.39
	}
	return time.Duration(ts.Nano())
}
