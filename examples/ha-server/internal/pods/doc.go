// Package pods runs replicas of the example for tests and for the demo, without
// a node: each is a process with an address of its own on the loopback network
// and a Pod in the API, whose readiness it keeps as a kubelet does. It needs
// Linux, where all of 127.0.0.0/8 is there.
package pods
