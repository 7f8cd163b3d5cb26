// Package model decides what becomes of a packet, one packet after another:
// plainly, without a thought for speed. It is what the program in the kernel is
// held against. Row is one row of one service, where all that is hard about
// tracking connections happens. Balancer is several services: what they share,
// ports for source NAT, and the way back.
//
// # Rows, windows, entries
//
// A service's table has rows; a hash of the connection picks one. A row that is
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
// An entry that a SYN makes is young: it stands where others take its place if
// there are too many, so that a flood of SYNs takes the place of nothing else.
// When it was answered, and the client has said more, it moves to where nothing
// is evicted and room is bounded.
//
// # Rules of a row
//
//	R1  Stable row: the row's endpoint, and no entry.
//	R2  Other rows: the endpoint of the packet's entry, if there is one. A SYN on
//	    an entry stays (RFC 5961), unless the entry is closing, or its endpoint is
//	    down, or drains and the connection was never established: that is a new
//	    connection.
//	R3  No entry, SYN: a new connection. Old endpoint while the newest change is
//	    prepared, the row's once it is committed; with a young entry while a
//	    window is open.
//	R4  No entry, no SYN: a connection from before. The endpoint that the oldest
//	    open change took the row from, since all that came later have entries; it
//	    gets an entry itself, which is not young. On a row without open windows,
//	    the row's endpoint.
//	R5  A window stays open for the idle timeout from when its change began to be
//	    prepared, and until it is committed: whoever is silent for no longer than
//	    that has shown itself. When the last one has closed, entries that agree
//	    with the row are dropped; the row is stable once none is left. A change
//	    from no endpoint needs no window.
//	R6  An entry lives for the idle timeout after the last packet; for less if
//	    nothing but SYNs was seen of it, or once it is closing. A RST as the first
//	    reply ends it: there was no such connection.
//	R7  For want of room a connection from before goes where R4 says, without an
//	    entry, and all windows stay open for another idle timeout: so it is never
//	    forgotten that it is there. An entry that finds no room stays young.
//	R8  An endpoint that is down gets no new connection. Its entries, and the
//	    connections of R4, stay with it: an established connection is never moved.
//
// # Rules of a balancer
//
//	T1  One-arm services, tracked UDP services, and services that share an
//	    endpoint's address and port with another remember every connection, as a
//	    flow, whatever the row says. A flow is an entry: R2, R6, R8 hold for it. It
//	    begins young; where it begins is for R3 and R4 to say. Of UDP every packet
//	    without a flow begins one, and none is embryonic. Rows of one-arm and UDP
//	    services need no windows, and change at once.
//	T2  A flow of a one-arm service, or whose client the endpoint would answer
//	    directly (hairpin), has a port of the balancer's, that the endpoint sees
//	    as the client's. No port, no flow: the packet is dropped. A packet that
//	    does not begin a connection gets no port: it is dropped.
//	T3  A flow that has a port, or whose service shares, has a return entry:
//	    {endpoint, what it sees as the client} -> flow. Making it is what takes the
//	    port: there is one of each. Where the client's own address is taken, by way
//	    of another service, a port is used. A flow that makes room for another of
//	    the same client gives up its port.
//	T4  Flow and return entry cease to be young together. Since each can be evicted
//	    alone before, a young flow makes its return entry again with each packet of
//	    the client's; if that is another's by then, the flow is forgotten.
//	T5  Whether a connection is a hairpin is decided once: if it has a flow it is;
//	    if it has another entry it is not; else by the endpoint that it would go to
//	    if it began now. As long as a flow of a service with windows differs from
//	    its row, the row is excepted.
//	T6  What comes from an endpoint is an answer if the connection's flow, entry or
//	    row says this endpoint: the flow, else the entry of a row that is not
//	    stable, else by R4. It goes to the client as if from the VIP. Anything else
//	    is left to the host.
//	T7  What a client sends to an endpoint's own address and port is noted: answers
//	    to it are left to the host, unless T6 finds a flow or another entry. What
//	    begins a connection of the same client by way of a VIP to that endpoint ends
//	    the note. Else it stays, until it is evicted.
//	T8  What comes from an endpoint to a port goes to the client of the flow that
//	    the return entry names, or is dropped.
//	T9  A table of another number of rows takes over with all its rows changing from
//	    what the old one says: prepared, then committed. The changes of the old one
//	    go on meanwhile. One at a time.
//	T10 A UDP service that is not tracked goes by its row, at once: it has flows of
//	    hairpins only, and one that differs from its row counts as none.
//
// # Invariants
//
// Of a row:
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
// Of a balancer, beside these:
//
//	N1  No two connections look the same to an endpoint.
//	N2  M1 holds for all: neither endpoint nor port of an answered connection
//	    changes, of UDP as well.
//	N3  An answer reaches the client of its connection, and no other.
//	N4  An answer on a connection that is not the balancer's is not touched, unless
//	    the client has one of the balancer's that looks the same to the endpoint.
//	N5  M3 holds for all.
//	N6  M4 holds for all, and no return entry is left.
//
// Nothing is promised to a connection of which a young entry was evicted, or the
// note.
//
// The tests explore every order of packets, changes, evictions and time for small
// cases, and wander far in them (go test -states=N: as many states of each
// setting; -walks=N: as many ways).
package model
