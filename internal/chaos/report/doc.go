// Package report counts what happened in a run, and tells it as a table.
package report
