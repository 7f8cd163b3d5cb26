// Package probe watches the health of a load balancer's endpoints.
//
// # Usage
//
//	prober, err := probe.New(probe.Config{
//		OnTarget: func(c probe.TargetChange) { changed <- struct{}{} }, // then apply prober.Mark(service)
//		OnGroup:  func(c probe.GroupChange) { withdraw(c.Group, c.AllDown) },
//	})
//	err = prober.Set(probe.Targets(service, probe.Target{Probe: probe.HTTP{Path: "/healthz"}}))
//	err = prober.Run(ctx)
//
// Set may be called at any time; what stays keeps its state.
//
// # Guarantees
//
// Noticed in time. An endpoint that dies is down within Interval × Fall +
// Timeout, see [Target.Notice]: 2.8 s unless set otherwise. Settings with which
// it would take longer than [Config.NoticeWithin], 3 s, are refused.
//
// One does not delay another. Each target has a timer of its own, and one check
// at a time, which is bounded by its timeout. First checks are spread evenly over
// the interval, and a random twentieth of each interval keeps them apart.
//
// Unknown until proven. A target is unknown until its first good check, or Fall
// bad ones.
//
// Told once and in order: each verdict that changes, a group that has all targets
// down, and its end. Targets that flap are held down for a while that grows to a
// cap, see [Damping], but not where they are all that their group has.
//
// # Not promised
//
// A probe sees the endpoint from where it runs, and what it asks for. Many dead
// endpoints need as many sockets at once, see [Config.Concurrency]. A
// Probe of your own that ignores its context keeps its place, and Run from
// returning, though its target goes down in time.
//
// # Concurrency
//
// All methods are safe for concurrent use. OnTarget and OnGroup are called one at
// a time; they may call the Prober's methods, other than Run.
//
// # Testing
//
// A [Probe] is an interface, and a Prober works in bubbles of testing/synctest.
package probe
