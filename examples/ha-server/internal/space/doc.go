// Package space is what the example is about: a space that somebody owns for a
// while. It is kept in a ConfigMap, and what is provisioned for it is a
// ServiceAccount; so no replica has a state of its own.
package space
