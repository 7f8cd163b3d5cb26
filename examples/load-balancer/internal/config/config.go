package config

import (
	"crypto/sha256"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/dataplane/xdp"
)

// What is used where the file says nothing.
const (
	DefaultSocket       = "/run/load-balancer/control.sock"
	DefaultNoticeWithin = probe.DefaultNoticeWithin
)

// Config is what a file says.
type Config struct {
	// Static is what is read at the start only.
	Static
	// DataPlane is what is forwarded.
	DataPlane dataplane.Config
	// Targets are the endpoints that are probed, in groups named after their
	// services.
	Targets []probe.Target
	// Names are those that the file gives to services, by their String.
	Names map[string]string
	// Sum is the SHA-256 of the content.
	Sum [sha256.Size]byte

	file  string
	given map[string]place // the fields of Static that the file has
}

// place is where a field stands, and what it says.
type place struct {
	line  int
	shown string
}

// Static is what cannot change while the load balancer runs.
type Static struct {
	// Seed is DataPlane.Seed: another one moves connections.
	Seed uint64
	// Interfaces, Generic and Capacity are for xdp.Config.
	Interfaces xdp.Interfaces
	Generic    bool
	Capacity   xdp.Capacity
	// Damping is for the Prober.
	Damping probe.Damping
	// Listen is the address of the status page; "" = none. Socket is the path of
	// the socket for the subcommands.
	Listen, Socket string
	// ShutdownDelay is for how long it forwards on after the order to end.
	ShutdownDelay time.Duration
}

// Unchanged returns nil if all that is read at the start only is as it was, else
// a *Fault for each field that is not.
func (c *Config) Unchanged(since Static) error {
	r := &reading{file: c.file}
	for _, f := range []struct {
		name    string
		changed bool
	}{
		{"seed", c.Seed != since.Seed},
		{"interfaces", c.Interfaces != since.Interfaces || c.Generic != since.Generic},
		{"capacity", c.Capacity != since.Capacity},
		{"damping", c.Damping != since.Damping},
		{"listen", c.Listen != since.Listen},
		{"socket", c.Socket != since.Socket},
		{"shutdownDelay", c.ShutdownDelay != since.ShutdownDelay},
	} {
		if !f.changed {
			continue
		}
		at, ok := c.given[f.name]
		if !ok && f.name == "seed" {
			at = c.given["seedFile"]
		}
		r.add(at.line, f.name, at.shown, "is not what it was when the load balancer started", "restart it, or put the field back")
	}
	return r.join()
}
