// Package stand is where the data plane is measured: a process in a network
// namespace of its own that holds all programs, does what it is asked for on its
// standard input, and answers on its standard output. There is one with a VIP
// for each state, one with many VIPs, and one without CAP_PERFMON; they are asked
// in turn.
package stand
