// Package controllers is what the leader of the example does: it provisions
// what belongs to a space, and deletes spaces that have expired. Both are
// *controller.Controller without a Runner, for ha.NewComponent.
//
// Each step can be repeated, and is fenced three times: the client sends no
// write without a valid term (leaderelection.Gate); a write names the version
// that was seen; and what a later term has written is left alone.
//
// What was provisioned goes when its space does, by a finalizer, and not by the
// controller that deletes what has expired: a space can be deleted by anybody
// at any time, also while nobody leads, and a deletion that nobody has seen is
// not told again. The finalizer waits.
//
// A ServiceAccount that somebody deletes by hand is not made again: a controller
// that has to notice would watch those as well.
package controllers
