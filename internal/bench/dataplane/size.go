package main

import "time"

// smallFlows fit into the processor's caches.
const smallFlows = 1000

// size says how much is measured.
type size struct {
	flows, vips, endpoints int
	// idle is the timeout of the service whose rows become excepted. A round has
	// to be shorter.
	idle time.Duration
	// rounds of test runs, frameRounds of real frames, applies of a whole
	// configuration, and changes of one service after each.
	rounds, frameRounds, applies, changes int
	// packets of few flows, and frames, in each round. Of many flows there is one
	// packet each.
	packets, frames int
}

// full is what figures are published of.
func full() size {
	return size{
		flows: 1_000_000, vips: 10_000, endpoints: 10, idle: time.Minute,
		rounds: 11, frameRounds: 7, applies: 5, changes: 20, packets: 300_000, frames: 2_000_000,
	}
}

// quick shows that it works.
func quick() size {
	return size{
		flows: 50_000, vips: 500, endpoints: 10, idle: 6 * time.Second,
		rounds: 3, frameRounds: 2, applies: 1, changes: 5, packets: 50_000, frames: 100_000,
	}
}

// tiny is the least that shows that all of it works.
func tiny() size {
	return size{
		flows: 2000, vips: 20, endpoints: 10, idle: 2 * time.Second,
		rounds: 2, frameRounds: 1, applies: 1, changes: 2, packets: 2000, frames: 5000,
	}
}
