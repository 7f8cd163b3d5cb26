package dataplane

import (
	"net/netip"
	"time"
)

// Status is what a Forwarder does, for people and metrics.
type Status struct {
	// Interfaces are those that the program is attached to, or should be.
	Interfaces []InterfaceStatus
	// Services are in the order of the Config.
	Services []ServiceStatus
	// Drops counts dropped packets by reason, since the start. Every reason is
	// there, those of 0 as well.
	Drops map[string]uint64
	// Passed counts packets that were left to the host: none of a service's.
	Passed uint64
	// Unremembered counts connections that should have been remembered, and for
	// which there was no room. None was moved for that: windows stay open.
	Unremembered uint64
	// Flows says how many connections are remembered, by table.
	Flows []FlowTable
}

// InterfaceStatus is one network interface.
type InterfaceStatus struct {
	Name  string
	Index int
	// Driver is "native" (in the network driver) or "generic" (in the kernel's
	// stack, slower); empty: not attached, for the reason Err.
	Driver string
	Err    error
}

// ServiceStatus is one service.
type ServiceStatus struct {
	Service
	// Rows is the size of its table. Of these, Changing have a change under way,
	// and Excepted have connections that still go elsewhere: both look each packet
	// up, the others do not.
	Rows, Changing, Excepted int
	// Endpoints are those of the Config, and those it no longer names that still
	// have connections.
	Endpoints []EndpointStatus
}

// EndpointStatus is one endpoint of a service. Its counters are since the start.
type EndpointStatus struct {
	Endpoint
	// Removed: the Config does not name it any more.
	Removed bool
	// Share is its part of the table's rows, from 0 to 1.
	Share float64
	// NextHop is where frames for it go: a MAC address and an interface. Empty:
	// it is not known (yet), and packets for it are dropped.
	NextHop string
	// Packets, Bytes and Connections were sent to it; Replies came from it.
	Packets, Bytes, Connections, Replies uint64
}

// FlowTable is a table of remembered connections.
type FlowTable struct {
	// Name says of what, such as "exceptions, IPv4".
	Name string
	// Used entries, of Room.
	Used, Room int
}

// Flow is a connection that is remembered.
type Flow struct {
	Protocol Protocol
	// Client and VIP are its ends as the client knows them.
	Client, VIP netip.AddrPort
	// Endpoint is where it goes; SNAT is what the endpoint takes for the client,
	// in one-arm mode and for hairpins.
	Endpoint, SNAT netip.AddrPort
	// State is "new", "established" or "closing".
	State string
	// Idle is for how long it has been silent, Expires when it is forgotten if it
	// stays so.
	Idle, Expires time.Duration
}
