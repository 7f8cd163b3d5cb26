// Package docstest keeps README.md, CHANGELOG.md and docs/ true, by tests:
//
//   - each block of Go compiles, each block of YAML is what it looks like;
//   - each relative link leads to a file and, with an anchor, to a heading or a
//     line of it; a link that is named after a test leads to that test;
//   - each command "make x" has a target;
//   - the coverage tables of the README have a row for everything that the pages
//     they cover name, in one of two states, and what works is shown by a test.
package docstest
