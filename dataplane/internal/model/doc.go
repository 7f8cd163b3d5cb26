// Package model decides which endpoint a packet goes to, one packet after
// another, for one row of one service's table: plainly, without a thought for
// speed. It is what the program in the kernel is held against.
//
// # Rows, windows, entries
//
// A service's table has rows; a hash of the 5-tuple picks one. A row that is
// stable decides alone: no connection is remembered. When its endpoint changes,
// a window opens, in which connections on that row are remembered in entries, so
// that those from before the change stay where they are.
//
//	stable     one endpoint, no entry matters
//	changing   a window is open: every connection that shows itself gets an entry
//	excepted   no window is open, but an entry differs from the row's endpoint
//
// A change is prepared, then committed. While it is prepared, new connections
// still go to the old endpoint, and get entries: so the second SYN of one whose
// first came before the change finds the same endpoint. An endpoint that is down
// is not prepared for.
//
// # Rules
//
//	R1  Stable row: the row's endpoint, and no entry.
//	R2  Other rows: the endpoint of the packet's entry, if there is one. A SYN on
//	    an entry stays (RFC 5961), unless the entry is closing, or its endpoint is
//	    down, or drains and the connection was never established: that is a new
//	    connection.
//	R3  No entry, SYN: a new connection. Old endpoint while the newest change is
//	    prepared, the row's once it is committed; with an entry while a window is
//	    open.
//	R4  No entry, no SYN: a connection from before. The endpoint that the oldest
//	    open change took the row from, since all that came later have entries; it
//	    gets an entry itself. On a row without open windows, the row's endpoint.
//	R5  A window stays open for the idle timeout from when its change began to be
//	    prepared, and until it is committed: whoever is silent for no longer than
//	    that has shown itself. When the last one has closed, entries that agree
//	    with the row are dropped; the row is stable once none is left.
//	R6  An entry lives for the idle timeout after the last packet; for less if
//	    nothing but SYNs was seen of it, or once it is closing. A RST as the first
//	    reply ends it: there was no such connection.
//	R7  For want of room for an entry, a new connection is dropped. One from
//	    before goes where R4 says, and the windows stay open for another idle
//	    timeout: so it is never forgotten that it is there.
//	R8  An endpoint that is down gets no new connection. Its entries, and the
//	    connections of R4, stay with it: an established connection is never moved.
//
// # Invariants
//
//	M1  A connection whose endpoint lives, that was answered within the embryonic
//	    time, and that was never silent for longer than the idle timeout, is never
//	    moved.
//	M2  A connection that began with a SYN within the prepare time of another one
//	    of the same 5-tuple goes where that went, unless that is down.
//	M3  No new connection goes to an endpoint that is down.
//	M4  When everything has been quiet for the idle timeout and longer, the row is
//	    stable: windows close, and entries neither leak nor stay.
//
// The tests explore every order of packets, changes and time for small cases
// (go test -states=N: as many states of each setting).
package model
