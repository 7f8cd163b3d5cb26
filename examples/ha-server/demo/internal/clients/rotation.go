package clients

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
)

// Rotation is whom a client asks in turn. A replica is in it from the moment
// its /readyz says 200 until that says something else or a connection is
// refused: silence alone takes nobody out.
type Rotation struct {
	mu   sync.Mutex // guards the fields below
	in   []*pods.Pod
	next int
	// gone is when a replica was killed and had gone: what was sent to it
	// before was in flight.
	gone map[*pods.Pod]time.Time
	// left is when a replica said that it is not ready.
	left map[*pods.Pod]time.Time
}

// NewRotation returns one with nobody in it.
func NewRotation() *Rotation {
	return &Rotation{gone: make(map[*pods.Pod]time.Time), left: make(map[*pods.Pod]time.Time)}
}

// Answered is told what /readyz of a replica says.
func (r *Rotation) Answered(pod *pods.Pod, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case status == 0:
	case status == http.StatusOK && !slices.Contains(r.in, pod):
		r.in = append(r.in, pod)
		delete(r.gone, pod)
	case status != http.StatusOK:
		r.drop(pod)
		r.left[pod] = time.Now()
	}
}

// Left is when a replica said that it is not ready; false: it never did.
func (r *Rotation) Left(pod *pods.Pod) (time.Time, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.left[pod]
	return at, ok
}

// out takes a replica out that refused a connection.
func (r *Rotation) out(pod *pods.Pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(pod)
}

func (r *Rotation) drop(pod *pods.Pod) {
	r.in = slices.DeleteFunc(r.in, func(other *pods.Pod) bool { return other == pod })
}

// take returns whose turn it is; nil: nobody is there.
func (r *Rotation) take() *pods.Pod {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.in) == 0 {
		return nil
	}
	r.next++
	return r.in[r.next%len(r.in)]
}

// Killed notes that a replica was killed and has gone now.
func (r *Rotation) Killed(pod *pods.Pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone[pod] = time.Now()
}

// Dying marks a replica that is about to be killed: what is sent to it from now
// on is lost with it.
func (r *Rotation) Dying(pod *pods.Pod) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone[pod] = time.Now().Add(time.Hour)
}

// lost says whether a request that was sent then was sent to a replica that was
// Killed meanwhile, or had been.
func (r *Rotation) lost(pod *pods.Pod, sent time.Time) (inFlight, dead bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	gone, dead := r.gone[pod]
	return dead && sent.Before(gone), dead
}
