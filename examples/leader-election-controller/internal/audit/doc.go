// Package audit compares what was wanted with what happened, from three
// sources that do not know each other:
//
//   - the writer, which makes the changes that a controller is to handle;
//   - a watch on the API server, which shows what was handled, and in which
//     term;
//   - the journals of the replicas, which say when each began and ended to
//     handle what.
//
// A History of all three is judged when everything has ended. The Verdict
// names each fault.
package audit
