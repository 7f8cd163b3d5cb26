//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// reloadOnHangup calls reload at each SIGHUP, until stop is called.
func reloadOnHangup(reload func()) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			reload()
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}
