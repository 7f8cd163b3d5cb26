package candidate

import (
	"fmt"
	"time"
)

// Kind says whose elector a candidate uses.
type Kind string

// The electors that are compared.
const (
	Regent   Kind = "Regent"
	ClientGo Kind = "client-go"
)

// Timings are those of a lock.
type Timings struct{ Lease, Renew, Retry time.Duration }

// Default are the timings that both electors are used with most.
func Default() Timings { return Timings{15 * time.Second, 10 * time.Second, 2 * time.Second} }

// Short are timings that both electors accept, for many rounds in little time.
func Short() Timings { return Timings{3 * time.Second, 2 * time.Second, 500 * time.Millisecond} }

// String is like "15/10/2 s".
func (t Timings) String() string {
	return fmt.Sprintf("%g/%g/%g s", t.Lease.Seconds(), t.Renew.Seconds(), t.Retry.Seconds())
}

// renewal is how long a leader of this kind waits from one renewal to the next.
func (k Kind) renewal(t Timings) time.Duration {
	if k == Regent {
		return min(t.Lease/3, t.Renew-2*t.Retry)
	}
	return t.Retry
}
