package ha

// NewPages and NewServer are for tests with statuses and clocks of their own.
var (
	NewPages  = newPages
	NewServer = newServer
)

// MaxConnections is how many connections a server of the pages keeps.
const MaxConnections = maxConnections
