// Package netlab builds small networks on one Linux machine, for tests and
// demonstrations: network namespaces as hosts, routers and switches, and links
// between them that carry real frames.
//
// # Usage
//
//	lab, err := netlab.New("mytest")
//	defer lab.Close()
//	a, err := lab.Namespace("a")
//	b, err := lab.Namespace("b")
//	err = lab.Wire(
//		netlab.Port{In: a, Name: "eth0", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}},
//		netlab.Port{In: b, Name: "eth0", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.2/24")}},
//	)
//	conn, err := a.Dial(ctx, "tcp", "192.0.2.2:80")
//
// NewSite builds the network in which load balancers are tried: clients behind
// a router, a balancer, endpoints on a switch.
//
// # What is left behind
//
// Nothing. Close ends the processes that were started in the lab and removes
// its namespaces, and with them their links. The name of a namespace begins with
// the lab's and the identity of the process, so what a process left that was
// killed is found, and removed by the next New of the same name. "ip netns" lists
// them while they are there.
//
// # Frames
//
// Checksums are computed and VLAN tags are written by whoever sends, and large
// segments are cut: frames on the links look as they would on a wire, which an
// XDP program relies on. Generic receive offload is on, without which a veth
// device takes no frame that XDP redirects to it.
//
// # Concurrency
//
// A Lab is built by one goroutine. The methods of a Namespace may be called by
// several.
package netlab
