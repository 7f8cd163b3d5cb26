package report

import (
	"fmt"
	"time"
)

// Millis is a time with three digits or so, in milliseconds; above ten seconds
// in seconds.
func Millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 10_000 || ms <= -10_000:
		return fmt.Sprintf("%.1f s", ms/1000)
	case ms >= 100 || ms <= -100:
		return fmt.Sprintf("%.0f ms", ms)
	case ms >= 10 || ms <= -10:
		return fmt.Sprintf("%.1f ms", ms)
	}
	return fmt.Sprintf("%.2f ms", ms)
}

// Times is a ratio.
func Times(x float64) string {
	if x >= 10 {
		return fmt.Sprintf("%.0f ×", x)
	}
	return fmt.Sprintf("%.1f ×", x)
}

// size is a number of bytes.
func size(bytes float64) string { return fmt.Sprintf("%.1f KiB", bytes/1024) }
