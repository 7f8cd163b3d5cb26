package register

import "time"

// State is what a read returns: the value in each book.
type State struct {
	Taken int `json:"taken"`
	// Fenced is nil if the token is too low for that book.
	Fenced *int `json:"fenced,omitempty"`
}

// Write is what a client wants the register to become.
type Write struct {
	// Op names the increment that it belongs to, for the record.
	Op    string `json:"op"`
	Token uint64 `json:"token"`
	Taken int    `json:"taken"`
	// Fenced is nil if the read was refused.
	Fenced *int `json:"fenced,omitempty"`
}

// Outcome is what became of a write in each book.
type Outcome struct {
	Taken  bool `json:"taken"`
	Fenced bool `json:"fenced"`
}

// Arrival is a write that has come, as the server saw it.
type Arrival struct {
	At       time.Duration `json:"at"` // by journal.Now
	Register string        `json:"register"`
	Op       string        `json:"op"`
	Token    uint64        `json:"token"`
	Highest  uint64        `json:"highest"` // token that the register had seen
	Fenced   bool          `json:"fenced"`  // the fenced book took it
}

// Stale: a later term's leader had come before.
func (a Arrival) Stale() bool { return a.Token < a.Highest }
