// Package report says what a run of the benchmark has shown: as JSON, as tables
// for a document, and target by target.
package report

import (
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Results are what one run has measured.
type Results struct {
	Machine Machine `json:"machine"`
	// Quick: the run was a small one, whose figures say that the benchmark
	// works, and little more.
	Quick bool `json:"quick"`
	// Took is how long the run took, in seconds.
	Took float64 `json:"took_s"`

	HandOver  []HandOver  `json:"hand_over"`
	Crash     []Crash     `json:"crash"`
	AtRest    []AtRest    `json:"at_rest"`
	Server    []Server    `json:"server"`
	Footprint []Footprint `json:"footprint"`
}

// Measured reports whether there is anything to show.
func (r Results) Measured() bool {
	return len(r.HandOver)+len(r.Crash)+len(r.AtRest)+len(r.Footprint) > 0
}

// Machine is where it was measured.
type Machine struct {
	CPUs       int    `json:"cpus"`
	System     string `json:"system"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Kubernetes string `json:"kubernetes"`
	ClientGo   string `json:"client_go"`
}

// HandOver is how long a lock took from one that gives it up to the next, in a
// row of rounds.
type HandOver struct {
	// Kind is "" for the floor.
	Kind     candidate.Kind `json:"elector"`
	Standbys int            `json:"standbys"`
	Variant  Variant        `json:"variant,omitempty"`
	Timings  string         `json:"timings,omitempty"`
	Cancel   stats.Sample   `json:"from_cancel_ms"`
	// Return is from the return of the leader's work. None for the floor.
	Return stats.Sample `json:"from_return_ms,omitempty"`
}

// Variant is how a row differs from the others.
type Variant string

const (
	// LongAtRest: the standbys' idle connections were closed before each round,
	// as happens by itself after 90 s.
	LongAtRest Variant = "long at rest"
	// NoEvents: the electors wrote no Kubernetes Events.
	NoEvents Variant = "without Events"
)

// Crash is how long after the expiry of a leader that vanished the next one's
// work began.
type Crash struct {
	Kind    candidate.Kind `json:"elector"`
	Timings string         `json:"timings"`
	Late    stats.Sample   `json:"late_ms"`
	// Overlaps is how often the next one's work began before that of the leader
	// that was cut off was told to end.
	Overlaps int `json:"overlaps"`
}

// AtRest is what the replicas of locks sent while nothing happened.
type AtRest struct {
	Kind     candidate.Kind `json:"elector"`
	Locks    int            `json:"locks"`
	Replicas int            `json:"replicas"`
	// Window is how long they were counted, in seconds.
	Window float64 `json:"window_s"`
	// Requests were for Leases, without watches; Watches were begun; Other were
	// for other resources.
	Requests int `json:"requests"`
	Watches  int `json:"watches"`
	Other    int `json:"other"`
	// Watching is how many watches were open. Each is begun anew after 300 s to
	// 600 s, which a shorter window does not show.
	Watching int `json:"watching"`
}

// watchLife is the mean time until a watch is begun anew.
const watchLife = 450 * time.Second

// Rate is the requests per second for one setting: those that were counted,
// and the watches that were not, since the window is too short.
func (a AtRest) Rate() float64 {
	return float64(a.Requests+a.Other)/a.Window + max(float64(a.Watches)/a.Window, float64(a.Watching)/watchLife.Seconds())
}

// PerLock is Rate for one lock.
func (a AtRest) PerLock() float64 { return a.Rate() / float64(a.Locks) }

// Server is what the servers did while electors were at rest.
type Server struct {
	// Kind is "" while there were none.
	Kind     candidate.Kind `json:"elector"`
	Electors int            `json:"electors"`
	Window   float64        `json:"window_s"`
	// Requests for Leases, as the API server counts them.
	Requests float64 `json:"requests"`
	// APIServer and Etcd are seconds of processor time in the window, this
	// process's are Clients. All 0 where they cannot be had.
	APIServer float64 `json:"apiserver_cpu_s"`
	Etcd      float64 `json:"etcd_cpu_s"`
	Clients   float64 `json:"clients_cpu_s"`
}

// Footprint is what one elector takes of the memory of its process, at rest: the
// mean of many.
type Footprint struct {
	Kind     candidate.Kind `json:"elector"`
	Role     string         `json:"role"` // "leader", "standby"
	Electors int            `json:"electors"`
	// With is all that came with it, Bare what as many open connections take
	// that do nothing. Connections that all electors of a process share are in
	// neither.
	With Usage `json:"with_connections"`
	Bare Usage `json:"bare_connections"`
}

// Usage is of one elector.
type Usage struct {
	Heap       float64 `json:"heap_bytes"`
	Stack      float64 `json:"stack_bytes"`
	Goroutines float64 `json:"goroutines"`
}

// Bytes is heap and stacks.
func (u Usage) Bytes() float64 { return u.Heap + u.Stack }

// Alone is the elector without its connections.
func (f Footprint) Alone() Usage {
	return Usage{
		Heap:       f.With.Heap - f.Bare.Heap,
		Stack:      f.With.Stack - f.Bare.Stack,
		Goroutines: f.With.Goroutines - f.Bare.Goroutines,
	}
}
