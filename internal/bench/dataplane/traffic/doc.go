// Package traffic makes frames of many flows in the kernel, hands each to a
// program, and measures what that takes.
package traffic
