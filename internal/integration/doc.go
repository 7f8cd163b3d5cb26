// Package integration holds tests that join several packages on a real control
// plane.
package integration
