//go:build !unix

package main

// reloadOnHangup does nothing where there is no SIGHUP: the file is followed
// without.
func reloadOnHangup(func()) (stop func()) { return func() {} }
