//go:build !linux

package main

import "time"

// now is the clock of internal/journal.
func now() time.Duration { return time.Duration(time.Now().UnixNano()) }
