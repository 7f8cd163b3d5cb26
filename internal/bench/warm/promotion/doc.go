// Package promotion measures how long a controller takes from an election to
// its first handled object, and to the last, on a real control plane: Regent's,
// warm and cold, and controller-runtime's, in one run.
//
// The clock starts when the election is known in the process: when the function
// is called that the Elector runs while it leads, or when the manager starts
// its runnables for leaders. What an election itself takes is the subject of
// package election.
package promotion
