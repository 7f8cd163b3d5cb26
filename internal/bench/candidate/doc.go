// Package candidate runs the replicas of a lock in one process, each as if it
// had a process of its own, with Regent's elector or with client-go's, and says
// when which of them works.
//
// A [Client] is what a process has: connections of its own to the API server,
// with a [Link] in them that counts requests and can be cut. A [Set] is the
// replicas that compete for one lock. It hands over and lets leaders vanish.
package candidate
