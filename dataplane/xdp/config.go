package xdp

import (
	"log/slog"
	"time"
)

// Config is how a Forwarder works. What it forwards is for Apply.
type Config struct {
	// Interfaces says to which network interfaces the program is attached.
	Interfaces Interfaces
	// Generic attaches in the kernel's stack even where the driver could run the
	// program: slower, for tests.
	Generic bool
	// Capacity bounds what the maps hold, and so the memory that they take.
	Capacity Capacity
	// Prepare is for how long a planned change is prepared: new connections still
	// go where they went, and are remembered, so that a client that repeats its
	// SYN finds the same endpoint. 0 = 1500 ms: the first repetition comes after
	// one second. At most 1 min.
	Prepare time.Duration
	// Embryonic is for how long a connection is remembered that was not answered
	// yet. 0 = 10 s. At least Prepare, at most 1 min.
	Embryonic time.Duration
	// Closing is for how long a connection is remembered that both sides have
	// ended. 0 = 10 s. At most 2 min.
	Closing time.Duration
	// Logger hears of interfaces, neighbours and changes. nil = slog.Default().
	Logger *slog.Logger
}

// Interfaces selects network interfaces by their names: those that match Allow
// and do not match Deny, also if they appear later. Both are regular expressions
// (package regexp) that have to match the whole name. The loopback interface is
// never selected.
type Interfaces struct {
	// Allow: "" = all.
	Allow string
	// Deny: "" = none.
	Deny string
}

// Capacity is how many of each there can be. 0 stands for the default.
type Capacity struct {
	// Services: 10 000.
	Services int
	// Endpoints is the sum of all services' endpoints, and of those that were
	// removed and still have connections; a service takes at least 16: 262 144.
	Endpoints int
	// Rows is the sum of all tables' rows, of which equal services share one:
	// 16 777 216 (4 bytes each).
	Rows int
	// Exceptions are the connections that are remembered while a service changes,
	// for each address family: 262 144.
	Exceptions int
	// Flows are the connections of one-arm and UDP services, for each address
	// family: 262 144.
	Flows int
	// Embryonic are the connections that were not answered yet, of either kind
	// and for each address family: 65 536. The oldest make room for new ones.
	Embryonic int
}
