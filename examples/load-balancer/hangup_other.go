//go:build !unix

package main

import "os"

// catchHangups tells of nothing where there is no SIGHUP: the file is followed
// without.
func catchHangups() (hangups <-chan os.Signal, stop func()) {
	never := make(chan os.Signal)
	return never, func() { close(never) }
}
