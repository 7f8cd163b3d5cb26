// Package ha runs a whole process of which there are several replicas: what
// each of them does, such as an API server, and what only the leader does, such
// as controllers.
//
// # Usage
//
//	env, err := ha.NewEnvironment("") // LEADER_ELECTION_ENABLED, the pod, the cluster
//	… // check err, here and below
//	history := new(ha.History)
//	runner, err := env.NewRunner("my-program", leaderelection.Config{
//		Observers: []leaderelection.Observer{history.Observe},
//	})
//	…
//	group, err := ha.New(ha.Config{
//		Name:    "my-program",
//		Runner:  runner,
//		Always:  []ha.Component{{Name: "api", Run: api.Serve}},
//		Leader:  []ha.Component{ha.NewComponent("pods", ctrl)},
//		Listen:  ":8081",
//		History: history,
//	})
//	err = group.Run(ctx) // until ctx ends or SIGTERM comes, and all have returned
//
// With one replica and no cluster the Runner is leaderelection.Plain, and all
// else is the same.
//
// # Guarantees
//
// In place. A replica that is elected starts the components of Config.Leader
// inside the running process, and stops them when it leads no longer; those of
// Config.Always run on.
//
// Warm. A component's Warm runs from the start to the end. This replica
// campaigns once all components are ready, so that a leader has nothing to
// fetch first.
//
// In order. Components start in the order of their list, and stop in the
// opposite one: those of Leader, then those of Always, then what is warm, then
// the pages. After a loss those of Leader are told at once.
//
// Drained. The lock is kept until the components of Leader have returned. One
// budget is shared by all; a component that needs more is named, with what its
// goroutines are doing.
//
// Joined. Run returns after every function of every component has returned.
//
// A component that fails, panics or returns early ends the Group, in order: the
// others drain, the lock is released, and another replica leads. Run returns an
// error that names it. What goes wrong while a term's end is drained is logged,
// but for a panic, and the Group goes on: another replica leads by then.
//
// # Concurrency
//
// A Group has one Run at a time. Components that call each other have to
// synchronise themselves: all functions run on goroutines of their own.
//
// # Testing
//
// Everything but the signals and the listener works in bubbles of
// testing/synctest: leave Config.Listen empty, and make Signals an empty slice.
// An Elector needs a clock of the bubble there (locktest.Clock).
package ha
