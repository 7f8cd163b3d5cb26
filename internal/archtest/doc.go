// Package archtest holds the rules of this module's architecture, as tests:
//
//   - who may import what: the table in table_test.go;
//   - what a program that imports a package may come to link;
//   - that only package main ends the process;
//   - that the core of the election is pure;
//   - that no file grows beyond 500 lines.
//
// The rules are functions from what "go list" and go/parser say to a list of
// violations. Each has a test that gives it an offender, so that a rule that
// can no longer fail is noticed.
package archtest
