package promotion

import (
	"fmt"
	"os"
)

// load is the load average of the last minute, 0 where that is not known.
func load() (average float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &average); err != nil {
		return 0
	}
	return average
}
