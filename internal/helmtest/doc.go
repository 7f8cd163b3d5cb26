// Package helmtest tests the chart and the kustomize overlays of
// examples/ha-server with Helm and kustomize themselves: what they make of the
// files is compared object by object, accepted by a real API server, and
// installed, upgraded and scaled there as a person would.
//
// It is a module of its own: whoever imports Regent gets neither of the two.
package helmtest
