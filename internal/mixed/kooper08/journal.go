package main

import (
	"encoding/json"
	"io"
	"sync"
	"time"
)

// What happened, as internal/journal and the package mixed call it.
const (
	standby = "standby"
	leads   = "leads"
	works   = "works"
	drained = "drained"
	ends    = "ends"
)

// journal writes the lines that internal/journal reads, which this module
// cannot import.
type journal struct {
	replica string

	mu sync.Mutex // guards the field below
	w  io.Writer
}

type line struct {
	At      time.Duration `json:"at"`
	Kind    string        `json:"kind"`
	Replica string        `json:"replica"`
}

func (j *journal) write(kind string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = json.NewEncoder(j.w).Encode(line{At: now(), Kind: kind, Replica: j.replica})
}
