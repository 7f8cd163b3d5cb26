// Package peer is what the data plane is held against: a floor, a plain table
// of connections, and nftables.
package peer
