// Package netlabtest gives tests a netlab of their own.
package netlabtest
