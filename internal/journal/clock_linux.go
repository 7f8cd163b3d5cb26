package journal

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now is CLOCK_BOOTTIME: the same in all processes, never set, and it goes on
// while the machine sleeps.
func Now() time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		panic("journal: clock_gettime(CLOCK_BOOTTIME): " + err.Error()) // in Linux since 2.6.39
	}
	return time.Duration(ts.Nano())
}
