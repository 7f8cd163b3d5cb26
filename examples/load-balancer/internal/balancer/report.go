package balancer

import "time"

// ReportVersion is Report.Version. It changes when a field ceases to mean what
// it meant; fields may be added without.
const ReportVersion = 1

// Report is all that the load balancer says of itself: the JSON of the status
// page and of the subcommands. Times are in UTC, those that are not known are
// left out.
type Report struct {
	Version int       `json:"version"`
	Now     time.Time `json:"now"`
	Started time.Time `json:"started,omitzero"`
	// Leads: this instance does. Token is its term's; 0 without an election.
	Leads bool   `json:"leads"`
	Token uint64 `json:"token"`
	// Ready: what the file says is forwarded; NotReady says what is missing.
	Ready    bool   `json:"ready"`
	NotReady string `json:"not_ready,omitempty"`

	File       FileReport        `json:"file"`
	Apply      ApplyReport       `json:"apply"`
	Interfaces []InterfaceReport `json:"interfaces"`
	Services   []ServiceReport   `json:"services"`
	// Drained are the endpoints that somebody has drained.
	Drained []DrainReport `json:"drained"`
	// Total is the sum of all services.
	Total Rates `json:"total"`
	// Drops are dropped packets by reason.
	Drops []DropReport `json:"drops"`
	// Passed are packets that were left to the host.
	Passed          uint64  `json:"passed"`
	PassedPerSecond float64 `json:"passed_per_second"`
	// Unremembered counts connections for which there was no room in Tables, though
	// they should be there: changes take longer for that.
	Unremembered uint64 `json:"unremembered"`
	// Tables hold what connections there are.
	Tables []TableReport `json:"tables"`
	// LateChecks had to wait for others: while they grow, dead endpoints are
	// noticed late.
	LateChecks uint64 `json:"late_checks"`
	// StatusError is why what is said of the forwarder is as old as
	// StatusSeconds.
	StatusError   string  `json:"status_error,omitempty"`
	StatusSeconds float64 `json:"status_seconds"`
}

// FileReport is what is known of the file.
type FileReport struct {
	Path string `json:"path"`
	// Sum is the beginning of the SHA-256 of the content that is followed, Loaded
	// when it was read.
	Sum    string    `json:"sum"`
	Loaded time.Time `json:"loaded,omitzero"`
	// Waiting is for how many endpoints there has to be a first verdict before
	// the file is followed.
	Waiting int `json:"waiting,omitempty"`
	// Faults are why what the file says by now is refused, since RefusedSince;
	// empty = it is not.
	Faults       []string  `json:"faults,omitempty"`
	RefusedSince time.Time `json:"refused_since,omitzero"`
}

// ApplyReport is how applying goes.
type ApplyReport struct {
	// Count is how often something was applied, Last when, and Seconds how long
	// that took.
	Count   int       `json:"count"`
	Last    time.Time `json:"last,omitzero"`
	Seconds float64   `json:"seconds"`
	// Running is since when something is being applied.
	Running time.Time `json:"running,omitzero"`
	// Error is why not all could be applied, since FailingSince.
	Error        string    `json:"error,omitempty"`
	FailingSince time.Time `json:"failing_since,omitzero"`
}

// InterfaceReport is a network interface.
type InterfaceReport struct {
	Name  string `json:"name"`
	Index int    `json:"index"`
	// Driver is "native" or "generic"; "" = not attached, for the reason Error.
	Driver string `json:"driver"`
	Error  string `json:"error,omitempty"`
}

// ServiceReport is a service.
type ServiceReport struct {
	// Name is the file's; Address is VIP, port and protocol.
	Name        string  `json:"name,omitempty"`
	Address     string  `json:"address"`
	Mode        string  `json:"mode"`
	IdleSeconds float64 `json:"idle_seconds"`
	Untracked   bool    `json:"untracked,omitempty"`
	// Probed: its endpoints are. Serving is how many take new connections; Down
	// how many do not since their probes say so.
	Probed  bool `json:"probed"`
	Serving int  `json:"serving"`
	Down    int  `json:"down"`
	// Rows is the size of its table; Changing and Excepted of these look each
	// packet up.
	Rows     int `json:"rows"`
	Changing int `json:"changing"`
	Excepted int `json:"excepted"`
	Rates
	// Endpoints are the file's, and those that it no longer names and that still
	// have connections.
	Endpoints []EndpointReport `json:"endpoints"`
}

// Named is how many endpoints the file gives the service.
func (s ServiceReport) Named() int {
	n := 0
	for _, e := range s.Endpoints {
		if e.Health != Removed {
			n++
		}
	}
	return n
}

// Health is what is thought of an endpoint.
type Health string

// What can be thought of an endpoint.
const (
	Up        Health = "up"
	Down      Health = "down"
	Unknown   Health = "unknown"
	NotProbed Health = "not probed"
	Removed   Health = "removed" // the file no longer names it
)

// EndpointReport is an endpoint of a service.
type EndpointReport struct {
	Address string `json:"address"`
	// Weight is the file's. Drained: it counts as 0 nevertheless.
	Weight  int    `json:"weight"`
	Drained bool   `json:"drained,omitempty"`
	Health  Health `json:"health"`
	// Since is when Health changed, Reason the last probe's error, HeldUntil the
	// end of a hold for flapping.
	Since     time.Time `json:"since,omitzero"`
	Reason    string    `json:"reason,omitempty"`
	HeldUntil time.Time `json:"held_until,omitzero"`
	// Share is its part of the table, from 0 to 1; NextHop is where frames go.
	Share   float64 `json:"share"`
	NextHop string  `json:"next_hop,omitempty"`
	// Counters since the start: to it, and from it.
	Packets     uint64 `json:"packets"`
	Bytes       uint64 `json:"bytes"`
	Connections uint64 `json:"connections"`
	Replies     uint64 `json:"replies"`
	Rates
}

// DrainReport is an endpoint that is drained.
type DrainReport struct {
	Endpoint string    `json:"endpoint"`
	Since    time.Time `json:"since"`
}

// DropReport is a reason for which packets are dropped.
type DropReport struct {
	Reason           string  `json:"reason"`
	Packets          uint64  `json:"packets"`
	PacketsPerSecond float64 `json:"packets_per_second"`
}

// TableReport is a table of connections.
type TableReport struct {
	Name string `json:"name"`
	Used int    `json:"used"`
	Room int    `json:"room"`
}
