// Package balancer keeps a forwarder doing what a file and the probes say.
//
// A file that changes is read; one that is refused changes nothing, and is told
// of until it is mended. One that is taken waits for the first verdict on each
// endpoint that is new, and is applied then: so nothing is sent to an endpoint
// that is dead, and none is taken away before the one that replaces it serves.
//
// Verdicts of the probes are applied as they come, those that come together at
// once. What somebody drains has weight 0 until it is undrained, or until the
// file gives it another weight, or no longer names it.
//
// All methods are safe for concurrent use.
package balancer
