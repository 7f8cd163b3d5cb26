package lock

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"
)

// Record says who leads.
type Record struct {
	// Holder is the identity that leads; empty if nobody does.
	Holder string
	// Duration is how long others wait after a renewal before they may take
	// the lock. It is stored in whole seconds.
	Duration time.Duration
	// Acquired and Renewed are the holder's wall clock, for people to read.
	// Regent never compares them with another clock.
	Acquired, Renewed time.Time
	// Transitions counts changes of the holder.
	Transitions int32
	// Token fences: it rises with each term. 0 if no Regent ever led.
	Token uint64
	// Nonce is another for each write, so that a write whose reply was lost
	// can be recognised.
	Nonce string
	// Successor is, in a released record, the candidate that should take it.
	Successor string
	// Candidates are those that said they would lead, the newest last.
	Candidates []Candidate
	// Joint: the record is one of two that are held together; see [Join].
	Joint bool
	// Touched means nothing. To change it gives the lock a new version: a write
	// that changes nothing is none to an API server.
	Touched string

	// Sealed reports that the record is as a Regent wrote it: no other client
	// and no hand has changed it since. Set when a record is read.
	Sealed bool
	// SealedTransitions is Transitions as the last Regent wrote it. Set when
	// a record is read.
	SealedTransitions int32
	// Problem is what cannot be understood of the record; a *RecordError.
	// Set when a record is read.
	Problem error
}

// Candidate is a process that campaigns, or did.
type Candidate struct {
	// Identity is what it would write as Holder.
	Identity string `json:"identity"`
	// Pod is its pod's name, if it has one.
	Pod string `json:"pod,omitempty"`
	// Since is when it started, by its own clock.
	Since time.Time `json:"since"`
}

// Released reports whether the last holder gave the lock up by itself, having
// ended its work, so that it can be taken at once. A record that was emptied
// by a hand, or by a client that held it no longer, is none.
func (r Record) Released() bool {
	if r.Holder != "" || r.Problem != nil {
		return false
	}
	if r.Sealed {
		return true
	}
	// client-go's form (leaderelection.go, tryRelease). A late release of a
	// leader that was succeeded by a Regent keeps that Regent's transitions
	// (kubernetes/kubernetes since 1.34): not a release of the present holder.
	return r.Duration == time.Second && !r.Renewed.IsZero() && r.Acquired.Equal(r.Renewed) &&
		(r.SealedTransitions == 0 || r.Transitions > r.SealedTransitions)
}

// seal is a digest of everything in the record that an election depends on.
func (r Record) seal() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %d %d %d %d %d %q %q", r.Holder, seconds(r.Duration), micro(r.Acquired), micro(r.Renewed),
		r.Transitions, r.Token, r.Nonce, r.Successor)
	if r.Joint {
		_, _ = h.Write([]byte(" joint"))
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// seconds rounds up: a lease that is stored shorter than it is meant ends too
// early for the others.
func seconds(d time.Duration) int32 {
	whole := d / time.Second
	if d%time.Second > 0 {
		whole++
	}
	return int32(min(whole, math.MaxInt32))
}

func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
