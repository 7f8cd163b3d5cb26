// Package clients is the clients of the demo: a steady load of requests to
// replicas in turn. It repeats none, and counts what became of each.
package clients
