// Package outcome says what a run of the benchmark of the data plane has shown:
// as JSON, as tables for a document, as a picture, and target by target.
package outcome

import (
	"github.com/regent-ha/regent/internal/bench/stats"
)

// Results are what one run has measured.
type Results struct {
	Machine Machine `json:"machine"`
	// Load is the load average of the last minute, before the run. 0: not known.
	Load float64 `json:"load_before"`
	// Quick: the run was a small one, whose figures say that the benchmark
	// works, and little more.
	Quick bool `json:"quick"`
	// Took is how long the run took, in seconds.
	Took float64 `json:"took_s"`

	Packets []Packets `json:"packets"`
	Frames  []Frames  `json:"frames"`
	Memory  []Memory  `json:"memory"`
	Apply   []Apply   `json:"apply"`
}

// Machine is where it was measured.
type Machine struct {
	CPUs   int    `json:"cpus"`
	Model  string `json:"model"`
	System string `json:"system"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// Program is what packets are handed to.
type Program string

// The programs, in the order in which they are shown.
const (
	Generator Program = "generator"
	Floor     Program = "floor"
	Table     Program = "LRU table"
	Regent    Program = "Regent"
	NFTables  Program = "nftables"
)

// State is what becomes of a packet in Regent. Other programs have none.
type State string

// The states.
const (
	Stable   State = "stable row"
	Changing State = "changing row"
	Excepted State = "excepted row"
	// Hit: one-arm, a packet of a connection that is known.
	Hit State = "one-arm, known"
	// Miss: one-arm, the SYN of a new connection.
	Miss State = "one-arm, new"
)

// Case is what is measured.
type Case struct {
	Program Program `json:"program"`
	State   State   `json:"state,omitempty"`
	IPv6    bool    `json:"ipv6,omitempty"`
	// Flows is how many there are; each packet is of another one. Of Miss there is
	// no end.
	Flows int `json:"flows"`
	VIPs  int `json:"vips"`
	// Bare is without CAP_PERFMON.
	Bare bool `json:"without_cap_perfmon,omitempty"`
}

// Packets is what packets took under test runs. The samples are of a million
// packets each: a millisecond of them is a nanosecond of one.
type Packets struct {
	Case
	// Net is without what the generator took in the same round.
	Net stats.Sample `json:"net_ns"`
	// Gross is with it.
	Gross stats.Sample `json:"gross_ns"`
}

// Frames is how many real frames came through, in millions per second of one
// processor.
type Frames struct {
	Case
	Rates []float64 `json:"mpps"`
	// Lost is how many did not come through, of Sent.
	Lost int `json:"lost"`
	Sent int `json:"sent"`
}

// Memory is what maps take.
type Memory struct {
	What string `json:"what"`
	// Maps are the bytes of each, by its name.
	Maps map[string]uint64 `json:"maps"`
	// Most is the target, in MiB. 0: there is none.
	Most int `json:"target_mib,omitempty"`
}

// Bytes is the sum of all maps.
func (m Memory) Bytes() (sum uint64) {
	for _, b := range m.Maps {
		sum += b
	}
	return sum
}

// Apply is how long a change of the configuration took, without the time for
// which it was prepared.
type Apply struct {
	What string       `json:"what"`
	Took stats.Sample `json:"took_ms"`
}
