package dockerchaos

import (
	"fmt"
	"strings"
	"time"
)

// Timings are those of the lock.
type Timings struct{ Lease, Renew, Retry time.Duration }

// Short are the shortest that an elector accepts, so that a round takes
// seconds.
func Short() Timings { return Timings{3 * time.Second, 2 * time.Second, 500 * time.Millisecond} }

// ParseTimings reads lease duration, renew deadline and retry period with
// slashes between them.
func ParseTimings(text string) (Timings, error) {
	var t Timings
	fields := strings.Split(text, "/")
	values := []*time.Duration{&t.Lease, &t.Renew, &t.Retry}
	if len(fields) != len(values) {
		return t, fmt.Errorf("%q are no timings; mend: as in %s", text, Short())
	}
	for i, field := range fields {
		d, err := time.ParseDuration(field)
		if err != nil || d <= 0 {
			return t, fmt.Errorf("%q are no timings: %q is no positive duration; mend: as in %s", text, field, Short())
		}
		*values[i] = d
	}
	return t, nil
}

func (t Timings) String() string { return fmt.Sprintf("%v/%v/%v", t.Lease, t.Renew, t.Retry) }

func (t Timings) flags() []string {
	return []string{
		"-lease-duration=" + t.Lease.String(),
		"-renew-deadline=" + t.Renew.String(),
		"-retry-period=" + t.Retry.String(),
	}
}

// recovery is how long a candidate that is connected again may take until it
// knows all: its requests that hang have to fail first.
func (t Timings) recovery() time.Duration { return t.Lease + 2*t.Retry }
