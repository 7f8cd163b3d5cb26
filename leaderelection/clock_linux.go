package leaderelection

import (
	"time"

	"golang.org/x/sys/unix"
)

// systemClock is CLOCK_BOOTTIME: unlike Go's own monotonic time, it goes on
// while the machine sleeps, as the clocks of the other candidates do.
func systemClock() func() time.Duration {
	return func() time.Duration {
		var ts unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
			panic("leaderelection: clock_gettime(CLOCK_BOOTTIME): " + err.Error()) // in Linux since 2.6.39
		}
		return time.Duration(ts.Nano())
	}
}
