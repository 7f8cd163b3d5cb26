package plan

// Kind is a fault.
type Kind string

// What befalls the leader's process.
const (
	Terminate Kind = "SIGTERM under load"
	Kill      Kind = "SIGKILL"
	Pause     Kind = "SIGSTOP past the lease, SIGCONT"
	Hiccup    Kind = "SIGSTOP for less than the lease"
)

// What befalls the network between the leader and the API server.
const (
	Cut   Kind = "cut off, heals"              // all is held back, and goes on later
	Drop  Kind = "black hole"                  // all is swallowed, the connections are dead for good
	Mute  Kind = "one way: requests vanish"    // replies, and the watch, still come
	Deaf  Kind = "one way: replies vanish"     // requests are carried out
	Delay Kind = "slow network"                // each way
	Brink Kind = "slow network, then cut off"  // what was answered late was the last
	Reset Kind = "connections reset"           // the open ones, again and again, and new ones
	Held  Kind = "cut off, writes arrive late" // and what was sent to the register is held back, too
)

// What befalls everybody.
const (
	APIServer Kind = "API server killed, restarted"
	Etcd      Kind = "etcd paused"
)

// deck is how often each kind occurs in so many steps.
func deck() []Kind {
	counts := []struct {
		kind  Kind
		times int
	}{
		{Terminate, 7}, {Kill, 3}, {Pause, 4}, {Hiccup, 1},
		{Cut, 1}, {Drop, 1}, {Mute, 1}, {Deaf, 1}, {Delay, 1}, {Brink, 1}, {Reset, 1}, {Held, 2},
		{APIServer, 1}, {Etcd, 1},
	}
	var cards []Kind
	for _, c := range counts {
		for range c.times {
			cards = append(cards, c.kind)
		}
	}
	return cards
}

// Kinds are all kinds, each once.
func Kinds() []Kind {
	var kinds []Kind
	for _, k := range deck() {
		if len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

// asides are what may befall a standby at the same time.
func asides() []Kind { return []Kind{Kill, Hiccup, Cut, Drop, Mute, Deaf, Delay, Reset} }
