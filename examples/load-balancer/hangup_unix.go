//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// catchHangups lets each SIGHUP be told by hangups, instead of ending the process,
// until stop is called.
func catchHangups() (hangups <-chan os.Signal, stop func()) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, syscall.SIGHUP)
	return caught, func() {
		signal.Stop(caught)
		close(caught)
	}
}
