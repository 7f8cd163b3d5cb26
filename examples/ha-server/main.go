// Command ha-server is an HTTP API with controllers, in one binary and any
// number of replicas: each serves the API, and one, the leader, also runs the
// controllers.
//
// It shows: ha.Group with components that always run and others that the leader
// runs; LEADER_ELECTION_ENABLED; controllers that start warm inside a running
// replica; clients with and without a gate; health, status page and metrics.
// The work: spaces that somebody owns for a while. One is a ConfigMap, which any
// replica creates; the leader provisions a ServiceAccount for it, and deletes
// both when the time is over. So no replica has a state of its own.
//
// It needs: a cluster and the rights in manifests. To run it there, see manifests
// and chart; to see it without a cluster, run the program in demo. On your own
// machine, in two terminals:
//
//	go run ./examples/ha-server -namespace default
//	go run ./examples/ha-server -namespace default -api :9080 -listen :9081
//
// and then
//
//	curl -i localhost:9080/api/v1/spaces --json '{"name":"team-a","owner":"ann","ttl":"1m"}'
//	curl -N 'localhost:8080/api/v1/spaces?watch=true'
//
// You will see: both replicas serve, one leads and makes the space ready; a
// minute later the space is gone. Press Ctrl-C in the leader: the other starts
// the controllers within milliseconds, in the same process. localhost:8081/ha
// and localhost:9081/ha tell who leads. With LEADER_ELECTION_ENABLED=false a
// single replica leads from the start.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	controllermetrics "github.com/regent-ha/regent/controller/metrics"
	"github.com/regent-ha/regent/examples/ha-server/internal/api"
	"github.com/regent-ha/regent/examples/ha-server/internal/controllers"
	"github.com/regent-ha/regent/ha"
	hametrics "github.com/regent-ha/regent/ha/metrics"
	"github.com/regent-ha/regent/leaderelection"
	electionmetrics "github.com/regent-ha/regent/leaderelection/metrics"
)

func main() {
	var o options
	o.define(flag.CommandLine)
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := run(context.Background(), o, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns nil when a signal has come or ctx has ended, requests and
// handlers have drained and the lock was released.
func run(ctx context.Context, o options, logger *slog.Logger) error {
	env, err := o.environment()
	if err != nil {
		return err
	}
	clients, err := newClients(env.Config)
	if err != nil {
		return err
	}
	history, elections, handlings := &ha.History{}, electionmetrics.New(), controllermetrics.New()
	runner, err := env.NewRunner(o.lock, leaderelection.Config{
		LeaseDuration: o.leaseDuration, RenewDeadline: o.renewDeadline, RetryPeriod: o.retryPeriod,
		StateDir:     o.stateDir,
		DrainTimeout: o.drainTimeout, // when the Group reports who overruns
		Observers:    []leaderelection.Observer{history.Observe, elections.Observe},
		Logger:       logger,
	})
	if err != nil {
		return err
	}
	if elector, ok := runner.(*leaderelection.Elector); ok {
		elections.Add(elector)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(elections, handlings)

	writes, err := proxyWrites(o, runner, clients.any.CoreV1().Pods(env.Namespace), logger)
	if err != nil {
		return err
	}
	server, err := api.New(api.Config{
		Address: o.api, Objects: clients.any.CoreV1().ConfigMaps(env.Namespace), Pod: env.Pod, Writes: writes, Logger: logger,
	})
	if err != nil {
		return err
	}
	work := controllers.Config{
		Client: clients.leader, Namespace: env.Namespace, Metrics: handlings, Logger: logger,
		DrainTimeout: o.drainTimeout / 4, // of which they are a part
	}
	leader := []ha.Component{
		ha.NewComponent("spaces", controllers.NewSpaces(work)),
		ha.NewComponent("expiry", controllers.NewExpiry(work)),
	}
	if o.leaderLabel {
		label, err := ha.NewLeaderLabel(ha.LeaderLabelConfig{
			Pods: clients.leader.CoreV1().Pods(env.Namespace), Pod: env.Pod, Selector: o.podSelector,
			Key: roleLabel, Value: roleLeader, Logger: logger,
		})
		if err != nil {
			return err
		}
		leader = append(leader, label)
	}
	group, err := ha.New(ha.Config{
		Name:   "ha-server",
		Runner: runner,
		Always: []ha.Component{{Name: "api", Check: server.Check, Run: server.Run}},
		Leader: leader,
		Listen: o.listen, Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), History: history,
		ShutdownDelay: o.shutdownDelay, DrainTimeout: o.drainTimeout,
		Logger: logger,
	})
	if err != nil {
		return err
	}
	registry.MustRegister(hametrics.New(group))
	logger.Info("starting", "pod", env.Pod, "namespace", env.Namespace, "election", env.Electing, "why", env.Why)
	return group.Run(ctx)
}
