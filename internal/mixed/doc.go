// Package mixed runs fleets in which Regent and other electors compete for one
// lock on a real API server, each replica a process of its own: client-go's
// elector, controller-runtime's manager, kooper v0.8.0 and v2.8.0. A [Stage] is
// where one fleet plays; [Judge] says from its replicas' journals whether two
// were at work at once.
//
// kooper's versions need dependencies that this module cannot have. They are
// modules of their own, kooper08 and kooper28, built when they are first needed.
//
// Tests and "make mixed" only.
package mixed
