// Package plan draws what goes wrong in a run, from a seed: the same seed gives
// the same faults in the same order, with the same times between them. What
// comes of them is up to real processes on a real machine, and differs.
package plan
