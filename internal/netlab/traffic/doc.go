// Package traffic is clients and servers that notice every fault of what is
// between them.
//
// A server says its name on each connection, and then sends back what it gets, or
// a stream of its own. Each byte is a function of the connection's number and its
// offset, so a client knows which bytes are wrong. Requests by UDP are numbered;
// each reply has the server's name, so a client knows when a flow was moved. A TCP
// connection that is moved breaks: the other server does not know it.
//
// Clients connect by a Dial, servers take a net.Listener or a net.PacketConn: it
// is for the caller to make them in a namespace.
package traffic
